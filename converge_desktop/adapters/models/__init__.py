"""Models in this process: which there are, whether a file may be loaded, and how it is run."""

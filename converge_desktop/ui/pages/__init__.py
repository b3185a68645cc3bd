"""One module a page of the window, and the panes that pages are made of."""

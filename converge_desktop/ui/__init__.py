"""The window. The only package, besides the application's wiring, that knows Qt."""

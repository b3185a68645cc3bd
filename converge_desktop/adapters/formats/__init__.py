"""Text formats that a model may be asked for: read strictly, and held against a schema."""

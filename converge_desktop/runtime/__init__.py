"""The threads of a desk: commands in, updates out. No Qt."""

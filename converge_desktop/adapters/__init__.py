"""The outside world behind ports: files, model, databases, keys, clock."""

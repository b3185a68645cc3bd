"""What tests are looked for in here."""

# It is run in an environment of its own, and imports what only that one has.
collect_ignore = ["peers.py"]

"""What can be recalled: things of the ledger as vectors, in files that are only a view."""

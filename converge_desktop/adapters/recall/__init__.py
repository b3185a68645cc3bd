"""What can be recalled: things of the ledger as vectors, in a LanceDB table that is only a view."""

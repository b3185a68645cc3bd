"""The ledger on disk: files, where everything lies in them, and what was found there before."""

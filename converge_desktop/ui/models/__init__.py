"""Item models over the read models: plain rows in, painted rows out."""

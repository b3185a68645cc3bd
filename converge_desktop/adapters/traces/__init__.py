"""An index over the recorded model calls and gates of a ledger, in columns.

It is a view: every row of it can be had again from the ledger, so it is never synced, may be
deleted at any time, and is thrown away as soon as it does not fit the ledger.

Numbers and words lie in NumPy columns in memory, a hundred bytes a call; a word is a place in a
dictionary, so that a filter looks at each word once and not at each row. What was answered lies on
disk, in blocks compressed by Polars, each text once, and is searched there as text.

That was measured against what else there is, on two cores:

* LanceDB with scalar and full-text indexes: 471 MB of memory over 100,000 texts, the same numbers
  of all rows that hold a frequent word in 28 ms for 100,000 (280 ms for a million), 5.5 s to take
  new rows into its indexes. It leaves out words such as "no", so ``"no source"`` finds every
  "source", and what it finds is not what reading everything finds.
* SurrealDB: 115 texts a second, and all keys in memory.
* Parquet or Arrow files read at each question: a column of a million numbers takes longer to be
  read than to be compared.
* Here: a comparison of a million numbers takes a millisecond, a million texts of 225 letters are
  searched in 50 to 70 ms and read from their blocks in 200 ms on one core, and any piece of any
  text is found, in every script.
"""

"""An index over the recorded model calls and gates of a ledger, in columns.

It is a view: every row of it can be had again from the ledger, so it is never synced, may be
deleted at any time, and is thrown away as soon as it does not fit the ledger.

Numbers and words lie in NumPy columns in memory, some ninety bytes a call; a word is a place in a
dictionary, so that a filter looks at each word once and not at each row. What was answered lies on
disk, in blocks, each text once a block, as Parquet that Polars reads and searches.

That was measured against what else there is, on two cores:

* LanceDB with scalar and full-text indexes: 471 MB of memory over 100,000 texts, 28 ms for the
  numbers of all those that hold a frequent word (280 ms for a million), 5.5 s to take new rows into
  its indexes. It leaves out words such as "no", so ``"no source"`` finds every "source", and what
  it finds is not what reading everything finds.
* SurrealDB: 115 texts a second, and all keys in memory.
* Columns in Parquet or Arrow files, read at each question: a column of a million numbers takes
  longer to be read than to be compared.
* Here: a filter over a million calls and its first page take 5 to 60 ms, any order 5 to 20 ms; any
  piece of any text is found, in every script, for 150 ms of computing that two cores share (92 to
  read a million texts of 160 letters in Parquet with LZ4, which Arrow with LZ4 takes 171 for, 50 to
  look through them).
"""

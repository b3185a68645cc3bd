"""An index over the recorded model calls and gates of a ledger, in columns.

It is a view: every row of it can be had again from the ledger, so it is never synced, may be
deleted at any time, and is thrown away as soon as it does not fit the ledger.

Numbers and words lie in NumPy columns in memory, some ninety bytes a call; a word is a place in a
dictionary, so that a filter looks at each word once and not at each row. What was answered lies on
disk, in blocks, column by column, each text once a block, in pages of Parquet that Polars reads and
searches. A small table beside them tells which pages cannot hold some words, so that of what hardly
any text says little is read.

That was measured against what else there is, on two cores:

* LanceDB with scalar and full-text indexes: 471 MB of memory over 100,000 texts, 28 ms for the
  numbers of all those that hold a frequent word (280 ms for a million), 5.5 s to take new rows into
  its indexes. It leaves out words such as "no", so ``"no source"`` finds every "source", and what
  it finds is not what reading everything finds.
* SurrealDB: 115 texts a second, and all keys in memory.
* Columns in Parquet or Arrow files, read at each question: a column of a million numbers takes
  longer to be read than to be compared.
* Here, over a million calls: a filter and its first page take 5 to 40 ms, any order 5 to 14 ms. Any
  piece of any text is found, in every script. Words of five letters and more that hardly anything
  says take 12 to 30 ms; shorter ones, and those that are said everywhere, 85 to 110 ms, for then
  all that was answered is read, 200 MB, and looked through. LZ4 would make that 80 MB, and 40 ms
  longer. The tables take 8 MB on disk and none in memory. In the window, where freed memory goes
  back to the system at once, reading takes twice as long.
"""

"""Reads a folder with tables into metrics: files in, whole numbers and decimals out.

A pack declares its tables and, in SQL, its metrics. What the SQL may say is a short list
(:mod:`.allowed`); what it reads are frames that were read before it ran (:mod:`.reading`), so it
can open nothing. The same files give the same numbers on any machine and with any number of
threads, because there is no float anywhere and no result depends on the order of rows.
"""

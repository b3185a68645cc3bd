"""Looks through Parquet files; run as a process of its own, which may die of one.

A damaged file can ask Polars for more memory than any machine has, and Polars then ends its
process. So the process that reads first is this one. It bounds itself before the first file:
memory, time on the processor, no core dump. ``parquet_guard.py`` starts it and sends files on
standard input, each behind a line of JSON; it answers with a line of JSON each.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import BinaryIO

import polars as pl

MEMORY_BYTES = 4 << 30
"""What unpacking a file may take; a small one may hold a great deal."""
CPU_S = 300


def main() -> None:
    """Answers until nothing more is asked."""
    for kind, most in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CPU, CPU_S),
                       (resource.RLIMIT_CORE, 0)):  # fmt: skip
        resource.setrlimit(kind, (most, most))
    while request := sys.stdin.buffer.readline():
        asked = json.loads(request)
        fault = _fault(sys.stdin.buffer, asked["bytes"], asked["columns"])
        sys.stdout.write(json.dumps({"fault": fault}) + "\n")
        sys.stdout.flush()


def _fault(file: BinaryIO, size: int, columns: list[str]) -> str:
    """Returns why these columns of the file cannot be read, or an empty text."""
    data = file.read(size)
    try:
        lazy = pl.scan_parquet(data, glob=False, hive_partitioning=False)
        schema = lazy.collect_schema()
        lazy.select(pl.len()).collect()
        lazy.select(column for column in columns if column in schema).collect(engine="streaming")
    except (Exception, pl.exceptions.PanicException) as error:  # noqa: BLE001 - it is all the same
        return (str(error).strip().splitlines() or [type(error).__name__])[0]
    return ""


if __name__ == "__main__":
    main()

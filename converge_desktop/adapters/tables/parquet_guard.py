"""Has Parquet files looked through by another process before this one reads them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from converge_desktop.adapters.child_environment import child_environment
from converge_desktop.adapters.intake import IntakeError, refusal
from converge_desktop.adapters.tables.files import File
from converge_desktop.adapters.wording import plain

_MODULE = "converge_desktop.adapters.tables.parquet_child"
_DIED = "reading it takes more memory or time than there is, or is not survived"


class ParquetGuard:
    """A process that looks through files, started with the first one and again after it died."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def look_through(self, file: File, columns: Sequence[str]) -> None:
        """Returns if these columns of the file can be read.

        Raises:
            IntakeError: if they cannot be.
        """
        child = self._child or self._start()
        assert child.stdin is not None
        assert child.stdout is not None
        asked = {"bytes": len(file.data), "columns": list(columns)}
        try:
            child.stdin.write(json.dumps(asked).encode() + b"\n")
            child.stdin.write(file.data)
            child.stdin.flush()
            answer = child.stdout.readline()
        except OSError:
            answer = b""
        if not answer:
            self._end()
            raise no_parquet(file, _DIED)
        if fault := json.loads(answer)["fault"]:
            raise no_parquet(file, fault)

    def _start(self) -> subprocess.Popen[bytes]:
        self._child = subprocess.Popen(  # noqa: S603 - our own module, our own interpreter
            [sys.executable, "-P", "-s", "-m", _MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Each thread takes its share of the memory that is allowed.
            env=child_environment(POLARS_MAX_THREADS="2"),
        )
        return self._child

    def _end(self) -> None:
        if self._child is None:
            return
        self._child.kill()
        self._child.communicate()
        self._child = None


def no_parquet(file: File, said: str) -> IntakeError:
    """Returns why a file is not read as Parquet."""
    what = f"it is no Parquet file that can be read ({plain(said, 80)})"
    return refusal(file.name, "", what, "Write the file again with the program that made it.")

"""Reads a Cobertura coverage report into one row a line of code.

Only the lines of a class are read, not those of its methods, which say the same again. What the
report says about itself in its attributes is kept beside them and compared in the metrics.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from converge_core.canonical import ContentHash
from converge_desktop.adapters.readiness.safe_xml import AGAIN, ElementReader, read
from converge_desktop.adapters.wording import plain

_RATE = re.compile(r"(?:\d(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][+-]?\d{1,2})?")
_LINES = ["class", "lines", "line"]


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """One Cobertura report.

    Attributes:
        name: how the file is called.
        sha256: the hash of its bytes.
        files: the names of the source files, each once.
        owners: for each row the index of its file in ``files``.
        lines: for each row the number of the line.
        hits: for each row how often the line ran.
        rate: what the report says of itself, ``coverage/@line-rate``.
        covered: ``coverage/@lines-covered``, or None.
        valid: ``coverage/@lines-valid``, or None.
    """

    name: str
    sha256: ContentHash
    files: tuple[str, ...]
    owners: array[int]
    lines: array[int]
    hits: array[int]
    rate: Decimal
    covered: int | None
    valid: int | None


def read_cobertura(path: Path, name: str) -> CoverageReport:
    """Reads one report.

    Raises:
        IntakeError: if it is broken, dangerous, or holds an absurd number.
    """
    reader = _CoberturaReader(name)
    sha256 = read(path, reader)
    return CoverageReport(
        name=name,
        sha256=sha256,
        files=tuple(reader.files),
        owners=reader.owners,
        lines=reader.lines,
        hits=reader.hits,
        rate=reader.rate,
        covered=reader.covered,
        valid=reader.valid,
    )


class _CoberturaReader(ElementReader):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.files: dict[str, int] = {}
        self.owners = array("q")
        self.lines = array("q")
        self.hits = array("q")
        self.rate = Decimal(0)
        self.covered: int | None = None
        self.valid: int | None = None
        self._open: list[str] = []
        self._file = 0

    def opened(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._open.append(tag)
        if self.depth == 1:
            self._read_totals(attributes)
        elif tag == "class":
            self._file = self._index_of(attributes)
        elif tag == "line" and self._open[-3:] == _LINES:
            self._read_line(attributes)

    def closed(self, tag: str) -> None:  # noqa: ARG002 - the base names it
        self._open.pop()

    def _read_totals(self, attributes: Mapping[str, str]) -> None:
        self.rate = self._rate(attributes.get("line-rate", ""))
        self.covered = self.count(attributes, "lines-covered")
        self.valid = self.count(attributes, "lines-valid")
        if self.covered is not None and self.valid is not None and self.covered > self.valid:
            what = f"lines-covered is {self.covered}, more than lines-valid, {self.valid}"
            raise self.refusal(what, AGAIN)

    def _rate(self, text: str) -> Decimal:
        text = text.strip()
        if text.isascii() and _RATE.fullmatch(text) and Decimal(text) <= 1:
            return Decimal(text)
        what = f'the attribute line-rate="{plain(text, 40)}" is not between 0 and 1'
        raise self.refusal(what, AGAIN)

    def _index_of(self, attributes: Mapping[str, str]) -> int:
        file = plain(attributes.get("filename") or attributes.get("name", ""))
        return self.files.setdefault(file, len(self.files))

    def _read_line(self, attributes: Mapping[str, str]) -> None:
        number = self.count(attributes, "number")
        hits = self.count(attributes, "hits")
        if number is None or hits is None:
            raise self.refusal("a covered line lacks its number or its hits", AGAIN)
        self.owners.append(self._file)
        self.lines.append(number)
        self.hits.append(hits)

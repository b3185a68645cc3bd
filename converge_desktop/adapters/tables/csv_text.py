"""The text of a CSV file: its header, whether it is well-formed, and where it is not.

A file must be CSV as RFC 4180 has it: a quote only around a whole cell or doubled in it, and as
many cells in every row as in the header. Readers of CSV guess about anything else, each in its
own way, so anything else is refused by its line. Only then is it read for its cells.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from converge_desktop.adapters.intake import IntakeError, refusal
from converge_desktop.adapters.wording import plain

MAX_COLUMNS = 1_000
_MAX_HEADER = 1 << 20
_QUOTED = re.compile(rb'"[^"]*+(?:""[^"]*+)*+"')
"""A whole cell in quotes."""
_MARK = b"\x00"
_BOM = b"\xef\xbb\xbf"
_AGAIN = "Mend it and try again."
_WRITE_AGAIN = "Write the file again, as CSV in UTF-8."


# Where a fault is looked for, a long cell before it is in nobody's way.
csv.field_size_limit(1 << 30)


class _MalformedError(Exception):
    """A line that no reader of CSV can make sense of."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line


class CsvText:
    """A CSV file as it was read.

    Args:
        name: how the file is called in sentences.
        data: its bytes.
        separator: what stands between two cells.
    """

    def __init__(self, name: str, data: bytes, separator: str) -> None:
        self._name = name
        self._data = data.removeprefix(_BOM)
        self._separator = separator
        self._between = separator.encode()
        self._separators = 0
        self._headers: list[str] = []

    def headers(self) -> list[str]:
        """Returns the cells of the first line.

        Raises:
            IntakeError: if it cannot be one of a table.
        """
        end = self._data.find(b"\n", 0, _MAX_HEADER)
        line = self._data[: end if end >= 0 else _MAX_HEADER].rstrip(b"\r")
        if not line:
            raise self._refusal(1, "the header is empty", "Name the columns there.")
        if _MARK in self._data:
            raise refusal(self._name, "", "this is no text", _WRITE_AGAIN)
        try:
            [cells] = csv.reader([line.decode()], delimiter=self._separator, strict=True)
        except (csv.Error, UnicodeDecodeError, ValueError) as error:
            what = f"the header cannot be read ({plain(str(error), 80)})"
            raise self._refusal(1, what, _WRITE_AGAIN) from error
        if len(cells) > MAX_COLUMNS:
            what = f"the header has {len(cells)} columns, more than {MAX_COLUMNS}"
            raise self._refusal(1, what, _WRITE_AGAIN)
        self._headers = cells
        return cells

    def check(self, most_rows: int) -> None:
        """Refuses a file with too many lines, or with a quote where none can be."""
        lines = self._data.count(b"\n")
        if lines > most_rows:
            what = f"it holds {lines:,} lines, more than {most_rows:,}"
            raise refusal(self._name, "", what, "Pick a folder with less in it.")
        if (at := self._data.find(b"\n" + _BOM)) >= 0:
            # Readers drop it where they see one, and a file put together of two has one.
            line = self._data.count(b"\n", 0, at) + 2
            raise self._refusal(line, "a byte order mark stands within the text", _AGAIN)
        outside = self._data
        if b'"' in outside:
            outside = _QUOTED.sub(_MARK, outside)
            cut = re.escape(self._between)
            if re.search(rb'"|[^%b\n]\x00|\x00[^%b\r\n]' % (cut, cut), outside):
                raise self._refusal(self._stray_quote(), "a quote stands within a cell", _AGAIN)
        if outside.count(b"\r") != outside.count(b"\r\n"):
            what = "lines end in a carriage return alone, or one stands within a cell"
            raise refusal(self._name, "", what, _WRITE_AGAIN)
        self._separators = outside.count(self._between)

    def body(self) -> bytes:
        """Returns what is to be parsed: all of it, less empty lines at the end."""
        if len(self._headers) == 1 or not self._data.endswith((b"\n\n", b"\n\r\n")):
            return self._data
        return self._data.rstrip(b"\r\n")

    def check_whole(self, rows: int) -> None:
        """Refuses a file in which a row has fewer cells than the header; more were refused."""
        if self._separators != (rows + 1) * (len(self._headers) - 1):
            raise self.fault(None)

    def fault(self, error: BaseException | None = None) -> IntakeError:
        """Returns why the file is no well-formed CSV, naming the first line that is not."""
        expected = len(self._headers)
        try:
            for line, cells in self._rows():
                if len(cells) != expected and (cells or expected > 1):
                    what = f"the row has {len(cells)} cells, and the header {expected}"
                    return self._refusal(line, what, _AGAIN)
        except _MalformedError as malformed:
            return self._refusal(malformed.line, str(malformed), _WRITE_AGAIN)
        said = plain((str(error).splitlines() or [""])[0], 80)
        return refusal(self._name, "", f"it is no well-formed CSV ({said})", _WRITE_AGAIN)

    def cell(self, row: int, at: int) -> tuple[str, str | None]:
        """Returns where the cell of a row, counted from 0, stands, and what is in it."""
        try:
            for number, (line, cells) in enumerate(self._rows()):
                if number == row:
                    return f"line {line}", cells[at] if cells else ""
        except (_MalformedError, LookupError):
            pass  # the row must do
        return f"row {row + 1} after the header", None

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yields the rows after the header, each with the line on which it begins."""
        lines = (line.decode() for line in io.BytesIO(self.body()))
        reader = csv.reader(lines, delimiter=self._separator, strict=True)
        begins = 1
        try:
            for cells in reader:
                if begins > 1:
                    yield begins, cells
                begins = reader.line_num + 1
        except csv.Error as error:
            what = f"it is no well-formed CSV ({plain(str(error), 80)})"
            raise _MalformedError(begins, what) from error
        except UnicodeDecodeError as error:
            raise _MalformedError(reader.line_num + 1, "the line is not UTF-8") from error

    def _stray_quote(self) -> int:
        """Returns the line of the first quote that stands neither around a cell nor doubled."""
        at = self._data.rfind(b'"')
        for match in _QUOTED.finditer(self._data):
            before = self._data[max(match.start() - 1, 0) : match.start()]
            after = self._data[match.end() : match.end() + 1]
            if before not in {b"", b"\n", self._between}:
                at = match.start()
                break
            if after not in {b"", b"\r", b"\n", self._between}:
                at = match.end() - 1
                break
        return self._data.count(b"\n", 0, at) + 1

    def _refusal(self, line: int, what: str, remedy: str) -> IntakeError:
        return refusal(self._name, f"line {line}", what, remedy)

"""Reads XML that nobody vouches for, in a stream and within bounds.

defusedxml refuses entities and whatever lies outside the file; a DOCTYPE that merely names its
DTD, as Cobertura reports carry, is allowed and never fetched. On top of that there are bounds on
size, depth and the length of one tag, so that memory stays small whatever the file holds.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from defusedxml.common import DefusedXmlException, EntitiesForbidden
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from converge_core.canonical import MAX_INTEGER, ContentHash
from converge_desktop.adapters.intake import IntakeError, refusal
from converge_desktop.adapters.wording import plain

MAX_BYTES = 200_000_000
MAX_DEPTH = 64
MAX_TAG_BYTES = 4_000_000

_CHUNK = 1 << 16
_SNIFFED = 1 << 16
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
AGAIN = "Run the tool that wrote it again."
SAFE = "Nothing of it was read; write the report again with a tool that declares no entities."


class ElementReader:
    """Takes elements as they open and close; the base of each kind of report.

    Attributes:
        name: how the file is called in sentences.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.depth = 0
        self._expat: Any = None

    @property
    def line(self) -> int:
        """The line of the file that is being read."""
        return int(self._expat.CurrentLineNumber)

    def opened(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Is told that an element opened; ``tag`` is without its namespace."""

    def closed(self, tag: str) -> None:
        """Is told that an element closed."""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """The parser's hook; counts the depth."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.refusal(f"elements are nested deeper than {MAX_DEPTH}", AGAIN)
        self.opened(local_name(tag), attributes)

    def end(self, tag: str) -> None:
        """The parser's hook."""
        self.closed(local_name(tag))
        self.depth -= 1

    def refusal(self, what: str, remedy: str) -> IntakeError:
        """Returns the error that names this file and the line being read."""
        return refusal(self.name, f"line {self.line}", what, remedy)

    def count(self, attributes: Mapping[str, str], key: str) -> int | None:
        """Returns the attribute as a count, None where it is absent or empty.

        Raises:
            IntakeError: if it is no count, negative, or 2^53 and more.
        """
        text = attributes.get(key, "").strip()
        if not text:
            return None
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit()):
            raise self.refusal(f"the attribute {key}={_quoted(text)} is not a whole number", AGAIN)
        if digits is not text:
            raise self.refusal(f"the attribute {key}={_quoted(text)} is below zero", AGAIN)
        # The length first: Python refuses to convert thousands of digits.
        if len(digits.lstrip("0")) > len(str(MAX_INTEGER)) or int(digits) > MAX_INTEGER:
            raise self.refusal(f"the attribute {key}={_quoted(text)} is absurdly large", AGAIN)
        return int(digits)

    def attach(self, expat: Any) -> None:
        """Is given the parser, which knows the line."""
        self._expat = expat


def read(path: Path, reader: ElementReader) -> ContentHash:
    """Streams the file through the reader and returns the hash of the bytes that were read.

    Raises:
        IntakeError: if the file cannot be read, is no XML, or goes beyond the bounds.
    """
    parser = DefusedXMLParser(target=reader)
    expat: Any = parser.parser
    expat.AttlistDeclHandler = _no_default_attributes
    reader.attach(expat)
    try:
        with path.open("rb") as file:
            return _feed(file, parser, expat, reader)
    except OSError as error:
        what = f"the file cannot be read ({error.strerror})"
        raise refusal(reader.name, "", what, "Check its permissions.") from error
    except ParseError as error:
        raise _broken(reader.name, error) from error
    except DefusedXmlException as error:
        raise reader.refusal(_forbidden(error), SAFE) from error
    except (LookupError, ValueError) as error:
        what = f"its encoding cannot be read ({plain(str(error))})"
        raise reader.refusal(what, "Write the report in UTF-8.") from error


def root_of(path: Path) -> str | None:
    """Returns the name of the outermost element, or None if it is no XML as far as one sees.

    A Cobertura report is told from other coverage reports by its rate: ``coverage/@line-rate``.
    """
    with path.open("rb") as file:
        head = file.read(_SNIFFED)
    if not _looks_like_xml(head):
        return None
    root = _Root()
    parser = DefusedXMLParser(target=root)
    # What was seen of the root before a fault still tells what the file is.
    with contextlib.suppress(ParseError, ValueError, LookupError):
        parser.feed(head)
    return root.name


def fault_of(path: Path, name: str) -> IntakeError | None:
    """Returns why a file cannot be read as XML, or None if it can."""
    try:
        read(path, ElementReader(name))
    except IntakeError as error:
        return error
    return None


def local_name(tag: str) -> str:
    """Returns the name of an element without its namespace."""
    return tag.rpartition("}")[2]


class _Root:
    def __init__(self) -> None:
        self.name: str | None = None

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if self.name is None:
            name = local_name(tag)
            self.name = "coverage/@line-rate" if _rated(name, attributes) else name


def _rated(name: str, attributes: Mapping[str, str]) -> bool:
    return name == "coverage" and "line-rate" in attributes


def _looks_like_xml(head: bytes) -> bool:
    for mark in _MARKS:
        head = head.removeprefix(mark)
    return head.lstrip(b" \t\r\n\0").startswith(b"<")


def _feed(
    file: BinaryIO, parser: DefusedXMLParser, expat: Any, reader: ElementReader
) -> ContentHash:
    digest = hashlib.sha256()
    total = 0
    while chunk := file.read(_CHUNK):
        total += len(chunk)
        if total > MAX_BYTES:
            what = f"the file is larger than {MAX_BYTES // 1_000_000} MB"
            raise refusal(reader.name, "", what, "Split the test run, or leave its output out.")
        digest.update(chunk)
        parser.feed(chunk)
        # expat reads an unfinished tag again from its start with each chunk.
        if total - expat.CurrentByteIndex > MAX_TAG_BYTES:
            what = f"one tag is longer than {MAX_TAG_BYTES // 1_000_000} MB"
            raise reader.refusal(what, AGAIN)
    parser.close()
    return ContentHash(digest.hexdigest())


def _no_default_attributes(*_: object) -> NoReturn:
    # A default value is copied into each element: a bomb without entities.
    raise DefusedXmlException


def _forbidden(error: DefusedXmlException) -> str:
    if isinstance(error, EntitiesForbidden):
        return f"it declares the entity {_quoted(error.name)}, which can make a small file explode"
    return "its DOCTYPE declares content of its own, which can make a small file explode"


def _broken(name: str, error: ParseError) -> IntakeError:
    line, column = error.position
    reason = str(error).partition(":")[0]
    what = f"the XML is broken ({plain(reason)})"
    return refusal(name, f"line {line}, column {column + 1}", what, AGAIN)


def _quoted(text: str) -> str:
    return f'"{plain(text, 40)}"'

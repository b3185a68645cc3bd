"""Long texts, each stored once under its SHA-256, durable before any record names it.

They lie in segments (:mod:`converge_desktop.adapters.text_segments`). A large one that begins like
one that was kept just before, as the prompt of the next turn does, is stored as what is new in it;
any other in pieces that it may share (:mod:`converge_desktop.adapters.text_pieces`). Every text is
held against its hash whenever it is read, whatever an index, a listing or a beginning says.
"""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from converge_core.canonical import canonical, hash_text
from converge_core.trace import TextRef
from converge_desktop.adapters.disk import (
    make_directory,
    require_linked,
    sync_directory,
    write_all,
)
from converge_desktop.adapters.text_pieces import WHOLE, listing_of, pieces_of
from converge_desktop.adapters.text_segments import (
    Place,
    Segment,
    aside_in,
    missing_in,
    next_in,
    segments_in,
)

SEGMENT_BYTES = 16 * 1024 * 1024
"""The size from which a new segment is begun; a single batch of texts may be larger."""
LONGEST_CHAIN = 512
"""How many texts may each be what is new in them after the one before; then one lies in pieces."""
_RECENT = 4
"""How many large texts are remembered, for the next one to begin like."""
_DEEPEST = 12
"""How often a listing may itself lie in pieces; each time it is a quarter as long at most."""


class TextMissing(Exception):
    """A text that a record names is not there, or is not the text that was recorded."""


class _Line(msgspec.Struct):
    sha256: str
    text: str | None = None
    listing: str | None = None
    after: str | None = None
    keep: Annotated[int, msgspec.Meta(ge=0)] = 0


_read_line = msgspec.json.Decoder(_Line).decode


@dataclass(frozen=True, slots=True)
class _Recent:
    """A large text that was kept just before, its size in bytes, and how long its chain is."""

    name: str
    text: str
    size: int
    chain: int = 0


class TextReader:
    """Reads the texts of a directory; writes nothing.

    Args:
        directory: where their segments lie.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        paths = segments_in(directory)
        self._segments = [Segment(path, sealed=path != paths[-1]) for path in paths]
        self._looked_again = False

    def text(self, ref: TextRef) -> str:
        """Returns the text a record refers to, after checking that it is the one recorded.

        Raises:
            TextMissing: if it is not there or has changed.
        """
        if ref.inline is not None:
            if hash_text(ref.inline) == ref.sha256:
                return ref.inline
            raise TextMissing(f"the text {ref.sha256[:12]} in its record was changed")
        found = self._whole(ref.sha256, ref.size)
        if found is None and not self._looked_again:
            # An index may have led astray, or another program may have added it.
            self._look_again()
            found = self._whole(ref.sha256, ref.size)
        if found is None:
            raise TextMissing(self._why_missing(ref.sha256))
        return found

    def _whole(self, name: str, most: int, depth: int = 0) -> str | None:
        """Returns the text of that hash, of ``most`` bytes at most; None if there is none whole."""
        if depth > _DEEPEST or not _is_name(name):
            return None
        for segment in reversed(self._segments):
            found = self._told(_parsed(segment.line(name)), most, depth)
            if found is not None and hash_text(found) == name:
                return found
        return None

    def _told(self, line: _Line | None, most: int, depth: int) -> str | None:
        """Returns the text that a line tells of: its own, its pieces', or new words after others.

        Where it goes on after another text, that one is not held against its hash: this one is.
        """
        ends: list[tuple[int, str]] = []
        while line is not None and line.after is not None:
            ends.append((line.keep, line.text or ""))
            line = self._line(line.after) if len(ends) <= LONGEST_CHAIN else None
        if line is None:
            return None
        text = line.text if line.listing is None else self._joined(line.listing, most, depth)
        if text is None:
            return None
        for keep, new in reversed(ends):
            text = text[:keep] + new
        return text

    def _line(self, name: str) -> _Line | None:
        """Returns the newest line that can be read for a hash."""
        if not _is_name(name):
            return None
        lines = (_parsed(segment.line(name)) for segment in reversed(self._segments))
        return next(filter(None, lines), None)

    def _joined(self, name: str, most: int, depth: int) -> str | None:
        """Returns the pieces that a listing names as one text; None if one is not there."""
        listing = self._whole(name, most, depth + 1)
        if listing is None:
            return None
        pieces: list[str] = []
        for one in listing.split():
            piece = self._whole(one, most, depth + 1)
            most -= len(piece or "")
            if piece is None or most < 0:
                return None
            pieces.append(piece)
        return "".join(pieces)

    def _look_again(self) -> None:
        """Reads every segment anew, whatever an index says; once, since it may take a while."""
        self._looked_again = True
        known = {segment.path for segment in self._segments}
        for segment in self._segments:
            with contextlib.suppress(FileNotFoundError):
                segment.scan()
        new = (path for path in segments_in(self._directory) if path not in known)
        self._segments += [Segment(path, sealed=False) for path in new]

    def _why_missing(self, name: str) -> str:
        directory, gone = self._directory, ", ".join(missing_in(self._directory))
        if gone:
            why = f"no text {name[:12]} lies in {directory}, where {gone} is missing"
            return f"{why}; restore that file from a copy"
        lies = self._where_unfinished(name)
        if lies:
            why = f"the text {name[:12]} in {lies} was changed at its end, or never finished"
            return f"{why}; restore {directory} from a copy"
        changed = _is_name(name) and any(one.line(name) for one in self._segments)
        what = "was changed" if changed else "is not there"
        return f"the text {name[:12]} in {directory} {what}; restore that folder from a copy"

    def _where_unfinished(self, name: str) -> Path | None:
        """Returns where an unfinished line says that it holds the text of that hash."""
        says = f'"sha256":"{name}"'.encode()
        aside = (path for path in aside_in(self._directory) if says in path.read_bytes())
        here = (segment.path for segment in self._segments if says in segment.tail())
        return next(aside, None) or next(here, None)


class TextStore(TextReader):
    """The same texts, open for adding to them.

    Args:
        directory: where their segments lie; made if missing.
        segment_bytes: the size from which a new segment is begun.
    """

    def __init__(self, directory: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        make_directory(directory)
        super().__init__(directory)
        self._segment_bytes = segment_bytes
        self._fd = -1
        self._recent: deque[_Recent] = deque(maxlen=_RECENT)
        for segment in self._segments[:-1]:
            segment.seal()
        if self._segments:
            # A crash left it, and then nothing names it; or it is a text that was changed since.
            self._segments[-1].move_tail()
            self._open(self._segments[-1].path)
            if not self._segments[-1].length:  # whoever made it may have been killed just then
                sync_directory(directory)
        if not self._segments or self._segments[-1].length >= segment_bytes:
            self._begin_segment()

    def keep(self, texts: Iterable[str]) -> None:
        """Makes texts durable; those that are there already cost nothing.

        Raises:
            OSError: if they could not be written; nothing refers to what was.
        """
        lines: dict[str, bytes] = {}
        for text in texts:
            self._gather(text, lines)
        if not lines:
            return
        try:
            self._write(lines)
        except OSError:
            self._recent.clear()  # nothing may go on after what is not there
            raise

    def sync(self) -> None:
        """Makes durable what is there; a process that was killed may not have come to that.

        Raises:
            OSError: if that cannot be done.
        """
        os.fsync(self._fd)
        sync_directory(self._directory)

    def close(self) -> None:
        """Closes the file. Safe to call twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _write(self, lines: dict[str, bytes]) -> None:
        data = b"".join(lines.values())
        require_linked(self._fd, self._segments[-1].path)
        length = self._segments[-1].length
        if length and length + len(data) > self._segment_bytes:
            self._begin_segment()
        segment = self._segments[-1]
        try:
            write_all(self._fd, data)
            os.fsync(self._fd)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, segment.length)
            raise
        segment.add(len(data), _places(lines, segment.length))

    def _gather(self, text: str, lines: dict[str, bytes]) -> None:
        """Adds to ``lines`` what of ``text`` is not stored yet, in the order of its making."""
        name = hash_text(text)
        if name in lines:
            return
        size = len(text.encode())
        if size <= WHOLE:
            self._add(name, {"text": text}, lines)
            return
        if self._whole(name, size) is not None or self._goes_on(name, text, size, lines):
            return
        names: list[str] = []
        for piece in pieces_of(text):
            names.append(hash_text(piece))
            self._add(names[-1], {"text": piece}, lines)
        listing = listing_of(names)
        self._gather(listing, lines)
        self._add(name, {"listing": hash_text(listing)}, lines)
        self._recent.append(_Recent(name, text, size))

    def _goes_on(self, name: str, text: str, size: int, lines: dict[str, bytes]) -> bool:
        """Adds what is new in ``text``, if it begins like one that was kept just before."""
        bases = [one for one in self._recent if one.size <= size and one.chain < LONGEST_CHAIN]
        base = max(bases, key=lambda one: _common(one.text, text), default=None)
        keep = _common(base.text, text) if base else 0
        if base is None or len(text[keep:].encode()) > WHOLE:
            return False
        self._add(name, {"after": base.name, "keep": keep, "text": text[keep:]}, lines)
        self._recent.append(_Recent(name, text, size, base.chain + 1))
        return True

    def _add(self, name: str, about: dict[str, object], lines: dict[str, bytes]) -> None:
        """Adds a line, unless the very same one is stored: one that was damaged is not."""
        if name in lines:
            return
        line = canonical({"sha256": name, **about}) + b"\n"
        if all(segment.line(name) != line for segment in reversed(self._segments)):
            lines[name] = line

    def _begin_segment(self) -> None:
        path = next_in(self._directory)
        before = self._fd
        self._open(path)
        sync_directory(self._directory)
        if before >= 0:
            os.close(before)
            self._segments[-1].seal()
        self._segments.append(Segment(path, sealed=False))

    def _open(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)


def _parsed(data: bytes) -> _Line | None:
    try:
        return _read_line(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _common(one: str, other: str) -> int:
    """Returns how many characters two texts have in common at their beginning."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _places(lines: dict[str, bytes], start: int) -> dict[str, Place]:
    """Returns where lines lie that are written one after the other from ``start`` on."""
    places: dict[str, Place] = {}
    for name, line in lines.items():
        places[name] = (start, len(line))
        start += len(line)
    return places


def _is_name(text: str) -> bool:
    return len(text) == 64 and not set(text) - set("0123456789abcdef")  # noqa: PLR2004 - a SHA-256

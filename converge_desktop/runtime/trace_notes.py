"""What people noted about model calls, in ``notes.jsonl`` of the desk.

A note is no record of the ledger: nothing follows from it, nobody decides on it, it may be put
otherwise or taken away, and what a desk is held to must not grow by remarks. So it lies in a file
beside, which is synced, because it cannot be had from anywhere else. Each line names the record it
is about by number and hash; the last line about a call counts.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from converge_core.errors import IllegalCommand
from converge_desktop.adapters.disk import sync_directory, write_durably
from converge_desktop.runtime.trace_model import Note
from converge_desktop.runtime.wording import is_text

FILE = "notes.jsonl"
LONGEST = 2000
_read = msgspec.json.Decoder(Note).decode


class TraceNotes:
    """The notes of one desk; any thread may use them.

    Args:
        data_dir: the desk's directory.
        hash_of: returns the hash of a record as the ledger has it, empty where there is none; a
            note about another record than that is not shown.
    """

    def __init__(self, data_dir: Path, hash_of: Callable[[int], str]) -> None:
        self._path = data_dir / FILE
        self._hash_of = hash_of
        self._lock = threading.Lock()
        self._kept: dict[tuple[int, str], Note] | None = None

    def all(self) -> dict[int, Note]:
        """Returns the notes, by the record that they are about.

        Raises:
            IllegalCommand: if the file cannot be read, naming it and the line.
            OSError: if it is there and cannot be opened.
        """
        with self._lock:
            every = tuple(self._every().values())
        return {one.seq: one for one in every if self._hash_of(one.seq) == one.hash}

    def words(self) -> Mapping[int, str]:
        """Returns what the notes say, by the record that they are about.

        Where the file cannot be read, only whoever asks for what is noted hears of it.
        """
        try:
            return {seq: note.text for seq, note in self.all().items()}
        except (IllegalCommand, OSError) as error:
            return _Unreadable(error)

    def write(self, note: Note) -> None:
        """Keeps a note, in the place of one about the same call; one without words is taken away.

        Raises:
            IllegalCommand: if it is no plain text, or too long.
            OSError: if the file cannot be written.
        """
        if len(note.text) > LONGEST:
            raise IllegalCommand(
                f"a note has at most {LONGEST:,} characters, and this one has {len(note.text):,}"
            )
        if not is_text(note.text):
            raise IllegalCommand(
                "the note holds half a character, which nothing can keep; remove it"
            )
        with self._lock:
            kept = dict(self._every())
            kept.pop((note.seq, note.hash), None)
            if note.text.strip():
                kept[note.seq, note.hash] = note
            data = b"".join(msgspec.json.encode(one) + b"\n" for one in kept.values())
            new = self._path.with_suffix(".new")
            write_durably(new, data)
            os.replace(new, self._path)  # noqa: PTH105 - as the ledger does
            sync_directory(self._path.parent)
            self._kept = kept

    def _every(self) -> dict[tuple[int, str], Note]:
        if self._kept is None:
            self._kept = {(one.seq, one.hash): one for one in self._lines()}
        return self._kept

    def _lines(self) -> list[Note]:
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return []
        found = []
        for number, line in enumerate(data.splitlines(), 1):
            if not line.strip():
                continue
            try:
                found.append(_read(line))
            except msgspec.MsgspecError as error:
                raise IllegalCommand(
                    f"{self._path}, line {number}: it is no note ({error}). Mend that line, or "
                    "remove it"
                ) from error
        return found


class _Unreadable(Mapping[int, str]):
    """Notes that cannot be read: no call has one, and whoever looks through them is told why."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getitem__(self, seq: int) -> str:
        raise KeyError(seq)

    def __iter__(self) -> Iterator[int]:
        raise self._error

    def __len__(self) -> int:
        raise self._error

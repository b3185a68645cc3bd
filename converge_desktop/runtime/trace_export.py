"""Model calls written to a file, each with where it comes from, for whoever has no desk.

The file is JSON Lines. The first line says which desk it is of, which filter chose the calls, and
which record the ledger ended in; the last one how many calls there are, and the SHA-256 over all
lines before it. Each line between holds a call as it is recorded, with the head and the hash of its
record, its texts, the hash of its envelope, and what people noted about it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

from msgspec import UNSET

from converge_core.canonical import canonical
from converge_core.events import TraceRecorded, body_of
from converge_core.ledger import Entry
from converge_core.prompt import LAYERS
from converge_core.trace import TextRef
from converge_desktop.adapters.disk import write_all
from converge_desktop.adapters.refused import said_of
from converge_desktop.adapters.texts import TextMissing
from converge_desktop.adapters.unfinished import in_place_once_whole
from converge_desktop.runtime.trace_model import Note, TraceProblem

FORMAT = "converge traces 1"
TOLD_EVERY = 100


@dataclass(frozen=True, slots=True)
class TraceExport:
    """What was written: where, how many calls, how many bytes, and the SHA-256 of the lines."""

    path: str
    traces: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which calls, and why those: their records, and what is said of all in the first line."""

    seqs: Sequence[int]
    about: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sources:
    """What reads a record of the ledger, what reads a recorded text, and the notes by record."""

    entry: Callable[[int], Entry]
    read: Callable[[TextRef], str]
    notes: Mapping[int, Note]


class ExportStopped(Exception):
    """Somebody gave it up; nothing was left."""


def export_traces(
    path: Path,
    chosen: Chosen,
    sources: Sources,
    *,
    told: Callable[[int], None] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
) -> TraceExport:
    """Writes model calls to a file, all of them or none.

    Args:
        path: the file, which is replaced if it is there.
        chosen: which calls.
        sources: what is read of them.
        told: called with how many are written, now and then.
        stopped: whether it is to be given up.

    Raises:
        ExportStopped: if it was given up.
        LedgerCorrupt: if a record was changed.
        OSError: if the file cannot be written; it says where, and what to do.
    """
    lines = _lines(chosen, sources, told, stopped)
    with in_place_once_whole(path) as file:
        found = _write(file, path, lines, len(chosen.seqs))
        size = file.tell()
    told(len(chosen.seqs))
    return TraceExport(str(path), len(chosen.seqs), size, found)


def _write(file: FileIO, path: Path, lines: Iterable[Mapping[str, Any]], count: int) -> str:
    """Writes lines, and one that closes them; returns the SHA-256 of those before it."""
    digest = hashlib.sha256()
    for line in lines:
        data = canonical(line) + b"\n"
        digest.update(data)
        with said_of(path, "written"):
            write_all(file.fileno(), data)
    found = digest.hexdigest()
    with said_of(path, "written"):
        write_all(file.fileno(), canonical({"traces": count, "sha256": found}) + b"\n")
    return found


def _lines(
    chosen: Chosen, sources: Sources, told: Callable[[int], None], stopped: Callable[[], bool]
) -> Iterator[Mapping[str, Any]]:
    yield {"format": FORMAT, **chosen.about}
    for number, seq in enumerate(chosen.seqs, 1):
        if stopped():
            raise ExportStopped("the export was given up; nothing of it was kept")
        yield _line(sources.entry(seq), sources.read, sources.notes.get(seq))
        if number % TOLD_EVERY == 0:
            told(number)


def _line(entry: Entry, read: Callable[[TextRef], str], note: Note | None) -> dict[str, Any]:
    event = entry.event
    if not isinstance(event, TraceRecorded):
        raise TraceProblem(f"what record {entry.head.seq} said was left out of this ledger")
    call = event.trace.call
    texts = {name: _text(call.layers[name], read) for name in LAYERS if name in call.layers}
    line: dict[str, Any] = {
        "record": {
            "seq": entry.head.seq,
            "at": entry.head.at,
            "hash": entry.hash,
            "prev": entry.head.prev,
            "commit": entry.head.commit,
            "v": entry.head.v,
        },
        "run": str(event.run),
        "trace": body_of(event)["trace"],
        "grade": event.trace.grade.value,
        "texts": {**texts, "output": _text(call.output, read)},
        "envelope_sha256": call.envelope.digest(),
        "prompt_sha256": call.prompt_hash,
    }
    if call.plan is not UNSET:
        line["plan_sha256"] = call.plan
    if note is not None:
        line["note"] = {"text": note.text, "by": note.by, "at": note.at}
    return line


def _text(ref: TextRef, read: Callable[[TextRef], str]) -> str | None:
    """Returns a recorded text; nothing where it was forgotten, and its hash stands in the call."""
    try:
        return read(ref)
    except TextMissing:
        return None

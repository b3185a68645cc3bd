"""Evidence capsules as files: made of a ledger, written whole or not at all, and read back."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from converge_core import capsule as form
from converge_core import evidence
from converge_core.capsule import MAX_BYTES, MAX_LINE, About
from converge_core.capsule_check import Holding, check
from converge_core.checkpoint import SignedCheckpoint
from converge_core.errors import CapsuleBroken, IllegalCommand
from converge_core.ledger import Entry
from converge_core.merkle import Tree
from converge_core.trace import TextRef
from converge_desktop.adapters.disk import sync_directory, write_all
from converge_desktop.adapters.keys import signature_fits

MAX_OPENING = 64 * 1024
"""More bytes than the first line of a capsule has; of what is none, no more is read."""


class NotExported(Exception):
    """No capsule can be made of it, or not there; the text says why and what to do."""


class NotCovered(NotExported):
    """No checkpoint covers it yet; one that is signed now does."""


class Source(Protocol):
    """A ledger, as far as a capsule takes it."""

    def of_run(self, run: str) -> Iterable[Entry]:
        """Returns the records of a run in their order; those of the desk for the empty name."""

    def entry(self, seq: int) -> Entry:
        """Returns a record.

        Raises:
            IndexError: if there is none of that number.
        """

    def line(self, seq: int) -> bytes:
        """Returns a record as it stands in its file, with its line end."""

    def leaves(self) -> Iterable[bytes]:
        """Returns the hash of every record, in their order."""

    def asked(self, gate: str) -> str:
        """Returns the run in which a gate was opened; empty if there is none of that name."""

    def checkpoint(self) -> SignedCheckpoint | None:
        """Returns the newest checkpoint that was signed; None if none was yet."""


def about(source: Source, name: str) -> About:
    """Returns what a run's or a gate's name stands for.

    Raises:
        NotExported: if there is neither.
    """
    if name and any(True for _ in source.of_run(name)):
        return About(run=name, gate="")
    run = source.asked(name) if name else ""
    if not run:
        raise NotExported(
            f"there is no run and no gate {name}; take the id as run, inbox and traces print it"
        )
    return About(run=run, gate=name)


def about_record(source: Source, seq: int) -> About:
    """Returns what the number of a record stands for.

    Raises:
        NotExported: if there is none of that number.
    """
    try:
        source.entry(seq)
    except IndexError as error:
        raise NotExported(
            f"there is no record {seq}; give a number as the Ledger page and events print it"
        ) from error
    return About(run="", gate="", record=seq)


def newest(source: Source) -> SignedCheckpoint:
    """Returns the newest checkpoint in a ledger.

    Raises:
        NotCovered: if none was signed yet.
    """
    signed = source.checkpoint()
    if signed is None:
        raise NotCovered(
            "nobody has signed a checkpoint of this ledger yet; one is signed with every decision "
            "and when the desk is closed"
        )
    return signed


def capsule_of(
    source: Source,
    what: About,
    text: Callable[[TextRef], str],
    exported_at: int,
    signed: SignedCheckpoint | None = None,
) -> Iterator[bytes]:
    """Yields the lines of a capsule about a run, a gate or a record.

    Of the texts that a single record names there is the hash alone: they may be long, and private,
    and whoever is handed one beside it can hold it against that.

    Args:
        source: the ledger.
        what: what it is about.
        text: reads a text that a record names.
        exported_at: now, in microseconds since 1970 UTC.
        signed: a checkpoint of the ledger; the newest that stands in it if None.

    Raises:
        NotCovered: if there is no checkpoint, or records stand behind it.
    """
    signed = signed or newest(source)
    size, bearing = signed.checkpoint.size, _bearing(source, what)
    entries = evidence.with_keys(source.of_run, bearing, signed.operator, size)
    last = entries[-1].head.seq
    if last >= size:
        raise NotCovered(
            f"{form.behind(last, size)}; one is signed with every decision and when the desk is "
            "closed, so export it after that"
        )
    tree = Tree(source.leaves())
    proven = ((source.line(seq), tree.inclusion(seq, size)) for seq in _seqs(entries))
    hands_on = text if what.record is None else _left_out
    return form.capsule(what, exported_at, signed, proven, hands_on)


def write_capsule(path: Path, lines: Iterable[bytes], key: str = "") -> Holding:
    """Writes a capsule, and puts it in its place once it was read back and holds.

    Args:
        path: where; another capsule that lies there is replaced, and nothing else.
        lines: its lines.
        key: the public key of who signed the checkpoint, where its record was left out.

    Raises:
        NotExported: if something else lies there.
        CapsuleBroken: if it does not hold.
        OSError: if it could not be written.
    """
    target = path.resolve()
    _require_replaceable(path, target)
    unfinished = target.with_name(f".capsule-{secrets.token_hex(8)}.part")
    try:
        _write(unfinished, lines)
        holding = check_capsule(unfinished, key)
        unfinished.replace(target)
        sync_directory(target.parent)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        with suppress(OSError):
            unfinished.unlink()
    return holding


def check_capsule(path: Path, key: str = "") -> Holding:
    """Verifies the capsule in a file, reading it line by line.

    Args:
        path: the file.
        key: the public key of who signed the checkpoint, in hexadecimal, if it is known.

    Raises:
        CapsuleBroken: at the first line that does not hold.
        OSError: if it cannot be read.
    """
    with read_capsule(path) as lines:
        return check(lines, signature_fits, key)


@contextmanager
def read_capsule(path: Path) -> Iterator[Iterator[bytes]]:
    """Opens a capsule and gives its lines, no more of any than a capsule has.

    Raises:
        CapsuleBroken: if the file is larger than any capsule.
        OSError: if it cannot be read.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > MAX_BYTES:
            raise CapsuleBroken(
                1, f"the file has {size:,} bytes, and a capsule at most {MAX_BYTES:,}"
            )

        def lines() -> Iterator[bytes]:
            most = MAX_OPENING
            while line := file.readline(most):
                yield line
                most = MAX_LINE + 1

        yield lines()


def _bearing(source: Source, what: About) -> list[Entry]:
    if what.record is not None:
        return [source.entry(what.record)]
    try:
        if what.gate:
            return evidence.of_gate(source.of_run, what.run, what.gate)
        return evidence.of_run(source.of_run, what.run)
    except IllegalCommand as error:
        raise NotExported(str(error)) from error


def _left_out(_: TextRef) -> None:
    """Reads no text."""


def _seqs(entries: Iterable[Entry]) -> Iterator[int]:
    return (entry.head.seq for entry in entries)


def _write(path: Path, lines: Iterable[bytes]) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        for line in lines:
            write_all(fd, line)
        os.fsync(fd)
    finally:
        os.close(fd)


def _require_replaceable(path: Path, target: Path) -> None:
    """Lets a place pass where nothing lies, or a capsule, however it holds."""
    if target.is_file():
        with target.open("rb") as file:
            if file.read(len(_BEGINS)) == _BEGINS:
                return
    if target.exists():
        raise NotExported(
            f"{path} is left as it is, because it is something else than an evidence capsule; "
            "choose another name, or move it away first"
        )


_BEGINS = b'{"about":{"gate":'
"""What the first line of every capsule begins with."""

"""Writes a large ledger that verifies and audits, with the texts it names: a desk after years.

PYTHONPATH=core:. python -m tests.bench.big_ledger DIR --events 1000000

What a desk would have synced batch by batch is written here at one go; the files are the same.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from random import Random
from typing import BinaryIO

from converge_core import events as e
from converge_core.checkpoint import SignedCheckpoint, bytes_of, key_id, take
from converge_core.ledger import SALT_BYTES, Chain, Entry, encode_batch
from converge_core.merkle import Frontier
from converge_desktop import __version__
from converge_desktop.adapters.disk import write_durably
from converge_desktop.adapters.identity.key_file import file_key
from converge_desktop.adapters.keys import KEY_BYTES, OperatorKey
from converge_desktop.adapters.ledger.segments import SEGMENT_BYTES, segment_name
from converge_desktop.adapters.texts import TextStore
from tests.bench.big_runs import SECOND, Batch, Left, Runs

BEGUN_AT = 1_700_000_000 * SECOND
OPEN = (Left.WAITING, Left.STOPPED, Left.READY, Left.WAITING)
"""How far the last runs are taken; all before them have stopped."""
SAID_EVERY = 100_000
WHO = "alice"


@dataclass(frozen=True, slots=True)
class Made:
    """What was made."""

    events: int
    runs: int
    bytes: int
    seconds: float

    def words(self) -> str:
        """Returns one line for a person."""
        rate = self.events / self.seconds
        return (
            f"{self.events:,} events of {self.runs:,} runs, {self.bytes / 1e6:,.0f} MB, "
            f"in {self.seconds:,.1f} s ({rate:,.0f} a second)"
        )


class _Writer:
    """Writes batches into segments, none of which ends inside one; a decision's with a checkpoint.

    Args:
        directory: where the segments go; it must not exist.
        segment_bytes: the size that no segment exceeds.
        chance: where salts come from.
        key: who signs checkpoints.
    """

    def __init__(
        self, directory: Path, segment_bytes: int, chance: Random, key: OperatorKey
    ) -> None:
        directory.mkdir(parents=True)
        self._directory, self._segment_bytes, self._salts = directory, segment_bytes, chance
        self._desk, self._key = chance.randbytes(8).hex(), key
        self._chain, self._frontier = Chain(), Frontier()
        self._file: BinaryIO | None = None
        self._length = 0
        self.bytes = 0

    @property
    def seq(self) -> int:
        """The number of the next record."""
        return self._chain.seq + 1

    def open_desk(self, at: int) -> None:
        self.write([e.DeskOpened(desk=self._desk, app_version=__version__)], at)
        self.write([e.OperatorEnrolled(operator=self._key.operator)], at + SECOND)

    def write(self, events: list[e.Event], at: int, *, decides: bool = False) -> None:
        first = self.seq
        last = partial(self._checkpoint, at) if decides else None
        data, entries = encode_batch(events, self._chain, at, self._salt, last)
        self._frontier = self._grown(entries)
        if self._file is None or self._length + len(data) > self._segment_bytes:
            self.close()
            self._file = (self._directory / segment_name(first)).open("xb")
            self._length = 0
        self._file.write(data)
        self._length += len(data)
        self.bytes += len(data)
        self._chain = Chain(entries[-1].head.seq, entries[-1].hash)

    def close(self) -> None:
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def _grown(self, entries: Sequence[Entry]) -> Frontier:
        return self._frontier.extend(bytes.fromhex(entry.hash) for entry in entries)

    def _checkpoint(self, at: int, before: Sequence[Entry]) -> e.Event:
        """Returns the word of the person who decided for every record up to here."""
        taken = take(self._desk, self._grown(before), before[-1].hash, at)
        who = self._key.operator
        return e.CheckpointSigned(
            signed=SignedCheckpoint(
                checkpoint=taken,
                operator=who.id,
                key=key_id(who.id, who.public_key),
                signature=self._key.sign(bytes_of(taken)),
            )
        )

    def _salt(self) -> bytes:
        return self._salts.randbytes(SALT_BYTES)


def make_ledger(
    directory: Path,
    events: int,
    seed: int = 0,
    segment_bytes: int = SEGMENT_BYTES,
    *,
    before: Iterable[Batch] = (),
    begun_at: int = BEGUN_AT,
) -> Made:
    """Makes a data directory whose ledger has ``events`` records or a few hundred more.

    Args:
        directory: where ``ledger``, ``texts`` and ``keys`` go; it must not hold a ledger yet.
        events: how many records at least.
        seed: what chance makes of it; the same one makes the same bytes.
        segment_bytes: the size that no segment exceeds.
        before: batches that are written before and beside those records.
        begun_at: when the first of its own runs begins, in microseconds since 1970 UTC.

    Raises:
        FileExistsError: if there is a ledger already.
    """
    begun = time.perf_counter()
    chance = Random(seed)
    key = _key(directory, chance)
    writer = _Writer(directory / "ledger", segment_bytes, chance, key)
    writer.open_desk(BEGUN_AT)
    for batch in before:
        writer.write(batch.events, batch.at)
    runs = Runs(key, begun_at, seed)
    texts = TextStore(directory / "texts")
    number, said = 0, 0
    for left in chain(_stopped(writer, writer.seq + events), OPEN):
        number += 1
        named: list[str] = []
        for batch in runs.next(lambda: writer.seq, left):
            named += batch.texts
            writer.write(batch.events, batch.at, decides=batch.decides)
        texts.keep(named)
        if writer.seq - said >= SAID_EVERY:
            said = writer.seq
            _say(f"{said:,} events, {said / (time.perf_counter() - begun):,.0f} a second")
    writer.close()
    texts.close()
    return Made(writer.seq, number, writer.bytes, time.perf_counter() - begun)


def _stopped(writer: _Writer, events: int) -> Iterator[Left]:
    while writer.seq < events - 100 * len(OPEN):
        yield Left.STOPPED


def _key(directory: Path, chance: Random) -> OperatorKey:
    """Returns the key of the person who decides, kept where the desk looks for it."""
    path = directory / "keys" / f"{WHO}.ed25519"
    path.parent.mkdir(parents=True)
    write_durably(path, chance.randbytes(KEY_BYTES))
    return file_key(path, WHO)


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def main() -> None:
    """Makes one and says how large it came to be."""
    parser = argparse.ArgumentParser(description="Write a large ledger that verifies and audits.")
    parser.add_argument("directory", type=Path, help="the data directory to make")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--segment-bytes", type=int, default=SEGMENT_BYTES)
    options = parser.parse_args()
    made = make_ledger(options.directory, options.events, options.seed, options.segment_bytes)
    _say(made.words())


if __name__ == "__main__":
    main()

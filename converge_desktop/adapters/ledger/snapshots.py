"""What was found in each of the ledger's files, kept, so that opening need not read it again.

A snapshot is bound to the bytes it was made of: it names their SHA-256, what stands before them and
what they end in, and is sealed with a key of the desk's own. It is believed only if the file still
begins with those bytes; otherwise the file is read record by record, and what it says counts. A
snapshot that cannot be read, or was changed, is as good as none. But where one that is sealed knows
of records that are not there any more, the ledger was shortened, and that is said.

A snapshot is written after what it covers was synced, and not synced itself: losing it costs time.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import struct
import sys
from array import array
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec

from converge_core.ledger import Chain
from converge_core.merkle import Frontier
from converge_desktop.adapters.disk import write_durably
from converge_desktop.adapters.ledger.index import HASH_BYTES, KIND_NAMES, Part
from converge_desktop.adapters.ledger.segments import segments

VERSION = 2
SUFFIX = ".snapshot"
LAST = "last"
"""The file that names the last record that was made durable."""
_MAGIC = b"converge snapshot\n"
_KEY_BYTES = 32
_SEAL_BYTES = 32
_WORD = 8
_CHUNK = 1 << 20


class _Head(msgspec.Struct, forbid_unknown_fields=True):
    """What opens a snapshot."""

    version: int
    file: str
    size: int
    sha256: str
    first: int
    count: int
    before: str
    end: str
    tree: int
    peaks: list[str]
    kinds: list[str]
    runs: list[str]
    spans: int
    notes: dict[str, msgspec.Raw]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known of one file without reading its records.

    Attributes:
        part: where its records lie.
        digest: the SHA-256 of the bytes it covers, which can be gone on from.
        end: what the records end in.
        frontier: the tree over all records up to there.
        notes: what whoever made it wants to know of runs, by run.
    """

    part: Part
    digest: Any
    end: Chain
    frontier: Frontier
    notes: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Claim:
    """That a record was there, with this hash, when a snapshot was made."""

    seq: int
    hash: str


class SnapshotReader:
    """The snapshots of a ledger, to be read; writes nothing.

    Args:
        directory: where they lie.
        key: the file of the key that seals them.
        believe_from: the bytes of a ledger from which snapshots spare reading it; a shorter one is
            read whole, because that takes no time worth sparing.

    Attributes:
        claims: what all snapshots say that this desk sealed, also those that do not fit.
    """

    def __init__(self, directory: Path, key: Path, believe_from: int = 0) -> None:
        self.claims: list[Claim] = []
        self._believe_from = believe_from
        self._directory = directory
        self._key_path = key
        self._key = b""

    def load(self, ledger: Path) -> tuple[list[Path], list[Snapshot]]:
        """Returns the ledger's files, and the snapshots that fit, until one does not.

        Args:
            ledger: the directory of the ledger.

        Raises:
            OSError: if it cannot be read.
        """
        found = self._sealed()
        self.claims = [Claim(end.seq, end.hash) for _, end, _ in found.values()]
        self.claims += self._last_known()
        files = segments(ledger)  # looked up last: whatever is claimed was written by now
        if sum(file.stat().st_size for file in files) < self._believe_from:
            return files, []
        known = [file for file in files if file.name in found]
        digests = _digests(known, [found[file.name][0].size for file in known])
        return files, _fitting(files, found, digests)

    def _path(self, file: Path) -> Path:
        return self._directory / f"{file.stem}{SUFFIX}"

    def _sealed(self) -> dict[str, tuple[_Head, Chain, Part]]:
        """Returns every snapshot that this desk sealed, by the name of the file it is of."""
        key = self._known_key()
        if not key:
            return {}
        every = (_read(path, key) for path in sorted(self._directory.glob(f"*{SUFFIX}")))
        return {found[0].file: found for found in every if found is not None}

    def _last_known(self) -> list[Claim]:
        """Returns what is noted of the last batch; nothing where that cannot be read."""
        try:
            said, _, check = (self._directory / LAST).read_bytes().rstrip(b"\n").rpartition(b" ")
            if check != b"%08x" % crc32(said):  # a power cut tore it
                return []
            number, text = said.decode("ascii").split()
            return [Claim(int(number), text)]
        except (OSError, ValueError):
            return []

    def _known_key(self) -> bytes:
        if not self._key:
            with contextlib.suppress(OSError):
                found = self._key_path.read_bytes()
                self._key = found if len(found) == _KEY_BYTES else b""
        return self._key


class Snapshots(SnapshotReader):
    """The same, written as well; directory and key are made with the first."""

    def __init__(self, directory: Path, key: Path, believe_from: int = 0) -> None:
        super().__init__(directory, key, believe_from)
        self._last = -1

    def note_last(self, end: Chain) -> None:
        """Notes what the ledger ends in, after that was made durable.

        It is not synced, so it costs next to nothing, and never runs ahead of the ledger.
        """
        with contextlib.suppress(OSError):
            if self._last < 0:
                self._directory.mkdir(parents=True, exist_ok=True)
                flags = os.O_WRONLY | os.O_CREAT
                self._last = os.open(self._directory / LAST, flags, 0o600)
            said = b"%016d %b" % (end.seq, end.hash.encode())
            os.pwrite(self._last, b"%b %08x\n" % (said, crc32(said)), 0)

    def close(self) -> None:
        """Closes its file. Safe to call twice."""
        if self._last >= 0:
            os.close(self._last)
            self._last = -1

    def save(
        self, file: Path, part: Part, digest: Any, frontier: Frontier, notes: Mapping[str, bytes]
    ) -> bool:
        """Keeps what is known of a file, and says whether that could be done.

        Where it could not, the next opening takes longer, and that is all.

        Args:
            file: the file of the ledger.
            part: where its records lie.
                part: where its records lie.
            digest: the SHA-256 over the bytes that they take.
            frontier: the tree over all records up to its last.
            notes: what to keep with it, by run, in JSON.
        """
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            data = _encoded(file, part, digest, frontier, notes)
            seal = hmac.digest(self._own_key(), data, "sha256")
            fresh = self._path(file).with_suffix(".new")
            fresh.write_bytes(data + seal)
            fresh.replace(self._path(file))
        except OSError:
            return False
        return True

    def remove_all(self) -> None:
        """Forgets every snapshot; the next opening reads the whole ledger."""
        for path in (*self._directory.glob(f"*{SUFFIX}"), self._directory / LAST):
            path.unlink(missing_ok=True)

    def _own_key(self) -> bytes:
        if not self._known_key():
            self._key_path.parent.mkdir(parents=True, exist_ok=True)
            write_durably(self._key_path, secrets.token_bytes(_KEY_BYTES))
        return self._known_key()


def _fitting(
    files: list[Path],
    found: Mapping[str, tuple[_Head, Chain, Part]],
    digests: Mapping[str, Any],
) -> list[Snapshot]:
    fitting: list[Snapshot] = []
    before = Chain()
    for number, file in enumerate(files):
        if file.name not in found:
            break
        head, end, part = found[file.name]
        digest = digests[file.name]
        if part.chain != before or digest is None or digest.hexdigest() != head.sha256:
            break
        frontier = Frontier(head.tree, tuple(map(bytes.fromhex, head.peaks)))
        notes = {run: bytes(note) for run, note in head.notes.items()}
        part.file, before = number, end
        fitting.append(Snapshot(part, digest, end, frontier, notes))
        if head.size != file.stat().st_size:
            break
    return fitting


def _digests(files: list[Path], sizes: list[int]) -> dict[str, Any]:
    """Returns the SHA-256 over the beginning of each file, by its name; two at once if many."""
    names = [file.name for file in files]
    if len(files) < 2:  # noqa: PLR2004 - threads cost more than they bring
        return dict(zip(names, map(_digest, files, sizes), strict=True))
    with ThreadPoolExecutor(2, thread_name_prefix="digest") as pool:
        return dict(zip(names, pool.map(_digest, files, sizes), strict=True))


def _digest(file: Path, size: int) -> Any:
    """Returns the SHA-256 over the first ``size`` bytes; None if there are not as many."""
    found = hashlib.sha256()
    return found if digest_on(found, file, 0, size) else None


def digest_on(digest: Any, file: Path, begin: int, end: int) -> bool:
    """Goes on with a digest over the bytes from ``begin`` to ``end``, if there are as many."""
    with file.open("rb", buffering=0) as opened:
        opened.seek(begin)
        while begin < end and (data := opened.read(min(end - begin, _CHUNK))):
            digest.update(data)
            begin += len(data)
    return begin == end


def _encoded(
    file: Path, part: Part, digest: Any, frontier: Frontier, notes: Mapping[str, bytes]
) -> bytes:
    count = len(part.offsets)
    names = {run: number for number, run in enumerate(dict.fromkeys(run for run, *_ in part.spans))}
    head = _Head(
        version=VERSION,
        file=file.name,
        size=part.size,
        sha256=digest.hexdigest(),
        first=part.first,
        count=count,
        before=part.chain.hash,
        end=part.hash(part.first + count - 1).hex(),
        tree=frontier.size,
        peaks=[peak.hex() for peak in frontier.peaks],
        kinds=list(KIND_NAMES),
        runs=list(names),
        spans=len(part.spans),
        notes={run: msgspec.Raw(note) for run, note in notes.items() if run in names},
    )
    opening = msgspec.json.encode(head)
    opening += b" " * (-len(_MAGIC + opening + bytes(_WORD)) % _WORD)
    flat = (word for run, first, many in part.spans for word in (names[run], first, many))
    columns = (
        _little(array("Q", part.offsets)),
        _little(array("Q", flat)),
        part.hashes,
        part.kinds,
    )
    return b"".join((_MAGIC, struct.pack("<Q", len(opening)), opening, *map(bytes, columns)))


def _read(path: Path, key: bytes) -> tuple[_Head, Chain, Part] | None:
    """Reads a snapshot; nothing where there is none that this desk sealed."""
    try:
        # Not mapped: where somebody shortens the file, looking at it would end the process.
        return _decoded(memoryview(path.read_bytes()), key)
    except (OSError, ValueError, msgspec.MsgspecError, struct.error, IndexError):
        return None


def _decoded(data: memoryview, key: bytes) -> tuple[_Head, Chain, Part] | None:
    body, seal = data[:-_SEAL_BYTES], data[-_SEAL_BYTES:]
    if not hmac.compare_digest(hmac.digest(key, body, "sha256"), seal):
        return None
    at = len(_MAGIC) + _WORD
    (length,) = struct.unpack("<Q", body[len(_MAGIC) : at])
    head = msgspec.json.decode(bytes(body[at : at + length]), type=_Head)
    if head.version != VERSION or head.kinds != list(KIND_NAMES):
        return None
    at += length
    sizes = (head.count * _WORD, head.spans * 3 * _WORD, head.count * HASH_BYTES, head.count)
    columns: list[memoryview] = []
    for size in sizes:
        columns.append(body[at : at + size])
        at += size
    offsets, spans, hashes, kinds = columns
    part = Part(0, Chain(head.first - 1, head.before), _words(offsets), kinds, hashes)
    flat = _words(spans)
    part.size = head.size
    part.spans = [(head.runs[flat[i]], flat[i + 1], flat[i + 2]) for i in range(0, len(flat), 3)]
    return head, Chain(head.first + head.count - 1, head.end), part


def _words(column: memoryview) -> Any:
    """Returns a column of eight-byte numbers, without reading it where the machine allows that."""
    if sys.byteorder == "little":
        return column.cast("Q")
    found = array("Q", bytes(column))
    found.byteswap()
    return found


def _little(column: array[int]) -> bytes:
    if sys.byteorder != "little":
        column.byteswap()
    return column.tobytes()

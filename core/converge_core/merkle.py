"""The tree over the ledger: one hash for all records, and short proofs of what it covers.

The Merkle tree of RFC 6962 over SHA-256. A leaf is a record: its data are the 32 bytes of the
record's hash, so that the tree covers what the chain covers and stays as it is when bodies are
redacted. Leaves and inner nodes are hashed apart, so that neither passes for the other.

Two forms of one tree: a :class:`Frontier` knows the root and takes in the next record, in a few
hashes whatever the size; a :class:`Tree` keeps two hashes a record and proves. Proofs are checked
as RFC 9162 says (2.1.3.2 and 2.1.4.2), from what they hold alone: whoever checks one needs no tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from converge_core.errors import InvalidValue

HASH_BYTES = 32
EMPTY_ROOT = sha256().digest()
"""The root over no records."""
Proof = tuple[bytes, ...]
"""The hashes that a proof consists of, from the leaves up."""


def leaf_hash(data: bytes) -> bytes:
    """Returns the hash of a leaf."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Returns the hash of the node above two others."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree as far as its next leaf needs it: the roots of its whole subtrees, largest first.

    There is one for each bit that is set in ``size``, so it never takes more than a few lines.

    Raises:
        InvalidValue: if there are more or fewer, or one is no hash.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.peaks) != self.size.bit_count():
            raise InvalidValue(f"{len(self.peaks)} subtrees do not make a tree of {self.size}")
        if any(len(peak) != HASH_BYTES for peak in self.peaks):
            raise InvalidValue(f"a hash in a tree has {HASH_BYTES} bytes")

    @property
    def root(self) -> bytes:
        """The root of the tree."""
        return _root(self.peaks)

    def append(self, data: bytes) -> Frontier:
        """Returns the tree grown by one leaf."""
        return self.extend((data,))

    def extend(self, leaves: Iterable[bytes]) -> Frontier:
        """Returns the tree grown by several leaves, in their order."""
        size, peaks = self.size, [*self.peaks]
        for data in leaves:
            found, full = leaf_hash(data), size
            while full & 1:  # each subtree of the same size closes a larger one
                found = node_hash(peaks.pop(), found)
                full >>= 1
            peaks.append(found)
            size += 1
        return Frontier(size, tuple(peaks))


class Tree:
    """A tree that grows and proves. It keeps the root of every whole subtree, level by level.

    Args:
        leaves: the data of its first leaves, in order.
    """

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self._levels: list[bytearray] = [bytearray()]
        self.size = 0
        for data in leaves:
            self.append(data)

    def append(self, data: bytes) -> None:
        """Takes in the next leaf."""
        found, level, place = leaf_hash(data), 0, self.size
        self._levels[0] += found
        while place & 1:  # it is the right half of a subtree that is whole now
            found = node_hash(self._at(level, place - 1), found)
            level, place = level + 1, place >> 1
            if level == len(self._levels):
                self._levels.append(bytearray())
            self._levels[level] += found
        self.size += 1

    def leaf(self, index: int) -> bytes:
        """Returns the hash of a leaf.

        Raises:
            InvalidValue: if there is no such leaf.
        """
        _require(0 <= index < self.size, f"record {index} is not among {self.size}")
        return self._at(0, index)

    def root(self, size: int | None = None) -> bytes:
        """Returns the root as it is, or as it was when there were ``size`` leaves.

        Raises:
            InvalidValue: if there never were as many.
        """
        return self.frontier(size).root

    def frontier(self, size: int | None = None) -> Frontier:
        """Returns the frontier as it is, or as it was when there were ``size`` leaves.

        Raises:
            InvalidValue: if there never were as many.
        """
        size = self._known(size)
        peaks: list[bytes] = []
        begin = 0
        for level in reversed(range(size.bit_length())):
            if size >> level & 1:
                peaks.append(self._at(level, begin >> level))
                begin += 1 << level
        return Frontier(size, tuple(peaks))

    def inclusion(self, index: int, size: int | None = None) -> Proof:
        """Returns the proof that a leaf stands in the tree of the first ``size`` leaves.

        Raises:
            InvalidValue: if it does not, or there never were as many.
        """
        size = self._known(size)
        _require(0 <= index < size, f"record {index} is not among the first {size}")
        path: list[bytes] = []
        begin, end = 0, size
        while end - begin > 1:
            middle = begin + _left(end - begin)
            if index < middle:
                path.append(self._range(middle, end))
                end = middle
            else:
                path.append(self._range(begin, middle))
                begin = middle
        return tuple(reversed(path))

    def consistency(self, old: int, size: int | None = None) -> Proof:
        """Returns the proof that the first ``old`` of the first ``size`` leaves are what they were.

        Raises:
            InvalidValue: if ``old`` is none, or more than that.
        """
        size = self._known(size)
        _require(0 < old <= size, f"a tree of {size} did not grow from one of {old}")
        path: list[bytes] = []
        begin, end = 0, size
        while end != old:
            middle = begin + _left(end - begin)
            if old <= middle:
                path.append(self._range(middle, end))
                end = middle
            else:
                path.append(self._range(begin, middle))
                begin = middle
        if begin:  # otherwise what remains is the old root, which whoever checks it knows
            path.append(self._range(begin, end))
        return tuple(reversed(path))

    def _known(self, size: int | None) -> int:
        size = self.size if size is None else size
        _require(0 <= size <= self.size, f"there are {self.size} records, not {size}")
        return size

    def _at(self, level: int, place: int) -> bytes:
        return bytes(self._levels[level][place * HASH_BYTES : (place + 1) * HASH_BYTES])

    def _range(self, begin: int, end: int) -> bytes:
        """Returns the root over leaves ``begin`` to ``end``; as many as that fit at ``begin``."""
        peaks: list[bytes] = []
        while begin < end:
            level = (end - begin).bit_length() - 1
            peaks.append(self._at(level, begin >> level))
            begin += 1 << level
        return _root(peaks)


def includes(root: bytes, size: int, index: int, data: bytes, proof: Sequence[bytes]) -> bool:
    """Says whether ``proof`` shows that leaf ``index`` of ``size`` under ``root`` is ``data``."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf_hash(data)
    for other in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(other, found)
            place, last = _past_lone(place, last)
        else:
            found = node_hash(found, other)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def steps(size: int, index: int) -> int:
    """Returns how many hashes the proof of leaf ``index`` in a tree of ``size`` leaves has."""
    place, last, found = index, size - 1, 0
    while last:
        found += place & 1 or place < last
        place, last = place >> 1, last >> 1
    return found


def extends(old_root: bytes, old_size: int, root: bytes, size: int, proof: Sequence[bytes]) -> bool:
    """Says whether ``proof`` shows that the tree under ``root`` begins with that of ``old_root``.

    Everything begins with a tree of no leaves, and a tree with itself; that takes no proof.
    """
    if not 0 < old_size < size:
        nothing = old_size == 0 and old_root == EMPTY_ROOT and size >= 0
        same = 0 < old_size == size and old_root == root
        return not proof and (nothing or same)
    if not proof:
        return False
    steps = [old_root, *proof] if old_size.bit_count() == 1 else [*proof]
    place, last = old_size - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = steps[0]
    for other in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            before, after = node_hash(other, before), node_hash(other, after)
            place, last = _past_lone(place, last)
        else:
            after = node_hash(after, other)
        place, last = place >> 1, last >> 1
    return last == 0 and before == old_root and after == root


def _past_lone(place: int, last: int) -> tuple[int, int]:
    """Steps over the levels at which a subtree has nothing at its side and is not hashed again."""
    while place and not place & 1:
        place, last = place >> 1, last >> 1
    return place, last


def _left(size: int) -> int:
    """Returns how many leaves the left half of a tree has: the largest power of two below size."""
    return 1 << (size - 1).bit_length() - 1


def _root(peaks: Sequence[bytes]) -> bytes:
    if not peaks:
        return EMPTY_ROOT
    found = peaks[-1]
    for peak in reversed(peaks[:-1]):
        found = node_hash(peak, found)
    return found


def _require(holds: bool, why_not: str) -> None:
    if not holds:
        raise InvalidValue(why_not)

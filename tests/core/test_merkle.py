"""The tree over the ledger: one hash for all records, and short proofs of what it covers."""

from __future__ import annotations

from hashlib import sha256
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core.errors import InvalidValue
from converge_core.merkle import EMPTY_ROOT, Frontier, Tree, extends, includes, leaf_hash

# The inputs of the Certificate Transparency reference implementation, and what it makes of them.

INPUTS = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    bytes(range(0x50, 0x58)),
    bytes(range(0x60, 0x70)),
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
A = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
B = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
AB = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
CD = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
ABCD = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
E = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
EF = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
GH = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
EFGH = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
INCLUSION = {
    (0, 1): [],
    (0, 2): [B],
    (1, 2): [A],
    (2, 3): [AB],
    (1, 5): [A, CD, E],
    (0, 8): [B, CD, EFGH],
    (5, 8): [E, GH, ABCD],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): [B, CD, EFGH],
    (2, 5): [CD, E],
    (6, 8): [EF, GH, ABCD],
}


@pytest.mark.parametrize("size", range(len(ROOTS)))
def test_the_root_is_that_of_the_reference(size: int) -> None:
    """For each number of the reference's inputs, grown or built."""
    expected = bytes.fromhex(ROOTS[size])

    assert expected == Frontier().extend(INPUTS[:size]).root
    assert expected == Tree(INPUTS[:size]).root()
    assert expected == Tree(INPUTS).root(size)


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_the_inclusion_proof_is_that_of_the_reference(index: int, size: int) -> None:
    """Hash by hash, and it convinces."""
    proof = Tree(INPUTS).inclusion(index, size)

    assert INCLUSION[index, size] == [step.hex() for step in proof]
    assert includes(bytes.fromhex(ROOTS[size]), size, index, INPUTS[index], proof)


@pytest.mark.parametrize(("old", "size"), CONSISTENCY)
def test_the_consistency_proof_is_that_of_the_reference(old: int, size: int) -> None:
    """Hash by hash, and it convinces."""
    proof = Tree(INPUTS).consistency(old, size)

    assert CONSISTENCY[old, size] == [step.hex() for step in proof]
    assert extends(bytes.fromhex(ROOTS[old]), old, bytes.fromhex(ROOTS[size]), size, proof)


# A second implementation: the definitions of RFC 6962, 2.1, word for word, and slow.


def split(leaves: list[bytes]) -> int:
    return max(1 << bits for bits in range(len(leaves).bit_length()) if 1 << bits < len(leaves))


def mth(leaves: list[bytes]) -> bytes:
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    k = split(leaves)
    return sha256(b"\1" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: list[bytes]) -> tuple[bytes, ...]:
    if len(leaves) == 1:
        return ()
    k = split(leaves)
    if m < k:
        return (*path(m, leaves[:k]), mth(leaves[k:]))
    return (*path(m - k, leaves[k:]), mth(leaves[:k]))


def subproof(m: int, leaves: list[bytes], known: bool) -> tuple[bytes, ...]:
    if m == len(leaves):
        return () if known else (mth(leaves),)
    k = split(leaves)
    if m <= k:
        return (*subproof(m, leaves[:k], known), mth(leaves[k:]))
    return (*subproof(m - k, leaves[k:], False), mth(leaves[:k]))


MOST = 64
LEAVES = [sha256(bytes([number])).digest() for number in range(MOST)]
TREE = Tree(LEAVES)
KNOWN = [mth(LEAVES[:size]) for size in range(MOST + 1)]


def test_both_implementations_come_to_the_same_root() -> None:
    """At every size up to 64, whether it is grown a leaf at a time or asked about its past."""
    grown, roots = Frontier(), [Frontier().root]
    for data in LEAVES:
        grown = grown.append(data)
        roots.append(grown.root)

    assert KNOWN == roots
    assert KNOWN == [TREE.root(size) for size in range(MOST + 1)]
    assert KNOWN == [Tree(LEAVES[:size]).root() for size in range(MOST + 1)]


@pytest.mark.parametrize("size", range(1, MOST + 1))
def test_every_record_is_proved_to_be_included(size: int) -> None:
    """By the proof of the definition, which convinces of that record, place and size alone."""
    for index in range(size):
        proof = TREE.inclusion(index, size)

        assert path(index, LEAVES[:size]) == proof
        assert includes(KNOWN[size], size, index, LEAVES[index], proof)
        assert not any(
            includes(KNOWN[size], size, other, LEAVES[index], proof)
            for other in range(-1, size + 2)
            if other != index
        )
        assert not includes(KNOWN[size], size, index, LEAVES[index - 1] + b"x", proof)


@pytest.mark.parametrize("size", range(1, MOST + 1))
def test_every_size_is_proved_to_have_grown_from_every_smaller_one(size: int) -> None:
    """By the proof of the definition, and from no other size, and none of them the other way."""
    for old in range(1, size + 1):
        proof = TREE.consistency(old, size)

        assert subproof(old, LEAVES[:size], True) == proof
        assert extends(KNOWN[old], old, KNOWN[size], size, proof)
        if old < size:
            assert not extends(KNOWN[size], size, KNOWN[old], old, proof)
            assert not extends(KNOWN[old - 1], old, KNOWN[size], size, proof)
            assert not extends(KNOWN[old], old, KNOWN[size - 1], size, proof)


SIZES = st.integers(1, MOST)


@given(st.lists(st.binary(max_size=40), max_size=80), st.integers(0, 80))
def test_appending_comes_to_the_same_as_building_anew(leaves: list[bytes], cut: int) -> None:
    """In one go, in two, or leaf by leaf: one tree."""
    tree = Tree(leaves[:cut])
    for data in leaves[cut:]:
        tree.append(data)
    grown = Frontier().extend(leaves[:cut]).extend(leaves[cut:])

    assert grown == Frontier().extend(leaves) == tree.frontier() == Tree(leaves).frontier()
    assert mth(leaves) == grown.root == tree.root()
    assert len(leaves) == grown.size == tree.size


@given(SIZES, st.data())
def test_no_inclusion_proof_survives_tampering(size: int, data: st.DataObject) -> None:
    """Flip a bit anywhere in it, drop, add, double or swap a hash, and it convinces nobody."""
    index = data.draw(st.integers(0, size - 1))
    proof = TREE.inclusion(index, size)
    for other in tampered(proof, data):
        assert not includes(KNOWN[size], size, index, LEAVES[index], other)
    assert not includes(flipped(KNOWN[size], data), size, index, LEAVES[index], proof)
    assert not includes(KNOWN[size], size, index, flipped(LEAVES[index], data), proof)


@given(SIZES, SIZES, st.data())
def test_no_consistency_proof_survives_tampering(one: int, other: int, data: st.DataObject) -> None:
    """Nor does any other root, old or new, go with it."""
    old, size = sorted((one, other))
    proof = TREE.consistency(old, size)
    for wrong in tampered(proof, data):
        assert not extends(KNOWN[old], old, KNOWN[size], size, wrong)
    assert not extends(flipped(KNOWN[old], data), old, KNOWN[size], size, proof)
    assert not extends(KNOWN[old], old, flipped(KNOWN[size], data), size, proof)


def flipped(value: bytes, data: st.DataObject) -> bytes:
    changed = bytearray(value)
    changed[data.draw(st.integers(0, len(value) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    return bytes(changed)


def tampered(proof: tuple[bytes, ...], data: st.DataObject) -> list[tuple[bytes, ...]]:
    """Returns proofs that differ from ``proof``."""
    wrong = [(*proof, LEAVES[0]), (LEAVES[0], *proof)]
    for place, step in enumerate(proof):
        before, after = proof[:place], proof[place + 1 :]
        wrong += [
            (*before, *after),
            (*before, step, step, *after),
            (*before, flipped(step, data), *after),
            (*before, step[:-1], *after),
        ]
    pairs = combinations(range(len(proof)), 2)
    for one, other in pairs:
        swapped = [*proof]
        swapped[one], swapped[other] = swapped[other], swapped[one]
        wrong.append(tuple(swapped))
    return [other for other in wrong if other != proof]


def test_another_history_has_no_proof() -> None:
    """A tree in which one early record differs did not grow from the first one."""
    other = Tree([b"x", *LEAVES[1:]])

    for old in range(1, MOST):
        proof = other.consistency(old)
        assert not extends(KNOWN[old], old, other.root(), MOST, proof)
        assert not extends(KNOWN[old], old, other.root(), MOST, TREE.consistency(old))


def test_what_is_no_growth_needs_no_proof_and_takes_none() -> None:
    """Everything grows from nothing, and a tree is what it is."""
    assert extends(EMPTY_ROOT, 0, KNOWN[5], 5, ())
    assert extends(EMPTY_ROOT, 0, EMPTY_ROOT, 0, ())
    assert extends(KNOWN[5], 5, KNOWN[5], 5, ())
    assert not extends(KNOWN[5], 5, KNOWN[5], 5, (LEAVES[0],))
    assert not extends(KNOWN[5], 5, KNOWN[6], 5, ())
    assert not extends(KNOWN[1], 0, KNOWN[5], 5, ())
    assert not extends(KNOWN[5], 5, KNOWN[6], 6, ())
    assert not extends(KNOWN[4], 4, KNOWN[6], 6, ())
    assert not extends(EMPTY_ROOT, 0, KNOWN[5], 5, (LEAVES[0],))
    assert not extends(KNOWN[6], 6, KNOWN[5], 5, ())
    assert not extends(EMPTY_ROOT, 0, EMPTY_ROOT, -1, ())
    assert not extends(EMPTY_ROOT, -1, KNOWN[5], 5, ())


def test_a_node_never_passes_for_a_leaf() -> None:
    """Two leaves as one, whose data are the hashes of the two, are another tree."""
    pair = leaf_hash(LEAVES[0]) + leaf_hash(LEAVES[1])

    assert Tree(LEAVES[:2]).root() != Tree([pair]).root()
    assert not includes(KNOWN[2], 1, 0, pair, ())


def test_the_frontier_stays_small() -> None:
    """It holds one hash for each bit of its size."""
    frontier = TREE.frontier()

    assert [size.bit_count() for size in range(MOST + 1)] == [
        len(TREE.frontier(size).peaks) for size in range(MOST + 1)
    ]
    assert (MOST, 1) == (frontier.size, len(frontier.peaks))


@pytest.mark.parametrize(
    ("size", "peaks"),
    [(0, (LEAVES[0],)), (1, ()), (3, (LEAVES[0],)), (-1, (LEAVES[0],)), (1, (b"short",))],
)
def test_what_is_no_frontier_is_refused(size: int, peaks: tuple[bytes, ...]) -> None:
    """It was kept somewhere, and came back otherwise."""
    with pytest.raises(InvalidValue):
        Frontier(size, peaks)


def test_what_a_tree_does_not_hold_is_refused_in_words() -> None:
    """A record or a size that never was."""
    tree = Tree(LEAVES[:5])

    assert leaf_hash(LEAVES[4]) == tree.leaf(4)
    with pytest.raises(InvalidValue, match="record 5 is not among 5"):
        tree.leaf(5)
    with pytest.raises(InvalidValue, match="there are 5 records, not 6"):
        tree.root(6)
    with pytest.raises(InvalidValue, match="there are 5 records, not -1"):
        tree.frontier(-1)
    with pytest.raises(InvalidValue, match="record 3 is not among the first 3"):
        tree.inclusion(3, 3)
    with pytest.raises(InvalidValue, match="a tree of 5 did not grow from one of 0"):
        tree.consistency(0)
    with pytest.raises(InvalidValue, match="a tree of 3 did not grow from one of 4"):
        tree.consistency(4, 3)

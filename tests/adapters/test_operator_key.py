"""The operator's key: made on first use, readable by its owner alone, and refused otherwise."""

from __future__ import annotations

import os
from hashlib import sha512
from pathlib import Path

import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from converge_core.checkpoint import read_checkpoint, take, text_of, why_not_signed
from converge_core.command import Decide
from converge_core.errors import DecisionRefused
from converge_core.events import OperatorEnrolled
from converge_core.ids import ApprovalId
from converge_core.key import ContextKey
from converge_core.merkle import Frontier
from converge_core.review import Decision, Verdict, bytes_of
from converge_desktop.adapters.identity.key_file import file_key
from converge_desktop.adapters.keys import (
    KEY_BYTES,
    KeyProblem,
    OperatorKey,
    sign_checkpoint,
    signature_fits,
)
from tests.core.kit import ASK_STRATEGIES, Play, engine_of, fact, proposes


@pytest.fixture
def key(tmp_path: Path) -> OperatorKey:
    return file_key(tmp_path / "keys" / "alice.key", "alice")


def test_a_key_is_made_once_and_kept(tmp_path: Path) -> None:
    """The second use finds the person of the first."""
    path = tmp_path / "keys" / "alice.key"

    assert file_key(path, "alice").operator == file_key(path, "alice").operator
    assert [path] == list(path.parent.iterdir())


def test_a_key_file_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    """Whatever the umask says."""
    before = os.umask(0)
    try:
        file_key(tmp_path / "alice.key", "alice")
    finally:
        os.umask(before)

    assert (0o600, KEY_BYTES) == (
        (tmp_path / "alice.key").stat().st_mode & 0o777,
        (tmp_path / "alice.key").stat().st_size,
    )


def test_two_people_of_one_name_are_two_operators(tmp_path: Path) -> None:
    """The id carries the key's fingerprint."""
    one, two = (file_key(tmp_path / name, "alice").operator for name in "ab")

    assert one.name == two.name
    assert one.id != two.id
    assert one.id.startswith("alice#")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o610])
def test_a_key_that_others_can_reach_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    """It may have been copied, so it is not simply used, nor changed behind a person's back."""
    path = tmp_path / "alice.key"
    file_key(path, "alice")
    path.chmod(mode)

    with pytest.raises(KeyProblem, match=f"chmod 600 '{path}'"):
        file_key(path, "alice")
    assert mode == path.stat().st_mode & 0o777


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_file_that_is_no_key_is_refused_and_kept(tmp_path: Path, size: int) -> None:
    """A damaged key is for its owner to restore; no new one takes its place unasked."""
    path = tmp_path / "alice.key"
    path.write_bytes(b"k" * size)
    path.chmod(0o600)

    with pytest.raises(KeyProblem, match=rf"\({size} bytes instead of 32\)"):
        file_key(path, "alice")
    assert b"k" * size == path.read_bytes()


def test_a_key_left_half_made_by_a_crash_does_not_stand_in_the_way(tmp_path: Path) -> None:
    """A key is written beside its place and moved there whole."""
    (tmp_path / "alice.new").write_bytes(b"half")

    assert file_key(tmp_path / "alice.key", "alice").operator
    assert [tmp_path / "alice.key"] == list(tmp_path.iterdir())


# Signatures.


def test_a_signature_fits_its_message_and_its_key_and_no_other(tmp_path: Path) -> None:
    """Another message, another key, another signature: none of them fits."""
    alice, bob = (file_key(tmp_path / name, name) for name in ("alice", "bob"))
    signature = alice.sign(b"yes")

    assert signature_fits(alice.operator.public_key, b"yes", signature)
    assert not signature_fits(alice.operator.public_key, b"no", signature)
    assert not signature_fits(bob.operator.public_key, b"yes", signature)
    assert not signature_fits(alice.operator.public_key, b"yes", bob.sign(b"yes"))


@pytest.mark.parametrize(
    ("public_key", "signature"),
    [
        ("", ""),
        ("zz", "00" * 64),
        ("00" * 31, "00" * 64),
        ("00" * 32, ""),
        ("00" * 32, "00" * 63),
        ("00" * 32, "not hexadecimal"),
    ],
)
def test_nonsense_is_no_signature(public_key: str, signature: str) -> None:
    """Malformed keys and signatures do not fit; they raise nothing."""
    assert not signature_fits(public_key, b"yes", signature)


def test_every_flipped_bit_of_a_signature_is_noticed(key: OperatorKey) -> None:
    """Ed25519 over the whole."""
    signature = bytes.fromhex(key.sign(b"yes"))
    flipped = [
        bytes([*signature[:n], signature[n] ^ 1, *signature[n + 1 :]]).hex() for n in range(64)
    ]

    assert not any(signature_fits(key.operator.public_key, b"yes", one) for one in flipped)


P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
EIGHTH = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
SIGN = 1 << 255
SMALL = [0, 1, P - 1, P, P + 1, EIGHTH, P - EIGHTH]
"""The y of the points of small order, two of them spelled otherwise too."""
EVERY_SMALL = [(y | sign).to_bytes(32, "little") for y in SMALL for sign in (0, SIGN)]


def openssl(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@pytest.mark.parametrize("public", EVERY_SMALL, ids=bytes.hex)
def test_under_a_key_of_small_order_nothing_is_signed(public: bytes) -> None:
    """Anybody could sign under it: with no secret, a message in eight or less is signed for."""
    forgeries = [(start + bytes(32), bytes([n])) for n in range(99) for start in EVERY_SMALL]
    taken = [(signature, text) for signature, text in forgeries if openssl(public, text, signature)]

    assert taken
    assert not any(signature_fits(public.hex(), text, made.hex()) for made, text in taken)


@pytest.mark.parametrize(
    ("message", "public", "signature"),
    [
        (
            "8c93255d71dcab10e8f379c26200f3c7bd5f09d9bc3068d3ef4edeb4853022b6",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a" + "00" * 32,
        ),
        (
            "9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
            (
                "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43"
                "a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04"
            ),
        ),
    ],
)
def test_known_forgeries_do_not_fit(message: str, public: str, signature: str) -> None:
    """Vectors 0 and 1 of “Taming the many EdDSAs” (Chalkias, Garillot, Nikolaenko 2020)."""
    assert openssl(*map(bytes.fromhex, (public, message, signature)))
    assert not signature_fits(public, bytes.fromhex(message), signature)


def test_a_signature_that_starts_from_a_point_of_small_order_does_not_fit(tmp_path: Path) -> None:
    """Only the owner of the key can make one, and no honest program does."""
    key = file_key(tmp_path / "alice.key", "alice")
    public = bytes.fromhex(key.operator.public_key)
    digest = sha512((tmp_path / "alice.key").read_bytes()).digest()
    secret = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | 1 << 254
    start = (1).to_bytes(32, "little")
    challenge = int.from_bytes(sha512(start + public + b"yes").digest(), "little")
    made = start + (challenge * secret % L).to_bytes(32, "little")

    assert openssl(public, b"yes", made)
    assert not signature_fits(public.hex(), b"yes", made.hex())


def test_a_checkpoint_is_signed_with_the_key_and_names_it(key: OperatorKey) -> None:
    """As the core checks it, and nobody else's fits."""
    tree = Frontier().append(bytes(32))
    checkpoint = take("desk", tree, "00" * 32, 7)
    signed = sign_checkpoint(key, checkpoint)

    assert (checkpoint, key.operator.id) == (signed.checkpoint, signed.operator)
    assert "" == why_not_signed(signed, key.operator.public_key, signature_fits)
    assert "with another key" in why_not_signed(signed, "0" * 64, signature_fits)
    assert signed == read_checkpoint(text_of(signed))


def test_a_real_signature_lets_a_decision_through_and_a_changed_decision_not(
    key: OperatorKey,
) -> None:
    """The engine, the key file and the signed bytes fit together."""
    engine = engine_of(
        proposes("p", fact(ContextKey.STRATEGIES, "s")),
        policy=ASK_STRATEGIES,
        verify=signature_fits,
    )
    play = Play(engine)
    play.record(OperatorEnrolled(operator=key.operator), 0)
    play.begin()
    [gate] = play.gates()
    unsigned = Decision(
        id=ApprovalId("approval:1"),
        gate=gate.request.id,
        verdict=Verdict.APPROVE,
        reason="",
        operator=key.operator.id,
        decided_at=7,
        request=gate.request.digest(),
        shown="",
        signature="",
    )
    signed = msgspec.structs.replace(unsigned, signature=key.sign(bytes_of(unsigned)))

    with pytest.raises(DecisionRefused, match="signature"):
        play.command(Decide(msgspec.structs.replace(signed, reason="other"), key.operator))
    play.command(Decide(signed, key.operator))
    assert [key.operator.id] == [
        made.promotion.approver.id for made in play.go().state.context.get(ContextKey.STRATEGIES)
    ]

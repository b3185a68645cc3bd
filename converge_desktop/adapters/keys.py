"""The operator's Ed25519 key: made on first use, kept in a file only its owner can read."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from converge_core.canonical import hash_bytes
from converge_core.checkpoint import Checkpoint, SignedCheckpoint, bytes_of, key_id
from converge_core.ids import OperatorId
from converge_core.review import Operator
from converge_desktop.adapters.disk import sync_directory, write_durably

KEY_BYTES = 32
OTHERS = 0o077
_P = 2**255 - 19
_EIGHTH = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL = frozenset({0, 1, _P - 1, _EIGHTH, _P - _EIGHTH})
"""The y of the points of Ed25519 that come to nothing when they are added eight times."""


class KeyProblem(Exception):
    """The key cannot be used; the text says why and what to do."""


class OperatorKey:
    """The private key of the person at this desk.

    Args:
        path: the key file; made, readable by its owner alone, if missing.
        name: the person's name, for a new key.

    Raises:
        KeyProblem: if the file is readable by others or is not a key.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._key = _load(path) if path.exists() else _make(path)
        public = self._key.public_key().public_bytes_raw()
        fingerprint = hash_bytes(public)[:8]
        self.operator = Operator(
            id=OperatorId(f"{name}#{fingerprint}"), name=name, public_key=public.hex()
        )

    def sign(self, message: bytes) -> str:
        """Returns the signature of ``message`` in hexadecimal."""
        return self._key.sign(message).hex()


def sign_checkpoint(key: OperatorKey, checkpoint: Checkpoint) -> SignedCheckpoint:
    """Returns ``checkpoint`` with the word of the key's owner for it.

    Raises:
        InvalidValue: if it says what no checkpoint can say.
    """
    who = key.operator
    return SignedCheckpoint(
        checkpoint=checkpoint,
        operator=who.id,
        key=key_id(who.id, who.public_key),
        signature=key.sign(bytes_of(checkpoint)),
    )


def signature_fits(public_key: str, message: bytes, signature: str) -> bool:
    """Says whether an Ed25519 signature fits; keys and signatures in hexadecimal.

    OpenSSL takes points of small order for keys, under which anybody can sign; here they are none.
    """
    try:
        point, signed = bytes.fromhex(public_key), bytes.fromhex(signature)
        key = Ed25519PublicKey.from_public_bytes(point)
        key.verify(signed, message)
    except (InvalidSignature, ValueError):
        return False
    return _is_proper(point) and _is_proper(signed[:KEY_BYTES])


def _is_proper(point: bytes) -> bool:
    """Whether 32 bytes are the one spelling of a point, and not of one of the eight that are small.

    Those are told by their y; the last bit is the sign of x.
    """
    y = int.from_bytes(point, "little") & (1 << 255) - 1
    return y < _P and y not in _SMALL


def _load(path: Path) -> Ed25519PrivateKey:
    if path.stat().st_mode & OTHERS:
        raise KeyProblem(
            f"the key {path} can be read by others; run: chmod 600 '{path}', and if somebody may "
            "have copied it, move it away so that a new one is made"
        )
    data = path.read_bytes()
    if len(data) != KEY_BYTES:
        raise KeyProblem(
            f"{path} is not an operator key ({len(data)} bytes instead of {KEY_BYTES}); restore it "
            "from a backup, or move it away so that a new one is made"
        )
    return Ed25519PrivateKey.from_private_bytes(data)


def _make(path: Path) -> Ed25519PrivateKey:
    path.parent.mkdir(parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    fresh = path.with_suffix(".new")
    write_durably(fresh, key.private_bytes_raw())
    fresh.replace(path)
    sync_directory(path.parent)
    return key

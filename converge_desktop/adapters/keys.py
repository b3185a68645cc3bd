"""An operator's Ed25519 key: signing with it, and telling whether something was signed with it.

Where keys lie, and how they are protected there, is :mod:`converge_desktop.adapters.identity`.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from converge_core.canonical import hash_bytes
from converge_core.checkpoint import Checkpoint, SignedCheckpoint, bytes_of, key_id
from converge_core.ids import OperatorId
from converge_core.review import Operator

KEY_BYTES = 32
_P = 2**255 - 19
_EIGHTH = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL = frozenset({0, 1, _P - 1, _EIGHTH, _P - _EIGHTH})
"""The y of the points of Ed25519 that come to nothing when they are added eight times."""


class KeyProblem(Exception):
    """The key cannot be used; the text says why and what to do."""


class KeyLocked(KeyProblem):
    """The key is there, and locked."""


class OperatorKey:
    """The private key of a person; it signs until it is locked.

    Args:
        private: the 32 bytes of the key.
        name: the person's name.
        known_as: the id they are enrolled with, where that was with an earlier key; empty for the
            one that follows from name and key.

    Attributes:
        operator: the person, as they are or would be enrolled.
    """

    def __init__(self, private: bytes, name: str, known_as: str = "") -> None:
        key = Ed25519PrivateKey.from_private_bytes(private)
        public = key.public_key().public_bytes_raw()
        self._key: Ed25519PrivateKey | None = key
        self.operator = Operator(
            id=OperatorId(known_as or f"{name}#{hash_bytes(public)[:8]}"),
            name=name,
            public_key=public.hex(),
        )

    @classmethod
    def new(cls, name: str, known_as: str = "") -> OperatorKey:
        """Returns a key that nobody had before."""
        return cls(Ed25519PrivateKey.generate().private_bytes_raw(), name, known_as)

    @property
    def locked(self) -> bool:
        """Whether it was locked; it signs nothing then."""
        return self._key is None

    def sign(self, message: bytes) -> str:
        """Returns the signature of ``message`` in hexadecimal.

        Raises:
            KeyLocked: if it was locked.
        """
        return self._unlocked().sign(message).hex()

    def private_bytes(self) -> bytes:
        """Returns the key itself, to be kept somewhere.

        Raises:
            KeyLocked: if it was locked.
        """
        return self._unlocked().private_bytes_raw()

    def known_as(self, operator: OperatorId) -> OperatorKey:
        """Returns this key as that of somebody who was enrolled with an earlier one."""
        return OperatorKey(self.private_bytes(), self.operator.name, operator)

    def lock(self) -> None:
        """Forgets the private key."""
        self._key = None

    def _unlocked(self) -> Ed25519PrivateKey:
        if self._key is None:
            raise KeyLocked(f"the key of {self.operator.name} is locked; unlock it, then try again")
        return self._key


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

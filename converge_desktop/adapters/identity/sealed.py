"""A private key under a passphrase: scrypt makes a key of it, ChaCha20-Poly1305 seals with that.

The encrypted PEM of the library would be less code, and derives its key by 2,048 rounds of PBKDF2,
which a graphics card tries by the million; scrypt takes 64 MB of memory for every try.
"""

from __future__ import annotations

import secrets

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from converge_desktop.adapters.keys import KEY_BYTES, KeyLocked, KeyProblem

COST, MOST_COST = 1 << 16, 1 << 20
"""How much scrypt is asked for, in kilobytes of memory, and how much a file may ask for."""
_BLOCK = 8
_SALT_BYTES, _NONCE_BYTES = 16, 12


class Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What lies in the file; bytes in hexadecimal.

    Attributes:
        version: the version of this form.
        name: whose key it is, in their words.
        public_key: the public half, so that a desk knows whose it is while it is locked.
        cost: how much scrypt was asked for.
        salt: what scrypt was given beside the passphrase.
        nonce: what the cipher was given.
        sealed: the private key, and the proof that nothing here was changed.
    """

    version: int
    name: str
    public_key: str
    cost: int
    salt: str
    nonce: str
    sealed: str


def seal(private: bytes, name: str, public_key: str, passphrase: str, cost: int = COST) -> bytes:
    """Returns the bytes of a file that holds a private key under a passphrase.

    Raises:
        KeyProblem: if the passphrase is empty.
    """
    if not passphrase:
        raise KeyProblem("an empty passphrase protects nothing; choose one, and write it down")
    salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
    open_ = Sealed(1, name, public_key, cost, salt.hex(), nonce.hex(), "")
    cipher = ChaCha20Poly1305(_derived(passphrase, salt, cost))
    sealed = cipher.encrypt(nonce, private, _bound(open_)).hex()
    return msgspec.json.encode(msgspec.structs.replace(open_, sealed=sealed)) + b"\n"


def read_sealed(data: bytes, where: str) -> Sealed:
    """Reads such a file; its private key stays sealed.

    Raises:
        KeyProblem: if it is damaged, or of a version of tomorrow.
    """
    try:
        found = msgspec.json.decode(data, type=Sealed)
        sizes = [len(bytes.fromhex(one)) for one in (found.salt, found.nonce, found.public_key)]
    except (msgspec.MsgspecError, ValueError) as error:
        raise _damaged(where) from error
    if found.version != 1:
        raise KeyProblem(f"{where} is of version {found.version}; use a newer converge-desktop")
    sound = 1 < found.cost <= MOST_COST and found.cost & (found.cost - 1) == 0
    if not sound or sizes != [_SALT_BYTES, _NONCE_BYTES, KEY_BYTES]:
        raise _damaged(where)
    return found


def unseal(found: Sealed, passphrase: str, where: str) -> bytes:
    """Returns the private key.

    Raises:
        KeyLocked: if the passphrase is not the one it was sealed with.
    """
    cipher = ChaCha20Poly1305(_derived(passphrase, bytes.fromhex(found.salt), found.cost))
    try:
        sealed = bytes.fromhex(found.sealed)
        return cipher.decrypt(bytes.fromhex(found.nonce), sealed, _bound(found))
    except (InvalidTag, ValueError) as error:
        raise KeyLocked(
            f"the passphrase does not open {where}; try again, or restore that file from a backup "
            "if it was changed"
        ) from error


def _derived(passphrase: str, salt: bytes, cost: int) -> bytes:
    return Scrypt(salt=salt, length=KEY_BYTES, n=cost, r=_BLOCK, p=1).derive(passphrase.encode())


def _bound(found: Sealed) -> bytes:
    """Returns what the seal covers beside the key: everything else in the file."""
    return msgspec.json.encode(msgspec.structs.replace(found, sealed=""))


def _damaged(where: str) -> KeyProblem:
    return KeyProblem(
        f"{where} is not a key under a passphrase, or was damaged; restore it from a backup, or "
        "move it away and have somebody who may decide here enrol you anew"
    )

"""Canonical bytes: one value, one spelling, one hash.

The domain is narrow on purpose: strings, booleans, None, lists, objects with ASCII keys, and
integers whose magnitude is below 2^53. On it a sorted-key serializer equals RFC 8785 (JSON
Canonicalization Scheme), which ``tests/core/test_canonical.py`` proves against an independent
implementation. There are no floats: confidence and scores are integers in thousandths, times are
integers in microseconds since 1970 UTC.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any, NewType

import msgspec

from converge_core.errors import InvalidValue

ContentHash = NewType("ContentHash", str)
"""Lower-case hexadecimal SHA-256. To name a text so is a call, which hashing does without."""

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 64
"""How deep a value in a record may nest; a whole record may nest twice as deep."""


_AS_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)
_SIXTEEN, _NINE = b"0" * 16, ord("9")
_encode = msgspec.json.Encoder(enc_hook=str.__str__, order="sorted").encode
"""Spells an id as its text, and refuses whatever is no text."""


def canonical(value: object) -> bytes:
    """Returns the canonical JSON bytes of ``value``, which may be a record.

    Raises:
        InvalidValue: if the value lies outside the domain, naming where.
    """
    _check(value, "$", 2 * MAX_DEPTH)
    return _encode(value)


def canonical_record(record: msgspec.Struct) -> bytes:
    """Returns the canonical bytes of a record whose fields are typed within the domain.

    Its open-ended fields were checked when it was made or settled.
    """
    return _encode(record)


def canonical_checked(value: object) -> bytes:
    """Returns the canonical bytes of a value that is known to lie within the domain.

    Such are values of typed fields, and open-ended ones that were checked or read back before.
    """
    return _encode(value)


def checked(value: Any, place: str) -> Any:
    """Returns ``value`` if it lies within the domain.

    Raises:
        InvalidValue: naming ``place`` and where in it.
    """
    _check(value, place, MAX_DEPTH)
    return value


def fresh(value: Any) -> Any:
    """Returns an equal value of the domain that shares nothing with ``value``."""
    return msgspec.json.decode(_encode(value))


def canonical_text(value: object) -> str:
    """Returns the canonical JSON of ``value`` as text."""
    return canonical(value).decode()


def content_hash(value: object) -> ContentHash:
    """Returns the SHA-256 of the canonical bytes of ``value``."""
    return hash_bytes(canonical(value))


def hash_record(record: msgspec.Struct) -> ContentHash:
    """Returns the SHA-256 of the canonical bytes of a record, as :func:`canonical_record` does."""
    return sha256(_encode(record)).hexdigest()  # type: ignore[return-value]


def hash_bytes(data: bytes) -> ContentHash:
    """Returns the SHA-256 of ``data`` in hexadecimal."""
    return sha256(data).hexdigest()  # type: ignore[return-value]


def hash_text(text: str) -> ContentHash:
    """Returns the SHA-256 of the UTF-8 bytes of ``text``."""
    return hash_bytes(text.encode())


def parse(data: bytes | str) -> Any:
    """Parses JSON; the counterpart of :func:`canonical`.

    Raises:
        InvalidValue: if it is not JSON.
    """
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidValue(f"not JSON: {error}") from error


def lies_within(data: bytes) -> bool:
    """Whether what canonical bytes without floats say lies within the domain.

    Most of the time a glance is enough; otherwise it is parsed and each value looked at.
    """
    nested = data.count(b"[") + data.count(b"{")
    if data.isascii() and nested < 2 * MAX_DEPTH - 1 and not _may_be_huge(data):
        return True
    try:
        _check(parse(data), "$", 2 * MAX_DEPTH - 1)
    except InvalidValue:
        return False
    return True


def _may_be_huge(data: bytes) -> bool:
    """Whether an integer beyond 2^53 may stand there: sixteen digits from 9 on, or more."""
    zeros = data.translate(_AS_ZEROS)
    place = zeros.find(_SIXTEEN)
    while place >= 0:
        if data[place] == _NINE or zeros.startswith(b"0", place + 16):
            return True
        place = zeros.find(_SIXTEEN, place + 16)
    return False


def _check(value: object, path: str, depth: int) -> None:
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        if not value.isascii():
            _check_unicode(value, path)
    elif isinstance(value, int):
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise InvalidValue(f"{path}: an integer beyond 2^53; record it as text")
    elif isinstance(value, (dict, list, tuple, msgspec.Struct)):
        if depth == 0:
            raise InvalidValue(f"{path[:80]}: nested too deep to be recorded")
        _check_inside(value, path, depth - 1)
    else:
        kind = type(value).__name__
        raise InvalidValue(f"{path}: {kind} cannot be recorded; use integers, text, lists, objects")


def _check_inside(value: Any, path: str, depth: int) -> None:
    if isinstance(value, msgspec.Struct):
        fields = msgspec.structs.asdict(value)
        value = {name: item for name, item in fields.items() if item is not msgspec.UNSET}
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise InvalidValue(f"{path}: key {key!r} is not ASCII text")
            _check(item, f"{path}.{key}", depth)
    else:
        for index, item in enumerate(value):
            _check(item, f"{path}[{index}]", depth)


def _check_unicode(value: str, path: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidValue(f"{path}: the text holds half a surrogate pair") from error

"""The base of everything that is written down: frozen, typed, and read back strictly."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any, NoReturn, TypeVar

import msgspec

from converge_core.canonical import canonical_record, checked, fresh
from converge_core.errors import InvalidId, InvalidValue
from converge_core.ids import Id

R = TypeVar("R", bound="Record")


class Record(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=False,
    forbid_unknown_fields=True,
    gc=False,
):
    """A recordable value; reading refuses unknown fields, missing ones and wrong types.

    A value that can be written down has no cycles, so the garbage collector need not look at it;
    with a hundred thousand facts in memory that is half of the time.
    """


def _typed(kind: type, value: object) -> object:
    if issubclass(kind, Id):
        try:
            return kind(value)  # type: ignore[arg-type]
        except InvalidId as error:
            raise ValueError(str(error)) from error
    raise NotImplementedError(f"{kind} cannot be read back")


def read(kind: type[R], value: Any) -> R:
    """Reads parsed JSON back as a record of ``kind``.

    Raises:
        InvalidValue: naming the field that does not fit.
    """
    try:
        return msgspec.convert(value, kind, dec_hook=_typed)
    except msgspec.ValidationError as error:
        raise InvalidValue(f"{kind.__name__}: {error}") from error


def reread(kind: type[R], record: R) -> R:
    """Returns ``record`` as it will be read back; its open-ended parts have been checked.

    Raises:
        InvalidValue: naming the field that does not fit.
    """
    try:
        found: R = decoder(kind).decode(canonical_record(record))
    except (msgspec.ValidationError, TypeError, ValueError, RecursionError) as error:
        raise InvalidValue(f"{kind.__name__}: {error}") from error
    return found


@cache
def decoder(kind: type[Record]) -> msgspec.json.Decoder[Any]:
    """Returns what reads the bytes of a record of ``kind`` back, all of it but its domain."""
    return msgspec.json.Decoder(kind, dec_hook=_typed_before, float_hook=_no_float)


_typed_before = lru_cache(maxsize=10_000)(_typed)
"""Ids come again and again; the same one is made once, and kept in memory once."""


def _no_float(text: str) -> NoReturn:
    raise ValueError(f"{text} is no integer")


def settled(kind: type[R], record: object) -> R:
    """Returns ``record`` as it will be read back, sharing nothing with what it was made of.

    Making a record checks nothing and keeps hold of what it is given; whatever comes from outside
    is settled before anything relies on it.

    Raises:
        InvalidValue: naming what cannot be recorded, or does not fit.
    """
    if not isinstance(record, kind):
        raise InvalidValue(f"{type(record).__name__} is not a {kind.__name__}")
    return read(kind, fresh(checked(record, kind.__name__)))

"""Questions as the bytes that the database takes.

The package's own encoder looks at each value in turn and takes most of the time of filling a
database; rows are flat and all alike, so that a small one does it in a sixth of that. What is
written travels as values and is never read as a statement.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple


class Ref(NamedTuple):
    """A row of this desk: its table, and its key without the desk."""

    table: str
    key: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.table}:{'|'.join(self.key)}"


def request(number: int, statements: str, values: dict[str, Any], desk: str) -> bytes:
    """Returns one question; every :class:`Ref` in ``values`` becomes a record of ``desk``."""
    parts = [b"\xa3", _text("id"), _text(str(number)), _text("method"), _text("query")]
    parts += [_text("params"), b"\x82", _text(statements)]
    _write(values, parts, _text(desk))
    return b"".join(parts)


def _write(value: Any, parts: list[bytes], desk: bytes) -> None:
    if isinstance(value, str):
        parts.append(_text(value))
    elif isinstance(value, int):
        parts.append(_head(0x00, value) if value >= 0 else _head(0x20, -1 - value))
    elif isinstance(value, Ref):
        parts.append(_ref(value, desk))
    elif isinstance(value, dict):
        parts.append(_head(0xA0, len(value)))
        for name, one in value.items():
            parts.append(_name(name))
            _write(one, parts, desk)
    elif isinstance(value, (list, tuple)):
        parts.append(_head(0x80, len(value)))
        for one in value:
            _write(one, parts, desk)
    else:
        raise TypeError(f"{type(value).__name__} is no value of a row")


@lru_cache(maxsize=4096)
def _ref(ref: Ref, desk: bytes) -> bytes:
    key = b"".join(map(_text, ref.key))
    return b"\xc8\x82" + _text(ref.table) + _head(0x80, 1 + len(ref.key)) + desk + key


@lru_cache(maxsize=256)
def _name(name: str) -> bytes:
    return _text(name)


def plain(text: str) -> str:
    """Returns a text without the character NUL: the engine refuses it, the ledger may hold it."""
    return text if "\0" not in text else text.replace("\0", "␀")


def _text(text: str) -> bytes:
    raw = plain(text).encode()
    return _head(0x60, len(raw)) + raw


def _head(kind: int, number: int) -> bytes:
    if number < _SMALL:
        return _BYTES[kind + number]
    for mark, limit, size in _SIZES:
        if number < limit:
            return _BYTES[kind + mark] + number.to_bytes(size, "big")
    raise OverflowError(f"{number} is no number of a row")


_SMALL = 24
_BYTES = [bytes((number,)) for number in range(256)]
_SIZES = ((24, 1 << 8, 1), (25, 1 << 16, 2), (26, 1 << 32, 4), (27, 1 << 63, 8))
"""How a number of 24 or more is marked, below which limit, and in how many bytes."""

"""What is other between two values, field by field."""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec

from converge_desktop.runtime.deciding_model import Change


def changes_between(before: object, after: object) -> tuple[Change, ...]:
    """Returns the fields in which two values differ, in the order of the first, then of the second.

    A field is named by its path, such as ``steps[2].do``, where the first of a list is 1.
    """
    was, now = dict(_flat(before)), dict(_flat(after))
    fields = dict.fromkeys((*was, *now))
    return tuple(
        Change(field, was.get(field, ""), now.get(field, ""))
        for field in fields
        if was.get(field) != now.get(field)
    )


def _flat(value: object) -> Iterator[tuple[str, str]]:
    return _parts(msgspec.to_builtins(value, enc_hook=str), "")


def _parts(value: object, path: str) -> Iterator[tuple[str, str]]:
    match value:
        case dict() if value:
            for name, one in value.items():
                yield from _parts(one, f"{path}.{name}" if path else str(name))
        case list() | tuple() if value:
            for place, one in enumerate(value, 1):
                yield from _parts(one, f"{path}[{place}]")
        case str():
            yield path, value
        case _:
            yield path, json.dumps(value)

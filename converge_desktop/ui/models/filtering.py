"""The filter over a list: words, and ``field:word``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

R = TypeVar("R")


def compile_filter(
    text: str, fields: Mapping[str, Callable[[R], str]]
) -> Callable[[R], bool] | None:
    """Builds a test from what the person typed.

    Args:
        text: Words that must all occur; ``risk:high`` looks into one field only. A word before an
            unknown field is looked for as it stands.
        fields: The fields there are, by name.

    Returns:
        The test, or nothing where every row passes.
    """
    tests: list[Callable[[R], bool]] = []
    for word in text.casefold().split():
        name, colon, wanted = word.partition(":")
        if colon and name in fields:
            if wanted:
                tests.append(_in_field(fields[name], wanted))
        else:
            tests.append(_anywhere(tuple(fields.values()), word))
    if not tests:
        return None
    return lambda row: all(test(row) for test in tests)


def _in_field(read: Callable[[R], str], wanted: str) -> Callable[[R], bool]:
    return lambda row: wanted in read(row).casefold()


def _anywhere(reads: tuple[Callable[[R], str], ...], wanted: str) -> Callable[[R], bool]:
    return lambda row: any(wanted in read(row).casefold() for read in reads)

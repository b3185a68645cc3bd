"""Holding parsed answers against a JSON Schema (draft 2020-12), which never fetches anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, time
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError, best_match
from referencing import Registry
from referencing.exceptions import Unresolvable

from converge_core.capability import ResponseFormat
from converge_core.capability_errors import ResponseFormatMismatch
from converge_core.errors import InvalidConfiguration

CAUSE = 200
"""How much of a library's own sentence is shown."""


class SchemaViolation(ResponseFormatMismatch):
    """The answer has the right format, but not the right shape.

    Attributes:
        place: where, such as ``$.items[0].kind``; ``$`` is the whole answer.
    """

    def __init__(self, expected: ResponseFormat, message: str, place: str) -> None:
        super().__init__(expected, message)
        self.args = (expected, message, place)
        self.place = place


def against_schema(value: Any, schema: Any, expected: ResponseFormat = ResponseFormat.JSON) -> None:
    """Holds ``value`` against a JSON Schema (draft 2020-12).

    Args:
        value: an answer that was parsed.
        schema: refers to nothing outside itself; nothing is ever fetched.
        expected: the format in which the value came.

    Raises:
        SchemaViolation: naming the place and what is wrong there.
        InvalidConfiguration: if the schema itself is wrong.
    """
    why = why_unfit_schema(schema)
    if why:
        raise InvalidConfiguration(why)
    try:
        found = best_match(Draft202012Validator(schema, registry=Registry()).iter_errors(value))
    except (Unresolvable, RecursionError) as error:
        raise InvalidConfiguration(
            f"the schema cannot be followed: {one_line(str(error))[:CAUSE]}"
        ) from error
    if found is not None:
        place = one_line(found.json_path)[:CAUSE]
        raise SchemaViolation(expected, f"at {place}: {_sentence(found)}", place)


def why_unfit_schema(schema: Any) -> str | None:
    """Returns why nothing can be held against ``schema``; None if it can."""
    outside = next((ref for ref in _references(schema) if not ref.startswith("#")), None)
    if outside is not None:
        return f"the schema refers to {one_line(outside)[:CAUSE]}, which lies outside it"
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return f"the schema is wrong at {error.json_path}: {one_line(error.message)[:CAUSE]}"
    return None


def one_line(text: str) -> str:
    """Returns ``text`` on one line, without what a screen cannot show."""
    shown = (letter if letter.isprintable() else " " for letter in text)
    return " ".join("".join(shown).split())


_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "a boolean"),
    (int, "an integer"),
    (float, "a number"),
    (str, "a text"),
    (dict, "an object"),
    (list, "an array"),
    ((date, time), "a time"),
)


def kind_of(value: Any) -> str:
    """Returns what JSON calls ``value``."""
    return next((name for kind, name in _KINDS if isinstance(value, kind)), "null")


def _sentence(error: ValidationError) -> str:
    """Says what is wrong at a place, without showing more of the answer than a few words."""
    wanted: Any = error.validator_value
    value: Any = error.instance
    match error.validator:
        case "required":
            missing = next(name for name in wanted if name not in value)
            return f"the key {json.dumps(missing)} is missing"
        case "type":
            names = wanted if isinstance(wanted, list) else [wanted]
            return f"{kind_of(value)}, not of type {' or '.join(names)}"
        case "enum":
            allowed = ", ".join(json.dumps(one, ensure_ascii=False) for one in wanted)
            return f"{_shown(value)} is none of {allowed}"[: 2 * CAUSE]
    if len(error.message) <= CAUSE:
        return one_line(error.message)
    return f"{_shown(value)} does not meet {error.validator} {_shown(wanted)}"


def _shown(value: Any) -> str:
    text = one_line(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= CAUSE else f"{text[: CAUSE - 1]}…"


def _references(schema: Any) -> Iterator[str]:
    """Yields whatever a schema refers to, wherever in it."""
    if isinstance(schema, list):
        for one in schema:
            yield from _references(one)
    if isinstance(schema, dict):
        for key, one in schema.items():
            if key in {"$ref", "$dynamicRef"} and isinstance(one, str):
                yield one
            else:
                yield from _references(one)

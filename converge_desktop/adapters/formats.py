"""Holding an answer to the format that was asked for, and to a schema.

What a model or a server says is text from outside. It is read by parsers that cannot run anything,
fetch anything or be made to work for ever by a short text, and it comes out as what JSON can say,
whichever format it came in: objects with text keys, arrays, texts, booleans, null, and numbers
that are finite. A format that is not met is a :class:`ResponseFormatMismatch`.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Callable, Iterator
from datetime import date, time
from typing import Any, NoReturn

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError, best_match
from referencing import Registry
from referencing.exceptions import Unresolvable

from converge_core.capability import ResponseFormat
from converge_core.capability_errors import ResponseFormatMismatch
from converge_core.errors import InvalidConfiguration

LIMIT = 256 * 1024
"""The longest answer that is read, in characters."""

MAX_DEPTH = 64
"""How deep an answer may nest; records may not nest deeper either."""

PREVIEW = 120
"""How much of an answer is shown where it is refused, in characters."""

CAUSE = 200
"""How much of a parser's own sentence is shown."""


class SchemaViolation(ResponseFormatMismatch):
    """The answer has the right format, but not the right shape.

    Attributes:
        place: where, such as ``$.items[0].kind``; ``$`` is the whole answer.
    """

    def __init__(self, expected: ResponseFormat, message: str, place: str) -> None:
        super().__init__(expected, message)
        self.args = (expected, message, place)
        self.place = place


def enforce(response_format: ResponseFormat, text: str) -> Any:
    """Returns what ``text`` says in ``response_format``: a parsed value, or the text itself.

    One code fence around JSON, YAML or TOML is taken off, because models put it there whatever
    they are told. Markdown and text come back as text.

    Raises:
        ResponseFormatMismatch: saying why, with the beginning of the answer.
    """
    try:
        return _READERS[response_format](_short_enough(text))
    except _Mismatch as error:
        raise ResponseFormatMismatch(
            response_format, f'{error}; the answer begins "{preview(text)}"'
        ) from error


def preview(text: str) -> str:
    """Returns how ``text`` begins, on one line, in at most :data:`PREVIEW` characters."""
    line = _line(text[: 4 * PREVIEW])
    cut = len(line) > PREVIEW or len(text) > 4 * PREVIEW
    return f"{line[: PREVIEW - 1]}…" if cut else line


def against_schema(value: Any, schema: Any, expected: ResponseFormat = ResponseFormat.JSON) -> None:
    """Holds ``value`` against a JSON Schema (draft 2020-12).

    Args:
        value: what :func:`enforce` returned.
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
        raise InvalidConfiguration(f"the schema cannot be followed: {_cause(error)}") from error
    if found is not None:
        sentence = f"at {found.json_path}: {_sentence(found)}"
        raise SchemaViolation(expected, sentence, found.json_path)


def why_unfit_schema(schema: Any) -> str | None:
    """Returns why nothing can be held against ``schema``; None if it can."""
    outside = next((ref for ref in _references(schema) if not ref.startswith("#")), None)
    if outside is not None:
        return f"the schema refers to {_line(outside)[:CAUSE]}, which lies outside it"
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return f"the schema is wrong at {error.json_path}: {_line(error.message)[:CAUSE]}"
    return None


class _Mismatch(Exception):
    """Why a text is not in its format."""


def _json(text: str) -> Any:
    return _structure("JSON", _parse_json, _unfenced(text)[0])


def _yaml(text: str) -> Any:
    return _structure("YAML", _parse_yaml, _unfenced(text)[0])


def _toml(text: str) -> Any:
    return _structure("TOML", _parse_toml, _unfenced(text)[0])


def _markdown(text: str) -> str:
    """Returns Markdown without a fence around it; refuses data that pretends to be Markdown."""
    inside, label = _unfenced(text)
    if not inside.strip():
        raise _Mismatch("not Markdown: the answer is empty")
    fenced = label is not None
    if _is_data("JSON", _parse_json, inside):
        raise _Mismatch("not Markdown but serialized JSON")
    if not fenced or label in {"markdown", "md"}:
        return inside
    if label in {"json", "yaml", "yml"} or (label == "" and _is_data("YAML", _parse_yaml, inside)):
        raise _Mismatch("not Markdown but serialized data in a code fence")
    return text if label else inside


_READERS: dict[ResponseFormat, Callable[[str], Any]] = {
    ResponseFormat.TEXT: str,
    ResponseFormat.MARKDOWN: _markdown,
    ResponseFormat.JSON: _json,
    ResponseFormat.YAML: _yaml,
    ResponseFormat.TOML: _toml,
}


def _short_enough(text: str) -> str:
    if len(text) > LIMIT:
        raise _Mismatch(f"{len(text)} characters, and only {LIMIT} are read")
    return text


_FENCES = ("```", "~~~")


def _unfenced(text: str) -> tuple[str, str | None]:
    """Takes off one code fence around the whole of ``text``.

    Returns:
        What is inside, and the fence's language, which may be empty; None if there is no fence.
    """
    lines = text.strip().splitlines()
    if len(lines) < 2 or lines[0][:3] not in _FENCES or lines[-1].strip() != lines[0][:3]:  # noqa: PLR2004 - a fence opens and closes
        return text, None
    return "\n".join(lines[1:-1]), lines[0][3:].strip().lower()


def _structure(name: str, parse: Callable[[str], Any], text: str) -> Any:
    """Returns the object or array that ``text`` spells."""
    if not text.strip():
        raise _Mismatch(f"not {name}: the answer is empty")
    try:
        value = parse(text)
    except RecursionError as error:
        raise _Mismatch(f"not {name}: nested deeper than {MAX_DEPTH}") from error
    except (ValueError, yaml.YAMLError) as error:
        raise _Mismatch(f"not {name}: {_cause(error)}") from error
    if not isinstance(value, dict | list):
        raise _Mismatch(f"not {name} with an object or array at the top, but {_kind(value)}")
    return _plain(name, value, MAX_DEPTH)


def _is_data(name: str, parse: Callable[[str], Any], text: str) -> bool:
    try:
        _structure(name, parse, text)
    except _Mismatch:
        return False
    return True


def _plain(name: str, value: Any, depth: int) -> Any:
    """Returns ``value`` as JSON can say it; refuses what it cannot."""
    if isinstance(value, dict | list) and depth == 0:
        raise _Mismatch(f"not {name}: nested deeper than {MAX_DEPTH}")
    match value:
        case dict():
            return {
                _plain(name, key, depth): _plain(name, one, depth - 1) for key, one in value.items()
            }
        case list():
            return [_plain(name, one, depth - 1) for one in value]
        case float() if not math.isfinite(value):
            raise _Mismatch(f"not {name} as it is read here: {value} is no finite number")
        case date() | time():
            return value.isoformat()
        case str() if not _encodable(value):
            raise _Mismatch(f"not {name} as it is read here: half a character in a text")
    return value


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


# JSON.


def _parse_json(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {json.dumps(key)} stands twice")
        found[key] = value
    return found


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


# TOML.


def _parse_toml(text: str) -> Any:
    # The parser's work grows with the square of a dotted key's length.
    if any(line.partition("=")[0].count(".") > MAX_DEPTH for line in text.splitlines()):
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    return tomllib.loads(text)


# YAML.


class _PlainLoader(yaml.SafeLoader):
    """The safe loader, kept to what the format's instruction allows, and to JSON's values.

    No anchors, aliases or tags, so a text is as large as it looks and means what it says. No
    reading of ``no`` as false, of ``12:30`` as 750, of ``010`` as 8 or of a date as anything but
    its text: these are traps of YAML 1.1 that no model means.
    """

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Reads one node, if it is one that may stand there."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="an alias", problem_mark=event.start_mark)
        if event.anchor is not None:
            raise yaml.MarkedYAMLError(problem="an anchor", problem_mark=event.start_mark)
        if event.tag is not None:
            raise yaml.MarkedYAMLError(problem="a tag", problem_mark=event.start_mark)
        if self.depth > MAX_DEPTH:
            raise RecursionError
        self.depth += 1
        node = super().compose_node(parent, index)  # type: ignore[no-untyped-call]
        self.depth -= 1
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Reads an object; its keys are the texts that stand there, each once."""
        found: dict[Any, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(
                    problem="a key that is no text", problem_mark=key.start_mark
                )
            if key.value in found:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {json.dumps(key.value)} stands twice",
                    problem_mark=key.start_mark,
                )
            found[key.value] = self.construct_object(value, deep=deep)  # type: ignore[no-untyped-call]
        return found


_PlainLoader.yaml_implicit_resolvers = {}
for _tag, _spelling, _first in (
    ("null", r"null|Null|NULL|~|", ["n", "N", "~", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"-?(0|[1-9][0-9]*)", list("-0123456789")),
    ("float", r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", list("-0123456789")),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", list("-+.")),
):
    _PlainLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_spelling})\Z"), _first
    )


def _parse_yaml(text: str) -> Any:
    return yaml.load(text, Loader=_PlainLoader)  # noqa: S506 - a safe loader, made stricter


# Sentences.


def _line(text: str) -> str:
    """Returns ``text`` on one line, without what a screen cannot show."""
    shown = (letter if letter.isprintable() else " " for letter in text)
    return " ".join("".join(shown).split())


def _cause(error: Exception) -> str:
    """Returns a parser's reason in a few words, with the line where it stumbled."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"{_line(error.problem or '')[:CAUSE]} in line {error.problem_mark.line + 1}"
    return _line(str(error))[:CAUSE]


_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "a boolean"),
    (int, "an integer"),
    (float, "a number"),
    (str, "a text"),
    (dict, "an object"),
    (list, "an array"),
    ((date, time), "a time"),
)


def _kind(value: Any) -> str:
    return next((name for kind, name in _KINDS if isinstance(value, kind)), "null")


def _sentence(error: ValidationError) -> str:
    """Says what is wrong at a place, without showing more of the answer than a few words."""
    wanted: Any = error.validator_value
    match error.validator:
        case "required":
            missing = next(name for name in wanted if name not in error.instance)
            return f"the key {json.dumps(missing)} is missing"
        case "type":
            names = wanted if isinstance(wanted, list) else [wanted]
            return f"{_kind(error.instance)}, not of type {' or '.join(names)}"
        case "enum":
            allowed = ", ".join(json.dumps(one, ensure_ascii=False) for one in wanted)
            return f"{_shown(error.instance)} is none of {allowed}"[: 2 * CAUSE]
        case other:
            return f"{_shown(error.instance)} does not meet {other} {_shown(wanted)}"


def _shown(value: Any) -> str:
    text = _line(json.dumps(value, ensure_ascii=False))
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

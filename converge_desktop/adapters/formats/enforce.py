"""Holding an answer to the format that was asked for.

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
from collections.abc import Callable
from datetime import date, time
from typing import Any, NoReturn

import yaml

from converge_core.capability import ResponseFormat
from converge_core.capability_errors import ResponseFormatMismatch
from converge_desktop.adapters.formats.json_schema import CAUSE, kind_of, one_line
from converge_desktop.adapters.formats.plain_yaml import MAX_DEPTH, encodable, parse_yaml

LIMIT = 256 * 1024
"""The longest answer that is read, in characters."""

PREVIEW = 120
"""How much of an answer is shown where it is refused, in characters."""


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
    line = one_line(text[: 4 * PREVIEW])
    cut = len(line) > PREVIEW or len(text) > 4 * PREVIEW
    return f"{line[: PREVIEW - 1]}…" if cut else line


class _Mismatch(Exception):
    """Why a text is not in its format."""


def _json(text: str) -> Any:
    return _structure("JSON", _parse_json, _unfenced(text)[0])


def _yaml(text: str) -> Any:
    return _structure("YAML", parse_yaml, _unfenced(text)[0])


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
    if label in {"json", "yaml", "yml"} or (label == "" and _is_data("YAML", parse_yaml, inside)):
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
    first, *inside = text.strip().split("\n")
    fence = first[:3]
    if fence not in _FENCES or not inside or inside.pop().strip() != fence:
        return text, None
    if any(line.startswith(fence) for line in inside):
        return text, None
    return "\n".join(inside).removesuffix("\r"), first[3:].strip().lower()


def _structure(name: str, parse: Callable[[str], Any], text: str) -> Any:
    """Returns the object or array that ``text`` spells."""
    if not text.strip():
        raise _Mismatch(f"not {name}: the answer is empty")
    try:
        value = parse(text)
    except RecursionError as error:
        raise _Mismatch(f"not {name}: nested deeper than {MAX_DEPTH}") from error
    except (ValueError, OverflowError, yaml.YAMLError) as error:
        raise _Mismatch(f"not {name}: {_cause(error)}") from error
    if not isinstance(value, dict | list):
        raise _Mismatch(f"not {name} with an object or array at the top, but {kind_of(value)}")
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
        case str() if not encodable(value):
            raise _Mismatch(f"not {name} as it is read here: half a character in a text")
    return value


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


_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"|' + r"'[^'\n]*'")
_LONG_KEY = re.compile(rf"(?<![\w-])(?:[\w-]+[ \t]*\.[ \t]*){{{MAX_DEPTH}}}")


def _parse_toml(text: str) -> Any:
    # The parser's work grows with the square of a dotted key's length.
    if _LONG_KEY.search(_QUOTED.sub("a", text)):
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    return tomllib.loads(text)


# Sentences.


def _cause(error: Exception) -> str:
    """Returns a parser's reason in a few words, with the line where it stumbled."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"{one_line(error.problem or '')[:CAUSE]} in line {error.problem_mark.line + 1}"
    return one_line(str(error))[:CAUSE]

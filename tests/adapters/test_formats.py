"""Holding an answer to the format that was asked for, and to a schema."""

from __future__ import annotations

import json
import socket
import time
import tomllib
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from converge_core.capability import ResponseFormat
from converge_core.capability_errors import LlmError, ResponseFormatMismatch
from converge_core.errors import InvalidConfiguration
from converge_desktop.adapters.formats.enforce import LIMIT, PREVIEW, enforce, preview
from converge_desktop.adapters.formats.json_schema import (
    SchemaViolation,
    against_schema,
    why_unfit_schema,
)
from converge_desktop.adapters.formats.plain_yaml import MAX_DEPTH

TEXT, MARKDOWN, JSON, YAML, TOML = ResponseFormat
PARSED = [JSON, YAML, TOML]

WORDS = st.text(st.characters(codec="utf-8"), max_size=12)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)
STRUCTURES = st.lists(VALUES, max_size=4) | st.dictionaries(WORDS, VALUES, max_size=4)


def refusal(asked: ResponseFormat, text: str) -> str:
    """Returns why ``text`` is refused; a text that takes long to refuse is a failure too."""
    before = time.process_time()
    with pytest.raises(ResponseFormatMismatch) as raised:
        enforce(asked, text)
    assert time.process_time() - before < 5
    assert asked is raised.value.expected
    return raised.value.message


# What is accepted.


@given(STRUCTURES)
def test_what_is_written_as_json_is_read_as_it_was(value: Any) -> None:
    """Objects and arrays of whatever JSON can say, in ASCII or not."""
    assert value == enforce(JSON, json.dumps(value))
    assert value == enforce(JSON, json.dumps(value, ensure_ascii=False))


@given(STRUCTURES)
def test_what_is_json_is_yaml(value: Any) -> None:
    """And says the same."""
    assert value == enforce(YAML, json.dumps(value))


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (JSON, '{"ready": false, "blockers": ["coverage"], "score": 0.5}'),
        (YAML, "ready: false\nblockers:\n  - coverage\nscore: 0.5\n"),
        (TOML, 'ready = false\nblockers = ["coverage"]\nscore = 0.5\n'),
    ],
)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("\n\n", "\n"),
        ("```\n", "```"),
        ("```json\n", "\n```\n"),
        ("\n```yaml  \n", "```  \n\n"),
        ("~~~toml\n", "\n~~~"),
        ("```json\r\n", "\r\n```\r\n"),
    ],
)
def test_one_code_fence_is_taken_off(
    asked: ResponseFormat, text: str, before: str, after: str
) -> None:
    """Models put it there whatever they are told; its language says nothing."""
    if after.startswith(("```", "~~~")) and not text.endswith("\n"):
        text += "\n"

    value = enforce(asked, before + text + after)

    assert {"ready": False, "blockers": ["coverage"], "score": 0.5} == value


def test_a_fence_inside_a_text_is_part_of_it() -> None:
    """Only a fence around the whole answer is taken off."""
    text = "```yaml\ncode: |\n  ```\n  x\n  ```\n```"

    assert {"code": "```\nx\n```"} == enforce(YAML, text)


def test_a_separator_inside_a_text_stays() -> None:
    """Taking off a fence changes nothing inside it."""
    assert {"a": "x\u2028y\x85z"} == enforce(JSON, '```\n{"a": "x\u2028y\x85z"}\n```')


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-1.5e3", -1500.0),
        ("010", "010"),
        ("12:30", "12:30"),
        ("2024-01-31", "2024-01-31"),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        ("=", "="),
        ("<<", "<<"),
    ],
)
def test_yaml_means_what_it_says(written: str, value: Any) -> None:
    """None of the traps of YAML 1.1: no is a word, a time is no number, a date stays as written."""
    assert {"a": value} == enforce(YAML, f"a: {written}")


def test_the_keys_of_yaml_are_the_texts_that_stand_there() -> None:
    """As in JSON, where there are no others."""
    assert {"2024": 1, "true": 2, "~": 3} == enforce(YAML, "2024: 1\ntrue: 2\n~: 3\n")


def test_merging_is_no_part_of_yaml() -> None:
    """A key is a key."""
    assert {"<<": {"a": 1}, "b": 2} == enforce(YAML, "<<: {a: 1}\nb: 2\n")


def test_the_times_of_toml_are_texts() -> None:
    """JSON has no others, and a record neither."""
    text = "at = 2024-01-31T10:00:00Z\nday = 2024-01-31\nhour = 10:30:00\n"

    assert {
        "at": "2024-01-31T10:00:00+00:00",
        "day": "2024-01-31",
        "hour": "10:30:00",
    } == enforce(TOML, text)


@given(st.text(max_size=50))
def test_text_is_taken_as_it_is(text: str) -> None:
    """Nothing is parsed and nothing is taken off."""
    assert text == enforce(TEXT, text)


# What is refused.


PROSE = "Sure! Here is the data you asked for, as far as I can tell from the report.\n" * 3


@pytest.mark.parametrize("asked", PARSED)
def test_prose_is_refused_with_its_beginning(asked: ResponseFormat) -> None:
    """At most 120 characters of it, on one line."""
    why = refusal(asked, PROSE)
    _, _, shown = why.partition('the answer begins "')

    assert f"not {asked.name}" in why
    assert shown.startswith("Sure! Here is the data")
    assert PREVIEW == len(shown.removesuffix('"'))
    assert "\n" not in why


@pytest.mark.parametrize("asked", PARSED)
@pytest.mark.parametrize(
    ("before", "after"),
    [("Here it is:\n```json\n", "\n```"), ("```json\n", "\n```\nI hope it helps."), ("```\n", "")],
)
def test_data_with_prose_around_it_is_refused(
    asked: ResponseFormat, before: str, after: str
) -> None:
    """A fence inside prose is prose; half a fence is none."""
    text = {JSON: '{"a": 1}', YAML: "- a: 1", TOML: "a = 1"}[asked]

    refusal(asked, before + text + after)


def test_two_fences_are_not_one() -> None:
    """Which of them was meant?"""
    refusal(JSON, '```json\n{"a": 1}\n```\n```json\n{"b": 1}\n```')


@pytest.mark.parametrize("asked", [*PARSED, MARKDOWN])
@pytest.mark.parametrize("text", ["", " \n ", "```\n```"])
def test_an_empty_answer_is_refused(asked: ResponseFormat, text: str) -> None:
    """Nothing says nothing."""
    assert "the answer is empty" in refusal(asked, text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('"a"', "a text"),
        ("12", "an integer"),
        ("1.5", "a number"),
        ("true", "a boolean"),
        ("null", "null"),
    ],
)
@pytest.mark.parametrize("asked", [JSON, YAML])
def test_the_top_is_an_object_or_an_array(asked: ResponseFormat, text: str, found: str) -> None:
    """A lone value is no structure."""
    assert f"but {found};" in refusal(asked, text)


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (JSON, '{"a": 1, "b": {"c": 1, "c": 2}}'),
        (YAML, "a: 1\nb:\n  c: 1\n  c: 2\n"),
        (YAML, '1: 1\n"1": 2\n'),
        (YAML, '"\\ud83d\\ude00": 1\n"😀": 2\n'),
        (TOML, "a = 1\n[b]\nc = 1\nc = 2\n"),
    ],
)
def test_a_key_that_stands_twice_is_refused(asked: ResponseFormat, text: str) -> None:
    """Which of the two was meant?"""
    refusal(asked, text)


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (JSON, '{"a": NaN}'),
        (JSON, '{"a": Infinity}'),
        (JSON, '{"a": -Infinity}'),
        (JSON, '{"a": 1e999}'),
        (YAML, "a: .nan"),
        (YAML, "a: -.inf"),
        (YAML, "a: 1e999"),
        (TOML, "a = nan"),
        (TOML, "a = inf"),
    ],
)
def test_what_is_no_finite_number_is_refused(asked: ResponseFormat, text: str) -> None:
    """JSON cannot say it, and no rule could compare it."""
    assert "number" in refusal(asked, text)


def test_half_a_character_is_refused() -> None:
    """It could not be stored."""
    assert "half a character" in refusal(JSON, '{"a": ["\\ud800"]}')
    assert "half a character" in refusal(JSON, '{"\\ud800": 1}')
    assert "half a character" in refusal(YAML, 'a: "\\udc00\\ud800"')


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: &x 1\nb: 2", "an anchor in line 1"),
        ("a: 1\nb: *x", "an alias in line 2"),
        ("a: !!python/object/apply:os.system [ls]", "a tag in line 1"),
        ("a: !mine 1", "a tag in line 1"),
        ("a: !!str 1", "a tag in line 1"),
        ("? [1]\n: 2", "a key that is no text in line 1"),
        ("a: 1\n---\nb: 2", "another document in line 2"),
        ('a: "\\Uffffffff"', ""),
    ],
)
def test_yaml_that_was_not_allowed_is_refused(text: str, why: str) -> None:
    """Anchors, aliases, tags, keys that are no texts, a second document."""
    assert why in refusal(YAML, text)


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (YAML, LAUGHS),
        (YAML, "[" * LIMIT),
        (YAML, "{a: " * (LIMIT // 4)),
        (YAML, "- " * (LIMIT // 2)),
        (YAML, "? " * (LIMIT // 2)),
        (JSON, "[" * LIMIT),
        (JSON, '{"a":' * (LIMIT // 5)),
        (JSON, "[" + "9" * 10_000 + "]"),
        (TOML, "a = " + "[" * (LIMIT - 4)),
        (TOML, "a." * (LIMIT // 2 - 2) + "a=1"),
        (TOML, "a = {" + "a." * (LIMIT // 2 - 10) + "a=}"),
        (TOML, "[" + "a." * (LIMIT // 2 - 2) + "a]"),
        (TOML, "[" + '"." . ' * (LIMIT // 6 - 2) + "a]"),
        (TOML, "a" * LIMIT),
        (TOML, '"' * LIMIT),
        (TOML, "'\\" * (LIMIT // 2)),
        *((asked, " " * LIMIT + "x") for asked in ResponseFormat),
    ],
)
def test_what_would_keep_a_parser_busy_is_refused_at_once(asked: ResponseFormat, text: str) -> None:
    """A billion laughs, depth without end, numbers without end, texts without end."""
    refusal(asked, text)


@pytest.mark.parametrize("asked", [JSON, YAML])
def test_the_depth_of_an_answer_is_bounded(asked: ResponseFormat) -> None:
    """So many levels and not one more."""
    assert enforce(asked, "[" * MAX_DEPTH + "]" * MAX_DEPTH)
    assert f"nested deeper than {MAX_DEPTH}" in refusal(
        asked, "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)
    )


@given(
    st.sampled_from(ResponseFormat),
    st.text(st.sampled_from(list("ab1.-+: \n\t\"'`~#?!&*%@|>[]{}=,\\uU0\ud800\x00é")), max_size=40),
)
def test_whatever_is_said_is_a_value_of_json_or_a_mismatch(
    asked: ResponseFormat, text: str
) -> None:
    """No other error, and no value that cannot be written down again."""
    try:
        value = enforce(asked, text)
    except ResponseFormatMismatch:
        return
    if asked in PARSED:
        assert value == json.loads(json.dumps(value, allow_nan=False))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("short", "short"),
        ("a\n\tb\x00c", "a b c"),
        ("x" * PREVIEW, "x" * PREVIEW),
        ("x" * (PREVIEW + 1), "x" * (PREVIEW - 1) + "…"),
    ],
)
def test_a_preview_is_one_short_line(text: str, shown: str) -> None:
    """Nothing in it that a screen cannot show, and a sign where it was cut."""
    assert shown == preview(text)


# Markdown.


REPORT = "# Report\n\n- ready: no\n\n```json\n{}\n```\n\nThat is all.\n"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (REPORT, REPORT),
        ("- a\n- b\n", "- a\n- b\n"),
        ("note: this is a paragraph", "note: this is a paragraph"),
        ("```markdown\n# Title\n```", "# Title"),
        ("```md\n- a\n- b\n```", "- a\n- b"),
        ("```\n# Title\n\nText.\n```", "# Title\n\nText."),
        ("```python\nx = 1\n```", "```python\nx = 1\n```"),
    ],
)
def test_markdown_is_taken_without_a_fence_around_it(text: str, read: str) -> None:
    """Fences inside it are part of it."""
    assert read == enforce(MARKDOWN, text)


@pytest.mark.parametrize(
    "text",
    [
        '{"ready": false}',
        '```\n{"ready": false}\n```',
        '```json\n{"ready": false}\n```',
        '```markdown\n{"ready": false}\n```',
        "```yaml\nready: false\n```",
        "```yml\n- a\n```",
        "```\nready: false\nscore: 1\n```",
    ],
)
def test_data_that_pretends_to_be_markdown_is_refused(text: str) -> None:
    """Some models answer so, whatever they are told."""
    assert "serialized" in refusal(MARKDOWN, text)


# Schemas.


SCHEMA = {
    "type": "object",
    "required": ["ready", "items"],
    "properties": {
        "ready": {"type": "boolean"},
        "score": {"type": ["number", "null"], "minimum": 0},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["kind"],
                "properties": {"kind": {"enum": ["bug", "task"]}},
            },
        },
    },
    "additionalProperties": False,
}


def violation(value: Any, schema: Any) -> tuple[str, str]:
    """Returns where and why ``value`` breaks ``schema``."""
    with pytest.raises(SchemaViolation) as raised:
        against_schema(value, schema, YAML)
    assert YAML is raised.value.expected
    return raised.value.place, raised.value.message


def test_what_fits_its_schema_passes() -> None:
    """With and without what is optional."""
    against_schema({"ready": True, "items": [{"kind": "bug"}]}, SCHEMA)
    against_schema({"ready": True, "items": [], "score": None}, SCHEMA)
    against_schema([1], True)


@pytest.mark.parametrize(
    ("change", "place", "why"),
    [
        ({"ready": "yes"}, "$.ready", "a text, not of type boolean"),
        ({"ready": 1}, "$.ready", "an integer, not of type boolean"),
        ({"score": []}, "$.score", "an array, not of type number or null"),
        ({"score": -1}, "$.score", "-1 is less than the minimum of 0"),
        ({"items": [{"kind": "bug"}, {}]}, "$.items[1]", 'the key "kind" is missing'),
        ({"items": [{"kind": "idea"}]}, "$.items[0].kind", '"idea" is none of "bug", "task"'),
        (
            {"mood": "good"},
            "$",
            "Additional properties are not allowed ('mood' was unexpected)",
        ),
    ],
)
def test_what_breaks_its_schema_is_refused_with_place_and_reason(
    change: dict[str, Any], place: str, why: str
) -> None:
    """A missing key, a wrong type, a value that is not in the list, and the rest."""
    value = {"ready": True, "items": [], **change}

    assert (place, f"at {place}: {why}") == violation(value, SCHEMA)


def test_a_missing_key_at_the_top_is_named() -> None:
    """The whole answer is ``$``."""
    assert ("$", 'at $: the key "items" is missing') == violation({"ready": True}, SCHEMA)


def test_a_violation_shows_no_more_than_a_few_words_of_the_answer() -> None:
    """Whatever it is, and however long."""
    _, why = violation({"a": "x" * 100_000}, {"properties": {"a": {"maxLength": 3}}})

    assert len(why) < 300
    assert why.endswith("… does not meet maxLength 3")
    where, why = violation({"\n" * 100_000: 1}, {"additionalProperties": {"type": "string"}})
    assert "\n" not in where + why
    assert len(where + why) < 600


def test_a_violation_is_a_mismatch() -> None:
    """Whoever handles errors of models handles it."""
    error = SchemaViolation(JSON, "at $: no", "$")

    assert isinstance(error, LlmError)
    assert "response format mismatch for Json: at $: no" == str(error)
    assert not error.retryable


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"$ref": "https://example.org/a.json"}, "refers to https://example.org/a.json"),
        ({"items": [{"$ref": "other.json#/a"}]}, "refers to other.json#/a"),
        ({"properties": {"a": {"$dynamicRef": "file:///etc/passwd"}}}, "refers to file:"),
        ({"type": "strin"}, "the schema is wrong at $.type"),
        ({"pattern": "("}, "the schema is wrong at $.pattern"),
        ([], "the schema is wrong at $"),
        ("object", "the schema is wrong at $"),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused(
    schema: Any, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above all one that refers to what lies outside it: nothing is ever fetched."""

    def reached(*_: object) -> None:
        raise AssertionError("reached for the network")

    monkeypatch.setattr(socket, "getaddrinfo", reached)
    monkeypatch.setattr(socket.socket, "connect", reached)

    assert why in (why_unfit_schema(schema) or "")
    with pytest.raises(InvalidConfiguration, match="schema"):
        against_schema({}, schema)


@pytest.mark.parametrize("schema", [{"$ref": "#/nowhere"}, {"$ref": "#x"}, {"$ref": "#"}])
def test_a_schema_that_leads_nowhere_is_refused(schema: Any) -> None:
    """Or round and round."""
    with pytest.raises(InvalidConfiguration, match="cannot be followed"):
        against_schema({}, schema)


def test_a_schema_may_refer_to_itself() -> None:
    """Trees are shapes too; a dialect or an id of its own is never looked up."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://example.org/tree",
        "$defs": {"tree": {"type": "array", "items": {"$ref": "#/$defs/tree"}}},
        "$ref": "#/$defs/tree",
    }
    against_schema([[], [[]]], schema)

    assert "$[1][0]" == violation([[], ["x"]], schema)[0]


def test_a_property_may_be_called_ref() -> None:
    """Only a text under that name is a reference."""
    against_schema({"$ref": "x"}, {"properties": {"$ref": {"type": "string"}}})


# The parsers that stand behind it.


def test_the_parsers_would_have_taken_what_is_refused() -> None:
    """So the refusals are ours, and a parser's change would not be noticed too late."""
    assert {"a": False} == yaml.safe_load("a: no")
    assert {"a": 2} == yaml.safe_load("a: 1\na: 2")
    assert {"a": 2} == json.loads('{"a": 1, "a": 2}')
    assert tomllib.loads("a = inf")

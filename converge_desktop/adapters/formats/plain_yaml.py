"""YAML as far as it says what JSON could say, read by a safe parser that cannot be kept busy."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

MAX_DEPTH = 64
"""How deep an answer may nest; records may not nest deeper either."""


def parse_yaml(text: str) -> Any:
    """Returns what ``text`` says.

    Raises:
        RecursionError: where it nests too deep.
        yaml.YAMLError, ValueError, OverflowError: if it is no such YAML.
    """
    return yaml.load(text, Loader=_PlainLoader)  # noqa: S506 - a safe loader, made stricter


def encodable(text: str) -> bool:
    """Whether ``text`` is free of half characters, which cannot be stored."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class _PlainLoader(yaml.SafeLoader):
    """The safe loader, kept to what the format's instruction allows, and to JSON's values.

    No anchors, aliases or tags, so a text is as large as it looks and means what it says. No
    reading of ``no`` as false, of ``12:30`` as 750, of ``010`` as 8 or of a date as anything but
    its text: these are traps of YAML 1.1 that no model means.
    """

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Reads one node, if it is one that may stand there."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise _refused("an alias", event.start_mark)
        if event.anchor is not None:
            raise _refused("an anchor", event.start_mark)
        if event.tag is not None:
            raise _refused("a tag", event.start_mark)
        if self.depth > MAX_DEPTH:
            raise RecursionError
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_scalar(self, node: Any) -> Any:
        """Reads a value that is neither object nor array."""
        return _joined(super().construct_scalar(node))

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Reads an object; its keys are the texts that stand there, each once."""
        found: dict[Any, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _refused("a key that is no text", key.start_mark)
            name = _joined(key.value)
            if name in found:
                raise _refused(f"the key {json.dumps(name)} stands twice", key.start_mark)
            found[name] = self.construct_object(value, deep=deep)
        return found


def _joined(text: str) -> str:
    """Returns ``text`` with characters that were escaped by halves, as JSON has them, made whole.

    What is left of half characters is refused later.
    """
    if encodable(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _refused(problem: str, mark: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


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

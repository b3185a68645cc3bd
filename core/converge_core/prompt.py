"""The prompt as a versioned stack of five layers (seed: the article, "PromptStack").

What changes least comes first, so that a key/value cache of the first three layers survives from
run to run. The state layer shows facts under short cite ids; a model cites by id and the renderer
puts the value in (:meth:`StateLayer.fill`), so that no number shown to a person is the model's own.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from converge_core.canonical import ContentHash, content_hash

LAYERS = ("priming", "policy", "task_frame", "state", "intent")
"""The five layers in the order in which they are rendered."""

CITE = re.compile(r"\{([a-z][0-9]{2})\}")
"""How running text cites a state entry: ``{s03}``."""

HINT = "hint, not evidence"
"""What the line of a hint says first."""


@dataclass(frozen=True, slots=True)
class PromptVersion:
    """Which prompt this is: written ``reasoning:v1:any``; family ``any`` fits every model."""

    name: str
    revision: int
    family: str = "any"

    def __str__(self) -> str:
        return f"{self.name}:v{self.revision}:{self.family}"

    def fits(self, family: str) -> bool:
        """Says whether a model of ``family`` may be prompted with this version."""
        return self.family in {"any", family}


class Standing(StrEnum):
    """What a fact says about the question, computed from its limit, never by a model."""

    BREACH = "breach"
    """Outside a hard limit."""
    CONCERN = "concern"
    """Outside a soft limit."""
    UNKNOWN = "unknown"
    """There is a limit, but the value could not be known."""
    SUPPORT = "support"
    """Inside its limit."""


@dataclass(frozen=True, slots=True)
class StateEntry:
    """One fact as the model sees it.

    Attributes:
        cite: the short id the model cites it by, a letter and two digits.
        fact_id: the fact it stands for.
        fields: what the line says after the cite id, in order.
        shown: what replaces ``{cite}`` in text for people, such as ``line coverage 61.0 %``.
        standing: what it says about the question; None where it has no limit.
        binding: whether its limit is a hard one.
        hint: whether it was recalled from elsewhere; a hint may be read, and never cited.
    """

    cite: str
    fact_id: str
    fields: tuple[str, ...]
    shown: str
    standing: Standing | None = None
    binding: bool = False
    hint: bool = field(default=False, kw_only=True)

    def render(self) -> str:
        """Returns the entry's line of the state layer; no text in it can begin another."""
        fields = (" ".join(one.replace("|", "/").split()) for one in self.fields)
        return " | ".join((self.cite, *((HINT,) if self.hint else ()), *fields))


@dataclass(frozen=True, slots=True)
class StateLayer:
    """The facts a step reasons over, each once, in a fixed order.

    Attributes:
        entries: the facts.
        hold_at: how many concerns mean hold; where it is given, a last line counts what speaks
            against, because a number that a rule compares is never a model's own.
    """

    entries: tuple[StateEntry, ...]
    hold_at: int | None = None

    def render(self) -> str:
        """Returns the layer's text."""
        counted = () if self.hold_at is None else (self._counted(self.hold_at),)
        return "\n".join(["STATE", *(entry.render() for entry in self.entries), *counted])

    def _counted(self, hold_at: int) -> str:
        weighed = [entry for entry in self.entries if not entry.hint]
        stands = Counter(entry.standing for entry in weighed)
        unknown = [entry for entry in weighed if entry.standing is Standing.UNKNOWN]
        concerns = stands[Standing.CONCERN]
        fields = (
            "counted",
            f"breach {stands[Standing.BREACH]}",
            f"hard unknown {sum(entry.binding for entry in unknown)}",
            f"concern {concerns} margin {hold_at - 1 - concerns:+}",
            f"unknown {len(unknown)}",
        )
        return " | ".join(fields)

    def entry(self, cite: str) -> StateEntry | None:
        """Returns the entry cited as ``cite``, or None where there is none."""
        return next((entry for entry in self.entries if entry.cite == cite), None)

    def fill(self, text: str) -> str:
        """Replaces each ``{cite}`` by what it stands for; an unknown one stays as it is."""

        def shown(match: re.Match[str]) -> str:
            entry = self.entry(match[1])
            return entry.shown if entry else match[0]

        return CITE.sub(shown, text)


@dataclass(frozen=True, slots=True)
class PromptStack:
    """Five layers and their version; rendering is a pure function of both."""

    version: PromptVersion
    priming: str
    policy: str
    task_frame: str
    state: StateLayer
    intent: str

    def layers(self) -> tuple[tuple[str, str], ...]:
        """Returns name and text of each layer, in rendering order."""
        return (
            ("priming", self.priming),
            ("policy", self.policy),
            ("task_frame", self.task_frame),
            ("state", self.state.render()),
            ("intent", self.intent),
        )

    def render(self) -> str:
        """Returns the exact prompt."""
        return render_layers(dict(self.layers()))

    def stable_prefix(self) -> str:
        """Returns what stays the same from run to run: priming, policy and task frame."""
        return "".join(f"{text}\n\n" for _, text in self.layers()[:3] if text)

    def digest(self) -> ContentHash:
        """Returns the hash of version and layers."""
        return content_hash({"version": str(self.version), "layers": dict(self.layers())})


def render_layers(layers: dict[str, str]) -> str:
    """Joins recorded layers into the prompt they came from; empty layers leave no gap.

    This is how a trace alone rebuilds its prompt (checklist D7).
    """
    texts = [layers[name] for name in LAYERS if layers.get(name)]
    return "\n\n".join(texts) + "\n\nANSWER\n"

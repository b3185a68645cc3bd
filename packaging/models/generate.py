"""Makes the examples that the shipped model learns from and is judged on.

A case is a state with a policy; its gold answers follow from the standing that the core computes.
Everything is a pure function of split and seed. ``python generate.py 7`` prints the three prompts
and gold answers of one case.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Literal

from layout import BARE, Layout, SetEntry, held_out_layout, training_layout
from wording import HELD_OUT, NOISE_DIGITS, TRAINING, Wording, noise

from converge_core.answers import UNCERTAIN, ReasoningAnswer
from converge_core.chain import (
    DecisionStep,
    StepTemplate,
    capability_ids,
    evaluation_entry,
    reasoning_entry,
    step_templates,
)
from converge_core.contract import Ground
from converge_core.limits import Limit, Quantity, Weight
from converge_core.prompt import Standing, StateEntry, StateLayer

_RESOURCES = Path(__file__).parents[2] / "resources"
PACK = _RESOURCES / "packs" / "release-readiness"
SHIPPED = _RESOURCES / "models" / "converge-nano-q8_0.gguf"
PROMPTS = tomllib.loads((PACK / "prompts.toml").read_text("utf-8"))
VERDICTS = ("proceed", "conditions", "hold")
MAX_AGAINST = 7
MAX_ENTRIES = 14
MAX_LIMITED = 12

Split = Literal["training", "held-out"]

HINTED = 0.25
"""The share of cases in which something was recalled."""

_SAYS = {
    Standing.BREACH: "{%s} breaks a hard limit",
    Standing.CONCERN: "{%s} is outside its limit",
    Standing.UNKNOWN: "{%s} is not known",
    Standing.SUPPORT: "{%s} is inside its limit",
}
_CATEGORIES = {"breach": 27, "concerns": 20, "uncertain": 17, "conditions": 24, "proceed": 12}
"""How often each category is drawn: hold by breach, hold by concerns, and so on."""
_SOFT_UNKNOWNS = (0, 0, 0, 1, 1, 2, 2, 3, 4)
"""How many soft limits have no value, drawn evenly from these."""


@dataclass(frozen=True, slots=True)
class Example:
    """One prompt, what it asks for, and the gold answer."""

    step: DecisionStep
    prompt: str
    answer: str
    ground: Ground


@dataclass(frozen=True, slots=True)
class Case:
    """A state, the policy it is judged under, and what follows from both.

    Attributes:
        category: breach, concerns, uncertain, conditions or proceed.
        entries: the signals.
        remedies: the id of the remedy of each signal that has a limit, by cite id.
        hold_at: how many concerns mean hold.
        capabilities: the declared capabilities, in prompt order.
        policy: name and version of the policy.
        question: the intent.
        hints: what was recalled; it weighs nothing, whatever it says.
    """

    category: str
    entries: tuple[StateEntry, ...]
    remedies: Mapping[str, str]
    hold_at: int
    capabilities: tuple[str, ...]
    policy: str
    question: str
    hints: tuple[StateEntry, ...] = ()

    def with_standing(self, standing: Standing) -> list[StateEntry]:
        """Returns the entries of one standing, in state order."""
        return [entry for entry in self.entries if entry.standing is standing]

    @property
    def against(self) -> list[StateEntry]:
        """What speaks against: breaches, then concerns, then unknowns."""
        kinds = (Standing.BREACH, Standing.CONCERN, Standing.UNKNOWN)
        return [entry for kind in kinds for entry in self.with_standing(kind)]

    @property
    def verdict(self) -> str:
        """The first line of the policy that fits."""
        if self.with_standing(Standing.BREACH):
            return "hold"
        if any(entry.binding for entry in self.with_standing(Standing.UNKNOWN)):
            return UNCERTAIN
        if len(self.with_standing(Standing.CONCERN)) >= self.hold_at:
            return "hold"
        return "conditions" if self.against else "proceed"

    def templates(self) -> dict[DecisionStep, StepTemplate]:
        """Returns the stable layers of the three steps."""
        return step_templates(
            PROMPTS,
            policy=self.policy,
            hold_at=self.hold_at,
            verdicts=VERDICTS,
            capabilities=self.capabilities,
        )

    def reasoning(self) -> str:
        """Returns the gold answer of the first step: every line with a limit, in state order."""
        said = [entry for entry in self.entries if entry.standing is not None]
        steps = [{"text": clause(e), "side": e.standing} for e in said]
        return _compact({"steps": steps, "conclusion": self.verdict})

    def score(self) -> int:
        """Returns the gold score in hundredths."""
        match self.verdict:
            case "hold":
                return 10 if self.with_standing(Standing.BREACH) else 30
            case "proceed":
                return 90
        return 70 if len(self.against) == 1 else 50

    def confidence(self) -> int:
        """Returns the gold confidence in hundredths."""
        return max(50, 95 - 15 * len(self.with_standing(Standing.UNKNOWN)))

    def evaluation(self) -> str:
        """Returns the gold answer of the second step."""
        groups = [self.with_standing(standing) for standing in Standing]
        said = [group[0] for group in groups if group][:2]
        words = " and ".join(_SAYS[_standing(entry)] % entry.cite for entry in said)
        numbers = f'"score":0.{self.score()},"confidence":0.{self.confidence()}'
        return f'{{"justification":"{words}",{numbers}}}'

    def planning(self) -> str:
        """Returns the gold answer of the third step."""
        steps = [{"for": [e.cite], "do": self.remedies[e.cite]} for e in self.against]
        return _compact({"verdict": self.verdict, "steps": steps})

    def examples(self) -> list[Example]:
        """Returns the chain's examples: one where it ends uncertain, otherwise three."""
        first = self.example(DecisionStep.REASONING, self.entries, self.reasoning())
        if self.verdict == UNCERTAIN:
            return [first]
        answer = ReasoningAnswer.model_validate_json(first.answer)
        reasoned = (reasoning_entry("h01", "reasoning", answer, self.remedies),)
        evaluated = (
            *reasoned,
            evaluation_entry("e01", "evaluation", self.score() * 10, self.confidence() * 10),
        )
        return [
            first,
            self.example(DecisionStep.EVALUATION, reasoned, self.evaluation()),
            self.example(DecisionStep.PLANNING, evaluated, self.planning(), self.verdict),
        ]

    def example(
        self,
        step: DecisionStep,
        entries: tuple[StateEntry, ...],
        answer: str,
        concluded: str | None = None,
    ) -> Example:
        """Returns one step's prompt over ``entries``, with what its answer is held against."""
        state = StateLayer(tuple(dict.fromkeys((*self.entries, *entries, *self.hints))))
        counted = self.hold_at if step is DecisionStep.REASONING else None
        told = StateLayer((*entries, *self.hints), counted)
        prompt = self.templates()[step].stack(told, self.question).render()
        known = frozenset(capability_ids(self.capabilities).values())
        ground = Ground(state, VERDICTS, known, concluded)
        return Example(step, prompt, answer, ground)


def clause(entry: StateEntry) -> str:
    """Returns how a reason is worded."""
    words = _SAYS[_standing(entry)] % entry.cite
    hard = entry.standing is Standing.UNKNOWN and entry.binding
    return f"{words} and binds hard" if hard else words


def _standing(entry: StateEntry) -> Standing:
    assert entry.standing is not None
    return entry.standing


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def make_case(split: Split, seed: int, max_entries: int = MAX_ENTRIES) -> Case:
    """Returns the case of a split and a seed."""
    rng = Random(f"{split}:{seed}:{max_entries}")
    if split == "training":
        return draw_case(rng, TRAINING, training_layout(rng), max_entries)
    return draw_case(rng, HELD_OUT, held_out_layout(rng), max_entries)


def make_first_lesson(seed: int, max_entries: int) -> Case:
    """Returns a training case whose lines hold only what matters."""
    return draw_case(Random(f"first:{seed}:{max_entries}"), TRAINING, BARE, max_entries)


def draw_case(rng: Random, stock: Wording, layout: Layout, max_entries: int = MAX_ENTRIES) -> Case:
    """Draws a case from ``stock``, set in ``layout``."""
    drawing = _Drawing(rng, stock, layout)
    hold_at = rng.randint(2, 4)
    category = rng.choices(tuple(_CATEGORIES), _CATEGORIES.values())[0]
    kinds = _kinds(rng, category, hold_at, max_entries)
    capabilities = drawing.capabilities(rng.randint(4, 12))
    ids = list(capability_ids(tuple(capabilities)).values())
    remedies = rng.sample(ids, rng.randint(2, min(9, len(ids))))
    entries, remedy_of = drawing.entries(kinds, remedies)
    return Case(
        category=category,
        entries=entries,
        remedies=remedy_of,
        hold_at=hold_at,
        capabilities=tuple(capabilities),
        policy=f"{drawing.name()} {rng.randint(1, 30)}",
        question=(
            noise(rng, 8)
            if rng.random() < layout.noise / 2
            else rng.choice(stock.questions).format(drawing.subject())
        ),
        hints=drawing.hints() if rng.random() < HINTED else (),
    )


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a line is meant to say; standing None means no limit."""

    standing: Standing | None
    weight: Weight = Weight.HARD


def _kinds(rng: Random, category: str, hold_at: int, most: int) -> list[_Kind]:
    """Draws what the lines of a case say, in state order."""
    most = max(most, 4)
    breaches = concerns = hard_unknowns = soft_unknowns = 0
    room = min(MAX_AGAINST, most)
    few = min(3, max(1, most // 3))
    match category:
        case "breach":
            breaches = rng.randint(1, few)
            concerns = rng.randint(0, few)
            hard_unknowns = rng.choice((0, 0, 1, 2))
            soft_unknowns = rng.choice(_SOFT_UNKNOWNS)
        case "concerns":
            concerns = min(room, hold_at + rng.choice((0, 0, 0, 1, 2)))
            soft_unknowns = rng.choice(_SOFT_UNKNOWNS)
        case "uncertain":
            hard_unknowns = rng.choice((1, 1, 2, 3))
            concerns = rng.randint(0, few + 1)
            soft_unknowns = rng.choice(_SOFT_UNKNOWNS)
        case "conditions":
            concerns = rng.choice((0, 1, hold_at - 1, hold_at - 1, hold_at - 1))
            soft_unknowns = rng.choice(_SOFT_UNKNOWNS) if concerns else rng.randint(1, few + 2)
    against = (
        [_Kind(Standing.BREACH)] * breaches
        + [_Kind(Standing.UNKNOWN)] * hard_unknowns
        + [_Kind(Standing.CONCERN, Weight.SOFT)] * concerns
        + [_Kind(Standing.UNKNOWN, Weight.SOFT)] * soft_unknowns
    )[:room]
    least = max(2, len(against))
    total = min(rng.randint(least, max(least, most)) for _ in range(rng.choice((1, 2))))
    rest = [
        _Kind(None) if rng.random() < 0.3 else _Kind(Standing.SUPPORT, rng.choice(list(Weight)))
        for _ in range(total - len(against))
    ]
    supports = [place for place, kind in enumerate(rest) if kind.standing is not None]
    for place in supports[MAX_LIMITED - len(against) :]:
        rest[place] = _Kind(None)
    if not against and all(kind.standing is None for kind in rest):
        rest[0] = _Kind(Standing.SUPPORT, rng.choice(list(Weight)))
    kinds = against + rest
    rng.shuffle(kinds)
    return sorted(kinds, key=lambda kind: kind.standing is None)


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Draws words, numbers and lines from one wording."""

    rng: Random
    stock: Wording
    layout: Layout

    def entries(
        self, kinds: list[_Kind], remedies: list[str]
    ) -> tuple[tuple[StateEntry, ...], dict[str, str]]:
        """Draws one line for each kind; returns them with the remedies by cite id."""
        entries, remedy_of = [], {}
        for number, kind in enumerate(kinds, 1):
            cite, label = f"s{number:02d}", self.label()
            limit = None
            if kind.standing is None:
                quantity = self.quantity()
            else:
                remedy_of[cite] = self.rng.choice(remedies)
                quantity, limit = self.measured(kind, remedy_of[cite])
            head = self.layout.head(quantity, limit)
            fields = self.layout.fields(label, quantity, limit)
            if kind.standing is None and "value" in fields and self.rng.random() < 0.5:
                fields["value"] = self.rng.choice(self.stock.notes)
            shown = f"{label} {fields.get('value', '')}"
            shared = (cite, f"signal:{cite}", (*head, *fields.values()), shown)
            binding = kind.weight is Weight.HARD and kind.standing is not None
            if self.layout.app:
                entry = StateEntry(*shared, kind.standing, binding)
            else:
                line = self.noisy(self.layout.line(head, fields), head)
                entry = SetEntry(*shared, kind.standing, binding, line)
            entries.append(entry)
        return tuple(entries), remedy_of

    def hints(self) -> tuple[StateEntry, ...]:
        """Draws lines of what was recalled: verdicts and words that have no say here."""
        return tuple(
            StateEntry(f"r{number:02d}", f"hint:{number}", self._recalled(), "", hint=True)
            for number in range(1, self.rng.randint(1, 3) + 1)
        )

    def _recalled(self) -> tuple[str, ...]:
        said = [f"decided {self.rng.choice((*VERDICTS, UNCERTAIN))}"]
        said.append(f"likeness 0.{self.rng.randint(50, 99)}")
        said.append(f"{self.label()} {self.rng.choice(self.stock.notes)}")
        return tuple(self.rng.sample(said, self.rng.randint(1, len(said))))

    def noisy(self, line: str, head: tuple[str, ...]) -> str:
        """Returns a line with noise in it, as often as the layout says.

        Noise teaches that nothing behind the head matters, however it looks and however long it
        is; so the margin's number may be noise as well, never its sign.
        """
        if self.rng.random() >= self.layout.noise:
            return line
        opening = " | " + " | ".join(head)
        tail = line[len(opening) :]
        if "margin" in head[-1] and self.rng.random() < 0.5:
            opening = opening[: opening.index("margin") + len("margin +")]
            opening += "".join(self.rng.choices(NOISE_DIGITS, k=self.rng.randint(1, 5)))
        match self.rng.randrange(3):
            case 0:
                tail = " " + noise(self.rng, 12)
            case 1:
                tail += " " + noise(self.rng, 6)
            case 2:
                place = self.rng.randint(0, len(tail))
                tail = f"{tail[:place]} {noise(self.rng, 6)} {tail[place:]}"
        return opening + tail

    def measured(self, kind: _Kind, remedy: str) -> tuple[Quantity, Limit]:
        """Draws a limit and a quantity that stands to it as ``kind`` says."""
        bound = self.quantity()
        assert bound.value is not None
        at_least = self.rng.random() < 0.5
        limit = Limit(
            metric="metric",
            bound=Decimal(bound.value).scaleb(-bound.places),
            at_least=at_least,
            weight=kind.weight,
            remedy=remedy,
            name="limit",
        )
        if kind.standing is Standing.UNKNOWN:
            return Quantity(None, bound.places, bound.unit), limit
        grain = self.grain()
        distance = grain if self.rng.random() < 0.4 else grain * self.rng.randint(1, 400)
        if kind.standing is Standing.SUPPORT:
            inside = 0 if self.rng.random() < 0.25 else distance
        else:
            inside = -distance
        value = bound.value + (inside if at_least else -inside)
        quantity = Quantity(value, bound.places, bound.unit)
        assert limit.standing(quantity) is kind.standing
        return quantity, limit

    def grain(self) -> int:
        """Returns the smallest step of a number in the layout's notation."""
        return 125 if self.layout.notation == "eighths" else 1

    def quantity(self) -> Quantity:
        """Draws a number with a unit; held-out ranges do not meet the trained ones."""
        unit = self.rng.choice(self.stock.units)
        if self.stock is HELD_OUT:
            places = 3 if self.layout.notation == "eighths" else self.rng.choice((0, 0, 6))
            value = self.rng.randint(100_000, self.rng.choice((999_999, 999_999_999)))
            return Quantity(value * self.grain(), places, unit)
        places = self.rng.choice((0, 0, 1, 2))
        ceiling = self.rng.choice((0, 10, 100, 1000, 9999))
        value = self.rng.randint(0, ceiling) * 10**places
        if places and self.rng.random() < 0.5:
            value += self.rng.randint(0, 10**places - 1)
        if self.rng.random() < 0.05:
            value = -value
        return Quantity(value, places, unit)

    def label(self) -> str:
        """Draws the label of a signal."""
        rng = self.rng
        words = [self.word() for _ in range(rng.choice((1, 2, 2, 3)))]
        if rng.random() < 0.15:
            words[rng.randrange(len(words))] = rng.choice(self.stock.decoys)
        join = rng.choice((" ", " ", " ", " ", ".", "_", "-", ", ", " / "))
        label = join.join(words)
        if self.layout.app and rng.random() < 0.05:
            label += " margin"
        match rng.randrange(12):
            case 0:
                return label.title()
            case 1:
                return label.upper()
            case 2:
                return f"{label} ({self.word()})"
            case 3:
                return f"{label} {rng.randint(0, 99)}"
        return label

    def word(self) -> str:
        """Draws a word, half of the time an invented one."""
        if self.rng.random() < 0.5:
            return self.rng.choice(self.stock.words)
        return "".join(self.rng.choices(self.stock.syllables, k=self.rng.randint(1, 4)))

    def name(self) -> str:
        """Draws a name such as a policy has."""
        return f"{self.word()}-{self.word()}".lower()

    def subject(self) -> str:
        """Draws what a question is about."""
        version = ".".join(str(self.rng.randint(0, 40)) for _ in range(3))
        return self.rng.choice((version, self.name(), f"{self.word()} {version}", self.word()))

    def capabilities(self, count: int) -> list[str]:
        """Draws capability names that share stems, as real ones do."""
        stems = [self.word() for _ in range(self.rng.randint(1, max(1, count // 2)))]
        names: dict[str, None] = {}
        while len(names) < count:
            join = self.rng.choice(("", "", "", "-", "_"))
            tail = join.join(self.word() for _ in range(1 + bool(join)))
            names[f"{self.rng.choice(stems)}.{tail}"[:32]] = None
        return list(names)


def main() -> None:
    """Prints the examples of one case."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    split: Split = "held-out" if "held-out" in sys.argv else "training"
    for example in make_case(split, seed).examples():
        print(f"{example.prompt}{example.answer}\n{'-' * 72}")


if __name__ == "__main__":
    main()

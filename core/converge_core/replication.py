"""Intents elsewhere: one document that says what a run is for and by which rules, and its hash.

Source: the crate page's “Scale by Intent Replication”: intents and invariants are replicated across
domains, and keep their constraints. The document holds intent and frames whole; of rules, judges
and policy it holds what identifies them, for they are code. Whoever imports it has to have the very
same: what is missing, other or too much is refused by name, because the run would be another.
Intent, rules, input and agents being the same, so is the context root.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, Protocol

from converge_core.authority import AuthorityGrant
from converge_core.canonical import ContentHash, canonical, canonical_record, hash_bytes, parse
from converge_core.criterion import Judge
from converge_core.errors import InvalidConfiguration, InvalidValue
from converge_core.frame import Frames, validate_frames
from converge_core.intent import RootIntent, validate
from converge_core.invariant import Invariant, InvariantClass, OnViolation
from converge_core.record import Record, read


class RuleRecord(Record, frozen=True):
    """What identifies a rule: its name, its class, what it leads to, and what it compares with."""

    name: str
    invariant_class: InvariantClass
    on_violation: OnViolation
    parameters: dict[str, int | str]


class Replica(Record, frozen=True):
    """An intent, and all that binds it.

    Attributes:
        intent: what the run is for.
        frames: what narrows it.
        rules: the rules over the context, in the order in which they are checked.
        judges: the criteria that somebody judges, by id, in alphabetical order.
        policy: the version of the policy.
        format: what the document is.
        version: of its format.
    """

    intent: RootIntent
    frames: Frames
    rules: tuple[RuleRecord, ...]
    judges: tuple[str, ...]
    policy: str
    format: Literal["converge-intent"] = "converge-intent"
    version: Literal[1] = 1

    @property
    def hash(self) -> ContentHash:
        """The SHA-256 of the document without its hash."""
        return hash_bytes(canonical_record(self))


class Replicating(Protocol):
    """What is asked of an engine."""

    @property
    def invariants(self) -> tuple[Invariant, ...]:
        """The rules over the whole context."""

    @property
    def judges(self) -> Mapping[str, Judge]:
        """Who judges criteria, by id."""

    def policy_version(self, *grants: AuthorityGrant) -> ContentHash:
        """Returns the version of the policy of a run under ``grants``."""


def replica_of(
    intent: RootIntent, frames: Frames, engine: Replicating, *grants: AuthorityGrant
) -> Replica:
    """Returns ``intent`` and what binds it in ``engine``, for a run under ``grants``.

    Raises:
        InvalidIntent: if intent or frames are incomplete or contradict themselves.
    """
    validate(intent)
    validate_frames(intent, frames)
    return Replica(
        intent=intent,
        frames=frames,
        rules=tuple(map(_rule, engine.invariants)),
        judges=tuple(sorted(engine.judges)),
        policy=engine.policy_version(*grants),
    )


def export_intent(replica: Replica) -> bytes:
    """Returns the document in canonical JSON, with its hash."""
    return canonical({"document": _plain(replica), "hash": replica.hash})


def import_intent(data: bytes, engine: Replicating, *grants: AuthorityGrant) -> Replica:
    """Reads a document whose intent is to be run by ``engine`` under ``grants``.

    Raises:
        InvalidValue: if it is no such document, or does not have its hash.
        InvalidIntent: if its intent or frames are incomplete or contradict themselves.
        InvalidConfiguration: naming what the engine lacks, has otherwise, or has too much.
    """
    replica = _read(data)
    here = replica_of(replica.intent, replica.frames, engine, *grants)
    _same_rules(replica.rules, here.rules)
    _same_names("judge", replica.judges, here.judges)
    if replica.policy != here.policy:
        raise InvalidConfiguration(
            f"the intent was exported under policy {replica.policy[:12]}; here it is "
            f"{here.policy[:12]}"
        )
    return replica


def _read(data: bytes) -> Replica:
    raw = parse(data)
    if not isinstance(raw, dict) or set(raw) != {"document", "hash"} or canonical(raw) != data:
        raise InvalidValue("this is not an exported intent in canonical form")
    replica = read(Replica, raw["document"])
    if canonical(_plain(replica)) != canonical(raw["document"]) or replica.hash != raw["hash"]:
        raise InvalidValue("the exported intent does not have its recorded hash; it was altered")
    return replica


def _same_rules(wanted: tuple[RuleRecord, ...], here: tuple[RuleRecord, ...]) -> None:
    _same_names("rule", (rule.name for rule in wanted), (rule.name for rule in here))
    for one, other in zip(wanted, here, strict=True):
        if one.name != other.name:
            raise InvalidConfiguration(
                f"the rule {one.name} is checked before {other.name} there, and after it here"
            )
        if one != other:
            raise InvalidConfiguration(
                f"the rule {one.name} is another here: {_words(other)}, not {_words(one)}"
            )


def _same_names(what: str, wanted: Iterable[str], here: Iterable[str]) -> None:
    theirs, ours = list(wanted), list(here)
    for name in theirs:
        if name not in ours:
            raise InvalidConfiguration(f"the intent needs the {what} {name}, which is missing here")
    for name in ours:
        if name not in theirs or theirs.count(name) != ours.count(name):
            raise InvalidConfiguration(f"the {what} {name} is none of the intent's")


def _rule(invariant: Invariant) -> RuleRecord:
    return RuleRecord(
        name=invariant.name,
        invariant_class=invariant.invariant_class,
        on_violation=invariant.on_violation,
        parameters=dict(sorted(invariant.parameters.items())),
    )


def _words(rule: RuleRecord) -> str:
    compared = ", ".join(f"{name} {value}" for name, value in rule.parameters.items())
    return f"{rule.invariant_class}, {rule.on_violation}" + (f", {compared}" if compared else "")


def _plain(replica: Replica) -> object:
    return parse(canonical_record(replica))

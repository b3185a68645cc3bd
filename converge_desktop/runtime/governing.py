"""A policy that was changed: what it loosens, and who has to agree before it governs.

Turning a rule off needs what the rule itself needs. So each old rule that a new policy drops or
loosens is asked about under that rule's own quorum and roster, in a run of its own in which nobody
proposes but whoever began it; the new policy governs once all of that was approved. One that
loosens nothing governs at once.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from converge_core.canonical import content_hash
from converge_core.command import Begin
from converge_core.events import RunStarted
from converge_core.ids import FactId, IntentId, ObservationId, RunId
from converge_core.intent import Criterion, RootIntent
from converge_core.key import ContextKey
from converge_core.observation import ObservationKind, observe
from converge_core.policy import Effect, Risk, Rule
from converge_core.proposal import ContentKind, ProposedFact
from converge_core.scope import Product
from converge_core.terms import ANYBODY_ONCE, OnTimeout, ReviewTerms
from converge_core.trace import text_ref
from converge_desktop import __version__
from converge_desktop.adapters.packs.pack import FILES, Pack, pack_of
from converge_desktop.runtime.pack_engine import GOVERNING, budgets_of

_REST = "whatever else is new"
_NEW = "proposed/"
"""Begins the names under which a run that asks about a pack keeps the files it asks about."""
_EFFECTS = (Effect.PERMIT, Effect.ASK, Effect.FORBID)
_TITLE = "Changed policies"
_APPROVED = Criterion(
    id="approved", description="the change was approved", key=ContextKey.STRATEGIES
)


@dataclass(frozen=True, slots=True)
class Loosened:
    """Something that a new policy makes easier, and under which terms that is asked about.

    Attributes:
        rule: the old rule; a name of its own for all that is no rule.
        what: what becomes easier, in a sentence.
        terms: who has to agree.
        risk: how much hangs on it.
    """

    rule: str
    what: str
    terms: ReviewTerms
    risk: Risk

    def who(self) -> str:
        """Says who has to agree, in words."""
        among = f" of {', '.join(self.terms.roster)}" if self.terms.roster else ""
        return f"{self.terms.quorum}{among}"


def law_of(pack: Pack) -> str:
    """Returns the hash of all in a pack that decides; what is worded otherwise is no part of it."""
    return content_hash(
        {
            "policy": pack.policy.version,
            "hold_at": pack.hold_at,
            "kernel": json.loads(msgspec.json.encode(pack.kernel)),
        }
    )


def loosened(old: Pack, new: Pack) -> tuple[Loosened, ...]:
    """Returns all that has to be asked about before ``new`` governs in the place of ``old``.

    In doubt, something is looser than it was. Nothing where ``new`` is as strict, or stricter.
    """
    found = list(_dropped(old, new))
    if _rest_of(old) != _rest_of(new) or _comes_first(old, new):
        strictest = max(_asking(old), key=_needed, default=None)
        terms = (strictest.review or ANYBODY_ONCE) if strictest else ANYBODY_ONCE
        what = "Checks, limits, what may be shown to models elsewhere, or what is permitted change."
        found.append(Loosened(_REST, what, _plain(terms), Risk.HIGH))
    return tuple(found)


def differences(old: Pack, new: Pack) -> str:
    """Returns what is other in the files of a pack, line by line."""
    lines: list[str] = []
    for name in FILES:
        before, after = old.texts[name].splitlines(), new.texts[name].splitlines()
        lines += difflib.unified_diff(
            before, after, f"{name}, in force", f"{name}, new", lineterm=""
        )
    return "\n".join(lines)


def governing_pack(old: Pack, new: Pack) -> Pack:
    """Returns the rules under which a new version of a pack is asked about, and its files."""
    texts = {
        "pack.toml": _about(new),
        "policy.toml": _policy(loosened(old, new)),
        "prompts.toml": _PROMPTS,
        **{f"{_NEW}{name}": new.texts[name] for name in FILES},
    }
    return pack_of(texts, f"the change of {new.id}")


def asks(pack: Pack) -> bool:
    """Whether a pack keeps the files of another, and so asks about that."""
    return all(f"{_NEW}{name}" in pack.texts for name in FILES)


def proposed(pack: Pack) -> Pack:
    """Returns the pack that a run of :func:`governing_pack` asks about."""
    texts = {name: pack.texts[f"{_NEW}{name}"] for name in FILES}
    return pack_of(texts, "the pack that was asked about")


def begin_governing(run: RunId, old: Pack, new: Pack) -> tuple[Pack, Begin]:
    """Returns the command that asks whether ``new`` governs in the place of ``old``."""
    pack = governing_pack(old, new)
    started = RunStarted(
        run=run,
        pack=pack.id,
        pack_version=new.version,
        pack_digest=pack.digest,
        policy_digest=pack.policy.version,
        intent=RootIntent(
            id=IntentId(GOVERNING),
            scope=(Product(value=new.id),),
            question=pack.question.format(subject=new.id),
            subject=new.id,
            criteria=(_APPROVED,),
            budgets=budgets_of(pack),
        ),
        agents=(),
        grants=(),
        folder="",
        files={name: text_ref(text, shared=True) for name, text in pack.texts.items()},
        app_version=__version__,
    )
    asked = loosened(old, new)
    seen = [
        observe(
            ObservationId(f"change:{number}"),
            {"rule": one.rule, "pack": new.id, "law": law_of(new)},
            kind=ObservationKind.SYSTEM_EVENT,
            provider="pack",
            source=f"{new.id}/policy.toml",
            place=one.rule,
        )
        for number, one in enumerate(asked)
    ]
    facts = [_fact(number, one, old, new) for number, one in enumerate(asked)]
    return pack, Begin(started, observations=tuple(seen), inputs=tuple(facts))


def _fact(number: int, one: Loosened, old: Pack, new: Pack) -> ProposedFact:
    return ProposedFact(
        key=ContextKey.STRATEGIES,
        id=FactId(f"change:{number}"),
        content=f"{new.title}, version {new.version}: {one.what}",
        kind=ContentKind.CLASSIFICATION,
        structured={
            "rule": one.rule,
            "pack": new.id,
            "from": law_of(old),
            "to": law_of(new),
        },
        observation=ObservationId(f"change:{number}"),
    )


def _dropped(old: Pack, new: Pack) -> Iterator[Loosened]:
    """Yields the old rules that ask or forbid, and do not stand as strictly in the new policy."""
    known = {rule.name: rule for rule in new.policy.rules}
    for rule in old.policy.rules:
        if rule.effect is Effect.PERMIT:
            continue
        now = known.get(rule.name)
        what = f"Rule {rule.name} is gone." if now is None else _looser(rule, now)
        if what:
            terms = rule.review or ANYBODY_ONCE
            if rule.effect is Effect.FORBID:
                strictest = max(_asking(old), key=_needed, default=None)
                terms = (strictest.review or ANYBODY_ONCE) if strictest else ANYBODY_ONCE
            yield Loosened(rule.name, what, _plain(terms), rule.risk)


def _looser(old: Rule, new: Rule) -> str:
    """Says how a rule is looser than it was; empty where it is as strict, or stricter."""
    if _condition(old) != _condition(new):
        return f"Rule {old.name} fits something else than it did."
    if _EFFECTS.index(new.effect) < _EFFECTS.index(old.effect):
        return f"Rule {old.name} would {new.effect} what it {_DOES[old.effect]}."
    if new.effect is Effect.FORBID:
        return ""
    if list(Risk).index(new.risk) < list(Risk).index(old.risk):
        return f"Rule {old.name} counts as {new.risk} risk, and was {old.risk}."
    was, now = old.review or ANYBODY_ONCE, new.review or ANYBODY_ONCE
    if was == now:
        return ""
    anybody = was.quorum == ANYBODY_ONCE.quorum and not was.roster
    as_many = (
        (was.quorum.rule, was.quorum.lead) == (now.quorum.rule, now.quorum.lead)
        and now.quorum.count >= was.quorum.count
        and was.roster == now.roster
    )
    stricter = (
        (anybody or as_many)
        and was.escalate_to == now.escalate_to
        and now.on_timeout is not OnTimeout.APPROVE
        and (was.self_approval or not now.self_approval)
        and now.undo_us >= was.undo_us
    )
    if stricter:
        return ""
    return f"Rule {old.name} asks {_who(now)}, and asked {_who(was)}, or under other terms."


_DOES = {Effect.ASK: "asks people about", Effect.FORBID: "forbids"}


def _who(terms: ReviewTerms) -> str:
    return Loosened("", "", terms, Risk.LOW).who()


def _condition(rule: Rule) -> Rule:
    """Returns what a rule fits, and nothing else of it."""
    return msgspec.structs.replace(
        rule, effect=Effect.ASK, reason="", risk=Risk.LOW, review=msgspec.UNSET
    )


def _comes_first(old: Pack, new: Pack) -> bool:
    """Whether a rule is new, or stands earlier, that could decide what an old one decided."""
    before = [rule.name for rule in old.policy.rules if rule.effect is not Effect.PERMIT]
    after = [rule.name for rule in new.policy.rules if rule.effect is Effect.ASK]
    kept = [name for name in after if name in before]
    new_ones = [name for name in after if name not in before]
    moved = kept != [name for name in before if name in after]
    return moved or bool(new_ones and after[-len(new_ones) :] != new_ones)


def _rest_of(pack: Pack) -> tuple[object, ...]:
    """Returns what decides beside the rules that ask and forbid."""
    permits = [rule for rule in pack.policy.rules if rule.effect is Effect.PERMIT]
    told = [(_condition(rule), rule.risk) for rule in permits]
    return told, pack.policy.checks, pack.policy.settings, pack.hold_at, pack.kernel


def _asking(pack: Pack) -> list[Rule]:
    return [rule for rule in pack.policy.rules if rule.effect is Effect.ASK]


def _needed(rule: Rule) -> int:
    terms = rule.review or ANYBODY_ONCE
    return terms.quorum.needed(len(terms.roster) or 1)


def _plain(terms: ReviewTerms) -> ReviewTerms:
    """Returns who has to agree, and nothing about deadlines: nobody's silence changes a policy."""
    return ReviewTerms(quorum=terms.quorum, roster=terms.roster)


def _about(new: Pack) -> str:
    return f"""id = {_quoted(GOVERNING)}
title = {_quoted(_TITLE)}
version = 1
summary = "Asks whether a changed policy governs."
question = {_quoted(f"does version {new.version} of {{subject}} govern")}
limit = []

[verdicts]
governs = "It governs"

[capabilities]
"none" = "Nothing is done"

[closings]
governs = []
"""


_HEAD = """
revision = 1
hold_at = 1
permissive = []

[checks]
"*" = ["content-present", "confidence-in-range", "ground-exists"]
"""


def _policy(asked: tuple[Loosened, ...]) -> str:
    parts = [f"id = {_quoted(GOVERNING)}{_HEAD}"]
    for one in asked:
        roster = ", ".join(map(_quoted, one.terms.roster))
        parts.append(
            f"""
[[rule]]
name = {_quoted(f"as {one.rule}"[:200])}
effect = "ask"
key = "Strategies"
where = {{ rule = {_quoted(one.rule)} }}
risk = "{one.risk}"
reason = "Turning a rule off needs what the rule itself needs."

[rule.review]
quorum = "{one.terms.quorum.rule}"
count = {one.terms.quorum.count}
lead = {_quoted(one.terms.quorum.lead)}
roster = [{roster}]
"""
        )
    return "".join(parts)


_STEP = """
[{name}]
revision = 1
priming = "nobody is asked"
task_frame = "nobody is asked"
"""
_PROMPTS = 'policy = ""\n' + "".join(
    _STEP.format(name=name) for name in ("reasoning", "evaluation", "planning")
)


def _quoted(text: str) -> str:
    """Returns a text as TOML spells it."""
    return json.dumps(text, ensure_ascii=False)

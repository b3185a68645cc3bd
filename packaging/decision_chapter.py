"""Writes ``docs/decisions.md``: what a decision is, with its tables taken from the code.

.venv/bin/python packaging/decision_chapter.py
"""

from __future__ import annotations

import ast
import inspect
from enum import Enum
from itertools import pairwise
from pathlib import Path

from msgspec import NODEFAULT
from msgspec.structs import fields

from converge_core import asking, correction, quorum, review, tension, terms
from converge_core.asking import GateEnd, GatePhase
from converge_core.correction import CorrectionReason, ScopeKind
from converge_core.quorum import QuorumRule
from converge_core.review import ActKind, Verdict
from converge_core.tension import ChosenSide
from converge_core.terms import OnTimeout, ReviewTerms

PAGE = Path(__file__).resolve().parents[1] / "docs" / "decisions.md"

TEMPLATE = """\
# What a decision is

Agents suggest, and where the policy says so, people decide. This page says what that means, rule by
rule. Its tables are drawn from the code by `packaging/decision_chapter.py`.

A **gate** is one question: may this proposal become a fact? It is opened by a rule of the policy,
and everything that bears on the answer is frozen into the question when it opens: the proposal, the
facts that its author was seen to read, the checks that ran, the policy, the terms on which people
are asked, who they are, until when, and how the model calls behind it were computed. A **decision**
is a person's signed answer to just that question. Its signature covers the digest of all of it, the
digest of the review as it was shown, which parts of that were in sight (`opened`) and by what hand
it was given (`input_origin`: keyboard, pointer or command line). Change any of it, and it is a
decision about something else.

Four things follow:

1. **Approval bypasses nothing.** What was approved is validated again, and the policy is asked
   again; what it forbids stays forbidden.
2. **A decision binds the ground it was given on.** If a fact that the proposal rests on was
   corrected meanwhile, the gate closes and opens anew, with what changed; the votes are void. New
   facts beside it change nothing.
3. **Waiting is a state.** A run that waits does nothing and costs nothing. It is on disk; closing
   the program changes nothing but that deadlines pass.
4. **Every gate comes to exactly one end**, and the end is on record with who, when and why.

## What a person may answer

{answers}
A rejection and a refinement need words. An edit stands under the same key and id, is a proposal of
the person's own, and is validated like any other; both texts are kept. Who edits approves by the
same act only where the terms allow self-approval, one person is enough, and the risk is not high;
it is on record as self-approved. Otherwise somebody else is asked, under the rule of the gate that
was edited or a stricter one, never a milder, whatever the edit says. The same answer again changes
nothing; another answer is refused, with who decided and when. Several answers can be given as one:
all of them are taken, or none is.

Beside answering, a person may:

{acts}
## Who, and how many

{rules}
Names are looked up among those who are enrolled when the gate opens, and that roster is frozen.
Votes are counted over who may vote, never over who did. A gate is approved as soon as enough have
approved, and rejected as soon as those who are left cannot approve it any more. Nobody votes twice,
nobody votes after the close, and a refinement, an edit or an escalation voids the votes before it.
A policy whose roster can never meet its rule is refused when it is saved, with the reason; and a
proposal about which too few are enrolled is refused when it would be asked. A person is a name: two
keys that are enrolled under one name are one person, with one vote and none about their own words.

## The terms a rule may set

{terms}
## Time

{timeouts}
A deadline is a moment that is frozen when the gate opens. Half of the time is warned of once.
Silence rejects unless the policy says otherwise; it approves only where the policy says so in a
sentence, and never where the risk is high; it neither overrules a rejection that stands nor chooses
between contradicting proposals. After the deadline nothing is undone. A deadline that passed while
the program was closed is found at its start, before any answer is taken. A decision with an undo
window takes effect when the window is over; until then no agent sees the fact. While no desk is
open nobody can undo it, so the window begins anew when one opens, and after a crash. On the command
line `decide` waits for its end and tells how to undo; Ctrl+C ends the waiting and not the decision,
and with `--no-wait` it comes back at once. Replay reads what time brought; it never asks a clock.

## How a gate stands, and how it ends

{phases}
{ends}
The moves between the phases are drawn in [State machines](states.md).

## Corrections

Facts never change. A correction is a new fact that takes an older one's place, for a reason and for
a scope; the older one can still be read. What a person approved is not corrected without a person.

{reasons}
{scopes}
## Contradictions

Proposals of one cycle that would make the same fact with different words, or share a declared
conflict, are in tension: each is asked about, at most one may be approved, and a person settles it
with a rationale.

{choices}"""


def page() -> str:
    """Returns the chapter."""
    return TEMPLATE.format(
        answers=_table("answer", Verdict, review),
        acts=_table("act", ActKind, review),
        rules=_table("rule", QuorumRule, quorum),
        terms=_terms(),
        timeouts=_table("on a timeout", OnTimeout, terms),
        phases=_table("phase", GatePhase, asking),
        ends=_table("end", GateEnd, asking),
        reasons=_table("reason", CorrectionReason, correction),
        scopes=_table("scope", ScopeKind, correction),
        choices=_table("choice", ChosenSide, tension),
    )


def _table(title: str, kind: type[Enum], module: object) -> str:
    """Returns the members of an enumeration with what the code says of each."""
    said = _docs(kind, module)
    rows = [f"| {member.value} | {said.get(member.name, '')} |" for member in kind]
    return "\n".join([f"| {title} | |", "|---|---|", *rows]) + "\n"


def _docs(kind: type[Enum], module: object) -> dict[str, str]:
    """Returns the docstring below each member of an enumeration."""
    tree = ast.parse(inspect.getsource(module))  # type: ignore[arg-type]
    [body] = [
        node.body
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == kind.__name__
    ]
    found = {}
    for member, said in pairwise(body):
        if isinstance(member, ast.Assign) and isinstance(said, ast.Expr):
            [target] = member.targets
            assert isinstance(target, ast.Name)
            found[target.id] = " ".join(ast.literal_eval(said.value).split())
    return found


def _terms() -> str:
    """Returns the terms of review with their meaning and what holds where a policy is silent."""
    doc = inspect.getdoc(ReviewTerms) or ""
    lines = doc.partition("Attributes:\n")[2].splitlines()
    meant = dict(line.strip().split(": ", 1) for line in lines if line.strip())
    rows = [
        f"| {one.name} | {meant[one.name]} | {_spelled(one.default)} |"
        for one in fields(ReviewTerms)
    ]
    return "\n".join(["| term | meaning | unless it is set |", "|---|---|---|", *rows]) + "\n"


def _spelled(default: object) -> str:
    if default is NODEFAULT or default is None or default in ("", ()):
        return "none"
    if isinstance(default, bool):
        return "yes" if default else "no"
    return str(default)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")

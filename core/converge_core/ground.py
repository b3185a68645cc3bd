"""What a proposal rests on, as it stands at one moment: an approval binds exactly that."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import msgspec

from converge_core.context import Context, Standpoint
from converge_core.fact import Fact
from converge_core.ids import FactId
from converge_core.review import Ground


def ground_of(
    names: Iterable[FactId], context: Context, standpoint: Standpoint
) -> tuple[Ground, ...]:
    """Returns the facts of ``names``, each with what has taken its place by now.

    What those facts rest on in turn belongs to it as far as something took its place: what was
    derived from a fact that is corrected does not stand as it stood.
    """
    facts = [fact for fact in map(context.find, names) if fact is not None]
    own = [_stands(fact, context, standpoint) for fact in facts]
    if not context.is_corrected:
        return tuple(own)
    beneath = (_stands(fact, context, standpoint) for fact in _beneath(facts, context))
    return (*own, *[ground for ground in beneath if ground.superseded])


def _stands(fact: Fact, context: Context, standpoint: Standpoint) -> Ground:
    by = context.current(fact.id, standpoint)
    taken = by is not None and by.id != fact.id
    return Ground(
        fact=fact.id,
        digest=fact.digest,
        superseded=by.id if by is not None and taken else msgspec.UNSET,
    )


def _beneath(facts: Iterable[Fact], context: Context) -> Iterable[Fact]:
    """Yields what ``facts`` rest on, and what that rests on, each fact once."""
    waiting = deque(facts)
    seen = {fact.id for fact in waiting}
    while waiting:
        for name in waiting.popleft().rests_on:
            older = None if name in seen else context.find(name)
            seen.add(name)
            if older is not None:
                yield older
                waiting.append(older)

"""Starting a run: what whoever starts it may say, and what holds where they say nothing.

What a run asks is the pack's, and so are its limits: a person adds what they want in their own
words, and may give the run less than the usual, or more where the pack says how much more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import structs

from converge_core.chain import DecisionStep
from converge_core.errors import IllegalCommand
from converge_core.intent import Budgets
from converge_core.recall import RecallTrigger
from converge_desktop.adapters.packs.pack import Pack
from converge_desktop.runtime.pack_engine import SECOND_US, budgets_of, tells_request
from converge_desktop.runtime.run_model import BudgetOffer, StartOffer
from converge_desktop.runtime.wording import is_text, plural

LONGEST_INTENT = 500
"""The most characters of what a person wants."""


class _Kind(NamedTuple):
    """A budget as it is called, where it stands, and in how many of its units it is given."""

    name: str
    field: str
    unit: int
    label: str
    help: str


_KINDS = (
    _Kind("cycles", "cycles", 1, "Cycles", "How often agents may take turns."),
    _Kind("facts", "facts", 1, "Facts", "How many facts the run may make, its input among them."),
    _Kind("tokens", "tokens", 1, "Tokens", "How much the models may read and write, in tokens."),
    _Kind(
        *("seconds", "time_us", SECOND_US, "Seconds of work"),
        "How long agents may work; waiting for people and being paused do not count.",
    ),
)


def start_offer(pack: Pack, sample: str, *, away: bool = False) -> StartOffer:
    """Returns what a run of a pack begins with unless told otherwise, and how far that goes.

    Where a step is computed ``away`` from here, nothing may be recalled.
    """
    return StartOffer(
        pack_id=pack.id,
        title=pack.title,
        question=pack.question,
        input=_input(pack),
        sample=sample,
        longest_intent=LONGEST_INTENT,
        intent_help=_intent_help(pack),
        budgets=budget_offers(pack),
        recall="" if away else _recall(pack),
    )


def budget_offers(pack: Pack) -> tuple[BudgetOffer, ...]:
    """Returns the budgets that whoever starts a run of a pack may choose."""
    usual = structs.asdict(budgets_of(pack))
    offers = []
    for kind in _KINDS:
        amount = usual[kind.field] // kind.unit
        most = pack.budgets.most(kind.name) or amount
        offers.append(BudgetOffer(kind.name, kind.label, kind.help, amount, 1, most))
    return tuple(offers)


def budgets_for(pack: Pack, wanted: Mapping[str, int]) -> Budgets:
    """Returns the budgets of a run, as its pack has them or as ``wanted`` says instead.

    Raises:
        IllegalCommand: naming the budget that there is not, or its bounds.
    """
    offers = {offer.name: offer for offer in budget_offers(pack)}
    for name, amount in wanted.items():
        offer = offers.get(name)
        if offer is None:
            known = ", ".join(offers)
            raise IllegalCommand(f"there is no budget of {name!r}; there are: {known}")
        if type(amount) is not int or not offer.least <= amount <= offer.most:
            raise IllegalCommand(
                f"a run of {pack.id} is given between {offer.least:,} and {offer.most:,} {name}, "
                f"not {amount!r}; choose another, or have the pack allow more in its [budgets]"
            )
    amounts = {kind.field: wanted.get(kind.name, offers[kind.name].default) for kind in _KINDS}
    in_units = {kind.field: amounts[kind.field] * kind.unit for kind in _KINDS}
    return structs.replace(budgets_of(pack), **in_units)


def request_of(intent: str) -> str:
    """Returns what a person wants, as it is recorded.

    Raises:
        IllegalCommand: if it is too long, or no text.
    """
    words = intent.strip()
    if len(words) > LONGEST_INTENT:
        raise IllegalCommand(
            f"what you want has {len(words):,} characters; at most {LONGEST_INTENT} are kept with "
            "the run, so shorten it"
        )
    if not is_text(words):
        raise IllegalCommand("what you want holds characters that cannot be written down")
    return words


def _intent_help(pack: Pack) -> str:
    kept = "It names the run and is kept with it."
    if tells_request(pack):
        return f"{kept} The agents are told it as well."
    return f"{kept} The agents are asked what the pack asks."


def _recall(pack: Pack) -> str:
    """Says which steps recall if they are asked to, and how much they are shown."""
    policy = pack.kernel.recall_policy()
    asked = [
        step.value
        for step in DecisionStep
        if policy.trigger(step.value) is RecallTrigger.ON_REQUEST
    ]
    if not policy.enabled or not policy.max_k_total or not asked:
        return ""
    steps = " and ".join(filter(None, (", ".join(asked[:-1]), asked[-1])))
    who = f"The step {steps} sees" if len(asked) == 1 else f"The steps {steps} see"
    return f"{who} up to {plural(policy.max_k_total, 'hint')} of what was found and decided before."


def _input(pack: Pack) -> str:
    """Says what the folder has to hold."""
    if pack.tables is None:
        return "A folder with a test report, a coverage report and the git repository of both."
    names = ", ".join(table.file for table in pack.tables.tables)
    return f"A folder with the tables that the pack reads: {names}."

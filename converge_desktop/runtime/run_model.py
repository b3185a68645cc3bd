"""What is shown of runs, their facts and where these came from, and of a start.

Plain values, made and measured as those of ``review_model``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cell:
    """What one agent did in one cycle; all zero and not eligible means that it did not run."""

    eligible: bool = False
    running: bool = False
    promoted: int = 0
    refused: int = 0
    asked: int = 0


@dataclass(frozen=True, slots=True)
class AgentRow:
    """One agent's cells, one a cycle, from cycle 1."""

    agent: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class FactCard:
    """A fact of the context, or a proposal that waits (``state`` is ``fact`` or ``waiting``)."""

    fact_id: str
    key: str
    text: str
    byline: str
    state: str
    approver: str
    run_id: str
    run_label: str
    seq: int


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """One budget: how much is used, of how much, in words and as a share in thousandths."""

    name: str
    words: str
    share: int


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run, for lists. ``phase`` is ``running``, ``waiting``, ``paused`` or ``stopped``.

    One that a person paused is ``paused`` whether or not it waits for others; ``paused_by`` and
    ``paused_at`` say who did it and when, and are empty and 0 elsewhere.
    """

    run_id: str
    label: str
    title: str
    phase: str
    outcome: str
    started_at: int
    open_gates: int
    paused_by: str = ""
    paused_at: int = 0


@dataclass(frozen=True, slots=True)
class AskedRow:
    """One call of a model elsewhere: what came of it, and what went wrong if nothing did."""

    text: str
    answered: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Explained:
    """How a run stands, in sentences: what happened, what it means, and what one can do next.

    ``actions`` names what of that the desk can do at once: ``resume``, ``pause``, ``cancel``,
    ``decide``, ``fork`` or ``start``; one a sentence of ``next``, in their order, and empty where
    the sentence asks for something outside of the desk.
    """

    what: str
    means: str
    next: tuple[str, ...]
    actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CycleSpan:
    """One cycle in time: when it began and how it went on; cycles count from 1.

    ``ended_at`` is 0 while it goes on. ``worked_us`` is for how long agents were at work, without
    what was spent waiting for people or paused; of agents that are at work now it counts what was
    before, and ``working_since`` says since when, 0 if none is.
    """

    cycle: int
    began_at: int
    ended_at: int
    worked_us: int
    working_since: int
    facts: int


@dataclass(frozen=True, slots=True)
class RunView:
    """One run, whole; ``asked`` are the calls of models elsewhere, in their order.

    ``why_not`` says why it has not converged: pairs of a kind (``paused``, ``ask``, ``settle``,
    ``run``, ``woken``, ``criterion``, ``budget``, ``expired``, ``stop``) and a sentence.
    ``intent`` is what the person who started it wants, in their words; empty if they gave none.
    ``pause_reason`` is why it is paused, empty if nobody said why. ``origin`` is the run that it
    continues or was forked from; empty where it began by itself.
    """

    row: RunRow
    pack: str
    folder: str
    cycle: int
    agents: tuple[AgentRow, ...]
    context: tuple[tuple[str, tuple[FactCard, ...]], ...]
    budgets: tuple[BudgetRow, ...]
    why_not: tuple[tuple[str, str], ...]
    stop_kind: str
    stop_words: str
    notes: tuple[str, ...]
    root: str
    now_doing: str
    asked: tuple[AskedRow, ...] = ()
    explained: Explained | None = None
    timeline: tuple[CycleSpan, ...] = ()
    intent: str = ""
    pause_reason: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class BudgetOffer:
    """One budget of a run that is to be started: what it has unless told otherwise, and its bounds.

    ``name`` is how it is called when it is given (``cycles``, ``facts``, ``tokens``, ``seconds``);
    ``label`` and ``help`` are for people.
    """

    name: str
    label: str
    help: str
    default: int
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class StartOffer:
    """What a run of a pack begins with unless told otherwise, to fill a form.

    ``question`` is what the pack asks of its input, with ``{subject}`` where the input is named;
    ``input`` says in a sentence what the folder has to hold, ``sample`` is a folder that does, or
    empty. ``longest_intent`` is how many characters an intent may have, ``intent_help`` says in a
    sentence or two what becomes of it. ``recall`` says what agents are shown of what was found and
    decided before, where it is asked for; empty where the policy lets nobody ask for it.
    """

    pack_id: str
    title: str
    question: str
    input: str
    sample: str
    longest_intent: int
    intent_help: str
    budgets: tuple[BudgetOffer, ...]
    recall: str = ""


@dataclass(frozen=True, slots=True)
class FactAnswer:
    """Facts across all runs, answered by the database, and the ledger sequence they reflect."""

    rows: tuple[FactCard, ...]
    seq: int


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a fact came from, as edges ``(from, relation, to)`` with a label for each id."""

    fact_id: str
    edges: tuple[tuple[str, str, str], ...]
    labels: tuple[tuple[str, str], ...]
    seq: int

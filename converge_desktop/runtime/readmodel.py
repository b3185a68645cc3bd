"""What the window and the command line show: plain values read off folded state.

Nothing here decides anything. Every value is frozen, made on the engine thread after a fold, and
safe to hand to another thread. Times are microseconds since 1970 UTC, confidence and scores are
thousandths; wording for people is done here so that window and command line say the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from converge_desktop.runtime.deciding_model import PrecedentRow, SinceRow, Standing, TruthRow
from converge_desktop.runtime.trace_detail import Consequence, HintRow


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of running text; one that stands for a fact carries its id and can be followed."""

    text: str
    fact_id: str | None = None


Text = tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One proposal that waits for a person.

    ``text`` is what would become true, ``warned`` whether half of the time is known to be gone.
    """

    gate_id: str
    run_id: str
    run_label: str
    title: str
    risk: str
    agent: str
    key: str
    confidence: int | None
    opened_at: int
    deadline: int | None
    votes: int
    votes_needed: int
    kind: str = ""
    rule: str = ""
    text: str = ""
    warned: bool = False


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One fact the proposal rests on, with where its value was read."""

    fact_id: str
    cite: str
    label: str
    value: str
    limit: str
    standing: str
    source: str
    place: str


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """One step of the reasoning."""

    side: str
    text: Text


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One step of the plan: a declared capability, its meaning, and what it is for."""

    capability: str
    meaning: str
    purpose: Text


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check that ran, and what came of it."""

    name: str
    passed: bool
    reason: str


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One layer of a prompt."""

    name: str
    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class TraceRow:
    """One step of a chain, for lists.

    ``outcome`` is ``valid``, ``invalid`` or ``uncertain``.
    """

    trace_id: str
    run_id: str
    run_label: str
    step: str
    headline: str
    outcome: str
    at: int
    duration: int
    tokens: int


@dataclass(frozen=True, slots=True)
class TraceView:
    """One step of a chain, whole.

    ``grade`` says how exactly the answer can be had again. ``asked`` says how often a model
    elsewhere was asked and what came of it; it is empty where the model is on this machine.
    ``recall`` says what was recalled for it, and how; it is empty where nothing was looked for;
    ``hints`` are what it was shown of that. ``first_us`` is the time to the first token in
    microseconds, 0 where it is not known, and ``finish`` why the answer ended.

    Where a step is looked at by itself, ``gate`` is the gate at which people decided what it led
    to, ``seq`` the record that says the step, and ``consequence`` what became of what it led to.
    Within a review they are empty, -1 and None, because its digest must not change with them.
    """

    row: TraceRow
    version: str
    layers: tuple[LayerRow, ...]
    raw_output: str
    output: Text
    checks: tuple[CheckRow, ...]
    envelope: tuple[tuple[str, str], ...]
    prompt_hash: str
    prompt_tokens: int
    reused_tokens: int
    output_tokens: int
    led_to: str
    rests_on: tuple[EvidenceRow, ...]
    grade: str = ""
    asked: str = ""
    gate: str = ""
    recall: tuple[tuple[str, str], ...] = ()
    hints: tuple[HintRow, ...] = ()
    first_us: int = 0
    finish: str = ""
    seq: int = -1
    consequence: Consequence | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """All that a person is shown before deciding; ``digest`` binds the decision to it.

    ``parts`` names what it consists of, each with a digest of its own; ``digest`` is made of them,
    and a decision names those that were seen. It covers what the ledger says of this proposal, and
    nothing that may change while nothing of it does: ``kept`` says what changed on this machine
    since the run began, ``standing`` how the gate stands by now, ``precedents`` what was decided
    before about the same, and ``since`` what is other than in the review that was opened before.
    """

    gate_id: str
    run_id: str
    run_label: str
    title: str
    risk: str
    key: str
    kind: str
    rule: str
    rule_reason: str
    may_decide: str
    cycle: int
    agent: str
    opened_at: int
    deadline: int | None
    becomes_true: str
    consequences: tuple[str, ...]
    reasoning: tuple[ReasonRow, ...]
    score: int | None
    confidence: int | None
    justification: Text
    plan: tuple[PlanRow, ...]
    evidence: tuple[EvidenceRow, ...]
    checks: tuple[CheckRow, ...]
    notes: tuple[str, ...]
    trace_ids: tuple[str, ...]
    raw: tuple[TraceView, ...]
    digest: str
    kept: tuple[str, ...] = ()
    truth: tuple[TruthRow, ...] = ()
    parts: tuple[tuple[str, str], ...] = ()
    standing: Standing | None = None
    precedents: tuple[PrecedentRow, ...] = ()
    since: tuple[SinceRow, ...] = ()


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
class ModelRow:
    """A model that is known by name: where it is, and how it stands with it.

    ``embeds`` is true of the one that embeds texts for recall and answers nothing.
    """

    name: str
    where: str
    remote: bool = False
    loaded: bool = False
    grade: str = ""
    embeds: bool = False


@dataclass(frozen=True, slots=True)
class ModelView:
    """The models: the one in use, and those that are known by name.

    ``state`` is ``none``, ``loading``, ``measuring``, ``ready``, ``busy`` or ``failed``; ``doing``
    names the model that is being loaded, measured or asked. ``problem`` is about ``failed_path``;
    where that file is quarantined, ``quarantined`` is its SHA-256. ``catalogue`` is the file that
    adds models.
    """

    state: str = "none"
    name: str = ""
    path: str = ""
    sha256: str = ""
    detail: tuple[tuple[str, str], ...] = ()
    tokens_per_second: int = 0
    grade: str = ""
    problem: str = ""
    doing: str = ""
    models: tuple[ModelRow, ...] = ()
    failed_path: str = ""
    quarantined: str = ""
    catalogue: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """The status bar.

    ``view_state`` is ``starting``, ``opening``, ``filling``, ``ready``, ``unreachable`` or
    ``failed``; ``view_share`` says in thousandths how much of the ledger is in while it is being
    filled, and ``view_problem`` in a sentence what is wrong. ``ledger_problem`` says in a sentence
    why the ledger cannot be used; ``signed_seq`` is the record of the newest checkpoint, -1 while
    there is none, ``signed_by`` who signed it and ``signed_at`` when. ``operator`` is the name of
    the person at the desk, and ``key_kept`` says where their key lies: ``keyring``, ``file under a
    passphrase`` or ``plain file``; empty while nobody knows.
    """

    operator: str = ""
    unlocked: bool = False
    key_kept: str = ""
    engine: str = "Starting"
    model: ModelView = field(default_factory=ModelView)
    ledger_seq: int = 0
    ledger_state: str = "verifying"
    ledger_verified_at: int = 0
    ledger_problem: str = ""
    signed_seq: int = -1
    signed_by: str = ""
    signed_at: int = 0
    view_seq: int = 0
    view_state: str = "starting"
    view_share: int = 0
    view_problem: str = ""
    budgets: str = ""


@dataclass(frozen=True, slots=True)
class PackWaiting:
    """A version of a pack that lies here and does not govern yet.

    ``loosens`` says in sentences what it makes easier, and who has to agree to each; ``changes`` is
    what is other in its files, line by line. ``gates`` are the open gates at which it is asked, and
    ``refused`` says whether it was asked and not approved.
    """

    version: int
    loosens: tuple[str, ...]
    changes: str
    gates: tuple[str, ...] = ()
    refused: bool = False


@dataclass(frozen=True, slots=True)
class PackRow:
    """One pack that can be run, as it is in force; ``waiting`` is what lies here and does not."""

    pack_id: str
    title: str
    summary: str
    version: int
    policy: str
    sample: str
    waiting: PackWaiting | None = None


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
class LedgerRow:
    """One record of the ledger, for lists."""

    seq: int
    at: int
    kind: str
    run_id: str
    hash: str
    summary: str


@dataclass(frozen=True, slots=True)
class RecordView:
    """One record of the ledger, whole.

    ``prev`` is the hash of the record before, ``commitment`` what binds the body to the head, and
    ``file`` where it stands. ``body`` is JSON, empty where it was redacted. ``gate`` is the gate
    that it is about, if it is about one. ``covered_by`` is the record of the newest checkpoint, and
    ``signer`` who signed that; -1 and empty where it does not cover this record.
    """

    row: LedgerRow
    run_label: str
    prev: str
    commitment: str
    body: str
    file: str
    gate: str = ""
    covered_by: int = -1
    signer: str = ""


@dataclass(frozen=True, slots=True)
class CheckpointView:
    """The newest checkpoint: it covers the ``size`` records before record ``seq``.

    ``text`` is what is kept outside; ``code`` is its QR code row by row, a byte a module, 1 where
    it is dark, and empty where the text does not fit one.
    """

    seq: int
    size: int
    at: int
    operator: str
    root: str
    text: str
    code: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of comparing the ledger with a checkpoint that was kept; no reason if it fits.

    ``redacted`` counts the records whose bodies were left out.
    """

    reason: str
    size: int
    records: int
    at: int
    operator: str
    redacted: int = 0


@dataclass(frozen=True, slots=True)
class Exported:
    """Evidence that was written: of what, where, how many records, under which checkpoint.

    ``at`` is when that was signed, in microseconds since 1970 UTC.
    """

    name: str
    path: str
    records: int
    size: int
    operator: str
    at: int = 0


@dataclass(frozen=True, slots=True)
class CheckedEvidence:
    """What came of checking a file of evidence; no ``reason`` if it holds.

    Attributes:
        path: The file.
        reason: Why it does not hold.
        line: The line of it at which it does not; 0 if it holds.
        about: What it is about, in words, as ``gate g of run r``.
        record: The number of the record that it is about; -1 for a run or a gate.
        stands: How that gate stands, or what that record is; empty for a run.
        operator: Who signed the checkpoint that its records stand under.
        at: When, in microseconds since 1970 UTC.
        key: The public key that the signature fits.
        records: How many records are in it.
        left_out: Of how many records and texts what they say was left out.
        unchecked: How many signatures could not be checked for that.
        desk: The desk it is of.
        other_desk: Whether that is another one than this.
        not_here: Why it is not of the ledger here; empty if it is.
    """

    path: str
    reason: str = ""
    line: int = 0
    about: str = ""
    record: int = -1
    stands: str = ""
    operator: str = ""
    at: int = 0
    key: str = ""
    records: int = 0
    left_out: int = 0
    unchecked: int = 0
    desk: str = ""
    other_desk: bool = False
    not_here: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of verifying the ledger; ``bad_seq`` is -1 where every record holds.

    ``unfinished`` counts the bytes behind the last whole step; ``root`` is that of the tree over
    all records; ``redacted`` counts those whose bodies were left out, so that nothing is known of
    what they said.
    """

    records: int
    bad_seq: int
    reason: str
    head: str
    unfinished: int = 0
    root: str = ""
    redacted: int = 0


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

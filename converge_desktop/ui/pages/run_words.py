"""What a run is at, why, and what one can do about it, in words and tones."""

from __future__ import annotations

from converge_desktop.runtime.run_model import BudgetRow, RunView
from converge_desktop.ui import words

_ENDINGS = {
    "good": "This run is finished: nothing more would change. Its facts stay, under Context.",
    "caution": "It ended before it settled. What was promoted stays; start another run to go on.",
    "info": "You stopped this run. What was promoted stays.",
    "danger": "This run has ended without a result. What was promoted stays; the cause is below.",
}
_NEARLY, _FULL = 900, 1000
_GOOD = ("converged", "criteria")
_ENDED = ("user-cancelled", "cancelled", "usercancelled")
_HELD = (
    "Nothing of it runs, and no budget is spent. What waits can be decided, and deadlines go on. "
    "It goes on where it stood once it is resumed; closing the app changes nothing."
)
LARGER = {
    "CycleBudgetExhausted": "cycles",
    "FactBudgetExhausted": "facts",
    "TokenBudgetExhausted": "tokens",
    "TimeBudgetExhausted": "seconds",
}
"""The budget that ended a run, by the kind of its end."""
BUTTONS = {
    "resume": "Resume",
    "pause": "Pause",
    "cancel": "Stop this run",
    "decide": "Review",
    "fork": "Fork from here",
    "start": "Start again…",
    "larger": "Larger budget…",
    "refused": "Look at it",
    "facts": "Show the facts",
    "cycles": "Show the cycles",
    "trace": "Open the last trace",
}
"""What the buttons are called that do what an explanation names."""
_LOOKS = {
    "Converged": "facts",
    "CriteriaMet": "facts",
    "CycleBudgetExhausted": "cycles",
    "FactBudgetExhausted": "facts",
    "TokenBudgetExhausted": "trace",
    "TimeBudgetExhausted": "trace",
    "InvariantViolated": "refused",
    "PromotionRejected": "refused",
    "AgentRefused": "trace",
}
"""Where the first sentence of an explanation has a person look, by the kind of the end."""


def stop_tone(kind: str) -> str:
    """Returns the tone of a stop reason."""
    folded = kind.casefold().replace("_", "-")
    if folded.startswith(_GOOD):
        return "good"
    if "budget" in folded or "human" in folded or "hitl" in folded:
        return "caution"
    return "info" if folded in _ENDED else "danger"


def banner_words(view: RunView, now: int = 0) -> tuple[str, str, str]:
    """Returns a run's tone, what is, and what it means."""
    if view.row.phase == "paused":
        return "caution", paused_words(view, now), _HELD
    if view.row.phase == "waiting":
        gates = words.count(view.row.open_gates, "proposal needs", "proposals need")
        text = f"{gates} a decision. Nothing runs until then; closing the app changes nothing."
        return "caution", "Waiting for you", text
    if view.row.phase == "running":
        doing = words.sentence(view.now_doing) if view.now_doing else "Agents are working."
        return "accent", "Running", f"{doing} The Inbox says when you are needed."
    tone = stop_tone(view.stop_kind)
    means = view.explained.means if view.explained else ""
    return tone, view.row.outcome or "Stopped", means or _ENDINGS[tone]


def paused_words(view: RunView, now: int) -> str:
    """Says who paused a run, when and why."""
    by = f" by {view.row.paused_by}" if view.row.paused_by else ""
    when = f", {words.ago(view.row.paused_at, now)}" if view.row.paused_at and now else ""
    why = f": “{view.pause_reason}”" if view.pause_reason else ""
    return f"Paused{by}{when}{why}"


def next_steps(view: RunView) -> tuple[tuple[str, str], ...]:
    """Returns what one can do about a run that has stopped: sentences, and what does it.

    What can be done about one that goes on stands in its banner.
    """
    if view.row.phase != "stopped" or view.explained is None:
        return ()
    sentences = view.explained.next
    acts = [*view.explained.actions, *[""] * len(sentences)][: len(sentences)]
    looks = _LOOKS.get(view.stop_kind, "")
    if acts and not acts[0] and (looks != "refused" or _has_diagnostic(view)):
        acts[0] = looks
    # The button of the sentence that asks for more opens the form with more of it.
    larger = view.stop_kind in LARGER
    named = ["larger" if larger and act == "start" else act for act in acts]
    return tuple(zip(sentences, named, strict=True))


def _has_diagnostic(view: RunView) -> bool:
    return any(key == "Diagnostic" and cards for key, cards in view.context)


def spent(row: BudgetRow) -> str:
    """Says how much of a budget is spent."""
    share = "all spent" if row.share >= _FULL else f"{words.percent(row.share)} spent"
    return f"{row.words} · {share}"


def budget_tone(share: int) -> str:
    """Returns the tone of a budget by its spent share in thousandths."""
    if share >= _FULL:
        return "danger"
    return "caution" if share >= _NEARLY else "accent"

"""Sentences about recorded steps: what they are called, and how long what they led to waited."""

from __future__ import annotations

from converge_desktop.runtime.review_model import LayerRow, TraceRow, TraceView
from converge_desktop.runtime.trace_detail import Consequence
from converge_desktop.ui import words
from converge_desktop.ui.pages.decide_words import VERDICTS, name

FINISHES = {
    "stop": "the answer was whole",
    "length": "it was cut off: no more tokens were allowed",
    "tool_calls": "it asked for a tool",
}
"""Why an answer ended, for people."""
Told = tuple[str, str]


def title_of(row: TraceRow) -> str:
    """Returns what a step is called: ``Planning, run 0192``."""
    return f"{row.step[:1].upper()}{row.step[1:]}, {row.run_label}"


def layer_title(number: int, layer: LayerRow) -> str:
    """Returns the heading of a layer: ``3 Task frame``."""
    said = layer.name.replace("_", " ")
    return f"{number} {said[:1].upper()}{said[1:]}"


def layer_about(view: TraceView, layer: LayerRow) -> str:
    """Says in a line what a layer costs, and what it is."""
    cost = words.count(layer.tokens, "token")
    if layer.name.casefold() == "state":
        facts = words.count(len(view.rests_on), "fact")
        hints = f" and {words.count(len(view.hints), 'hint')}" if view.hints else ""
        return f"{facts}{hints} · {cost}"
    first = layer.text.strip().partition("\n")[0]
    return f"{cost} · {first[:200]}" if first else cost


def generating_us(view: TraceView) -> int:
    """Returns how long the answer took from its first token on; 0 where that is not known."""
    return max(0, view.row.duration - view.first_us) if view.first_us else 0


def speed_words(view: TraceView) -> str:
    """Says how fast the answer was written, after its first token; nothing if it is not known."""
    took = generating_us(view)
    if not took or view.output_tokens <= 1:
        return ""
    return f"{round((view.output_tokens - 1) * 1_000_000 / took):,} tokens/s"


def long_words(micros: int) -> str:
    """Shows how long something took that may have taken days."""
    if micros < words.HOUR:
        return words.duration(max(0, micros))
    if micros < 2 * words.DAY:
        return f"{micros // words.HOUR} h {micros % words.HOUR // words.MINUTE} min"
    return words.count(micros // words.DAY, "day")


def waited_words(one: Consequence, now: int) -> str:
    """Says how long a proposal waited for a person."""
    if not one.gate:
        return one.words
    if one.phase == "open":
        return f"Still waiting for a person, for {long_words(now - one.opened_at)}."
    if one.decided_at:
        return f"It waited {long_words(one.decided_at - one.opened_at)} for a person."
    return one.words


def consequence_rows(view: TraceView, one: Consequence, now: int) -> tuple[Told, ...]:
    """Tells step by step what became of a proposal, each with its time, in their order."""
    rows = [(words.full_time(view.row.at), f"Proposed: “{words.one_line(one.proposal)}”")]
    if one.gate:
        rows.append((words.full_time(one.opened_at), f"People were asked, at {one.gate}."))
    for vote in one.answers:
        what = VERDICTS.get(vote.verdict, vote.verdict)
        why = f": “{words.one_line(vote.reason)}”" if vote.reason else ""
        undone = "" if vote.stands else " (undone)"
        rows.append((words.full_time(vote.at), f"{name(vote.operator)} {what} it{why}{undone}."))
    return (*rows, *_how_it_went_on(one, now))


def _how_it_went_on(one: Consequence, now: int) -> tuple[Told, ...]:
    if one.effect_at:
        return ((words.full_time(one.effect_at), "It took effect: it is a fact now."),)
    if one.phase == "open":
        return (("now", f"Still waiting. {one.words}"),)
    if one.phase == "settling":
        left = long_words(one.settles_at - now) if one.settles_at else "a while"
        return (("now", f"Decided, and it can be undone; it takes effect in {left}."),)
    if one.end == "approved":
        return (("now", "Approved; it takes effect once the others of its cycle are answered."),)
    return (("in the end", f"It became no fact. {one.words}"),)

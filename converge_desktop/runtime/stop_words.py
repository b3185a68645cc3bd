"""How a run stands, explained: what happened, what it means, and what one can do next.

Each of the thirteen reasons to stop has an entry, and so has each way of not having stopped. A next
step that the desk itself can do names the action beside the sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from converge_core import stop
from converge_core.run_state import Phase, RunState
from converge_desktop.runtime.run_model import Explained
from converge_desktop.runtime.wording import plural


class _Step(NamedTuple):
    """Something one can do next; ``action`` is what the desk calls it, if it can do it."""

    words: str
    action: str = ""


class _Words(NamedTuple):
    means: str
    steps: tuple[_Step, ...]


_LOOK = _Step("Look at what stands in its context.")
_START = _Step("Start another run.", "start")
_FORK = _Step("Fork it to go on from what it reached.", "fork")
_MORE = _Step("Start another run, and give it more where the pack allows that.", "start")

_STOPS: Mapping[type[stop.StopReason], _Words] = {
    stop.Converged: _Words(
        "Nothing any agent knows of would change what stands there. The run asked for nothing that "
        "had to be met, or what it asked for could not be judged or is not met.",
        (_Step("Look at its context to see what it came to."), _FORK),
    ),
    stop.CriteriaMet: _Words(
        "The run reached what it was for. Its facts are final; only a correction takes a fact's "
        "place.",
        (_Step("Read what was decided in its context."), _START),
    ),
    stop.UserCancelled: _Words(
        "It ended because a person wanted it, not because anything was wrong. Facts that were made "
        "stay, and questions that were open are not asked any more.",
        (_FORK, _START),
    ),
    stop.HumanInterventionRequired: _Words(
        "The agents are done, and something the run needs can only be done by a person outside of "
        "it. Until then it cannot meet what it is for.",
        (_Step("Do what is missing."), _Step("Then fork it to have it judged again.", "fork")),
    ),
    stop.HitlGatePending: _Words(
        "The program that ran it could not wait for an answer, so it ended where a person is "
        "needed. Nothing was decided.",
        (_Step("Fork it on this desk, where it can wait for your answer.", "fork"),),
    ),
    stop.CycleBudgetExhausted: _Words(
        "The agents still had something to say when their turns were used up. What stands is true "
        "as far as it goes, and may be unfinished.",
        (_Step("Look at the last cycles: agents that go round in circles show there."), _MORE),
    ),
    stop.FactBudgetExhausted: _Words(
        "One more fact would have been too many, so it was not made. What stands is true, and may "
        "be unfinished.",
        (_Step("See in its context which agent made so many, or make the input smaller."), _MORE),
    ),
    stop.TokenBudgetExhausted: _Words(
        "The models read and wrote as much as the run was given. What was answered before counts; "
        "nothing was asked after that.",
        (_Step("See in the traces which step needed most, or make the input smaller."), _MORE),
    ),
    stop.TimeBudgetExhausted: _Words(
        "Only work counts, neither waiting for people nor being paused. What stands is true, and "
        "may be unfinished.",
        (_Step("See in the traces which step took longest, or take a faster model."), _MORE),
    ),
    stop.InvariantViolated: _Words(
        "Facts that break this rule must not stand together. Where a merge broke it, that merge "
        "was undone whole, so nothing of it stands.",
        (
            _Step("Read under Diagnostic which facts were concerned."),
            _Step("Mend the input or the rule, then start another run.", "start"),
        ),
    ),
    stop.PromotionRejected: _Words(
        "The run cannot do without this proposal, and a rule, a check or a person refused it. What "
        "stood before stands still.",
        (
            _Step("Read the reason, and the checks in the trace of the proposal."),
            _Step("Mend what it names, then start another run.", "start"),
        ),
    ),
    stop.Error: _Words(
        "Nobody decided this: the run could not go on. What was recorded before stands, and the "
        "ledger is whole.",
        (_Step("Mend what the sentence names."), _Step("Then fork it to go on.", "fork")),
    ),
    stop.AgentRefused: _Words(
        "An agent rather says that it cannot tell than guess, and the run needs it. What stood "
        "before stands still.",
        (
            _Step("See in its last trace what the agent lacked or which check it failed."),
            _Step("Add to the input or take another model, then start another run.", "start"),
        ),
    ),
}

_CANCEL = _Step("Cancel it; what it reached stays.", "cancel")
_PAUSED = _Words(
    "Nothing of it runs and nothing is spent, and it stays so when the desk is closed. You may go "
    "on deciding; deadlines go on passing.",
    (_Step("Let it go on from where it stands.", "resume"), _CANCEL),
)
_WAITING = _Words(
    "Nothing runs and nothing is spent until people have answered. Only deadlines pass.",
    (_Step("Decide in the inbox.", "decide"), _Step("Pause it.", "pause"), _CANCEL),
)
_SETTLING = _Words(
    "All was answered, and the answers can still be undone. They take effect by themselves when "
    "that time is over.",
    (_Step("Wait, or undo an answer in its review.", "decide"), _CANCEL),
)
_RUNNING = _Words(
    "Agents read what stands and suggest; what they suggest goes through the gate at the end of "
    "the cycle.",
    (
        _Step("Wait; you will be asked where a person has to decide."),
        _Step("Pause it.", "pause"),
        _CANCEL,
    ),
)


def explained(reason: stop.StopReason) -> Explained:
    """Returns why a run ended: what happened, what it means, and what to do next."""
    return _explained(reason.words(), _STOPS[type(reason)])


def standing(run: RunState) -> Explained:
    """Returns how a run stands, whether it has ended or not."""
    if run.stop is not None:
        return explained(run.stop)
    if run.suspension is not None:
        held = run.suspension
        why = f" The reason given: {held.reason}" if held.reason else " No reason was given."
        return _explained(f"Paused by {held.by}.{why}", _PAUSED)
    if run.phase is Phase.WAITING and not run.open_gates():
        return _explained("Decided. The undo window is still open.", _SETTLING)
    if run.phase is Phase.WAITING:
        awaited = plural(len(run.open_gates()), "decision")
        return _explained(f"Waiting for {awaited} by people.", _WAITING)
    return _explained(f"At work in cycle {max(run.cycle, 1)}.", _RUNNING)


def _explained(what: str, words: _Words) -> Explained:
    steps = words.steps
    return Explained(
        what,
        words.means,
        next=tuple(step.words for step in steps),
        actions=tuple(step.action for step in steps),
    )

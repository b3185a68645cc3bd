"""What the list of calls says where it lists none: why, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass

from converge_desktop.runtime.trace_model import IndexState
from converge_desktop.ui import words


@dataclass(frozen=True, slots=True)
class Nothing:
    """A heading, a sentence, and the next step where there is one."""

    heading: str
    text: str
    action: str = ""
    tone: str = ""


def nothing_alike(why: str) -> Nothing:
    """Says that no call is like another."""
    return Nothing("No step is like this one", why, "Back to the list")


def nothing_known(state: IndexState, failed: str) -> Nothing:
    """Says why nothing was found yet."""
    if state.state == "failed":
        return Nothing(
            "The traces cannot be listed",
            "They are all in the ledger; the index that finds them has to be made again.",
            tone="danger",
        )
    if failed:
        return Nothing("The traces cannot be read", failed, "Try again", "danger")
    if state.state == "opening":
        return Nothing("Opening the traces…", "The index that finds them is being opened.")
    return Nothing("Reading the traces…", "The newest comes first.")


def nothing_found(state: IndexState, text: str, every: int) -> Nothing:
    """Says why nothing fits what was asked for."""
    if text.strip():
        hidden = f"{words.count(every, 'step is', 'steps are')} hidden by it" if every > 0 else ""
        said = f"{hidden or 'Steps are hidden by it'}; change it, or clear it to see all."
        return Nothing("Nothing passes this filter", said, "Clear the filter")
    if state.as_of < state.seq:
        said = "The index still follows the ledger; what it finds shows by itself."
        return Nothing("No step was found yet", said)
    return Nothing(
        "No step was recorded yet",
        "Start a run: every call of the model is kept here, whole.",
        "New run",
    )

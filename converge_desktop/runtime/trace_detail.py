"""What one recorded model call was shown from elsewhere, and what became of what it led to.

Times are microseconds since 1970 UTC, scores are thousandths.
"""

from __future__ import annotations

from dataclasses import dataclass

from converge_desktop.runtime.deciding_model import VoteRow


@dataclass(frozen=True, slots=True)
class HintRow:
    """Something that was recalled for a call: what it is called there, what it says, and whence.

    ``kind`` is ``fact``, ``proposal``, ``decision`` or the like, ``seq`` the record that says it.
    """

    cite: str
    text: str
    kind: str
    seq: int
    score: int


@dataclass(frozen=True, slots=True)
class Consequence:
    """What became of the proposal that a call led to.

    Attributes:
        proposal: what was proposed.
        gate: where people were asked; empty where nobody had to be.
        opened_at: when they were asked; 0 where nobody was.
        phase: of the gate: ``open``, ``settling`` or ``closed``; empty where there is none.
        end: how it ended, or will, such as ``approved``; empty while it is open.
        words: how it stands, in a sentence.
        answers: every answer that was given, the oldest first.
        decided_at: when the answer came that decided it; 0 where none did, or has yet.
        settles_at: until when that can be undone; 0 where it cannot.
        effect_at: when it became a fact; 0 where it has not.
        became: that fact; empty where it is none.
    """

    proposal: str
    words: str
    gate: str = ""
    opened_at: int = 0
    phase: str = ""
    end: str = ""
    answers: tuple[VoteRow, ...] = ()
    decided_at: int = 0
    settles_at: int = 0
    effect_at: int = 0
    became: str = ""

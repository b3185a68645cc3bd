"""Why something is approved by itself and in no list: more of it must be seen than a list shows.

An approval is bound to the whole review. A list shows what becomes true; where a review says
something beside that which may turn a person's mind, they have to have seen the review.
"""

from __future__ import annotations

from converge_desktop.runtime.review_model import Review
from converge_desktop.runtime.unseen import has_unseen
from converge_desktop.ui import words
from converge_desktop.ui.pages.review_unseen import texts_of

_MOST = 20_000
"""How many characters of strange letters are looked through; the window waits for it."""

_MISSED = "Its texts hold characters that the eye would miss. Open it by itself to see which."


def why_alone(review: Review) -> tuple[str, ...]:
    """Says what must be seen of a review and no list can show, a sentence each."""
    said = []
    if review.truth:
        said.append("It speaks against something that stands. Open it by itself to compare.")
    failed = sum(not check.passed for check in review.checks)
    if failed:
        said.append(f"{words.count(failed, 'check')} failed. Open it by itself to see why.")
    if review.standing is not None and review.standing.moved:
        said.append("What it rests on changed since it was asked. Open it by itself to see how.")
    notes = len(review.notes) + len(review.kept)
    if notes:
        many = words.count(notes, "note")
        said.append(f"{many} on it to be read. Open it by itself to read {_it(notes)}.")
    return (*said, *_missed(review))


def _it(many: int) -> str:
    return "it" if many == 1 else "them"


def _missed(review: Review) -> tuple[str, ...]:
    """Says whether its texts hold what the eye would miss, as far as they are looked through."""
    left = _MOST
    for _, texts in texts_of(review):
        text = "".join(texts)
        if text.isascii() and text.replace("\n", " ").isprintable():
            continue
        left -= len(text)
        if left < 0:
            return ("Its texts are long. Open it by itself to read them.",)
        if has_unseen(text):
            return (_MISSED,)
    return ()

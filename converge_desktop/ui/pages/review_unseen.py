"""What of a review's texts the eye would miss, and in which part it stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from converge_desktop.runtime.review_model import Review, Text
from converge_desktop.runtime.unseen import Mark
from converge_desktop.ui import words
from converge_desktop.ui.pages.review_section import listed
from converge_desktop.ui.spans import Span, paragraphs, pieces_in

Found = Counter[tuple[str, Mark, str]]
"""How often: in which part, what is the matter, and what it is in words."""
_TOLD = 12
_MATTERS = {
    Mark.LOOKALIKE: ("that looks like another", "that look like others"),
    Mark.DIRECTION: ("that turns the order of reading", "that turn the order of reading"),
    Mark.INVISIBLE: ("that cannot be seen", "that cannot be seen"),
    Mark.CONTROL: ("that is meant for a machine", "that are meant for machines"),
    Mark.SPACE: ("that looks like a space", "that look like spaces"),
    Mark.PILED: ("that covers others", "that cover others"),
    Mark.UNKNOWN: ("that means nothing", "that mean nothing"),
}


def texts_of(review: Review) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yields every text that must be read, by part; one that is cut into pieces in its pieces."""

    def said(text: Text) -> tuple[str, ...]:
        return tuple(segment.text for segment in text)

    yield "what", (review.title,)
    yield "what", (review.becomes_true,)
    for line in review.consequences:
        yield "consequences", (line,)
    for row in review.truth:
        for change in row.changes:
            yield "truth", (change.before,)
            yield "truth", (change.after,)
    for reason in review.reasoning:
        yield "reasoning", said(reason.text)
    yield "evaluation", said(review.justification)
    for step in review.plan:
        yield "plan", (f"{step.meaning} {step.capability}",)
        yield "plan", said(step.purpose)
    for fact in review.evidence:
        yield (
            "evidence",
            (f"{fact.label}\n{fact.value}\n{fact.limit}\n{fact.source}\n{fact.place}",),
        )
    for check in review.checks:
        yield "checks", (f"{check.name}\n{check.reason}",)
    yield "rule", (f"{review.rule}\n{review.rule_reason}\n{review.may_decide}",)
    for note in (*review.notes, *review.kept):
        yield "notes", (note,)


def look_through(review: Review, found: Found) -> Iterator[int]:
    """Counts into ``found``, a bounded piece of text at a time; yields how long each was."""
    for part, texts in texts_of(review):
        for spans in paragraphs(Span(text) for text in texts):
            pieces = pieces_in([span.text for span in spans])
            for piece in (one for some in pieces for one in some):
                if piece.mark is not None:
                    found[part, piece.mark, piece.said] += 1
            yield sum(len(span.text) for span in spans)


def note_of(found: Found) -> tuple[str, str]:
    """Says how many there are of each kind, and which they are and where; empty where none is."""
    if not found:
        return "", ""
    matters: Counter[Mark] = Counter()
    places: dict[tuple[Mark, str], list[str]] = {}
    for (part, mark, said), times in found.items():
        matters[mark] += times
        places.setdefault((mark, said), []).append(part)
    kinds = []
    for mark, times in matters.items():
        one, many = _MATTERS[mark]
        kinds.append(f"{words.count(times, 'character')} {one if times == 1 else many}")
    head = f"This text has {', '.join(kinds[:-1])}{' and ' if kinds[1:] else ''}{kinds[-1]}."
    told = [f"{said}: in {listed(tuple(dict.fromkeys(at)))}." for (_, said), at in places.items()]
    more = len(told) - _TOLD
    rest = [f"And {words.count(more, 'other kind')} more."] if more > 0 else []
    marked = "Each is spelled out by its number where it stands."
    return head, "\n".join([*told[:_TOLD], *rest, marked])

"""Plain text cut up for drawing: into paragraphs of a length that is laid out in no time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from converge_desktop.runtime.unseen import Piece, pieces

LONGEST = 2_000
"""How many characters a paragraph has at most before it is broken at a space."""
_LEAST = LONGEST * 3 // 4


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text in one look.

    Attributes:
        text: the characters, as they are.
        look: ``added``, ``removed``, ``mark`` or ``quiet``; empty for plain text.
        tip: what is told about it when it is pointed at.
    """

    text: str
    look: str = ""
    tip: str = ""


def paragraphs(spans: Iterable[Span]) -> Iterator[tuple[Span, ...]]:
    """Splits text at its line breaks, and what is very long at a space as well."""
    held: list[Span] = []
    size = 0
    for span in spans:
        lines = span.text.split("\n")
        for number, line in enumerate(lines):
            if number:
                yield tuple(held)
                held, size = [], 0
            left = line
            while size + len(left) > LONGEST:
                at = _break(left, LONGEST - size)
                yield (*held, replace(span, text=left[:at]))
                held, size, left = [], 0, left[at:]
            if left:
                held.append(replace(span, text=left))
                size += len(left)
    yield tuple(held)


def _break(text: str, most: int) -> int:
    space = text.rfind(" ", max(0, min(_LEAST, most - 1)), most)
    return space + 1 if space >= 0 else most


def marked(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Spells out what the eye would miss, so that nothing in the text is other than it looks.

    The spans are read as one text: a letter that is strange in its word is found wherever the spans
    were cut.
    """
    texts = [span.text for span in spans]
    return tuple(
        replace(span, text=piece.text)
        if piece.mark is None
        else Span(piece.shown, "mark", piece.said)
        for span, own in zip(spans, pieces_in(texts), strict=True)
        for piece in own
    )


def pieces_in(texts: Sequence[str]) -> list[list[Piece]]:
    """Splits the parts of one text at what the eye would miss in the whole."""
    found: list[list[Piece]] = [[] for _ in texts]
    at, room = 0, [len(text) for text in texts]
    for piece in pieces("".join(texts)):
        left = piece
        while left.text:
            while not room[at]:
                at += 1
            taken = left.text[: room[at]]
            found[at].append(replace(left, text=taken))
            room[at] -= len(taken)
            left = replace(left, text=left.text[len(taken) :])
    return found

"""What is other between two texts, word by word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

from converge_desktop.ui.spans import Span

_MOST = 400
"""Between how many words of each text it is looked for what stayed."""
_MOST_EFFORT = 400_000
"""How much work that may be; it takes 30 ms at worst."""
_WORDS = re.compile(r"\s+|\d[\d.,]*\d|\w+|[^\w\s]")
"""A number is one word, with its point and its commas."""


def word_diff(before: str, after: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Returns both texts in spans: ``removed`` of the first, ``added`` in the second.

    Where very much is other, all from the first change to the last is told as other: that is true,
    and takes no time to find.
    """
    was, now = words_in(before), words_in(after)
    head = _same(was, now)
    tail = _same(was[head:][::-1], now[head:][::-1])
    old, new = was[head : len(was) - tail], now[head : len(now) - tail]
    start, end = "".join(was[:head]), "".join(was[len(was) - tail :])
    removed, added = _inner(old, new)
    return _joined(start, removed, end), _joined(start, added, end)


def words_in(text: str) -> list[str]:
    """Cuts a text into words, signs and the space between them."""
    return _WORDS.findall(text)


def effort(one: Sequence[str], other: Sequence[str]) -> int:
    """Returns how much work it is, at worst, to find what two sequences have in common.

    It grows with the third power of how often the same stands in both; space counts for nothing,
    because nothing is found by it.
    """
    theirs = Counter(other)
    both = ((many, theirs[what]) for what, many in Counter(one).items() if not what.isspace())
    return sum(mine * many * min(mine, many) for mine, many in both)


def _same(one: list[str], other: list[str]) -> int:
    """Returns how many words two texts begin with in common."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _inner(old: list[str], new: list[str]) -> tuple[list[Span], list[Span]]:
    if max(len(old), len(new)) > _MOST or effort(old, new) > _MOST_EFFORT:
        return [Span("".join(old), "removed")], [Span("".join(new), "added")]
    removed, added = [], []
    for same, a, b, c, d in SequenceMatcher(str.isspace, old, new, autojunk=False).get_opcodes():
        plain = same == "equal"
        removed.append(Span("".join(old[a:b]), "" if plain else "removed"))
        added.append(Span("".join(new[c:d]), "" if plain else "added"))
    return _whole_phrases(removed), _whole_phrases(added)


def _whole_phrases(spans: list[Span]) -> list[Span]:
    """Joins words that changed with the spaces between them."""
    made: list[Span] = []
    for place, span in enumerate(spans):
        inside = 0 < place < len(spans) - 1
        look = made[-1].look if inside and not span.look and span.text.isspace() else span.look
        if made and made[-1].look == look:
            made[-1] = Span(made[-1].text + span.text, look)
        else:
            made.append(Span(span.text, look))
    return made


def _joined(start: str, inner: list[Span], end: str) -> tuple[Span, ...]:
    return tuple(span for span in (Span(start), *inner, Span(end)) if span.text)

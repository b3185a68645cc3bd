"""How a row or a cell looks: what a model says to a delegate."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from PySide6.QtCore import Qt


class Role(IntEnum):
    """Item roles of our own."""

    ROW = Qt.ItemDataRole.UserRole + 1
    LOOK = Qt.ItemDataRole.UserRole + 2
    MARKED = Qt.ItemDataRole.UserRole + 3


@dataclass(frozen=True, slots=True)
class RowLook:
    """Two lines: a badge, a title with something at the right, and a quieter line.

    Attributes:
        aside: Something at the right of the second line.
        badge: One letter or sign; its tone never stands alone.
        tip: What is said where the pointer rests; the title where it is empty.
        markable: Whether the row can be marked; ``marked`` says whether it is.
        faint: Whether the row is past.
        heading: For what stands over other rows, ``open`` or ``folded``.
    """

    title: str
    subtitle: str = ""
    right: str = ""
    right_tone: str = "muted"
    aside: str = ""
    badge: str = ""
    badge_tone: str = "accent"
    spoken: str = ""
    tip: str = ""
    markable: bool = False
    marked: bool = False
    faint: bool = False
    heading: str = ""


@dataclass(frozen=True, slots=True)
class CellLook:
    """One cell of a table: a bold beginning, and the rest."""

    text: str
    strong: str = ""
    tone: str = "text"
    mono: bool = False
    right: bool = False

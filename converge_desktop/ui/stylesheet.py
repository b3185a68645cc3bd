"""The one style sheet, built from a theme's tokens and the type's measures."""

from __future__ import annotations

from dataclasses import fields
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from converge_desktop.ui.fonts import Measures
    from converge_desktop.ui.tokens import Tokens

_SHEET = Template("""
QLabel { color: $text; background: transparent; }
QLabel[tone="muted"] { color: $muted; }
QLabel[tone="accent"] { color: $accent; }
QLabel[tone="good"] { color: $good; }
QLabel[tone="caution"] { color: $caution; }
QLabel[tone="danger"] { color: $danger; }
QLabel[chip="plain"] { color: $muted; background: $surface; border: 1px solid $line; }
QLabel[chip="accent"] { color: $accent; background: $accent_background; }
QLabel[chip="good"] { color: $good; background: $good_background; }
QLabel[chip="caution"] { color: $caution; background: $caution_background; }
QLabel[chip="danger"] { color: $danger; background: $danger_background; }
QLabel[chip], QPushButton[kind="chip"] { border-radius: ${chip_radius}px;
    padding: 0 ${unit}px; min-height: ${chip}px; max-height: ${chip}px; }
QLabel[chip="accent"], QLabel[chip="good"], QLabel[chip="caution"], QLabel[chip="danger"]
    { border: 1px solid transparent; }
QLabel[code="true"] { background: $surface; border: 1px solid $line; border-radius: 4px;
    padding: 1px ${half}px; }

QWidget#rail, QWidget#statusbar { background: $background; }
QWidget#rail { border-right: 1px solid $line; }
QWidget#statusbar { border-top: 1px solid $line; }
QWidget#header { background: $surface; border-bottom: 1px solid $line; }
QWidget#footer { background: $surface; border-top: 1px solid $line; }
QWidget#listbar { background: $surface; border-bottom: 1px solid $line; }
QWidget#listfoot { background: $surface; border-top: 1px solid $line; }
QWidget#master, QWidget#aside { background: $surface; }
QWidget#aside { border-left: 1px solid $line; }
QWidget[banner="caution"] { background: $caution_background; }
QWidget[banner="danger"] { background: $danger_background; }
QWidget[banner="good"] { background: $good_background; }
QWidget[banner="info"], QWidget[banner="accent"] { background: $accent_background; }
QWidget[banner] { border-bottom: 1px solid $line; }
QFrame[card="plain"] { background: $surface; border: 1px solid $line; border-radius: 6px; }
QFrame[card="lead"] { background: $surface; border: 1px solid $line;
    border-left: 3px solid $accent; border-radius: 6px; }
QFrame[card="lit"] { background: $accent_background; border: 1px solid $accent;
    border-radius: 6px; }
QFrame[rule="true"] { background: $line; border: none; max-height: 1px; min-height: 1px; }

QPushButton { color: $text; background: $surface; border: 1px solid $control;
    border-radius: 6px; padding: 0 12px; min-height: ${control_in}px; }
QPushButton:hover { background: $background; border-color: $muted; }
QPushButton:pressed { background: $accent_background; }
QPushButton:focus { border: 2px solid $accent; padding: 0 11px; min-height: ${control_focus}px; }
QPushButton:disabled { color: $muted; border-color: $line; background: $background; }
QPushButton[kind="primary"] { color: $on_accent; background: $accent;
    border: 1px solid $accent; }
QPushButton[kind="primary"]:focus { border: 2px solid $text; }
QPushButton[kind="primary"]:disabled { color: $muted; background: $background;
    border-color: $line; }
QPushButton[kind="compact"] { min-height: ${compact_in}px; padding: 0 10px; }
QPushButton[kind="chip"] { color: $muted; border: 1px solid $line; background: $surface;
    max-height: ${chip}px; }
QPushButton[kind="chip"]:hover, QPushButton[kind="chip"]:checked { color: $accent;
    border-color: $accent; }
QPushButton[kind="chip"]:focus { border: 2px solid $accent; color: $accent;
    padding: 0 ${unit_less}px; min-height: ${chip_focus}px; max-height: ${chip_focus}px; }
QPushButton[kind="flat"], QToolButton { background: transparent; border: 1px solid transparent;
    border-radius: 4px; padding: 2px; }
QPushButton[kind="flat"] { color: $accent; padding: 0 4px; min-height: 0; }
QPushButton[kind="flat"]:hover, QToolButton:hover { background: $accent_background; }
QPushButton[kind="flat"]:focus, QToolButton:focus { border: 1px solid $accent; padding: 0 4px;
    min-height: 0; }
QPushButton[kind="row"] { background: transparent; border: 1px solid transparent;
    border-radius: 6px; text-align: left; min-height: ${compact_in}px; }
QPushButton[kind="row"]:focus { border: 2px solid $accent; padding: 0 11px;
    min-height: ${compact_focus}px; }

QLineEdit, QPlainTextEdit[kind="input"], QComboBox { color: $text; background: $background;
    border: 1px solid $field; border-radius: 6px; padding: 0 ${unit}px;
    selection-background-color: $accent; selection-color: $on_accent; }
QLineEdit, QComboBox { min-height: ${control_in}px; }
QLineEdit[compact="true"] { min-height: ${compact_in}px; }
QLineEdit:focus, QPlainTextEdit[kind="input"]:focus, QComboBox:focus {
    border: 2px solid $accent; padding: 0 ${unit_less}px; background: $surface; }
QLineEdit:focus, QComboBox:focus { min-height: ${control_focus}px; }
QLineEdit[compact="true"]:focus { min-height: ${compact_focus}px; }
QLineEdit[invalid="true"], QPlainTextEdit[invalid="true"] { border-color: $danger; }
QComboBox { background: $surface; }
QComboBox::drop-down { border: none; width: 24px; }
QComboBox::down-arrow { image: none; }
QComboBox QAbstractItemView { background: $surface; border: 1px solid $control;
    selection-background-color: $accent_background; selection-color: $accent; }
QPlainTextEdit[kind="text"] { background: transparent; border: none; color: $text;
    selection-background-color: $accent; selection-color: $on_accent; }
QPlainTextEdit[kind="sheet"] { background: $surface; border: 1px solid $line; color: $text;
    border-radius: 6px; padding: ${unit}px; selection-background-color: $accent;
    selection-color: $on_accent; }
QPlainTextEdit[kind="sheet"]:focus { border-color: $accent; }

QListView, QTableView, QTreeView { background: $surface; border: 1px solid $surface;
    color: $text; }
QListView:focus, QTableView:focus, QTreeView:focus { border: 1px solid $accent; }
QHeaderView { background: $surface; border: none; }
QHeaderView::section { background: $surface; color: $muted; border: none;
    border-bottom: 1px solid $line; padding: ${half}px ${unit}px; }
QTableView[wide="false"] QHeaderView::section:first { padding-left: ${near}px; }
QTableView[wide="true"] QHeaderView::section:first { padding-left: ${triple}px; }
QTableView#cycles { background: transparent; border: 1px solid transparent; padding: 0; }
QTableView#cycles:focus { border: 1px solid $accent; border-radius: 4px; }
QTableView#cycles QHeaderView, QTableView#cycles QHeaderView::section,
QTableView#cycles QHeaderView::section:first, QTableView#cycles QTableCornerButton::section
    { background: transparent; border: none; padding: 0; }
QScrollArea { background: transparent; border: none; }
QAbstractScrollArea::corner { background: transparent; border: none; }
QScrollArea > QWidget > QWidget#body { background: $background; }
QWidget#page { background: $background; }
QSplitter::handle { background: $line; }
QAbstractScrollArea::corner { background: transparent; border: none; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: $field; border-radius: 3px; }
QScrollBar::handle:vertical { min-height: 32px; margin: 2px; }
QScrollBar::handle:horizontal { min-width: 32px; margin: 2px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QTabBar { background: transparent; border: none; }
QTabBar::tab { color: $muted; background: transparent; border: none;
    border-bottom: 2px solid transparent; padding: ${half}px 0 ${half}px 0;
    margin-right: ${double}px; }
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $accent; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:focus { color: $accent; }
QMenuBar { background: $background; color: $text; border-bottom: 1px solid $line; }
QMenuBar::item { padding: ${half}px ${unit}px; background: transparent; border-radius: 4px; }
QMenuBar::item:selected { background: $accent_background; color: $accent; }
QMenu { background: $surface; color: $text; border: 1px solid $control; padding: ${half}px; }
QMenu::item { padding: ${half}px ${triple}px ${half}px ${double}px; border-radius: 4px; }
QMenu::item:selected { background: $accent_background; color: $accent; }
QMenu::item:disabled { color: $muted; }
QMenu::separator { height: 1px; background: $line; margin: ${half}px ${unit}px; }
QToolTip { color: $text; background: $surface; border: 1px solid $control; padding: 4px; }
QFrame#overlay { background: $surface; border: 1px solid $control; border-radius: 8px; }
QFrame#overlay QListView { border: none; }
""")


def build(tokens: Tokens, measures: Measures) -> str:
    """Builds the style sheet of a theme."""
    values = {
        field.name: str(getattr(tokens, field.name))
        for field in fields(tokens)
        if field.name != "dark"
    }
    lengths = {
        "unit": measures.unit,
        "unit_less": measures.unit - 1,
        "near": measures.unit + 4,
        "half": measures.unit // 2,
        "double": measures.unit * 2,
        "triple": measures.unit * 3,
        "chip": measures.chip - 2,
        "chip_focus": measures.chip - 4,
        "chip_radius": measures.chip // 2,
        "control_in": measures.control - 2,
        "control_focus": measures.control - 4,
        "compact_in": measures.compact - 2,
        "compact_focus": measures.compact - 4,
    }
    return _SHEET.substitute(values | {name: str(value) for name, value in lengths.items()})

"""Packs: which there are, which version is in force, and what waits for approval."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from converge_desktop.cli.shared import DONE, WAITING, open_desk, show
from converge_desktop.runtime.desk_model import PackRow
from converge_desktop.runtime.people_outputs import PackLine


def add_commands(command: Callable[..., Any]) -> None:
    """Adds the command; ``command`` makes one of a name and words."""
    packs = command("packs", "list the packs, and what of them waits for approval")
    packs.add_argument(
        "--ask",
        default="",
        metavar="PACK",
        help="ask those whom the policy in force names whether the version that lies here governs",
    )
    packs.set_defaults(model=None)


def packs(arguments: argparse.Namespace) -> int:
    """Carries out ``packs``."""
    desk = open_desk(arguments)
    try:
        if arguments.ask:
            desk.ask_about_pack(arguments.ask).result()
        rows = desk.packs().result()
    finally:
        desk.close()
    lines = [line for row in rows for line in _lines(row)]
    show(arguments, [_output(row) for row in rows], lines or ["There is no pack."])
    return WAITING if arguments.ask else DONE


def _output(row: PackRow) -> PackLine:
    line = PackLine(row.pack_id, row.title, row.version)
    waits = row.waiting
    if waits is None:
        return line
    more = (waits.version, list(waits.loosens), list(waits.gates), waits.refused, waits.changes)
    return PackLine(row.pack_id, row.title, row.version, *more)


def _lines(row: PackRow) -> list[str]:
    lines = [f"{row.pack_id}  version {row.version} is in force: {row.title}"]
    waits = row.waiting
    if waits is None:
        return lines
    lines.append(f"  version {waits.version} lies here and waits for approval")
    lines += [f"  {sentence}" for sentence in waits.loosens]
    if waits.gates:
        lines.append(f"  it is asked about: {', '.join(waits.gates)}")
    else:
        asked = "  it was asked about, and not approved; " if waits.refused else "  "
        lines.append(f"{asked}ask: converge-desktop packs --ask {row.pack_id}")
    return [*lines, *(f"    {line}" for line in waits.changes.splitlines())]

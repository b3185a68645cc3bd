"""What the commands share: where the desk lies, how things are shown, and how problems are told."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Sequence
from pathlib import Path

from converge_core.errors import LedgerCorrupt
from converge_desktop import paths
from converge_desktop.adapters.identity.system_keyring import system_keyring
from converge_desktop.adapters.lock import DataDirectoryUnusable
from converge_desktop.adapters.packs.pack import load_packs
from converge_desktop.cli.passphrase import passphrase_for
from converge_desktop.runtime.desk import Desk, DeskOptions, operator_name
from converge_desktop.runtime.outputs import to_json
from converge_desktop.runtime.views import Views, read_views
from converge_desktop.runtime.wording import ledger_problem

DONE, ALTERED, PROBLEM, WAITING, STOPPED = 0, 1, 2, 3, 130


class CannotGoOn(Exception):
    """The command cannot be carried out; the text says why and what to do."""


def problem(sentence: str, code: int = PROBLEM) -> int:
    """Tells what went wrong in one line and returns the exit code."""
    print(f"converge-desktop: {sentence}", file=sys.stderr)
    return code


def open_desk(arguments: argparse.Namespace) -> Desk:
    """Opens the desk, and waits until its ledger is read."""
    desk = Desk(options(arguments))
    try:
        desk.wait_until_unlocked()
        desk.confirmed.result()
    except BaseException:
        desk.close()
        raise
    return desk


def options(arguments: argparse.Namespace) -> DeskOptions:
    """Returns what a desk is opened with, as the command line says it."""
    directory, name = data_dir(arguments), operator_name(login())
    return DeskOptions(
        data_dir=directory,
        packs_dir=packs_dir(arguments),
        samples_dir=paths.samples(),
        operator=name,
        keyring=system_keyring,
        passphrase=passphrase_for(directory, name, ask=bool(getattr(arguments, "command", ""))),
        model=getattr(arguments, "model", paths.default_model()),
        embedder=paths.embedder(),
        recall_at_once=not getattr(arguments, "command", ""),
    )


def data_dir(arguments: argparse.Namespace) -> Path:
    """Returns where the desk lies."""
    chosen: Path = getattr(arguments, "data_dir", paths.default_data_dir())
    return absolute(chosen)


def packs_dir(arguments: argparse.Namespace) -> Path:
    """Returns where the packs lie."""
    chosen: Path = getattr(arguments, "packs_dir", paths.packs())
    return absolute(chosen)


def absolute(path: Path) -> Path:
    """Returns a path that stays the same wherever it is used from."""
    try:
        return path.expanduser().resolve()
    except RuntimeError as error:
        raise DataDirectoryUnusable(f"{path} names a person this machine does not know") from error


def login() -> str:
    """Returns the name of whoever is logged in."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "operator"


def read(arguments: argparse.Namespace) -> Views:
    """Reads the desk without locking it."""
    packs = load_packs(packs_dir(arguments))
    directory = data_dir(arguments)
    try:
        if directory.exists() and not directory.is_dir():
            raise DataDirectoryUnusable(
                f"{directory} is no folder; say where the desk lies with --data-dir"
            )
        return read_views(directory, packs)
    except (LedgerCorrupt, OSError) as error:
        raise CannotGoOn(ledger_problem(directory, error)) from error


def show(arguments: argparse.Namespace, output: object, lines: Sequence[str]) -> None:
    """Prints an output: as JSON if that was asked for, in words otherwise."""
    print(to_json(output) if arguments.json else "\n".join(lines))

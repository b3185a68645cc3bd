"""Filters of the inbox that a person saved, in ``filters.toml`` of the desk."""

from __future__ import annotations

import json
import os
import re
import tomllib
from pathlib import Path

from converge_core.errors import IllegalCommand
from converge_desktop.adapters.disk import sync_directory, write_durably
from converge_desktop.runtime.inbox_filter import FilterProblem, compile_filter
from converge_desktop.runtime.wording import is_text

FILE = "filters.toml"
MOST = 100
LONGEST_NAME = 60
_CONTROL = re.compile("[\x00-\x1f\x7f]")


class SavedFilters:
    """The saved filters of one desk.

    Args:
        data_dir: the desk's directory.
    """

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / FILE

    def all(self) -> tuple[tuple[str, str], ...]:
        """Returns the filters by name, in the order in which they were saved.

        Raises:
            IllegalCommand: if the file cannot be read, naming it and the place.
            OSError: if it is there and cannot be opened.
        """
        try:
            read = tomllib.loads(self._path.read_text("utf-8"))
        except FileNotFoundError:
            return ()
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise IllegalCommand(
                f"{self._path} cannot be read: {error}. Mend that line, or remove the file"
            ) from error
        found = read.get("filter", {})
        if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
            raise IllegalCommand(
                f"{self._path}: under [filter], each line is a name and a filter in quotes"
            )
        return tuple(found.items())

    def save(self, name: str, text: str) -> None:
        """Keeps a filter under a name, in the place of one of that name; an empty one is removed.

        Raises:
            IllegalCommand: if the name or the filter cannot be read, or there are too many.
            OSError: if the file cannot be written.
        """
        name = name.strip()
        if not name or len(name) > LONGEST_NAME or _CONTROL.search(name) or not is_text(name):
            raise IllegalCommand(f"a filter's name has 1 to {LONGEST_NAME} plain characters")
        kept = dict(self.all())
        kept.pop(name, None) if not text.strip() else kept.update({name: _read(text)})
        if len(kept) > MOST:
            raise IllegalCommand(f"{MOST} filters are saved, which is the most; remove one first")
        lines = [f"{_quoted(one)} = {_quoted(what)}\n" for one, what in kept.items()]
        new = self._path.with_suffix(".new")
        write_durably(new, ("[filter]\n" + "".join(lines)).encode())
        os.replace(new, self._path)  # noqa: PTH105 - as the ledger does
        sync_directory(self._path.parent)


def _read(text: str) -> str:
    try:
        compile_filter(text, 0)
    except FilterProblem as error:
        raise IllegalCommand(f"the filter cannot be read: {error}") from error
    if not is_text(text) or _CONTROL.search(text):
        raise IllegalCommand("the filter holds what is no plain text; write it anew")
    return text.strip()


def _quoted(text: str) -> str:
    """Returns a text as TOML writes it; without control characters, that is as JSON does."""
    return json.dumps(text, ensure_ascii=False)

"""The page of the core says what is so."""

from __future__ import annotations

import ast
import doctest
import re
import sys
from pathlib import Path

import pytest

import converge_core
from converge_core import errors
from converge_core.engine import Engine

CORE = Path(converge_core.__file__).parent
PAGE = (CORE.parent / "README.md").read_text()
FILES = sorted(file.name for file in CORE.glob("*.py"))
ERRORS = sorted(name for name, one in vars(errors).items() if isinstance(one, type))


def section(title: str) -> str:
    """Returns what stands under a heading."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def first_cells(title: str) -> list[str]:
    """Returns the first column of the table under a heading, its head and blank cells apart."""
    rows = [line.split("|")[1].strip() for line in section(title).splitlines() if line[:1] == "|"]
    return [cell.strip("`") for cell in rows[2:] if cell]


@pytest.mark.parametrize("file", FILES)
def test_the_map_has_a_line_for(file: str) -> None:
    """A newcomer finds each file, and what it is about, once."""
    assert 1 == first_cells("Where to find what").count(file)


def test_the_map_leads_nowhere_else() -> None:
    """What it names is there to be found."""
    assert set() == set(first_cells("Where to find what")) - set(FILES)


@pytest.mark.parametrize("error", ERRORS)
def test_the_tree_says_whose_fault_it_is(error: str) -> None:
    """Each error stands in the tree, under its parent, and all but the parents blame somebody."""
    kind: type[Exception] = getattr(errors, error)
    tree = section("What goes wrong, and whose fault it is")
    found = re.search(rf"^(?P<stem>[├└│─ ]*){error}(?P<whose> +who.*)?$", tree, re.MULTILINE)
    assert found
    depth = len(kind.__mro__) - len(errors.ConvergeError.__mro__)

    assert 4 * depth == len(found["stem"])
    # Those of the core; what stands on it may have more of its own.
    inside = [one for one in kind.__subclasses__() if one.__module__ == errors.__name__]
    assert bool(found["whose"]) is not bool(inside)


def test_the_quick_start_is_that_of_the_engine() -> None:
    """What the page shows is what runs as a doctest."""
    parser = doctest.DocTestParser()
    shown, run = (
        [(example.source, example.want) for example in parser.get_examples(text)]
        for text in (section("Quick start").replace("```", ""), Engine.__doc__ or "")
    )

    assert run
    assert run == shown


def test_the_dependencies_are_those_it_names() -> None:
    """No library more and none less."""
    imported = {
        name.partition(".")[0]
        for file in CORE.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    libraries = imported - sys.stdlib_module_names - {"converge_core"}

    assert sorted(libraries) == sorted(first_cells("Allowed dependencies"))


def test_the_four_ways_of_enforcing_purity_are_there() -> None:
    """Each file and tool that the page points to exists."""
    root = CORE.parent.parent
    pointed = re.findall(r"`(tests/[\w/.]+)`", section("The purity rule"))
    settings = (root / "pyproject.toml").read_text()

    assert 4 == len(re.findall(r"^\d\. ", section("The purity rule"), re.MULTILINE))
    assert pointed
    assert all((root / path).is_file() for path in pointed)
    assert 'name = "core is pure"' in settings
    assert all(call in settings for call in ("time.time", "datetime.now", "uuid.uuid4"))

"""The shipped sample is made from a checkout by running its tests, and tells nothing of who did."""

from __future__ import annotations

import importlib.util
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.adapters.readiness.readiness_material import intake_of, make_git, shown

if TYPE_CHECKING:
    from types import ModuleType

SCRIPT = Path(__file__).parents[3] / "packaging/sample/make_sample.py"


@pytest.fixture(scope="module")
def make_sample() -> ModuleType:
    """The script, as a module."""
    spec = importlib.util.spec_from_file_location("make_sample", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_sample_of_a_small_checkout_reads_and_names_no_machine(
    make_sample: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Bundle, two reports and a README; a failing test is part of the truth."""
    git = make_git(tmp_path / "checkout")
    git.commit({"acme/__init__.py": "", "acme/gate.py": "def vote(yes):\n    return yes\n"})
    git("tag", "v1")
    test = (
        "import pathlib\nfrom acme.gate import vote\n"
        "def test_vote():\n    assert vote(1) == 1\n"
        "def test_place():\n    assert str(pathlib.Path(__file__)) == ''\n"
    )
    git.commit({"tests/test_gate.py": test}, day=1)
    arguments = ["--root", str(git.path), "--tests", "tests", "--covered", "acme"]
    out = tmp_path / "sample"
    assert make_sample.main([*arguments, "--out", str(out)]) == 0
    capfd.readouterr()

    names = ["README.md", "converge-desktop.bundle", "coverage.xml", "junit.xml"]
    assert names == sorted(path.name for path in out.iterdir())
    actual = shown(intake_of(out))
    expected = {"tests.total": "2", "tests.failed": "1", "modules.changed_and_failing": "1"}
    assert expected == {key: actual[key] for key in expected}
    assert actual["history.commits_since_tag"] == "1"
    for name in ("coverage.xml", "junit.xml", "README.md"):
        text = (out / name).read_text()
        assert "hostname" not in text
        for place in (str(git.path), str(Path.home()), tempfile.gettempdir()):
            assert f'"{place}' not in text
            assert f"{place}/" not in text
        assert socket.gethostname() not in text


def test_paths_are_replaced_as_whole_words(make_sample: ModuleType) -> None:
    """What only looks like a path of this machine stays."""
    root = Path("/srv/checkout")
    scrubbed = make_sample.scrubbed
    assert (
        scrubbed("see /srv/checkout/tests/a.py:3 in /srv/checkout", root) == "see tests/a.py:3 in ."
    )
    assert scrubbed("/srv/checkouts /x/srv/checkout", root) == "/srv/checkouts /x/srv/checkout"


def test_a_run_without_tests_makes_no_sample(make_sample: ModuleType, tmp_path: Path) -> None:
    """A broken run is told and nothing is put in place."""
    git = make_git(tmp_path / "checkout")
    git.commit({"tests/test_none.py": "", "acme.py": ""})
    arguments = ["--root", str(git.path), "--tests", "tests", "--covered", "acme"]
    with pytest.raises(SystemExit, match="pytest ended with 5"):
        make_sample.main([*arguments, "--out", str(tmp_path / "sample")])
    assert not (tmp_path / "sample").exists()

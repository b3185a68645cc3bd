"""What others put into a ledger's folder: it is let be, or refused, and never written over."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from converge_core.errors import LedgerCorrupt
from converge_desktop.adapters.ledger import segments as module
from converge_desktop.adapters.ledger.history import LedgerHistory
from converge_desktop.adapters.ledger.ledger_file import LedgerFile, LedgerWriteFailed, read_ledger
from tests.adapters.ledgers import withdrawn


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A ledger of one record."""
    with closing(LedgerFile(tmp_path / "ledger")) as ledger:
        ledger.append([withdrawn("r", "first")], 1)
    return tmp_path / "ledger"


def hashes(directory: Path) -> list[str]:
    return [entry.hash for entry in read_ledger(directory)]


def test_two_that_write_to_one_ledger_never_write_over_each_other(directory: Path) -> None:
    """As when the lock between them was removed: the later one refuses, and cuts nothing off."""
    with closing(LedgerFile(directory)) as one, closing(LedgerFile(directory)) as other:
        other.append([withdrawn("r", "theirs")], 2)
        before = hashes(directory)
        with pytest.raises(LedgerWriteFailed, match="something else wrote to it"):
            one.append([withdrawn("r", "ours")], 3)

        assert before == hashes(directory)
        other.append([withdrawn("r", "theirs again")], 4)
    assert 3 == len(hashes(directory))


def test_an_empty_file_that_is_none_of_the_ledgers_is_not_taken_for_its_last(
    directory: Path,
) -> None:
    """Otherwise the next records would lie where nobody looks for them."""
    (directory / "000000000999.jsonl").touch()

    with pytest.raises(
        LedgerCorrupt, match=r"record 1: 000000000999\.jsonl is no file of this ledger.* move it"
    ):
        LedgerFile(directory)


@pytest.mark.parametrize("name", ["notes.jsonl", "7.jsonl", "00000000000x.jsonl"])
def test_an_empty_file_of_another_name_is_let_be(directory: Path, name: str) -> None:
    """Work goes on beside it, and it stays empty."""
    (directory / name).touch()
    with closing(LedgerFile(directory)) as ledger:
        ledger.append([withdrawn("r", "second")], 2)

    assert (2, b"") == (len(hashes(directory)), (directory / name).read_bytes())


def test_a_folder_named_like_a_file_of_the_ledger_is_let_be(directory: Path) -> None:
    """It holds no records."""
    (directory / "000000000999.jsonl").mkdir()

    assert 1 == len(hashes(directory))


def test_holes_behind_the_last_record_are_moved_aside_without_taking_room(directory: Path) -> None:
    """A power cut leaves them; however long they are, they are read in pieces."""
    [segment] = directory.glob("*.jsonl")
    good, hole = segment.stat().st_size, 48 * 1024 * 1024
    with segment.open("r+b") as file:
        file.truncate(good + hole)

    with closing(LedgerFile(directory)) as ledger:
        assert ledger.set_aside is not None
        aside = ledger.set_aside.path.stat()
        assert (hole, hole) == (ledger.set_aside.size, aside.st_size)
        assert aside.st_blocks * 512 < hole // 8
    assert good == segment.stat().st_size


def test_a_line_that_is_longer_than_any_record_is_refused_by_its_number(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not read to its end first."""
    [segment] = directory.glob("*.jsonl")
    monkeypatch.setattr(module, "MAX_LINE", segment.stat().st_size + 100)
    with segment.open("ab") as file:
        file.write(b"x" * (segment.stat().st_size + 200))

    with pytest.raises(LedgerCorrupt, match="record 1: the line is longer than any record"):
        LedgerHistory(directory).read_all()

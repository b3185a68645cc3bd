"""Which files are read: those in the folder, each once, and none too large."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from converge_desktop.adapters.tables import files
from tests.adapters.tables.table_material import (
    CAPS,
    HEADER,
    ROWS,
    SECTIONS,
    csv_of,
    declared,
    fill,
    intake_of,
    shown,
    why_refused,
)


def test_every_number_comes_with_its_files_rows_and_columns(tmp_path: Path) -> None:
    """Who doubts a number finds the file, the columns and how many rows it is made of."""
    intake = intake_of(fill(tmp_path / "march"))

    by_id = {metric.id: metric for metric in intake.metrics}
    total, caps = by_id["spend.total"], by_id["caps.exceeded"]
    assert {
        "lines.total": "3",
        "spend.total": "116.75 EUR",
        "spend.unnoted_share": "33.3 %",
        "caps.exceeded": "1",
    } == shown(intake)
    assert ("expenses.csv", "3 rows of expenses in 1 file") == (total.source, total.detail)
    assert "metric spend.total over expenses (Amount (EUR))" == total.place
    assert "expenses.csv, caps.csv" == caps.source
    assert "metric caps.exceeded over expenses (Amount (EUR), note), caps (note, cap)" == caps.place
    assert "3 rows of expenses in 1 file, 2 rows of caps in 1 file" == caps.detail


def test_the_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    """Anyone can compute it with another program; the subject names all of them together."""
    intake = intake_of(fill(tmp_path / "march"))

    assert [
        ("caps.csv", hashlib.sha256(CAPS.encode()).hexdigest(), "csv"),
        ("expenses.csv", hashlib.sha256(csv_of(*ROWS)).hexdigest(), "csv"),
    ] == [(source.path, source.sha256, source.kind) for source in intake.sources]
    assert intake.subject.startswith("march at ")
    changed = intake_of(fill(tmp_path / "march", csv_of(*ROWS[:2])))
    assert intake.subject != changed.subject


def test_the_files_of_a_table_are_read_together_in_the_order_of_their_names(
    tmp_path: Path,
) -> None:
    """One table may lie in several files; the order in which a disk lists them decides nothing."""
    folder = fill(tmp_path, csv_of(ROWS[2]))
    for name, row in (("expenses-b.csv", ROWS[1]), ("expenses-a.csv", ROWS[0])):
        (folder / name).write_bytes(csv_of(row))

    total = intake_of(folder).metrics[1]

    assert "116.75 EUR" == str(total.quantity)
    assert "expenses-a.csv, expenses-b.csv, expenses.csv" == total.source
    assert "3 rows of expenses in 3 files" == total.detail


def test_a_copy_of_a_file_is_read_once_and_said_to_be_one(tmp_path: Path) -> None:
    """Its rows would count twice."""
    folder = fill(tmp_path)
    (folder / "expenses (1).csv").write_bytes(csv_of(*ROWS))

    intake = intake_of(folder)

    assert "3" == shown(intake)["lines.total"]
    assert "expenses.csv is a copy of expenses (1).csv and was read once." in intake.notes


def test_a_pattern_reaches_into_folders_and_passes_over_files(tmp_path: Path) -> None:
    """``*/caps.csv`` means one level down, and what is no folder has nothing in it."""
    folder = fill(tmp_path)
    (folder / "2026").mkdir()
    (folder / "caps.csv").rename(folder / "2026" / "caps.csv")
    tables = declared(SECTIONS.replace('"caps.csv"', '"*/cap*.csv"'))

    sources = intake_of(folder, tables).sources

    assert ["2026/caps.csv", "expenses.csv"] == [source.path for source in sources]


def test_a_name_in_another_encoding_is_written_out(tmp_path: Path) -> None:
    """It can be recorded, whatever bytes a disk allows."""
    folder = fill(tmp_path)
    (folder / "expenses.csv").rename(folder / os.fsdecode(b"expenses\xff.csv"))

    assert r"expenses\udcff.csv" == intake_of(folder).sources[1].path


def test_hidden_files_fit_no_pattern(tmp_path: Path) -> None:
    """What an editor or a copy leaves behind is no data."""
    folder = fill(tmp_path)
    (folder / ".expenses.csv").write_bytes(b"rubbish")

    assert "3" == shown(intake_of(folder))["lines.total"]


def test_what_is_not_read_and_what_is_empty_is_noted(tmp_path: Path) -> None:
    """Columns that the pack does not declare, a column without a value, a table without a row."""
    extra = csv_of("1,2.00,2026-01-31,,x", header=f"{HEADER},who")
    intake = intake_of(fill(tmp_path, extra, caps="note;cap\n"))

    assert (
        "expenses.csv has 1 column that the pack does not read: who.",
        "The column note of expenses holds nothing.",
        "The table caps has no row.",
    ) == intake.notes


def test_a_table_without_a_row_gives_unknown_and_zero(tmp_path: Path) -> None:
    """What is not known is not 0, and how many there are is."""
    intake = intake_of(fill(tmp_path, csv_of(), caps="note;cap\n"))

    assert {
        "lines.total": "0",
        "spend.total": "unknown",
        "spend.unnoted_share": "unknown",
        "caps.exceeded": "0",
    } == shown(intake)


# What is refused.


def test_a_missing_file_names_folder_pattern_and_table(tmp_path: Path) -> None:
    """With what to do."""
    folder = fill(tmp_path)
    (folder / "caps.csv").unlink()

    sentence = why_refused(folder)

    assert sentence.startswith(f"{tmp_path}: no file fits caps.csv, which the table caps")
    assert sentence.endswith("pick the folder that has it.")


def test_no_folder_and_a_file_for_a_folder_are_said_to_be_so(tmp_path: Path) -> None:
    """The same sentences as for a repository."""
    assert "there is no such folder" in why_refused(tmp_path / "nowhere")
    fill(tmp_path)
    assert "this is a file, not a folder" in why_refused(tmp_path / "caps.csv")


def test_a_link_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    """A folder from a stranger cannot make the app read what lies elsewhere."""
    secret = tmp_path / "secret.csv"
    secret.write_text(CAPS, "utf-8")
    folder = fill(tmp_path / "folder")
    (folder / "caps.csv").unlink()
    (folder / "caps.csv").symlink_to(secret)

    assert "caps.csv: this link leads out of the folder" in why_refused(folder)


def test_a_linked_folder_that_leads_out_is_refused(tmp_path: Path) -> None:
    """The link may stand anywhere on the way to the file."""
    fill(tmp_path / "elsewhere")
    folder = fill(tmp_path / "folder")
    (folder / "deep").symlink_to(tmp_path / "elsewhere")
    tables = declared(SECTIONS.replace('"expenses*.csv"', '"*/expenses.csv"'))

    sentence = why_refused(folder, tables)

    assert "deep/expenses.csv: this link leads out of the folder" in sentence


def test_a_link_within_the_folder_is_followed(tmp_path: Path) -> None:
    """``latest.csv`` is a habit, and harmless."""
    folder = fill(tmp_path)
    (folder / "caps.csv").rename(folder / "caps-2026.csv")
    (folder / "caps.csv").symlink_to("caps-2026.csv")

    assert "1" == shown(intake_of(folder))["caps.exceeded"]


def test_a_link_put_in_the_way_meanwhile_is_not_followed(tmp_path: Path) -> None:
    """The file is opened part by part, so what was looked at is what is read."""
    (tmp_path / "link").symlink_to("/etc")

    with pytest.raises(OSError, match="link"):
        files._opened(tmp_path, Path("link/passwd"))
    with pytest.raises(OSError, match="link"):
        files._opened(tmp_path, Path("link"))


@pytest.mark.parametrize("make", ["folder", "pipe", "loop", "dangling"])
def test_what_is_no_file_is_refused_and_waited_for_by_nobody(tmp_path: Path, make: str) -> None:
    """A named pipe would wait for its writer for ever."""
    folder = fill(tmp_path)
    odd = folder / "expenses-odd.csv"
    match make:
        case "folder":
            odd.mkdir()
        case "pipe":
            os.mkfifo(odd)
        case "loop":
            odd.symlink_to(odd)
        case "dangling":
            odd.symlink_to(folder / "gone.csv")

    assert why_refused(folder).startswith("expenses-odd.csv: ")


def test_a_file_over_the_limit_is_refused_with_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a byte of it is read; the limit is for all files of the folder together."""
    folder = fill(tmp_path)
    size = (folder / "expenses.csv").stat().st_size
    monkeypatch.setattr("converge_desktop.adapters.tables.intake.MAX_BYTES", size + 10)

    sentence = why_refused(folder)

    assert sentence.startswith(f"caps.csv: it holds {len(CAPS)} bytes, and 10 of")
    assert sentence.endswith("Pick a folder with less in it.")


def test_a_sparse_giant_is_refused_without_being_read(tmp_path: Path) -> None:
    """The declared limit holds against a file that says it has a terabyte."""
    folder = fill(tmp_path)
    os.truncate(folder / "expenses.csv", 10**12)

    assert "expenses.csv: it holds 1,000,000,000,000 bytes" in why_refused(folder)


def test_too_many_files_and_too_many_rows_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted per file before it is parsed, and over all files of a table."""
    folder = fill(tmp_path)
    (folder / "expenses-2.csv").write_bytes(csv_of(*ROWS[:2]))
    monkeypatch.setattr(files, "MAX_FILES", 1)
    assert "2 files fit expenses*.csv, more than 1" in why_refused(folder)
    monkeypatch.setattr(files, "MAX_FILES", 2)
    monkeypatch.setattr("converge_desktop.adapters.tables.intake.MAX_ROWS", 4)
    assert "together they hold 5 rows of expenses, more than 4" in why_refused(folder)
    monkeypatch.setattr("converge_desktop.adapters.tables.reading.MAX_ROWS", 2)
    assert "expenses-2.csv: it holds 3 lines, more than 2" in why_refused(folder)

"""Notes about model calls lie beside the ledger, and are kept like whatever cannot be had again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from converge_core.errors import IllegalCommand
from converge_desktop.runtime.trace_model import Note
from converge_desktop.runtime.trace_notes import FILE, LONGEST, TraceNotes

NOTE = Note("trace:run-0001/1/planning/0", 7, "ab", "Look at this again: Åre", "alice", 5)


def notes_at(place: Path, **hashes: str) -> TraceNotes:
    known = {7: "ab", **{int(seq[1:]): one for seq, one in hashes.items()}}
    return TraceNotes(place, lambda seq: known.get(seq, ""))


def test_a_note_is_there_the_next_time(tmp_path: Path) -> None:
    """As it was written, whoever reads it."""
    assert {} == notes_at(tmp_path).all()
    notes_at(tmp_path).write(NOTE)

    assert {7: NOTE} == notes_at(tmp_path).all()
    assert {7: NOTE.text} == notes_at(tmp_path).words()


def test_a_note_is_put_otherwise_and_taken_away(tmp_path: Path) -> None:
    """By whoever comes later; nothing of the old one stays in the file."""
    notes = notes_at(tmp_path, s8="cd")
    other = replace(NOTE, seq=8, hash="cd")
    for one in (NOTE, other, replace(NOTE, text="fine", by="bob")):
        notes.write(one)
    assert {7: "fine", 8: NOTE.text} == notes.words()
    notes.write(replace(NOTE, text=" "))

    assert {8: NOTE.text} == notes.words() == notes_at(tmp_path, s8="cd").words()
    assert b"fine" not in (tmp_path / FILE).read_bytes()


def test_a_note_about_another_ledgers_record_is_not_shown(tmp_path: Path) -> None:
    """It stays in the file, for whoever puts that ledger back."""
    notes_at(tmp_path).write(NOTE)
    replaced = TraceNotes(tmp_path, lambda seq: "another")
    assert {} == replaced.all()
    replaced.write(replace(NOTE, seq=3, hash="another", text="of here"))

    assert {3: "of here"} == replaced.words()
    assert {7: NOTE.text} == notes_at(tmp_path).words()


def test_a_note_that_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    """Too long, or no text; what was noted before stands."""
    notes = notes_at(tmp_path)
    notes.write(NOTE)
    why = "at most 2,000 characters, and this one has 2,001"
    for text, said in (("x" * (LONGEST + 1), why), ("\ud800", "half a character")):
        with pytest.raises(IllegalCommand, match=said):
            notes.write(replace(NOTE, text=text))

    assert {7: NOTE.text} == notes.words()


def test_a_file_that_cannot_be_read_is_named_with_its_line(tmp_path: Path) -> None:
    """And what to do; nothing is written over it."""
    notes_at(tmp_path).write(NOTE)
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes() + b"words\n")

    with pytest.raises(IllegalCommand, match=rf"{FILE}, line 2: .* Mend that line, or remove it"):
        notes_at(tmp_path).all()
    with pytest.raises(IllegalCommand, match="line 2"):
        notes_at(tmp_path).write(NOTE)
    assert path.read_bytes().endswith(b"words\n")


def test_calls_are_looked_through_though_notes_cannot_be_read(tmp_path: Path) -> None:
    """Only whoever looks for what is noted hears of it."""
    (tmp_path / FILE).write_text("no note")
    words = notes_at(tmp_path).words()

    assert "" == words.get(3, "")
    with pytest.raises(IllegalCommand, match=f"{FILE}, line 1"):
        list(words.items())


def test_an_empty_line_is_no_note(tmp_path: Path) -> None:
    """As it may be left where somebody mended the file by hand."""
    notes_at(tmp_path).write(NOTE)
    (tmp_path / FILE).write_bytes(b"\n" + (tmp_path / FILE).read_bytes() + b"  \n")

    assert [NOTE] == list(notes_at(tmp_path).all().values())


def test_whoever_cannot_write_hears_of_it(tmp_path: Path) -> None:
    """And what is shown is what is kept."""
    notes = notes_at(tmp_path / "missing")
    with pytest.raises(OSError, match="No such file"):
        notes.write(NOTE)

    assert {} == notes.all()

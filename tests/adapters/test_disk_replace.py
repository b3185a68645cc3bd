"""A file takes the place of another, or that one stays; nothing that is no file is touched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from converge_desktop.adapters.disk import replace_durably


def test_a_file_takes_the_place_of_another(tmp_path: Path) -> None:
    """Whole, and nothing else is left beside it."""
    place = tmp_path / "kept.csv"
    place.write_bytes(b"before")
    replace_durably(place, b"after")
    assert b"after" == place.read_bytes()
    assert [place] == list(tmp_path.iterdir())


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "directory"])
def test_what_is_no_file_is_left_alone(tmp_path: Path, make: object) -> None:
    """A device or a pipe must not become a file because somebody exports to it."""
    place = tmp_path / "there"
    make(place)  # type: ignore[operator]
    with pytest.raises(OSError, match="no file") as told:
        replace_durably(place, b"after")
    assert str(place) == told.value.filename
    assert not place.is_file()
    assert [place] == list(tmp_path.iterdir())

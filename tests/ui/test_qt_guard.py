"""The binding is one that does not abort, and goes on not aborting."""

from __future__ import annotations

import subprocess
import sys

import PySide6

EMIT = """
from PySide6.QtCore import QCoreApplication, QObject, Signal

class Sender(QObject):
    told = Signal(bool)

app = QCoreApplication([])
sender, heard = Sender(), []
sender.told.connect(heard.append)
for number in range(2000):
    sender.told.emit(number % 2 == 0)
assert len(heard) == 2000
print("alive")
"""


def test_the_binding_is_the_one_that_was_measured() -> None:
    """6.12.0 takes a reference off ``True`` with every emission and aborts CPython 3.11."""
    assert PySide6.__version_info__[:2] == (6, 11)


def test_two_thousand_emissions_survive() -> None:
    done = subprocess.run(
        [sys.executable, "-c", EMIT], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "alive"), done.stderr

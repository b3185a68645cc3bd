"""A real X server without a screen, a real window on it, and keys as a person presses them."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
NEEDED = ("Xvfb", "xdotool", "import")
PATIENCE_S = 60.0
"""After which one gives up; nothing takes that long when all is well."""
LOOK_S = 0.05


def missing() -> tuple[str, ...]:
    """Returns the programs that are needed and not installed."""
    return tuple(name for name in NEEDED if shutil.which(name) is None)


def until(found: Callable[[], T | None], what: str, patience: float = PATIENCE_S) -> T:
    """Looks at another process again and again until it shows what is expected."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        seen = found()
        if seen:
            return seen
        time.sleep(LOOK_S)  # another process has no signal that could be waited for
    raise AssertionError(f"{what}: not seen within {patience:.0f} s")


@dataclass
class Screen:
    """An X server of our own, gone with the test."""

    display: str
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        kept = {k: v for k, v in os.environ.items() if k != "WAYLAND_DISPLAY"}
        self.environment = kept | {"DISPLAY": self.display, "QT_QPA_PLATFORM": "xcb"}

    def do(self, *words: str) -> str:
        """Has xdotool do something, and returns what it says."""
        done = subprocess.run(
            ["xdotool", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        return done.stdout.strip()

    def window(self, title: str) -> str:
        """Waits for a window by its title, and gives it the focus."""
        search = ("search", "--onlyvisible", "--name", title)
        found = until(lambda: self.do(*search).split("\n")[0], f"a window named {title}")
        self.do("windowfocus", "--sync", found)
        return found

    def press(self, *keys: str) -> None:
        """Presses keys one after the other, as ``ctrl+Return``."""
        self.do("key", "--clearmodifiers", "--delay", "30", *keys)

    def write(self, text: str) -> None:
        """Types a text."""
        self.do("type", "--clearmodifiers", "--delay", "5", text)

    def photo(self, path: Path, window: str) -> bytes:
        """Takes a picture of a window, and returns the file."""
        words = ["import", "-window", window, str(path)]
        subprocess.run(words, env=self.environment, timeout=PATIENCE_S, check=True)
        return path.read_bytes()


@contextmanager
def screen(size: str = "1280x800x24") -> Iterator[Screen]:
    """Starts an X server that finds a free display by itself, and ends it."""
    ours, theirs = os.pipe()
    words = ["Xvfb", "-displayfd", str(theirs), "-screen", "0", size, "-nolisten", "tcp"]
    server = subprocess.Popen([*words, "-noreset"], pass_fds=(theirs,), stderr=subprocess.DEVNULL)
    os.close(theirs)
    try:
        ready, _, _ = select.select([ours], [], [], PATIENCE_S)
        assert ready, "the X server did not start"
        yield Screen(f":{os.read(ours, 64).decode().strip()}")
    finally:
        os.close(ours)
        server.terminate()
        server.wait(PATIENCE_S)


@contextmanager
def program(screen: Screen, words: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Starts a program on the screen, and ends it if it does not end by itself."""
    with log.open("wb") as said:
        made = subprocess.Popen(words, env=screen.environment, stdout=said, stderr=said)
        try:
            yield made
        finally:
            if made.poll() is None:
                made.terminate()
                try:
                    made.wait(PATIENCE_S)
                except subprocess.TimeoutExpired:
                    made.kill()
                    made.wait()

"""The process that looks into model files, had a file taken it over; which way, its name says."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from pathlib import Path

from converge_desktop.adapters.models import model_child


def look(path: Path, base: str) -> object:
    """Does what a file of this name would have it do."""
    return globals()[path.stem](path)


def hangs(path: Path) -> object:
    while True:
        signal.pause()


def burns(path: Path) -> object:
    while True:
        pass


def swells(path: Path) -> object:
    return len(bytearray(64_000_000_000))


def segfaults(path: Path) -> object:
    signal.raise_signal(signal.SIGSEGV)
    return None


def leaves(path: Path) -> object:
    os._exit(0)


def floods(path: Path) -> object:
    while True:
        os.write(1, b"x" * 65536)


def floods_lines(path: Path) -> object:
    while True:
        os.write(1, b"x" * 1000 + b"\n")


def answers_a_text(path: Path) -> object:
    return "all is well"


def answers_half(path: Path) -> object:
    return {"kind": "model"}


def answers_too_much(path: Path) -> object:
    return facts(path) | {"parameters": 2**60}


def answers_no_json(path: Path) -> object:
    os.write(1, f"{sys.argv[1]} nonsense\n".encode())
    return hangs(path)


def pretends(path: Path) -> object:
    """Prints an answer as a file could have llama.cpp print it, which cannot know the word."""
    os.write(1, b'{"facts": {"kind": "model"}}\n0123 {"facts": {}}\n')
    raise model_child.Refused("nobody believed it")


def touches(path: Path) -> object:
    """Answers well, and has its own file look different afterwards."""
    path.chmod(0o640)
    return facts(path)


def writes(path: Path) -> object:
    path.with_suffix(".new").write_text("a virus")
    return facts(path)


def tells(path: Path) -> object:
    """Says what it has got of the process that started it."""
    told = {
        "environment": sorted(os.environ),
        "input": os.read(0, 10).decode(),
        "core": resource.getrlimit(resource.RLIMIT_CORE),
        "files": [str(one.resolve()) for one in Path("/dev/fd").iterdir() if one.is_file()],
    }
    raise model_child.Refused(json.dumps(told))


def facts(path: Path) -> dict[str, object]:
    told = dict.fromkeys(("sha256", "name"), "")
    return told | {"kind": "model", "size": 0, "architecture": "llama"}


if __name__ == "__main__":
    model_child._look = look
    model_child.main(sys.argv[1:])

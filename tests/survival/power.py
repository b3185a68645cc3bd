"""What a power cut could leave of a directory, worked out from what a program did to it.

What was synced is there: a file's bytes once the file was, a name once the directory that it stands
in was. Of everything else, any part may be there or missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

from tests.survival.files import Op

ON_NAMES = {"make", "mkdir", "rename", "unlink", "rmdir"}
ON_BYTES = {"write", "cut"}


@dataclass
class Log:
    """What a program did to its files, and what it said meanwhile.

    Attributes:
        ops: the operations, in order.
        said: how many operations had been done when something was said, and what.
    """

    ops: list[Op] = field(default_factory=list)
    said: list[tuple[int, str]] = field(default_factory=list)

    def watch(self, op: Op, do: Callable[[], object]) -> object:
        """Does an operation and notes it; of a write, what was written of it."""
        done = do()
        if op.kind == "write":
            assert isinstance(done, int)
            op = replace(op, data=op.data[:done])
        self.ops.append(op)
        return done

    def say(self, words: str) -> None:
        """Notes what the program acknowledged."""
        self.said.append((len(self.ops), words))

    def heard(self, length: int) -> list[str]:
        """Returns what had been said before operation ``length`` began."""
        return [words for count, words in self.said if count <= length]


Image = dict[str, bytes | None]
"""A directory: the bytes of each file by its name, and None for each directory."""


def played(ops: list[Op]) -> Image:
    """Returns the directory that operations lead to; those on what is not there do nothing."""
    names: dict[str, int | None] = {}
    files: dict[int, bytes] = {}
    for op in ops:
        match op.kind:
            case "make":
                names[op.name] = op.file
            case "mkdir":
                names[op.name] = None
            case "unlink" | "rmdir":
                names.pop(op.name, None)
            case "rename" if op.name in names:
                names[op.to] = names.pop(op.name)
            case "write":
                before = files.get(op.file, b"").ljust(op.at, b"\0")
                files[op.file] = before[: op.at] + op.data + before[op.at + len(op.data) :]
            case "cut":
                files[op.file] = files.get(op.file, b"")[: op.at].ljust(op.at, b"\0")
    return {
        name: None if file is None else files.get(file, b"")
        for name, file in names.items()
        if all(names.get(str(folder), 0) is None for folder in PurePath(name).parents[:-1])
    }


def after_a_cut(ops: list[Op]) -> Iterator[tuple[str, Image]]:
    """Yields what a power cut after ``ops`` could leave, each different directory once.

    In words what became of all that was not synced, and the directory.
    """
    sure = _durable(ops)
    last = max((n for n, op in enumerate(ops) if n not in sure and op.data), default=None)

    def left(keep: Callable[[int, Op], bool]) -> Image:
        return played([op for n, op in enumerate(ops) if n in sure or keep(n, op)])

    cases = {
        "none of it": left(lambda n, op: False),
        "all of it": left(lambda n, op: True),
        "its names alone": left(lambda n, op: op.kind in ON_NAMES),
        "its bytes alone": left(lambda n, op: op.kind in ON_BYTES),
        "only its last": left(lambda n, op: n == len(ops) - 1),
        "all but its first": left(lambda n, op: n != min(set(range(len(ops))) - sure, default=-1)),
    }
    if last is not None:
        size = len(ops[last].data)
        for length in sorted({1, size // 2, size - 1}):
            for filler in (b"", b"\0"):
                data = (ops[last].data[:length]).ljust(size if filler else length, b"\0")
                torn = [*ops[:last], replace(ops[last], data=data), *ops[last + 1 :]]
                words = f"{length} bytes of its last write{', then zeros' if filler else ''}"
                cases[words] = played(torn)
    seen: list[Image] = []
    for words, image in cases.items():
        if image not in seen:
            seen.append(image)
            yield words, image


def _durable(ops: list[Op]) -> set[int]:
    """Returns which operations no power cut can undo any more."""
    sure = set()
    synced: set[int | str] = set()
    for number, op in reversed(list(enumerate(ops))):
        match op.kind:
            case "sync":
                synced.add(op.file)
            case "sync-names":
                synced.add(op.name)
        of = op.file if op.kind in ON_BYTES else str(PurePath(op.to or op.name).parent)
        if of in synced:
            sure.add(number)
    return sure


def laid_out(image: Image, directory: Path) -> None:
    """Makes a directory as it was left."""
    for name in sorted(image):
        data = image[name]
        if data is None:
            (directory / name).mkdir()
        else:
            (directory / name).write_bytes(data)
            (directory / name).chmod(0o600)


def image_of(directory: Path) -> Image:
    """Returns a directory as it is."""
    return {
        str(path.relative_to(directory)): None if path.is_dir() else path.read_bytes()
        for path in directory.rglob("*")
    }

"""Stands between the program and its files: every operation below a directory is shown first.

Whoever watches sees the operation and does it, leaves it out, does half of it, fails, or kills the
process. It covers what :mod:`os` offers and files opened by :func:`open`, which are made anew over
:mod:`os`; what went past it, as a write by C code would, shows because a recorded story played back
then gives another directory than the real one.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Op:
    """One operation on files.

    Attributes:
        kind: ``make`` (a file), ``mkdir``, ``rename``, ``unlink``, ``rmdir``, ``write``, ``cut``,
            ``sync`` (a file), or ``sync-names`` (a directory).
        name: the path, below the directory that is watched.
        file: which file, whatever it is called by now; 0 for operations on names.
        at: where it writes, or the length it cuts to.
        data: what it writes.
        to: the new name.
    """

    kind: str
    name: str
    file: int = 0
    at: int = 0
    data: bytes = b""
    to: str = ""


Watch = Callable[[Op, Callable[..., Any]], Any]
"""Is given an operation and what does it, and returns what that returns.

What does a write can be given other bytes than the operation's."""
REAL = {
    name: getattr(os, name)
    for name in (
        "open", "close", "write", "pwrite", "fsync", "fdatasync", "ftruncate", "truncate",
        "rename", "replace", "unlink", "remove", "mkdir", "rmdir",
    )
}  # fmt: skip
_OPEN = builtins.open


class _Raw(io.RawIOBase):
    """A file as :func:`open` gives it, over the functions of :mod:`os`."""

    def __init__(self, fd: int, mode: str) -> None:
        self._fd, self.mode = fd, mode

    def readable(self) -> bool:
        return "r" in self.mode or "+" in self.mode

    def writable(self) -> bool:
        return "r" not in self.mode or "+" in self.mode

    def seekable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._fd

    def readinto(self, buffer: Any) -> int:
        return os.readv(self._fd, [buffer])

    def write(self, data: Any) -> int:
        return os.write(self._fd, data)

    def seek(self, to: int, whence: int = 0) -> int:
        return os.lseek(self._fd, to, whence)

    def truncate(self, size: int | None = None) -> int:
        size = self.tell() if size is None else size
        os.ftruncate(self._fd, size)
        return size

    def close(self) -> None:
        if not self.closed:
            super().close()
            os.close(self._fd)


class Files:
    """The functions of :mod:`os` for one directory, seen by ``watch``."""

    def __init__(self, root: Path, watch: Watch) -> None:
        self._root, self._watch = os.path.realpath(root), watch
        self._open: dict[int, str] = {}
        self._ids: dict[tuple[int, int], int] = {}
        self._made = 0

    def open(self, path: Any, flags: int, mode: int = 0o777, **more: Any) -> int:
        name = self._name(path)
        if name is None:
            return int(REAL["open"](path, flags, mode, **more))
        there = os.path.lexists(path)

        def do() -> int:
            fd: int = REAL["open"](path, flags, mode, **more)
            self._open[fd] = name
            if not there:
                self._made += 1
                self._ids[self._inode(fd)] = self._made
            return fd

        if not there and flags & os.O_CREAT:
            return int(self._watch(Op("make", name, file=self._made + 1), do))
        if there and flags & os.O_TRUNC and os.path.getsize(path):
            return int(self._watch(Op("cut", name, file=self._id(os.stat(path))), do))
        return do()

    def close(self, fd: int) -> None:
        self._open.pop(fd, None)
        REAL["close"](fd)

    def write(self, fd: int, data: Any) -> int:
        if fd not in self._open:
            return int(REAL["write"](fd, data))
        stat = os.fstat(fd)
        ends = os.get_blocking(fd) and _appends(fd)
        at = stat.st_size if ends else os.lseek(fd, 0, os.SEEK_CUR)
        op = Op("write", self._open[fd], self._id(stat), at, bytes(data))
        return int(self._watch(op, lambda part=data: REAL["write"](fd, part)))

    def pwrite(self, fd: int, data: Any, at: int) -> int:
        if fd not in self._open:
            return int(REAL["pwrite"](fd, data, at))
        op = Op("write", self._open[fd], self._id(os.fstat(fd)), at, bytes(data))
        return int(self._watch(op, lambda part=data: REAL["pwrite"](fd, part, at)))

    def fsync(self, fd: Any) -> None:
        number = fd if isinstance(fd, int) else fd.fileno()
        if number not in self._open:
            return REAL["fsync"](number)  # type: ignore[no-any-return]
        stat, name = os.fstat(number), self._open[number]
        names = os.path.isdir(f"/proc/self/fd/{number}")
        op = Op("sync-names", name) if names else Op("sync", name, self._id(stat))
        return self._watch(op, lambda: REAL["fsync"](number))  # type: ignore[no-any-return]

    def ftruncate(self, fd: int, length: int) -> None:
        if fd not in self._open:
            return REAL["ftruncate"](fd, length)  # type: ignore[no-any-return]
        op = Op("cut", self._open[fd], self._id(os.fstat(fd)), length)
        return self._watch(op, lambda: REAL["ftruncate"](fd, length))  # type: ignore[no-any-return]

    def truncate(self, path: Any, length: int) -> None:
        name = path if isinstance(path, int) else self._name(path)
        if isinstance(name, int):
            return self.ftruncate(name, length)
        do = partial(REAL["truncate"], path, length)
        if name is None:
            return do()  # type: ignore[no-any-return]
        op = Op("cut", name, self._id(os.stat(path)), length)
        return self._watch(op, do)  # type: ignore[no-any-return]

    def replace(self, old: Any, new: Any, **more: Any) -> None:
        name, to = self._name(old), self._name(new)
        do = partial(REAL["replace"], old, new, **more)
        if name is None or to is None:
            return do()  # type: ignore[no-any-return]
        return self._watch(Op("rename", name, to=to), do)  # type: ignore[no-any-return]

    def on_name(self, kind: str) -> Callable[..., None]:
        """Returns an operation on a name alone."""

        def on(path: Any, *arguments: Any, dir_fd: int | None = None, **more: Any) -> None:
            if dir_fd is not None:
                path = os.path.join(os.readlink(f"/proc/self/fd/{dir_fd}"), os.fsdecode(path))
            name, there = self._name(path), os.path.lexists(path)
            do = partial(REAL[kind], path, *arguments, **more)
            if name is None or there is (kind == "mkdir"):
                return do()  # type: ignore[no-any-return]
            return self._watch(Op(kind, name), do)  # type: ignore[no-any-return]

        return on

    def open_file(  # noqa: PLR0917 - as open() has them
        self,
        file: Any,
        mode: str = "r",
        buffering: int = -1,
        encoding: Any = None,
        errors: Any = None,
        newline: Any = None,
        *more: Any,
        **named: Any,
    ) -> Any:
        """Does what :func:`open` does, over the functions above."""
        inside = not isinstance(file, int) and self._name(file) is not None
        if not inside or set(mode) <= set("rbt"):
            return _OPEN(file, mode, buffering, encoding, errors, newline, *more, **named)
        flags = {"r": 0, "w": os.O_CREAT | os.O_TRUNC, "a": os.O_CREAT | os.O_APPEND}
        flags["x"] = os.O_CREAT | os.O_EXCL
        way = os.O_RDWR if "+" in mode else os.O_WRONLY
        [kind] = set(mode) & set(flags)
        raw = _Raw(self.open(file, way | flags[kind] | os.O_CLOEXEC, 0o666), mode)
        if buffering == 0:
            return raw
        # Typed as what they wrap, since type checkers know of no raw file but io.FileIO.
        buffered: Any = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        return buffered if "b" in mode else io.TextIOWrapper(buffered, encoding, errors, newline)

    def _name(self, path: Any) -> str | None:
        if isinstance(path, int):
            return None
        folder, last = os.path.split(os.path.abspath(os.fsdecode(path)))
        whole = os.path.join(os.path.realpath(folder), last)
        if whole == self._root:
            return "."
        return whole[len(self._root) + 1 :] if whole.startswith(self._root + os.sep) else None

    def _inode(self, fd: int) -> tuple[int, int]:
        stat = os.fstat(fd)
        return stat.st_dev, stat.st_ino

    def _id(self, stat: os.stat_result) -> int:
        return self._ids.get((stat.st_dev, stat.st_ino), 0)


@contextlib.contextmanager
def watched(root: Path, watch: Watch) -> Iterator[None]:
    """Shows ``watch`` every operation on files below ``root``; for a program without threads."""
    files = Files(root, watch)
    names = {
        **{name: getattr(files, name) for name in REAL if hasattr(files, name)},
        **{name: files.on_name(name) for name in ("unlink", "mkdir", "rmdir")},
        "fdatasync": files.fsync,
        "rename": files.replace,
        "remove": files.on_name("unlink"),
    }
    before = {name: getattr(os, name) for name in names}
    try:
        for name, function in names.items():
            setattr(os, name, function)
        builtins.open = io.open = files.open_file
        yield
    finally:
        for name, function in before.items():
            setattr(os, name, function)
        builtins.open = io.open = _OPEN


def _appends(fd: int) -> bool:
    import fcntl

    return bool(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_APPEND)

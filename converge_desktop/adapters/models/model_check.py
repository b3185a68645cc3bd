"""A first look at a model file, before it is let into this process.

A GGUF file is untrusted input. Its header is read here by code that cannot be crashed; then a
process of its own, bounded and without secrets, loads it with llama.cpp and computes one token. If
that process is killed, stands still or talks nonsense, then the file is to blame, and nothing has
happened here. What is checked are the bytes of that moment: the file must be the same after it.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn, Self

from msgspec.structs import replace

from converge_core.canonical import ContentHash, parse
from converge_core.errors import InvalidValue
from converge_core.model_config import AdapterFacts, ModelFacts, ModelKind
from converge_core.record import read, settled
from converge_desktop.adapters.child_environment import child_environment
from converge_desktop.adapters.models.gguf_header import (
    BadHeader,
    Header,
    opened,
    plain,
    read_header,
)

TIMEOUT_S: Final = 120.0
"""How long a file may take; a gigabyte takes about a second."""
START_S: Final = 60.0
"""How long the process may take before it opens a file, on a very busy machine."""
MEMORY_BYTES: Final = 4_000_000_000
MEMORY_PER_BYTE: Final = 4
"""Addresses beside that for each byte of the file: mapped once, and repacked."""
CPU_S: Final = 60
CPU_BYTES: Final = 20_000_000
"""A second on the processor beside that for so many bytes."""
MOST_SAID: Final = 4_000_000
"""A process that says more than these bytes of one file is not believed."""
_MODULE: Final = "converge_desktop.adapters.models.model_child"
_MOST_ALPHA: Final = 1e9
_BUILT_AT: Final = re.compile(r"^/\S*/(?=[\w.-]+:[0-9]+: )")
"""Where llama.cpp was built, which its assertions name."""
_BLOCK: Final = re.compile(r"blk\.(?P<number>[0-9]{1,4})\.")


class UnsafeModel(Exception):
    """A model file is not let in; the text names the file, the reason and the remedy.

    Attributes:
        path: the file.
        reason: what is wrong with it.
    """

    def __init__(self, path: Path, reason: str, remedy: str) -> None:
        super().__init__(f"{path} {reason}. {remedy}")
        self.path = path
        self.reason = reason


class ModelRefused(UnsafeModel):
    """The file is missing, is no model, or llama.cpp does not take it."""


class ModelCrashed(UnsafeModel):
    """The file brought down, or held up, the process that looked into it."""


class ModelChanged(UnsafeModel):
    """The file is not the one that was checked or pinned."""


class CheckUnavailable(Exception):
    """The process that checks files cannot be started; no file is to blame."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Which file it is: where it lies, how it stands there, and what its bytes are."""

    place: tuple[int, ...]
    sha256: ContentHash

    @property
    def size(self) -> int:
        """Returns its bytes."""
        return self.place[2]


def inspect_model(
    path: Path, *, timeout_s: float = TIMEOUT_S, base: Path | None = None
) -> ModelFacts:
    """Looks into a file in a process of its own and returns what it says of itself.

    Args:
        path: a GGUF file: a model, or an adapter.
        timeout_s: how long loading it may take.
        base: the model that an adapter is tried with. Without one llama.cpp is not asked about an
            adapter, and what is returned is what its header says.

    Raises:
        ModelRefused: if it is no model, or llama.cpp does not take it, with llama.cpp's reason.
        ModelCrashed: if the process was killed, ran into a limit or talked nonsense.
        ModelChanged: if the file was written to or exchanged meanwhile.
        CheckUnavailable: if the process could not be started.
    """
    before = fingerprint(path)
    [found] = inspect_models([path], timeout_s=timeout_s, base=base)
    if fingerprint(path) != before:
        raise ModelChanged(
            path,
            "was changed while it was checked",
            "Wait until it is written, then choose it again.",
        )
    if isinstance(found, UnsafeModel):
        raise found
    return replace(found, sha256=before.sha256, size=before.size)


def inspect_models(
    paths: Sequence[Path], *, timeout_s: float = TIMEOUT_S, base: Path | None = None
) -> Iterator[ModelFacts | UnsafeModel]:
    """Looks into several files and yields what came of each, in order; hashes are left out.

    One process looks into many, as long as it lives; after a crash the next goes on.

    Raises:
        CheckUnavailable: if the process could not be started.
    """
    looks = [_Look(path, base) for path in paths]
    waiting = deque(look for look in looks if look.found is None)
    with _Children(base, timeout_s) as children:
        for look in looks:
            if look.found is None:
                children.ask(look, waiting)
            assert look.found is not None
            yield look.found


def fingerprint(path: Path) -> Fingerprint:
    """Returns which file lies at ``path``, its bytes hashed.

    Raises:
        ModelRefused: if there is none, or it cannot be read.
        ModelChanged: if it was written to while it was read.
    """
    try:
        with opened(path) as file:
            before = place_of(os.fstat(file.fileno()))
            sha256 = ContentHash(hashlib.file_digest(file, "sha256").hexdigest())
            after = place_of(os.fstat(file.fileno()))
    except (BadHeader, OSError) as error:
        _refuse(path, error)
    if before != after:
        raise ModelChanged(
            path, "was changed while it was read", "Wait until it is written, then choose it again."
        )
    return Fingerprint(before, sha256)


def place_of(status: os.stat_result) -> tuple[int, ...]:
    """Returns what changes when a file is exchanged or written to."""
    return (
        *(status.st_dev, status.st_ino, status.st_size),
        *(status.st_mtime_ns, status.st_ctime_ns),
    )


def check_header(path: Path) -> Header:
    """Reads the header of a model file.

    Raises:
        ModelRefused: if there is no file, or it cannot be a model.
    """
    try:
        return read_header(path)
    except (BadHeader, OSError) as error:
        _refuse(path, error)


def adapter_facts(header: Header) -> ModelFacts:
    """Returns what the header of an adapter says of it."""
    targets = sorted({_target(tensor.name) for tensor in header.tensors} - {""})
    blocks = [int(found["number"]) for name in targets if (found := _BLOCK.match(name))]
    downs = [tensor for tensor in header.tensors if tensor.name.endswith(".lora_a")]
    widths = {
        tensor.shape[0]
        for tensor in downs
        if re.search(r"attn_[qkv]\.|ffn_(gate|up)\.", tensor.name)
    }
    alpha = header.settings.get("adapter.lora.alpha", 0)
    known = isinstance(alpha, (int, float)) and abs(alpha) < _MOST_ALPHA
    return ModelFacts(
        kind=ModelKind.ADAPTER,
        sha256=ContentHash(""),
        size=0,
        name=plain(header.text("general.name")),
        architecture=plain(header.text("general.architecture")),
        licence=plain(header.text("general.license")),
        parameters=0,
        adapter=AdapterFacts(
            method=plain(header.text("adapter.type")),
            base=plain(header.text("general.base_model.0.name")),
            rank=max((tensor.shape[-1] for tensor in downs), default=0),
            alpha=round(float(alpha) * 1000) if known else 0,
            precision="+".join(sorted({tensor.precision for tensor in header.tensors})),
            width=widths.pop() if len(widths) == 1 else 0,
            layers=max(blocks, default=-1) + 1,
            targets=tuple(plain(name, 64) for name in targets[:1000]),
        ),
    )


def is_adapter(header: Header) -> bool:
    """Says whether a header is that of an adapter."""
    return header.text("general.type") == ModelKind.ADAPTER


def _target(name: str) -> str:
    return next(
        (name.removesuffix(end) for end in (".lora_a", ".lora_b") if name.endswith(end)), ""
    )


def _refuse(path: Path, error: Exception) -> NoReturn:
    if isinstance(error, OSError):
        raise ModelRefused(
            path, f"cannot be read: {error.strerror or error}", "Choose another model file."
        ) from error
    raise ModelRefused(
        path, f"is no GGUF model: {error}", "Choose a file whose name ends in .gguf, and is whole."
    ) from error


class _Look:
    """A file that is looked into, and what came of it."""

    def __init__(self, path: Path, base: Path | None) -> None:
        self.path = path
        self.found: ModelFacts | UnsafeModel | None = None
        self._adapter: ModelFacts | None = None
        try:
            header = check_header(path)
            if is_adapter(header):
                self._adapter = settled(ModelFacts, adapter_facts(header))
                if base is None:
                    self.found = self._adapter
            elif base is not None:
                self.found = ModelRefused(path, "is no adapter", "Choose an adapter's file.")
        except ModelRefused as error:
            self.found = error
        except InvalidValue as error:
            self.found = ModelRefused(
                path, f"says impossible things of itself: {error}", "Choose another file."
            )

    def answer(self, facts: Any) -> None:
        """Takes in what the process found.

        Raises:
            InvalidValue: if it is nonsense.
        """
        self.found = self._adapter or settled(ModelFacts, read(ModelFacts, facts))

    def refuse(self, reason: str, said: Sequence[str]) -> None:
        """Notes that llama.cpp does not take it."""
        because = said[0] if said else reason
        self.found = ModelRefused(
            self.path,
            f"could not be loaded. llama.cpp says: {because.rstrip('.')}",
            "The file may be cut off or of a kind this version does not know; fetch it again or "
            "choose another.",
        )

    def crash(self, how: str, said: Sequence[str]) -> None:
        """Notes that the process that looked into it came to grief."""
        last = f", after llama.cpp said: {said[-1].rstrip('.')}" if said else ""
        self.found = ModelCrashed(
            self.path,
            f"is not safe to load: the process that tried it {how}{last}",
            "Nothing was loaded here; fetch the file again from where it came from, or choose "
            "another.",
        )


class _Children:
    """The processes that look into files, one at a time."""

    def __init__(self, base: Path | None, timeout_s: float) -> None:
        self._base = base
        self._timeout_s = timeout_s
        self._child: _Child | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def ask(self, look: _Look, waiting: deque[_Look]) -> None:
        """Has a file looked into, the first of ``waiting``, by a process that is to see them all.

        Raises:
            CheckUnavailable: if the process could not be started.
        """
        if self._child is None:
            self._child = _Child([one.path for one in waiting], self._base)
        waiting.popleft()
        if not self._child.look(look, self._timeout_s):
            self._end()

    def _end(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None


class _Child:
    """One process, from its start to its end.

    Raises:
        CheckUnavailable: if it does not say that it is ready.
    """

    def __init__(self, paths: Sequence[Path], base: Path | None) -> None:
        self._word = secrets.token_hex(16)
        sizes = [_size(path) for path in (*paths, base) if path is not None]
        memory = MEMORY_BYTES + MEMORY_PER_BYTE * (max(sizes) + _size(base))
        self._cpu_s = CPU_S + (max(sizes) + _size(base)) // CPU_BYTES
        limits = (str(memory), str(self._cpu_s), str(base.resolve()) if base else "")
        self._process = subprocess.Popen(  # noqa: S603 - our own module, our own interpreter
            [
                *(sys.executable, "-P", "-s", "-m", _MODULE, self._word, *limits),
                *(str(path.absolute()) for path in paths),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_environment(),
        )
        assert self._process.stdout is not None
        self._pipe = self._process.stdout.fileno()
        os.set_blocking(self._pipe, False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._pipe, selectors.EVENT_READ)
        self._unread = b""
        self._heard = 0
        self._said: deque[str] = deque(maxlen=20)
        self._printed: deque[str] = deque(maxlen=20)
        if self._next(time.monotonic() + START_S) != ("ready", None):
            self.end()
            raise CheckUnavailable(
                "the process that looks into model files could not be started: "
                f"{' / '.join(self._printed) or self._ending()}. Install the app again, or free "
                "some memory."
            )

    def look(self, look: _Look, timeout_s: float) -> bool:
        """Waits for what comes of a file and says whether the process can go on."""
        self._said.clear()
        self._printed.clear()
        self._heard = 0
        deadline = time.monotonic() + timeout_s
        event, value = self._next(deadline)
        if event == "begun":
            event, value = self._next(deadline)
        try:
            if event == "facts":
                look.answer(value)
                return True
        except InvalidValue:
            event = "nonsense"
        if event == "refused":
            look.refuse(plain(str(value), 1000), self._said)
            return True
        how = {
            "late": f"did not finish within {timeout_s:g} s",
            "memory": "needed more memory than is allowed",
            "ended": "",
        }.get(event, "gave no sensible answer")
        self.end()
        look.crash(how or self._ending(), [*self._said, *self._printed])
        return False

    def end(self) -> None:
        """Ends the process, if it still lives. Safe to call twice."""
        if self._process.stdout and not self._process.stdout.closed:
            self._process.kill()
            self._process.wait()
            self._selector.close()
            self._process.stdout.close()

    def _ending(self) -> str:
        code = self._process.returncode
        if code == -signal.SIGXCPU:
            return f"used up its {self._cpu_s} s on the processor"
        if code is not None and code < 0:
            return f"was ended by {signal.Signals(-code).name}"
        return f"ended with exit code {code}"

    def _next(self, deadline: float) -> tuple[str, Any]:
        """Returns the next event; ``late``, ``ended`` or ``nonsense`` if there is none."""
        while True:
            line, newline, rest = self._unread.partition(b"\n")
            if newline:
                self._unread = rest
                found = self._event(line)
                if found is not None:
                    return found
                continue
            left = deadline - time.monotonic()
            if left <= 0:
                return "late", None
            if not self._selector.select(left):
                continue
            data = os.read(self._pipe, 65536)
            self._heard += len(data)
            if self._heard > MOST_SAID:
                return "nonsense", None
            if not data:
                # It let go of the pipe; how it ends is its answer.
                return self._ended(deadline), None
            self._unread += data

    def _ended(self, deadline: float) -> str:
        try:
            self._process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return "late"
        return "ended"

    def _event(self, line: bytes) -> tuple[str, Any] | None:
        """Returns the event in a line; None if the line is only to be remembered."""
        word, _, body = line.partition(b" ")
        if word != self._word.encode():
            text = _BUILT_AT.sub("", line.decode("utf-8", "replace").strip())
            self._printed.append(plain(text, 300))
            return None
        try:
            [(event, value)] = parse(body).items()
        except (InvalidValue, AttributeError, ValueError):
            return "nonsense", None
        if event != "said":
            return str(event), value
        self._said.append(plain(str(value), 500))
        return None


def _size(path: Path | None) -> int:
    return path.stat().st_size if path is not None and path.exists() else 0


def _environment() -> dict[str, str]:
    """Returns what the process needs to know of this one, and no more."""
    return child_environment(
        OMP_NUM_THREADS="1",
        OPENBLAS_NUM_THREADS="1",
        # It would start a debugger beside a process that is there to die.
        GGML_NO_BACKTRACE="1",
    )

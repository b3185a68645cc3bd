"""What is known of model files, by the SHA-256 of their bytes.

A file that was never seen is looked into by a process of its own first (``model_check.py``). What
comes of it is kept: a good file is let in at once from then on, a dangerous one is refused until a
person releases it. A file that changed has another hash and is a new one. How exactly a model
repeats itself is kept here too, under the settings that it was measured with.

The window and the command line may use the same registry at once: whoever changes an entry keeps
the others out meanwhile, and goes by what it is at that moment.
"""

from __future__ import annotations

import contextlib
import fcntl
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from converge_core.canonical import ContentHash, canonical, checked, parse
from converge_core.envelope import ReplayGrade
from converge_core.errors import ConvergeError, InvalidValue
from converge_core.model_config import ModelFacts
from converge_core.record import Record, read, settled
from converge_desktop import paths
from converge_desktop.adapters.clock import Clock, system_clock
from converge_desktop.adapters.disk import sync_directory, write_durably
from converge_desktop.adapters.models.model_check import (
    TIMEOUT_S,
    Fingerprint,
    ModelChanged,
    ModelCrashed,
    ModelRefused,
    UnsafeModel,
    fingerprint,
    inspect_model,
    place_of,
)

SHIPPED_SUMS: Final = "SHA256SUMS"
MOST_HASHES: Final = 500
MOST_ENTRY_BYTES: Final = 8_000_000
SETTLED_US: Final = 2_000_000
"""A file that was written to within this time may be written to again in the same tick."""
_HASHES: Final = "hashes.json"
_LOCK: Final = "lock"
_HASH_SIGNS: Final = 64
LEAST_SIGNS: Final = 8
"""So many digits of a hash name a quarantined file, if no other begins with them."""


T = TypeVar("T")


class ModelQuarantined(UnsafeModel):
    """The file crashed what looked into it before; a person may release it."""


class NotQuarantined(ConvergeError):
    """No file is quarantined that is meant; the text says what to write instead."""


class Quarantine(Record, frozen=True):
    """Why a file is not let in.

    Attributes:
        reason: what became of the process that looked into it.
        file: where it lay.
        at: when that was, in microseconds since 1970 UTC.
    """

    reason: str
    file: str
    at: int


class Measured(Record, frozen=True):
    """How exactly a model repeats itself.

    Attributes:
        grade: the grade.
        findings: what the probe found, in its own words.
        settings: under what it was measured: the library's build, the processor, threads.
        at: when that was, in microseconds since 1970 UTC.
    """

    grade: ReplayGrade
    findings: dict[str, Any]
    settings: dict[str, str]
    at: int


class KnownModel(Record, frozen=True):
    """What is known of one file.

    Attributes:
        sha256: the hash of its bytes.
        facts: what it says of itself; None before it was looked into, or if that went wrong.
        checked_by: the library that looked into it last; another one looks again.
        tried_with: the hashes of the models that it was loaded with, for an adapter.
        quarantine: why it is not let in; None if it is.
        measured: how exactly it repeats itself, once for each settings.
    """

    sha256: ContentHash
    facts: ModelFacts | None = None
    checked_by: str = ""
    tried_with: tuple[str, ...] = ()
    quarantine: Quarantine | None = None
    measured: tuple[Measured, ...] = ()


@dataclass(frozen=True, slots=True)
class Admitted:
    """A file that may be loaded in this process, as long as its bytes are these.

    Attributes:
        path: where it lies.
        sha256: the hash of its bytes.
        facts: what it says of itself.
    """

    path: Path
    sha256: ContentHash
    facts: ModelFacts


class ModelRegistry:
    """What is known of model files; called on one thread.

    Args:
        directory: where it is kept; made if missing.
        clock: the time.
        shipped: a file of hashes, as ``sha256sum`` writes it, of models that are trusted because
            they came with the app.
        timeout_s: how long looking into a file may take.

    Attributes:
        notices: sentences about what was found damaged and set aside, for a person.
    """

    def __init__(
        self,
        directory: Path,
        *,
        clock: Clock = system_clock,
        shipped: Path | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._clock = clock
        self._timeout_s = timeout_s
        self.notices: list[str] = []
        self._trusted = _read_sums(shipped or paths.default_model().parent / SHIPPED_SUMS)
        self._is_alone = False
        self._hashes = self._read_hashes()

    def admit(self, path: Path, base: Admitted | None = None) -> Admitted:
        """Lets a file in, or says why not.

        Args:
            path: a model, or an adapter.
            base: the model that an adapter is to be loaded with.

        Raises:
            ModelRefused: if it is no model, or llama.cpp does not take it.
            ModelCrashed: if it brought down the process that looked into it; it is quarantined.
            ModelQuarantined: if it did so before.
            ModelChanged: if it is being written to.
            CheckUnavailable: if the process could not be started; nothing is known of the file.
        """
        sha256 = self.sha256(path)
        known = self.known(sha256)
        if known.quarantine is not None:
            raise _quarantined(path, sha256, known.quarantine)
        facts = known.facts if _is_good(known, base) else None
        return Admitted(path, sha256, facts or self._look(path, known, base))

    def sha256(self, path: Path) -> ContentHash:
        """Returns the hash of a file; it is read only if it changed since it was last read.

        Raises:
            ModelRefused: if it cannot be read.
            ModelChanged: if it is being written to.
        """
        with contextlib.suppress(OSError):
            held = self._hashes.get(_key(place_of(path.stat())))
            if held is not None:
                return held
        found = fingerprint(path)
        self._keep_hash(found)
        return found.sha256

    def require_pin(self, path: Path, sha256: str) -> None:
        """Lets a file pass if it is the one that was pinned.

        Raises:
            ModelChanged: if it is another.
            ModelRefused: if it cannot be read.
        """
        found = self.sha256(path)
        if found != sha256:
            raise ModelChanged(
                path,
                f"is not the model that was pinned: its SHA-256 is {found[:12]}…, the pinned one "
                f"{sha256[:12] or 'empty'}…",
                "Put the pinned file back, or pin this one after looking at what it answers.",
            )

    def known(self, sha256: str) -> KnownModel:
        """Returns what is known of a file by its hash; nothing, if it was never seen.

        Raises:
            InvalidValue: if it is no hash.
        """
        wanted = _require_hash(sha256)
        return self._read(wanted) or KnownModel(sha256=wanted)

    def models(self) -> tuple[KnownModel, ...]:
        """Returns all that is known, in the order of the hashes."""
        names = sorted(file.stem for file in self._directory.glob("*.json"))
        entries = (self._read(ContentHash(name)) for name in names if _is_hash(name))
        return tuple(entry for entry in entries if entry is not None)

    def release(self, sha256: str) -> KnownModel:
        """Lets a quarantined file be looked into again, because a person says so.

        Args:
            sha256: its hash, or so many of the first digits that no other is meant.

        Returns:
            What was known of the file, its quarantine included.

        Raises:
            NotQuarantined: if no quarantined file is meant, or more than one.
        """
        wanted = sha256.strip().lower()
        if not LEAST_SIGNS <= len(wanted) <= _HASH_SIGNS or not _is_hexadecimal(wanted):
            raise NotQuarantined(
                "a file is released by the SHA-256 of its bytes: 64 hexadecimal digits, of which "
                f"the first {LEAST_SIGNS} do where no other file begins with them"
            )
        with self._alone():
            meant = [
                one for one in self.models() if one.quarantine and one.sha256.startswith(wanted)
            ]
            if len(meant) != 1:
                raise NotQuarantined(
                    f"{len(meant):,} quarantined files begin with {wanted}; write more digits"
                    if meant
                    else f"no quarantined file begins with {wanted}; look at which there are"
                )
            self._write(replace(meant[0], quarantine=None, facts=None, checked_by=""))
        return meant[0]

    def remember_measured(
        self,
        sha256: str,
        grade: ReplayGrade,
        findings: Mapping[str, Any],
        settings: Mapping[str, str],
    ) -> None:
        """Keeps how exactly a model repeats itself under these settings.

        Raises:
            InvalidValue: if it is no hash, or the findings cannot be recorded.
        """
        measured = Measured(
            grade=grade,
            findings=checked(dict(findings), "findings"),
            settings=dict(settings),
            at=self._clock(),
        )

        def added(known: KnownModel) -> KnownModel:
            others = (one for one in known.measured if one.settings != measured.settings)
            return replace(known, measured=(*others, measured))

        self._change(sha256, added)

    def measured(self, sha256: str, settings: Mapping[str, str]) -> Measured | None:
        """Returns how exactly a model repeats itself; None if these settings were not measured.

        Raises:
            InvalidValue: if it is no hash.
        """
        found = self.known(sha256).measured
        return next((one for one in found if one.settings == dict(settings)), None)

    def _look(self, path: Path, known: KnownModel, base: Admitted | None) -> ModelFacts:
        try:
            facts = self._facts(path, known.sha256, base)
        except ModelCrashed as error:
            aside = Quarantine(reason=error.reason, file=str(path), at=self._clock())
            self._change(known.sha256, lambda now: replace(now, facts=None, quarantine=aside))
            raise
        # What was looked into is what was hashed, or else it is a file of which nothing is known.
        if facts.sha256 != known.sha256:
            raise ModelChanged(
                path,
                "was changed while it was checked",
                "Wait until it is written; choose it again.",
            )
        changed = self._change(known.sha256, lambda now: _found_good(now, facts, base))
        if changed.quarantine is not None:
            raise _quarantined(path, known.sha256, changed.quarantine)
        return facts

    def _facts(self, path: Path, sha256: ContentHash, base: Admitted | None) -> ModelFacts:
        if sha256 not in self._trusted or base is not None:
            return inspect_model(
                path, timeout_s=self._timeout_s, base=base.path if base is not None else None
            )
        # It came with the app, byte for byte, so that it may be looked into here. The library is
        # loaded no sooner, because a window is painted before it.
        from converge_desktop.adapters.models import model_child  # noqa: PLC0415

        try:
            return settled(ModelFacts, model_child.facts_of(path, sha256, path.stat().st_size))
        except model_child.Refused as error:
            raise ModelRefused(
                path, f"could not be loaded: {error}", "Install the app again."
            ) from error

    def _read(self, sha256: ContentHash) -> KnownModel | None:
        file = self._directory / f"{_require_hash(sha256)}.json"
        return self._sound(file, lambda data: _entry(data, sha256))

    def _read_hashes(self) -> dict[str, ContentHash]:
        return self._sound(self._directory / _HASHES, _hashes) or {}

    def _sound(self, file: Path, meaning: Callable[[bytes], T]) -> T | None:
        """Returns what a file means; None if there is none, or it is damaged and set aside."""
        try:
            data = _contents(file)
            return meaning(data) if data else None
        except (InvalidValue, OSError) as error:
            if self._is_alone:
                self._set_aside(file, error)
                return None
        # Another program may be mending it: what is set aside is what is damaged once alone.
        with self._alone():
            return self._sound(file, meaning)

    def _write(self, known: KnownModel) -> None:
        self._replace(f"{known.sha256}.json", canonical(settled(KnownModel, known)))

    def _change(self, sha256: str, change: Callable[[KnownModel], KnownModel]) -> KnownModel:
        """Changes what is known of a file, as it is now, whoever wrote it, and returns it."""
        with self._alone():
            changed = change(self.known(sha256))
            self._write(changed)
        return changed

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keeps whoever else uses this registry from changing it meanwhile."""
        if self._is_alone:
            yield
            return
        with (self._directory / _LOCK).open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self._is_alone = True
            try:
                yield
            finally:
                self._is_alone = False

    def _keep_hash(self, found: Fingerprint) -> None:
        *_, modified, changed = found.place
        if self._clock() - max(modified, changed) // 1000 < SETTLED_US:
            return
        with self._alone():
            hashes = self._read_hashes() | self._hashes | {_key(found.place): found.sha256}
            self._hashes = dict(list(hashes.items())[-MOST_HASHES:])
            self._replace(_HASHES, canonical(self._hashes))

    def _replace(self, name: str, data: bytes) -> None:
        """Writes a file whole or not at all."""
        with self._alone():
            for left in self._directory.glob(f".{name}*.part"):  # by a crash: nobody else writes
                left.unlink(missing_ok=True)
            unfinished = self._directory / f".{name}.{secrets.token_hex(8)}.part"
            write_durably(unfinished, data)
            unfinished.replace(self._directory / name)
            sync_directory(self._directory)

    def _set_aside(self, file: Path, error: Exception) -> None:
        aside = file.with_suffix(".damaged")
        with contextlib.suppress(OSError):
            file.replace(aside)
        self.notices.append(
            f"{file} is damaged ({error}) and was set aside as {aside.name}; the model is looked "
            "into again when it is next used."
        )


def library() -> str:
    """Returns what loads models here, by name and version."""
    try:
        return f"llama-cpp-python {version('llama-cpp-python')}"
    except PackageNotFoundError:
        return "llama-cpp-python"


def _is_good(known: KnownModel, base: Admitted | None) -> bool:
    """Says whether a file was looked into by the library that is to load it, and with its base."""
    tried = base is None or base.sha256 in known.tried_with
    return known.facts is not None and known.checked_by == library() and tried


def _found_good(known: KnownModel, facts: ModelFacts, base: Admitted | None) -> KnownModel:
    """Returns what is known of a file that was let in here; a crash seen elsewhere outweighs it."""
    if known.quarantine is not None:
        return known
    tried = known.tried_with if known.checked_by == library() else ()
    if base is not None and base.sha256 not in tried:
        tried = (*tried, base.sha256)
    return replace(known, facts=facts, checked_by=library(), tried_with=tried)


def _quarantined(path: Path, sha256: str, why: Quarantine) -> ModelQuarantined:
    return ModelQuarantined(
        path,
        f"is quarantined, because it {why.reason}",
        f"Fetch the file again, or release {sha256[:12]} if you know it to be good; it is then "
        "looked into anew.",
    )


def _read_sums(file: Path) -> frozenset[str]:
    try:
        lines = file.read_text("ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return frozenset()
    return frozenset(word for line in lines if _is_hash(word := line.partition(" ")[0]))


def _contents(file: Path) -> bytes:
    """Returns what a file holds; nothing if there is none."""
    try:
        with file.open("rb") as opened:
            data = opened.read(MOST_ENTRY_BYTES + 1)
    except FileNotFoundError:
        return b""
    if not data or len(data) > MOST_ENTRY_BYTES:
        raise InvalidValue(f"it has {'no' if not data else 'too many'} bytes")
    return data


def _entry(data: bytes, sha256: ContentHash) -> KnownModel:
    found = read(KnownModel, parse(data))
    about = {found.sha256, found.facts.sha256 if found.facts else sha256}
    if about != {sha256}:
        raise InvalidValue("it is about another file")
    return found


def _hashes(data: bytes) -> dict[str, ContentHash]:
    found = parse(data)
    if not isinstance(found, dict) or not all(map(_is_hash, found.values())):
        raise InvalidValue("it holds something else than hashes")
    return found


def _key(place: tuple[int, ...]) -> str:
    return ":".join(map(str, place))


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and len(value) == _HASH_SIGNS and _is_hexadecimal(value)


def _is_hexadecimal(text: str) -> bool:
    return set(text) <= set("0123456789abcdef")


def _require_hash(text: str) -> ContentHash:
    """Returns a hash; nothing else may become part of a path."""
    if not _is_hash(text):
        raise InvalidValue(
            "a model file is known by the SHA-256 of its bytes: 64 hexadecimal digits, in small "
            "letters"
        )
    return ContentHash(text)

"""What is known of model files is kept by their hash, and decides who is looked into again."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from converge_core.canonical import ContentHash
from converge_core.envelope import ReplayGrade
from converge_core.errors import InvalidValue
from converge_core.model_config import ModelFacts, ModelKind
from converge_desktop import paths
from converge_desktop.adapters.models import model_check, model_registry
from converge_desktop.adapters.models.model_check import (
    CheckUnavailable,
    ModelChanged,
    ModelCrashed,
    ModelRefused,
    inspect_model,
)
from converge_desktop.adapters.models.model_registry import (
    KnownModel,
    ModelQuarantined,
    ModelRegistry,
    NotQuarantined,
    Quarantine,
)
from tests.adapters.gguf_files import write_adapter, write_model

SHIPPED = paths.default_model()
LATER = 4_000_000_000_000_000
"""A time after every file of these tests was written, in microseconds."""
SETTINGS = {"build": "b1", "cpu": "AVX2", "threads": "2"}
FINDINGS = {"cold": "same", "largest": 12, "tried": ["1 thread", "other chunks"]}


def registry_at(folder: Path, now: int = LATER) -> ModelRegistry:
    return ModelRegistry(folder / "known", clock=lambda: now)


@pytest.fixture
def registry(tmp_path: Path) -> ModelRegistry:
    return registry_at(tmp_path)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return write_model(tmp_path / "good.gguf")


@pytest.fixture
def crashing(tmp_path: Path) -> Path:
    return write_model(tmp_path / "crashing.gguf", said_layers=0)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Called, it keeps every process that looks into files from starting."""
    return lambda: monkeypatch.setattr(model_check, "_MODULE", "converge_desktop.adapters.nowhere")


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def entry(folder: Path, path: Path) -> Path:
    return folder / "known" / f"{sha256(path)}.json"


# Letting in.


def test_a_file_that_was_never_seen_is_looked_into(
    registry: ModelRegistry, good: Path, alone: Callable[[], None]
) -> None:
    """By a process of its own: without one it is not let in, and nothing is held against it."""
    alone()
    with pytest.raises(CheckUnavailable):
        registry.admit(good)

    assert registry.known(sha256(good)).quarantine is None


def test_a_file_that_is_known_to_be_good_is_let_in_at_once(
    tmp_path: Path, registry: ModelRegistry, good: Path, alone: Callable[[], None]
) -> None:
    """By this registry and by the next, and under any name: its bytes are what is known."""
    first = registry.admit(good)
    alone()
    elsewhere = good.rename(tmp_path / "elsewhere.gguf")

    assert (sha256(elsewhere), "tiny") == (first.sha256, first.facts.name)
    for again in (registry, registry_at(tmp_path)):
        assert (elsewhere, first.sha256, first.facts) == (
            *((found := again.admit(elsewhere)).path, found.sha256),
            found.facts,
        )


def test_a_file_that_changed_is_a_new_one(
    registry: ModelRegistry, good: Path, alone: Callable[[], None]
) -> None:
    """Though it lies in the same place."""
    registry.admit(good)
    write_model(good, seed=1)
    alone()

    with pytest.raises(CheckUnavailable):
        registry.admit(good)


def test_another_version_of_the_library_looks_again(
    registry: ModelRegistry, good: Path, monkeypatch: pytest.MonkeyPatch, alone: Callable[[], None]
) -> None:
    """What one version loads may crash the next."""
    registry.admit(good)
    monkeypatch.setattr(model_registry, "library", lambda: "llama-cpp-python 99")
    registry.admit(good)
    alone()
    registry.admit(good)
    monkeypatch.setattr(model_registry, "library", lambda: "llama-cpp-python 100")

    with pytest.raises(CheckUnavailable):
        registry.admit(good)


def test_a_file_that_is_refused_is_refused_again_with_its_reason(
    registry: ModelRegistry, tmp_path: Path
) -> None:
    """It does no harm, so it is not quarantined."""
    path = tmp_path / "text.gguf"
    path.write_text("hello")
    for _ in range(2):
        with pytest.raises(ModelRefused, match="does not begin with “GGUF”"):
            registry.admit(path)

    assert () == registry.models()


def test_an_adapter_is_tried_with_each_base(
    registry: ModelRegistry, good: Path, tmp_path: Path, alone: Callable[[], None]
) -> None:
    """Once for each."""
    other = registry.admit(write_model(tmp_path / "other.gguf", seed=1))
    base = registry.admit(good)
    path = write_adapter(tmp_path / "adapter.gguf")
    assert ModelKind.ADAPTER is registry.admit(path).facts.kind
    registry.admit(path, base)
    alone()

    assert ModelKind.ADAPTER is registry.admit(path, base).facts.kind
    with pytest.raises(CheckUnavailable):
        registry.admit(path, other)


# Trust.


def test_the_shipped_model_is_let_in_without_a_process(
    registry: ModelRegistry, alone: Callable[[], None]
) -> None:
    """So that the first start takes no longer; it says of itself what a process would have."""
    looked = inspect_model(SHIPPED)
    alone()

    assert looked == registry.admit(SHIPPED).facts
    assert looked == registry.known(sha256(SHIPPED)).facts


def test_the_hashes_that_ship_are_those_of_the_models_beside_them() -> None:
    """Each model, and nothing else; ``sha256sum -c`` reads them too."""
    folder = SHIPPED.parent
    lines = (folder / "SHA256SUMS").read_text().splitlines()

    assert lines == [f"{sha256(model)}  {model.name}" for model in sorted(folder.glob("*.gguf"))]


def test_trust_is_in_bytes_and_not_in_a_name(
    registry: ModelRegistry, tmp_path: Path, alone: Callable[[], None]
) -> None:
    """A file that calls itself like the shipped one is looked into."""
    path = tmp_path / SHIPPED.name
    path.write_bytes(SHIPPED.read_bytes() + b"\0")
    alone()

    with pytest.raises(CheckUnavailable):
        registry.admit(path)


def test_without_hashes_nothing_is_trusted(tmp_path: Path, alone: Callable[[], None]) -> None:
    """A file of them that is missing, or is none, makes things slower and no less safe."""
    alone()
    wrong = tmp_path / "sums"
    wrong.write_bytes(b"\xff\xfe")
    for shipped in (tmp_path / "missing", wrong):
        with pytest.raises(CheckUnavailable):
            ModelRegistry(tmp_path / "known", shipped=shipped).admit(SHIPPED)


def test_a_pinned_file_is_that_one_or_is_refused(registry: ModelRegistry, good: Path) -> None:
    """Both hashes are named."""
    pinned = sha256(good)
    registry.require_pin(good, pinned)
    write_model(good, seed=1)

    with pytest.raises(ModelChanged) as changed:
        registry.require_pin(good, pinned)
    assert (
        f"{good} is not the model that was pinned: its SHA-256 is {sha256(good)[:12]}…, the pinned "
        f"one {pinned[:12]}…. Put the pinned file back, or pin this one after looking at what it "
        "answers."
    ) == str(changed.value)


# Quarantine.


def test_a_file_that_crashes_is_quarantined_and_refused_from_then_on(
    registry: ModelRegistry, crashing: Path, tmp_path: Path, alone: Callable[[], None]
) -> None:
    """The reason and the time are kept; nothing is tried again, by the next registry neither."""
    with pytest.raises(ModelCrashed) as crashed:
        registry.admit(crashing)
    alone()

    for again in (registry, registry_at(tmp_path)):
        with pytest.raises(ModelQuarantined) as refused:
            again.admit(crashing)
        assert str(refused.value) == (
            f"{crashing} is quarantined, because it {crashed.value.reason}. Fetch the file again, "
            f"or release {sha256(crashing)[:12]} if you know it to be good; it is then looked into "
            "anew."
        )
    [known] = registry.models()
    assert known.quarantine
    assert (str(crashing), LATER) == (known.quarantine.file, known.quarantine.at)


def test_a_person_can_release_a_file_which_is_then_looked_into_anew(
    registry: ModelRegistry, crashing: Path
) -> None:
    """Releasing is no admission."""
    with pytest.raises(ModelCrashed):
        registry.admit(crashing)
    registry.release(sha256(crashing))

    assert registry.known(sha256(crashing)).quarantine is None
    with pytest.raises(ModelCrashed):
        registry.admit(crashing)


def quarantine(folder: Path, sha256: str) -> None:
    """Has a file of that hash be known as one that crashed, as another program would."""
    held = Quarantine(reason="was ended by SIGSEGV", file="/models/bad.gguf", at=1)
    registry_at(folder)._write(KnownModel(sha256=ContentHash(sha256), quarantine=held))


@pytest.mark.parametrize("signs", [8, 12, 64])
def test_a_file_is_released_by_the_first_digits_of_its_hash(
    tmp_path: Path, registry: ModelRegistry, signs: int
) -> None:
    """As the sentence that refuses it names them, in whatever case; it is said what was."""
    name = "abcdef01" + "2" * 56
    quarantine(tmp_path, name)

    released = registry.release(name[:signs].upper())

    assert (name, True) == (released.sha256, released.quarantine is not None)
    assert registry.known(name).quarantine is None


def test_digits_that_two_files_begin_with_release_neither(
    tmp_path: Path, registry: ModelRegistry
) -> None:
    """One more digit tells them apart."""
    names = ["abcdef01" + sign * 56 for sign in "23"]
    for name in names:
        quarantine(tmp_path, name)

    with pytest.raises(NotQuarantined, match="2 quarantined files begin with abcdef01; write more"):
        registry.release("abcdef01")
    assert all(registry.known(name).quarantine for name in names)
    assert names[1] == registry.release("abcdef013").sha256
    assert registry.known(names[0]).quarantine


def test_releasing_what_is_not_quarantined_is_told_and_changes_nothing(
    registry: ModelRegistry, good: Path
) -> None:
    """Neither a good file nor one that was never seen."""
    registry.admit(good)
    before = registry.models()
    for unknown in (sha256(good), sha256(good)[:12], "0" * 64):
        with pytest.raises(NotQuarantined, match="no quarantined file begins with"):
            registry.release(unknown)

    assert before == registry.models()


@pytest.mark.parametrize(
    "text", ["../../victim", "../victim", "hashes", "", "abc", "g" * 64, "a" * 65, "a" * 63 + "\0"]
)
def test_what_is_no_hash_touches_no_file(
    tmp_path: Path, registry: ModelRegistry, good: Path, text: str
) -> None:
    """Neither outside of the registry nor its own."""
    registry.sha256(good)
    victims = [tmp_path / "victim.json", tmp_path.parent / "victim.json"]
    for victim in victims:
        victim.write_text("not an entry")
    before = sorted((path, path.read_bytes()) for path in tmp_path.rglob("*") if path.is_file())

    with pytest.raises(NotQuarantined, match="64 hexadecimal digits"):
        registry.release(text)
    for act in (
        registry.known,
        lambda name: registry.measured(name, SETTINGS),
        lambda name: registry.remember_measured(name, ReplayGrade.BYTE_EXACT, {}, SETTINGS),
    ):
        with pytest.raises(InvalidValue, match="64 hexadecimal digits"):
            act(text)

    after = sorted((path, path.read_bytes()) for path in tmp_path.rglob("*") if path.is_file())
    assert before == after
    assert [] == registry.notices
    assert "not an entry" == victims[1].read_text()


def test_a_quarantine_that_was_forgotten_is_told(tmp_path: Path, registry: ModelRegistry) -> None:
    """A damaged entry is looked into again, and a person learns that it was there."""
    quarantine(tmp_path, "a" * 64)
    file = tmp_path / "known" / f"{'a' * 64}.json"
    file.write_bytes(file.read_bytes()[:-9])

    assert registry.known("a" * 64).quarantine is None
    [notice] = registry.notices
    assert notice.startswith(f"{file} is damaged (")


# Two programs at once.


def test_a_crash_that_another_program_saw_meanwhile_outweighs_a_good_look(
    tmp_path: Path, registry: ModelRegistry, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is not let in, and its quarantine stays."""

    def meanwhile(path: Path, **settings: Any) -> ModelFacts:
        facts = inspect_model(path, **settings)
        quarantine(tmp_path, sha256(path))
        return facts

    monkeypatch.setattr(model_registry, "inspect_model", meanwhile)

    with pytest.raises(ModelQuarantined, match="because it was ended by SIGSEGV"):
        registry.admit(good)
    assert registry.known(sha256(good)).quarantine


def test_a_measurement_keeps_the_quarantine_that_another_program_wrote(
    tmp_path: Path, registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was read before is read again before it is written."""
    name, kept = "b" * 64, ModelRegistry._replace
    other = registry_at(tmp_path)
    started = threading.Event()

    def crash() -> None:
        started.set()
        held = Quarantine(reason="crashed", file="/models/bad.gguf", at=1)
        other._change(name, lambda now: replace(now, quarantine=held))

    def slow(registry_: ModelRegistry, file: str, data: bytes) -> None:
        if registry_ is registry:
            crashing.start()
            started.wait(10)
            crashing.join(0.2)  # it has to wait until this one is done
        kept(registry_, file, data)

    crashing = threading.Thread(target=crash)
    monkeypatch.setattr(ModelRegistry, "_replace", slow)
    registry.remember_measured(name, ReplayGrade.BYTE_EXACT, {}, SETTINGS)
    crashing.join(10)

    known = registry.known(name)
    assert known.quarantine
    assert 1 == len(known.measured)


MEASURES = """
import sys
from pathlib import Path
from converge_core.envelope import ReplayGrade
from converge_desktop.adapters.models.model_registry import ModelRegistry
folder, who, files = Path(sys.argv[1]), sys.argv[2], [Path(name) for name in sys.argv[3:]]
registry = ModelRegistry(folder, clock=lambda: 4_000_000_000_000_000)
print("ready", flush=True)
sys.stdin.readline()
for number, file in enumerate(files):
    registry.sha256(file)
    settings = {"who": who, "number": str(number)}
    registry.remember_measured("c" * 64, ReplayGrade.BYTE_EXACT, {}, settings)
"""


def test_two_programs_write_to_one_registry_and_nothing_is_lost(tmp_path: Path) -> None:
    """Each measurement and each hash of both is there; neither ends for a file that went away."""
    files = [tmp_path / f"{number}.gguf" for number in range(20)]
    for file in files:
        file.write_bytes(file.name.encode())
    both = [
        subprocess.Popen(
            [sys.executable, "-c", MEASURES, str(tmp_path / "known"), who, *map(str, own)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for who, own in (("window", files[::2]), ("command", files[1::2]))
    ]
    for one in both:
        assert one.stdout
        assert "ready\n" == one.stdout.readline()
    for one in both:
        assert one.stdin
        one.stdin.write("go\n")
        one.stdin.flush()
    ends = [(one.communicate(timeout=60)[1], one.returncode) for one in both]

    assert [("", 0)] * 2 == ends
    registry = registry_at(tmp_path)
    assert len(files) == len(registry.known("c" * 64).measured)
    assert len(files) == len(json.loads((tmp_path / "known" / "hashes.json").read_text()))
    assert [] == [*registry.notices, *(tmp_path / "known").glob(".*.part")]


# Hashes.


def test_a_file_is_hashed_again_only_if_it_changed(
    tmp_path: Path, registry: ModelRegistry, good: Path
) -> None:
    """What is held of it, a later registry goes by; any change to the file is a reason to read."""
    registry.sha256(good)
    held = tmp_path / "known" / "hashes.json"
    [(key, value)] = json.loads(held.read_text()).items()
    assert sha256(good) == value
    held.write_text(json.dumps({key: "f" * 64}))

    assert "f" * 64 == registry_at(tmp_path).sha256(good)
    good.chmod(0o640)
    assert sha256(good) == registry_at(tmp_path).sha256(good)


def test_a_file_that_was_just_written_is_hashed_each_time(tmp_path: Path, good: Path) -> None:
    """The next write may fall into the same tick of its clock."""
    now = good.stat().st_ctime_ns // 1000
    registry_at(tmp_path, now + 1_000_000).sha256(good)
    assert not (tmp_path / "known" / "hashes.json").exists()

    registry_at(tmp_path, now + 3_000_000).sha256(good)
    assert (tmp_path / "known" / "hashes.json").exists()


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"a":"b"}', b'{"a":1}', b"\xff"])
def test_damaged_hashes_are_set_aside_and_told(tmp_path: Path, good: Path, data: bytes) -> None:
    """Files are read again."""
    registry_at(tmp_path).sha256(good)
    held = tmp_path / "known" / "hashes.json"
    held.write_bytes(data)
    registry = registry_at(tmp_path)

    assert sha256(good) == registry.sha256(good)
    [notice] = registry.notices
    assert notice.startswith(f"{held} is damaged (")
    assert data == held.with_suffix(".damaged").read_bytes()


# What is kept.


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: b"[]",
        lambda data: data.replace(b'"sha256":"', b'"sha256":"0', 1),
        lambda data: b'"sha256":"0'.join(data.rsplit(b'"sha256":"', 1)),
        lambda data: data.replace(b'"measured":[]', b'"measured":7'),
    ],
    ids=["empty", "half", "another kind", "of other facts", "of another file", "wrong type"],
)
def test_a_damaged_entry_is_set_aside_and_told(
    tmp_path: Path, good: Path, damage: Callable[[bytes], bytes]
) -> None:
    """The model is looked into again, and known again."""
    registry_at(tmp_path).admit(good)
    file = entry(tmp_path, good)
    file.write_bytes(damage(file.read_bytes()))
    registry = registry_at(tmp_path)

    assert "tiny" == registry.admit(good).facts.name
    [notice] = registry.notices
    assert notice.startswith(f"{file} is damaged (")
    assert notice.endswith(
        f") and was set aside as {file.with_suffix('.damaged').name}; the model is looked into "
        "again when it is next used."
    )
    assert [sha256(good)] == [known.sha256 for known in registry_at(tmp_path).models()]


def test_what_a_crash_left_half_written_is_no_entry(
    tmp_path: Path, registry: ModelRegistry, good: Path
) -> None:
    """It lies under another name until it is whole."""
    file = entry(tmp_path, good)
    unfinished = [file.with_name(f".{file.name}{more}.part") for more in ("", ".0123456789abcdef")]
    for one in unfinished:
        one.write_text('{"sha256":')
    registry.admit(good)

    assert [] == registry.notices
    assert not any(one.exists() for one in unfinished)
    assert [sha256(good)] == [known.sha256 for known in registry.models()]


def test_how_exactly_a_model_repeats_itself_is_kept_under_its_settings(
    tmp_path: Path, registry: ModelRegistry, good: Path
) -> None:
    """Measured with another build or other threads it may be another grade."""
    name = registry.admit(good).sha256
    other = SETTINGS | {"threads": "1"}
    registry.remember_measured(name, ReplayGrade.RECORDED_ONLY, FINDINGS, SETTINGS)
    registry.remember_measured(name, ReplayGrade.ENVELOPE_EXACT, {}, other)
    registry.remember_measured(name, ReplayGrade.BYTE_EXACT, FINDINGS, SETTINGS)
    again = registry_at(tmp_path)

    for settings, grade in (
        (SETTINGS, ReplayGrade.BYTE_EXACT),
        (other, ReplayGrade.ENVELOPE_EXACT),
    ):
        found = again.measured(name, settings)
        assert found
        assert (grade, LATER) == (found.grade, found.at)
    assert again.measured(name, SETTINGS | {"build": "b2"}) is None
    assert again.measured("0" * 64, SETTINGS) is None
    assert 2 == len(again.known(name).measured)
    assert again.known(name).facts == registry.admit(good).facts


def test_findings_that_cannot_be_recorded_are_refused(registry: ModelRegistry, good: Path) -> None:
    """No floats on record; what was known stays as it was."""
    name = registry.admit(good).sha256
    with pytest.raises(InvalidValue, match=r"findings\.largest: float cannot be recorded"):
        registry.remember_measured(name, ReplayGrade.BYTE_EXACT, {"largest": 0.5}, SETTINGS)

    assert registry.measured(name, SETTINGS) is None

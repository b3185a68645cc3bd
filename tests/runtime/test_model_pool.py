"""Several models in one process: let in, measured once, within a budget, and by their bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from converge_core.envelope import ReplayGrade
from converge_core.model_config import PrecisionMismatch
from converge_desktop.adapters.models.catalogue import LocalModel
from converge_desktop.adapters.models.llama import LlamaBackend, ModelProblem
from converge_desktop.adapters.models.model_check import ModelChanged, UnsafeModel
from converge_desktop.adapters.models.model_registry import Admitted, ModelRegistry
from converge_desktop.runtime.model_pool import ModelPool
from tests.adapters.gguf_files import write_adapter, write_model

MakePool = Callable[..., ModelPool]
PLENTY = 1_000_000_000


@pytest.fixture
def told() -> list[tuple[str, str]]:
    """What the pool said it was doing, and with which model."""
    return []


@pytest.fixture
def make_pool(tmp_path: Path, told: list[tuple[str, str]]) -> Iterator[MakePool]:
    pools: list[ModelPool] = []

    def make(memory: int = PLENTY) -> ModelPool:
        pool = ModelPool(
            ModelRegistry(tmp_path / "models"),
            threads=1,
            memory_bytes=memory,
            telling=lambda doing, model: told.append((doing, model.name)),
        )
        pools.append(pool)
        return pool

    yield make
    for pool in pools:
        pool.close()


def model(folder: Path, name: str, seed: int = 0) -> LocalModel:
    path = folder / f"{name}.gguf"
    write_model(path, name=name, seed=seed)
    return LocalModel(name, path)


def names(pool: ModelPool) -> list[str]:
    return [backend.name for backend in pool.loaded()]


def test_a_model_is_loaded_and_measured_once(
    make_pool: MakePool, tmp_path: Path, told: list[tuple[str, str]]
) -> None:
    """The second time it is there; in another process what was measured is known."""
    one = model(tmp_path, "one")
    pool = make_pool()

    assert pool.backend(one) is pool.backend(one)
    assert [("loading", "one"), ("measuring", "one")] == told

    told.clear()
    again = make_pool().backend(one)
    assert [("loading", "one")] == told
    assert again.grade is not ReplayGrade.RECORDED_ONLY


def test_the_model_used_longest_ago_makes_room(make_pool: MakePool, tmp_path: Path) -> None:
    """Two fit, three do not; the one that is asked for again is loaded again."""
    one, two, three = (model(tmp_path, name, seed) for seed, name in enumerate(("a", "b", "c")))
    pool = make_pool()
    each = pool.backend(one).memory_bytes
    pool = make_pool(memory=2 * each + each // 2)
    for entry in (one, two, one, three):
        pool.backend(entry)

    assert ["a", "c"] == names(pool)
    pool.backend(two)
    assert ["c", "b"] == names(pool)


def test_a_model_that_cannot_fit_alone_is_refused_with_the_numbers(
    make_pool: MakePool, tmp_path: Path
) -> None:
    """Before anything is freed for it."""
    small = model(tmp_path, "small")
    pool = make_pool(memory=1000)

    with pytest.raises(ModelProblem, match=r"may take 0\.0 GB together; choose a smaller one"):
        pool.backend(small)


def test_a_file_that_changed_is_a_new_model(make_pool: MakePool, tmp_path: Path) -> None:
    """What is loaded goes on as it was; taken into use anew, it is another by its hash."""
    one = model(tmp_path, "one")
    pool = make_pool()
    before = pool.backend(one).sha256
    write_model(one.path, name="other", seed=9)

    assert before == pool.backend(one).sha256
    after = pool.taken_anew(one)

    assert ("other", False) == (after.name, after.sha256 == before)
    assert ["other"] == names(pool)


def test_a_file_that_went_bad_leaves_what_is_loaded(make_pool: MakePool, tmp_path: Path) -> None:
    """The one before stays, and answers."""
    one = model(tmp_path, "one")
    pool = make_pool()
    loaded = pool.backend(one)
    one.path.write_bytes(b"GGUF and nothing more")

    with pytest.raises(UnsafeModel):
        pool.taken_anew(one)

    assert loaded is pool.backend(one)


def test_a_pinned_file_is_let_in_by_its_hash_alone(make_pool: MakePool, tmp_path: Path) -> None:
    """Another file under that name is refused."""
    one = model(tmp_path, "one")
    sha256 = make_pool().backend(one).sha256
    pinned = LocalModel("one", one.path, sha256)

    assert sha256 == make_pool().backend(pinned).sha256
    write_model(one.path, name="one", seed=4)
    with pytest.raises(ModelChanged, match="is not the model that was pinned"):
        make_pool().backend(pinned)


def test_an_adapter_is_laid_over_its_model_and_named_with_each_answer(
    make_pool: MakePool, tmp_path: Path
) -> None:
    """By name and hash, in the settings that the grade was measured under as well."""
    one = model(tmp_path, "tiny")
    path = tmp_path / "tuned.gguf"
    write_adapter(path)
    tuned = LocalModel("tuned", one.path, adapter=path)
    pool = make_pool()

    plain, with_it = pool.backend(one), pool.backend(tuned)

    assert 2 == len(pool.loaded())
    assert ("", 64) == (plain.settings()["adapter"], len(with_it.settings()["adapter"]))
    assert logits(plain) != logits(with_it)


def test_a_model_is_found_by_its_hash_and_its_adapters(make_pool: MakePool, tmp_path: Path) -> None:
    """Both are part of what it computes; the file in the catalogue is known by both as well."""
    one = model(tmp_path, "tiny")
    path = write_adapter(tmp_path / "tuned.gguf")
    tuned = LocalModel("tuned", one.path, adapter=path)
    pool = make_pool()
    with_it = pool.backend(tuned)
    adapter = with_it.adapter_sha256

    assert pool.of_hash(with_it.sha256) is None
    assert with_it is pool.of_hash(with_it.sha256, adapter)
    plain = pool.backend(one)
    assert ("", plain) == (plain.adapter_sha256, pool.of_hash(plain.sha256))
    assert pool.of_hash(plain.sha256, "0" * 64) is None
    assert [True, False, False, True] == [
        pool.is_file_of(entry, plain.sha256, sha256)
        for entry in (one, tuned)
        for sha256 in ("", adapter)
    ]


def test_an_adapter_that_changed_is_another_model(make_pool: MakePool, tmp_path: Path) -> None:
    """Taken into use anew, it computes with what lies there now."""
    one = model(tmp_path, "tiny")
    path = write_adapter(tmp_path / "tuned.gguf")
    tuned = LocalModel("tuned", one.path, adapter=path)
    pool = make_pool()
    before = pool.backend(tuned).adapter_sha256
    write_adapter(path, seed=5)

    assert before != pool.taken_anew(tuned).adapter_sha256
    assert 1 == len(pool.loaded())


class Exchanging(ModelRegistry):
    """A registry behind whose back a file is written anew once it was let in."""

    exchanged: Path
    anew: Callable[..., Path]

    def admit(self, path: Path, base: Admitted | None = None) -> Admitted:
        found = super().admit(path, base)
        if path == self.exchanged:
            self.anew(path, seed=7)
        return found


@pytest.mark.parametrize("which", ["base", "adapter"])
def test_a_file_that_changed_between_check_and_load_is_not_computed_with(
    tmp_path: Path, which: str
) -> None:
    """Neither the model nor its adapter: what was checked is what is loaded."""
    one = model(tmp_path, "tiny")
    path = write_adapter(tmp_path / "tuned.gguf")
    registry = Exchanging(tmp_path / "models")
    registry.exchanged = one.path if which == "base" else path
    registry.anew = write_model if which == "base" else write_adapter
    pool = ModelPool(registry, threads=1, memory_bytes=PLENTY, telling=lambda *_: None)

    with pytest.raises(ModelChanged, match=f"{registry.exchanged.name} is not the model"):
        pool.backend(LocalModel("tuned", one.path, adapter=path))

    assert () == pool.loaded()


def test_an_adapter_of_another_shape_is_refused(make_pool: MakePool, tmp_path: Path) -> None:
    """By name of its class, before anything is loaded in this process."""
    one = model(tmp_path, "one")
    path = tmp_path / "strange.gguf"
    write_adapter(path, architecture="bert")
    with pytest.raises((PrecisionMismatch, UnsafeModel)):
        make_pool().backend(LocalModel("strange", one.path, adapter=path))


def logits(backend: LlamaBackend) -> bytes:
    context = backend.new_context()
    context.read(backend.tokens_of("what speaks for it?"), reuse=False)
    found = context.logits().tobytes()
    context.close()
    return found

"""Packs: read from TOML, checked whole; a typo is a sentence that names the file and the key."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from converge_core.canonical import canonical, parse
from converge_core.chain import DecisionStep
from converge_core.key import ContextKey
from converge_core.limits import Weight
from converge_core.policy import Effect
from converge_desktop import paths
from converge_desktop.adapters.packs import (
    FILES,
    Pack,
    PackProblem,
    load_pack,
    load_packs,
    pack_of,
)

SHIPPED = paths.packs() / "release-readiness"
TEXTS = {name: (SHIPPED / name).read_text("utf-8") for name in FILES}


def problem(name: str, old: str, new: str) -> str:
    """Returns why the shipped pack cannot be run once ``old`` in one file reads ``new``."""
    assert old in TEXTS[name], old
    changed = {**TEXTS, name: TEXTS[name].replace(old, new, 1)}
    with pytest.raises(PackProblem) as refused:
        pack_of(changed, "the/pack")
    return str(refused.value)


def written(directory: Path, texts: dict[str, str] = TEXTS) -> Path:
    folder = directory / "release-readiness"
    folder.mkdir(parents=True)
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    return folder


# The pack that ships.


@pytest.fixture(scope="module")
def shipped() -> Pack:
    return load_pack(SHIPPED)


def test_the_shipped_pack_loads(shipped: Pack) -> None:
    """Its id is that of its folder, and it is the only one."""
    assert {"release-readiness": shipped.digest} == {
        name: pack.digest for name, pack in load_packs(paths.packs()).items()
    }


def test_its_hard_limits_are_checks_of_the_strategies_gate(shipped: Pack) -> None:
    """No failing test and the coverage floor are required, beside what every key is."""
    required = shipped.policy.required_checks(ContextKey.STRATEGIES)

    assert {"no-failing-test", "coverage-floor"} <= set(required)
    assert {limit.name for limit in shipped.limits.values() if limit.weight is Weight.HARD} == {
        "no-failing-test",
        "coverage-floor",
    }
    assert Decimal("75.0") == shipped.limits["coverage.line"].bound


def test_every_strategy_is_put_to_a_person(shipped: Pack) -> None:
    """No rule of the shipped policy permits one."""
    permitting = {rule.key for rule in shipped.policy.rules if rule.effect is Effect.PERMIT}

    assert ContextKey.STRATEGIES not in permitting
    assert None not in permitting


def test_its_prompts_are_filled(shipped: Pack) -> None:
    """No placeholder is left in any layer of any step."""
    layers = [
        layer
        for step in DecisionStep
        for layer in (
            shipped.templates[step].priming,
            shipped.templates[step].policy,
            shipped.templates[step].task_frame,
        )
    ]

    assert all(layers)
    assert not [layer for layer in layers if "{" in layer]


# A run keeps its pack.


def test_the_texts_alone_give_the_same_pack(shipped: Pack) -> None:
    """What a run kept of its pack, by way of the ledger, is that pack to the digest."""
    kept = pack_of(parse(canonical(shipped.texts)), "the pack kept with a run")

    assert (shipped.digest, shipped.policy.version) == (kept.digest, kept.policy.version)
    assert shipped.templates == kept.templates


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("pack.toml", 'at_least = "75.0"', 'at_least = "74.9"'),
        ("policy.toml", "hold_at = 3", "hold_at = 2"),
        ("prompts.toml", "cite by id", "cite by its id"),
        ("pack.toml", "# Is this", "# Was this"),
    ],
)
def test_any_change_of_a_file_changes_the_digest(
    shipped: Pack, name: str, old: str, new: str
) -> None:
    """A run names the pack it went by to the byte."""
    changed = pack_of({**TEXTS, name: TEXTS[name].replace(old, new, 1)}, "the/pack")

    assert shipped.digest != changed.digest


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("pack.toml", 'at_least = "75.0"', 'at_least = "74.9"'),
        ("policy.toml", 'permissive = ["proceed", "conditions"]', 'permissive = ["proceed"]'),
        ("policy.toml", 'risk = "high"', 'risk = "medium"'),
        ("policy.toml", '"steps-grounded", ', ""),
        ("policy.toml", "revision = 1", "revision = 2"),
    ],
)
def test_whatever_decides_changes_the_version_of_the_policy(
    shipped: Pack, name: str, old: str, new: str
) -> None:
    """Bounds and permissive verdicts count, because checks compare with them."""
    changed = pack_of({**TEXTS, name: TEXTS[name].replace(old, new, 1)}, "the/pack")

    assert shipped.policy.version != changed.policy.version


# Typos.


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        pytest.param("pack.toml", 'title = "', 'titel = "', "pack.toml: title", id="missing key"),
        pytest.param(
            "pack.toml", "version = 1", "version = 1\nauthor = 1", "author: Extra", id="unknown key"
        ),
        pytest.param("pack.toml", "version = 1", "version = 0", "pack.toml: version", id="version"),
        pytest.param(
            "pack.toml",
            'remedy = "tests.fix"',
            'remedy = "tests.fxi"',
            "tests.failed names tests.fxi, which [capabilities] does not declare",
            id="undeclared remedy",
        ),
        pytest.param(
            "pack.toml",
            'hold = ["tests.run", ',
            'hold = ["tests.rnu", ',
            "hold names tests.rnu, which [capabilities] does not declare",
            id="undeclared closing step",
        ),
        pytest.param(
            "pack.toml",
            'hold = ["tests.run"',
            'hodl = ["tests.run"',
            "[closings] and [verdicts] do not name the same verdicts",
            id="closing of no verdict",
        ),
        pytest.param(
            "pack.toml",
            'at_least = "75.0"',
            'at_least = "75.0"\nat_most = "90.0"',
            "limit.1: needs either at_least or at_most",
            id="both bounds",
        ),
        pytest.param(
            "pack.toml",
            'at_least = "75.0"\n',
            "",
            "limit.1: needs either at_least or at_most",
            id="no bound",
        ),
        pytest.param(
            "pack.toml",
            'at_least = "75.0"',
            'at_least = "many"',
            "limit.1.at_least",
            id="no number",
        ),
        pytest.param(
            "pack.toml", 'at_least = "75.0"', 'at_least = "NaN"', "limit.1.at_least", id="NaN"
        ),
        pytest.param(
            "pack.toml", 'weight = "hard"', 'weight = "heavy"', "limit.0.weight", id="weight"
        ),
        pytest.param(
            "pack.toml", 'name = "coverage-floor"', "", "a hard limit needs a name", id="no name"
        ),
        pytest.param(
            "pack.toml",
            'metric = "coverage.line"',
            'metric = "tests.failed"',
            "there are two limits of tests.failed",
            id="two limits of one metric",
        ),
        pytest.param(
            "pack.toml",
            'name = "coverage-floor"',
            'name = "no-failing-test"',
            "two limits are named no-failing-test",
            id="two limits of one name",
        ),
        pytest.param(
            "pack.toml",
            'name = "coverage-floor"',
            'name = "coverage-flor"',
            "policy.toml: checks: the hard limit coverage-flor",
            id="a hard limit nobody checks",
        ),
        pytest.param(
            "pack.toml",
            '"tests.fix" = ',
            '"Tests Fix" = ',
            "capabilities.Tests Fix",
            id="name of a capability",
        ),
        pytest.param(
            "pack.toml",
            "[verdicts]\n",
            '[verdicts]\n"say \\"go\\"" = "Go"\n',
            "verdicts.say",
            id="a verdict that no grammar can spell",
        ),
        pytest.param(
            "pack.toml",
            'question = "is {subject}',
            'question = "is {subjet}',
            "question: the placeholder 'subjet' is unknown",
            id="placeholder in the question",
        ),
        pytest.param(
            "pack.toml",
            'hold = "Hold {subject}"',
            'hold = "Hold {}"',
            "verdicts.hold: the placeholder",
            id="placeholder in a verdict",
        ),
        pytest.param("pack.toml", "[verdicts]", "[verdicts", "pack.toml is not TOML", id="TOML"),
        pytest.param(
            "policy.toml",
            'permissive = ["proceed"',
            'permissive = ["procede"',
            "policy.toml: permissive: procede is no verdict",
            id="permissive verdict",
        ),
        pytest.param(
            "policy.toml",
            "Strategies = [",
            "Strategy = [",
            "policy.toml: checks.Strategy",
            id="key of a list of checks",
        ),
        pytest.param(
            "policy.toml",
            '"no-failing-test", ',
            "",
            "the hard limit no-failing-test",
            id="a hard limit left out of the checks",
        ),
        pytest.param(
            "policy.toml", 'effect = "permit"', 'effect = "allow"', "rule.0.effect", id="effect"
        ),
        pytest.param(
            "policy.toml", 'key = "Signals"', 'key = "Signal"', "rule.0.key", id="key of a rule"
        ),
        pytest.param("policy.toml", 'risk = "low"', 'risk = "none"', "rule.0.risk", id="risk"),
        pytest.param(
            "policy.toml", "hold_at = 3", "hold_at = 0", "policy.toml: hold_at", id="hold_at"
        ),
        pytest.param(
            "policy.toml", "where = {", "were = {", "were: Extra", id="condition of a rule"
        ),
        pytest.param(
            "prompts.toml",
            "{hold_at}",
            "{hold_on}",
            "prompts.toml: the placeholder 'hold_on' is unknown",
            id="placeholder of a prompt",
        ),
        pytest.param(
            "prompts.toml",
            "{hold_at}",
            "{hold_at.x}",
            "prompts.toml: the placeholder",
            id="a placeholder that reaches further",
        ),
        pytest.param(
            "prompts.toml",
            "{hold_at}",
            "{hold_at[x]}",
            "prompts.toml: the placeholder",
            id="a placeholder that reaches inside",
        ),
        pytest.param(
            "prompts.toml", "{hold_at}", "{hold_at", "prompts.toml: the placeholder", id="brace"
        ),
        pytest.param("prompts.toml", "priming =", "prime =", "reasoning.priming", id="priming"),
        pytest.param(
            "prompts.toml", "[reasoning]", "[resoning]", "prompts.toml: reasoning", id="step"
        ),
        pytest.param(
            "prompts.toml", "revision = 2", 'revision = "one"', "reasoning.revision", id="revision"
        ),
    ],
)
def test_a_typo_is_a_sentence_that_names_file_and_key(
    name: str, old: str, new: str, said: str
) -> None:
    """Found when the pack is read, and not by what a run then fails to do."""
    sentence = problem(name, old, new)

    assert said in sentence
    assert sentence.startswith("the/pack/")
    assert sentence.endswith(".")


def test_uncertain_cannot_be_a_verdict() -> None:
    """The word is what a model says that cannot tell."""
    text = TEXTS["pack.toml"].replace("hold = ", "uncertain = ")

    with pytest.raises(PackProblem, match="uncertain cannot be a verdict"):
        pack_of({**TEXTS, "pack.toml": text}, "the/pack")


def test_more_capabilities_than_ids_are_refused() -> None:
    """Prompts have two digits for them."""
    many = "\n".join(f'"more.{number}" = "One more"' for number in range(99))

    assert "capabilities" in problem("pack.toml", "[capabilities]", f"[capabilities]\n{many}")


# Files.


@pytest.mark.parametrize("missing", FILES)
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    """With the folder it is missing from."""
    folder = written(tmp_path)
    (folder / missing).unlink()

    with pytest.raises(PackProblem, match=f"{folder} cannot be read: .*{missing}"):
        load_pack(folder)
    with pytest.raises(PackProblem, match=f"has no {missing}"):
        pack_of({name: text for name, text in TEXTS.items() if name != missing}, "the/pack")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are no pack."""
    folder = written(tmp_path)
    (folder / "pack.toml").write_bytes(b"\xff\xfe")

    with pytest.raises(PackProblem, match="cannot be read"):
        load_pack(folder)


def test_a_pack_bears_the_name_of_its_folder(tmp_path: Path) -> None:
    """Two packs of one id would hide one another."""
    folder = written(tmp_path).rename(tmp_path / "copy")

    with pytest.raises(
        PackProblem, match="id: it is release-readiness, and the folder is named copy"
    ):
        load_pack(folder)


def test_folders_without_a_pack_are_passed_over(tmp_path: Path) -> None:
    """Whatever else lies beside packs is none of our business."""
    written(tmp_path)
    (tmp_path / "notes").mkdir()
    (tmp_path / "README").write_text("hello")

    assert ["release-readiness"] == list(load_packs(tmp_path))


def test_a_missing_folder_of_packs_is_a_sentence(tmp_path: Path) -> None:
    """An incomplete installation is said to be one."""
    with pytest.raises(PackProblem, match="nowhere cannot be read: No such file"):
        load_packs(tmp_path / "nowhere")

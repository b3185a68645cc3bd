"""Packs: read from TOML, checked whole; a typo is a sentence that names the file and the key."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from converge_core.canonical import canonical, parse
from converge_core.chain import DecisionStep
from converge_core.contract_classification import ClassificationContract
from converge_core.contract_extraction import ExtractionContract
from converge_core.contract_freeform import FreeformContract
from converge_core.key import ContextKey
from converge_core.limits import Weight
from converge_core.policy import Effect
from converge_desktop import paths
from converge_desktop.adapters.packs.agents import MOST_AGENTS
from converge_desktop.adapters.packs.pack import (
    FILES,
    Pack,
    PackProblem,
    load_pack,
    load_packs,
    pack_of,
)
from tests.adapters import agents_pack
from tests.runtime import table_pack

SHIPPED = paths.packs() / "release-readiness"
TEXTS = {name: (SHIPPED / name).read_text("utf-8") for name in FILES}


def problem(name: str, old: str, new: str, texts: Mapping[str, str] = TEXTS) -> str:
    """Returns why a pack, the shipped one, cannot be run once ``old`` in a file reads ``new``."""
    assert old in texts[name], old
    changed = {**texts, name: texts[name].replace(old, new, 1)}
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


# Agents beside the chain.


def test_the_agents_of_a_pack_are_read_in_their_order() -> None:
    """Each with what it reads, must answer and proposes, and with its prompt."""
    pack = pack_of(agents_pack.TEXTS, "the/pack")

    triage, finder, notes = pack.agents
    assert ("triage", (ContextKey.SIGNALS,), ContextKey.HYPOTHESES, "kind-of-release", "fast") == (
        triage.name,
        triage.reads,
        triage.key,
        triage.fact,
        triage.model,
    )
    assert ClassificationContract(("routine", "risky", "urgent")) == triage.contract
    assert ExtractionContract(("coverage",), ("failures", "owner")) == finder.contract
    assert FreeformContract(90) == notes.contract
    assert "" == notes.model
    assert [*DecisionStep, "triage", "finder", "notes"] == list(pack.every_template())
    assert "TASK triage\none of routine risky urgent" in triage.template.task_frame
    assert pack.templates[DecisionStep.REASONING].policy == triage.template.policy


@pytest.mark.parametrize(("said", "tenant"), [("acme", "acme"), (" Acme\\t", "Acme"), ("é", "é")])
def test_a_pack_says_whose_its_runs_are(said: str, tenant: str) -> None:
    """Blanks around a name make no other tenant of it; letters are as they are."""
    texts = {**TEXTS, "pack.toml": f'tenant = "{said}"\n{TEXTS["pack.toml"]}'}

    assert tenant == pack_of(texts, "the/pack").tenant
    assert "" == pack_of(TEXTS, "the/pack").tenant


@pytest.mark.parametrize("said", ["", "  ", "a\\nb", "a|b"])
def test_nobody_is_no_tenant(said: str) -> None:
    """An empty name would be nobody's, and whoever wrote it meant somebody."""
    texts = {**TEXTS, "pack.toml": f'tenant = "{said}"\n{TEXTS["pack.toml"]}'}

    with pytest.raises(PackProblem, match="tenant"):
        pack_of(texts, "the/pack")


def test_a_pack_without_agents_is_what_it_was(shipped: Pack) -> None:
    """Nothing but the chain asks a model."""
    assert () == shipped.agents
    assert list(DecisionStep) == list(shipped.every_template())


def test_agents_are_no_part_of_the_policy(shipped: Pack) -> None:
    """What they say is decided by rules; that they are there changes none."""
    texts = {**agents_pack.TEXTS, "policy.toml": TEXTS["policy.toml"]}

    assert shipped.policy.version == pack_of(texts, "the/pack").policy.version


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param(
            'name = "triage"', 'name = "Triage"', "agent.0.classification.name", id="name"
        ),
        pytest.param(
            'name = "triage"',
            'name = "planning"',
            "an agent is named planning, and somebody else is called that already",
            id="name of a step",
        ),
        pytest.param('name = "triage"', 'name = "input"', "is named input", id="name of input"),
        pytest.param('name = "triage"', 'name = "engine"', "is named engine", id="the engine's"),
        pytest.param(
            'name = "triage"', 'name = "finder"', "two agents are named finder", id="one name twice"
        ),
        pytest.param(
            'fact = "kind-of-release"',
            'fact = "key-figures"',
            "two agents propose the fact key-figures",
            id="one fact twice",
        ),
        pytest.param(
            'fact = "kind-of-release"',
            'fact = "strategy"',
            "the agent triage proposes the fact strategy, and another one is called that already",
            id="fact of a step",
        ),
        pytest.param(
            'fact = "kind-of-release"', 'fact = "a fact"', "classification.fact", id="fact"
        ),
        pytest.param(
            'contract = "classification"', 'contract = "sorting"', "agent.0: ", id="contract"
        ),
        pytest.param('contract = "classification"\n', "", "agent.0: ", id="no contract"),
        pytest.param(
            'contract = "classification"',
            'contract = "extraction"',
            "agent.0.extraction.categories: Extra",
            id="setting of another contract",
        ),
        pytest.param('reads = ["Signals"]', "reads = []", "classification.reads", id="no reads"),
        pytest.param(
            'reads = ["Signals"]', 'reads = ["Signal"]', "classification.reads.0", id="reads"
        ),
        pytest.param(
            'reads = ["Signals"]',
            'reads = ["Signals", "Signals"]',
            "classification.reads: it names Signals twice",
            id="reads twice",
        ),
        pytest.param(
            'key = "Hypotheses"', 'key = "Hypothesis"', "classification.key", id="unknown key"
        ),
        pytest.param(
            'key = "Hypotheses"',
            'key = "Signals"',
            "classification.key: signals are measured, and no number of a model's is one; an agent "
            "proposes under one of Seeds, Hypotheses, Competitors, Evaluations, Proposals",
            id="signals",
        ),
        pytest.param(
            'key = "Hypotheses"', 'key = "Constraints"', "the pack's limits", id="constraints"
        ),
        pytest.param(
            'key = "Hypotheses"', 'key = "Strategies"', "the plan of the chain", id="strategies"
        ),
        pytest.param(
            'key = "Hypotheses"', 'key = "Diagnostic"', "the engine to say", id="diagnostics"
        ),
        pytest.param('model = "fast"', 'model = "a model"', "classification.model", id="model"),
        pytest.param('model = "fast"', 'modell = "fast"', "modell: Extra", id="unknown setting"),
        pytest.param(
            '"routine", "risky"',
            '"risky", "risky"',
            "classification.categories: there are two categories named risky",
            id="category twice",
        ),
        pytest.param(
            '"routine", "risky"', '"Very risky"', "classification.categories.0", id="category"
        ),
        pytest.param(
            'categories = ["routine", "risky", "urgent"]',
            "categories = []",
            "classification.categories",
            id="no category",
        ),
        pytest.param(
            'categories = ["routine", "risky", "urgent"]',
            f"categories = {[f'c{number}' for number in range(33)]}",
            "classification.categories",
            id="too many categories",
        ),
        pytest.param(
            'required = ["coverage"]',
            'required = ["owner"]',
            "agent.1.extraction: there are two fields named owner",
            id="field twice",
        ),
        pytest.param(
            'required = ["coverage"]\noptional = ["failures", "owner"]\n',
            "",
            "agent.1.extraction: it needs a field, required or optional",
            id="no field",
        ),
        pytest.param(
            'required = ["coverage"]',
            'required = ["the coverage"]',
            "extraction.required.0",
            id="field",
        ),
        pytest.param(
            "most_characters = 90", "most_characters = 0", "free-form.most_characters", id="no text"
        ),
        pytest.param(
            "most_characters = 90",
            "most_characters = 1001",
            "free-form.most_characters",
            id="a book",
        ),
    ],
)
def test_a_typo_in_an_agent_is_a_sentence(old: str, new: str, said: str) -> None:
    """Which agent, by its place in the file, and what is wrong with it."""
    sentence = problem("pack.toml", old, new, agents_pack.TEXTS)

    assert said in sentence
    assert sentence.startswith("the/pack/pack.toml: ")
    assert sentence.endswith("Mend it and try again.")


def test_a_metric_and_a_fact_of_an_agent_do_not_share_a_name() -> None:
    """Whatever rests on a fact names it by its id alone."""
    texts = table_pack.TEXTS["pack.toml"].replace('"spend.total"', '"total"')
    agent = agents_pack.NOTES.replace("release-notes", "total")

    with pytest.raises(PackProblem, match="the agent notes proposes the fact total"):
        pack_of({**table_pack.TEXTS, "pack.toml": texts + agent}, "the/pack")


def test_more_agents_than_a_run_has_room_for_are_refused() -> None:
    """A run has so many cycles, and each agent is an answer somebody waits for."""
    many = "".join(
        agents_pack.NOTES.replace('"notes"', f'"notes-{number}"').replace(
            "release-notes", f"notes-{number}"
        )
        for number in range(MOST_AGENTS)
    )

    assert "pack.toml: agent: " in problem(
        "pack.toml", agents_pack.NOTES, agents_pack.NOTES + many, agents_pack.TEXTS
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param(
            "[agents.triage]",
            "[agents.triag]",
            "agents.triage: pack.toml declares this agent, and there is no section for it. "
            "Add [agents.triage].",
            id="none",
        ),
        pytest.param(
            "[agents.triage]",
            '[agents.old]\nrevision = 1\npriming = "p"\ntask_frame = "t"\n\n[agents.triage]',
            "agents.old: pack.toml declares no such agent. Leave the section out, or add an "
            "[[agent]] of that name.",
            id="left over",
        ),
        pytest.param(
            "one of {categories}",
            "one of {catgories}",
            "agents.triage: the placeholder 'catgories' is unknown",
            id="placeholder",
        ),
        pytest.param(
            "fields {fields}",
            "fields {categories}",
            "agents.finder: the placeholder 'categories' is unknown",
            id="placeholder of another contract",
        ),
        pytest.param("revision = 3", "revision = 0", "agents.finder.revision", id="revision"),
        pytest.param(
            'priming = "finder.', 'prime = "finder.', "agents.finder.priming", id="no priming"
        ),
    ],
)
def test_an_agent_and_its_prompt_belong_together(old: str, new: str, said: str) -> None:
    """None is without one, and none is left over."""
    sentence = problem("prompts.toml", old, new, agents_pack.TEXTS)

    assert said in sentence
    assert sentence.startswith("the/pack/prompts.toml: ")
    assert sentence.endswith(".")


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


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_ten_megabytes_is_refused_before_it_is_read(tmp_path: Path, name: str) -> None:
    """It would be kept with every run; the sentence has the file, its size and the limit."""
    folder = written(tmp_path)
    with (folder / name).open("a", encoding="utf-8") as file:
        file.write("# " + "x" * 10_000_000)

    with pytest.raises(PackProblem) as refused:
        load_pack(folder)
    assert f"{folder}/{name}: it has 10,0" in str(refused.value)
    assert "at most 1,048,576 are kept with a run" in str(refused.value)

"""Packs: what a run asks, which limits bind it, and who decides; read from TOML, checked whole.

A typo is a sentence that names the file and the key; a pack with one cannot be run.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from msgspec import UNSET
from pydantic import AfterValidator, Field, ValidationError, model_validator

from converge_core.answers import UNCERTAIN
from converge_core.canonical import ContentHash, content_hash
from converge_core.chain import DecisionStep, StepTemplate, capability_ids, step_templates
from converge_core.contradiction import Impossibility
from converge_core.key import ContextKey
from converge_core.limits import Limit, Weight
from converge_core.placeholders import fill
from converge_core.plan import KernelPolicy
from converge_core.policy import Effect, Risk, Rule, RulePolicy, why_unfit_policy
from converge_core.quorum import Quorum, QuorumRule
from converge_core.routing import DataClass
from converge_core.sizes import MAX_RECORD
from converge_core.terms import OnTimeout, ReviewTerms
from converge_desktop.adapters.packs.agents import (
    MOST_AGENTS,
    AgentName,
    AgentSection,
    PackAgent,
    PromptSection,
    agent_of,
    why_unfit_agents,
    why_unworded,
)
from converge_desktop.adapters.packs.budgets import BudgetSection
from converge_desktop.adapters.packs.kernel import KernelSection, StepModels
from converge_desktop.adapters.packs.plausible import (
    ContradictionSection,
    RangeSection,
    why_implausible,
)
from converge_desktop.adapters.sections import MetricId, Section, Tenant, Word, repeated
from converge_desktop.adapters.tables.declared import (
    MetricSection,
    Tables,
    TableSection,
    tables_of,
)

FILES = ("pack.toml", "policy.toml", "prompts.toml")
"""The files of a pack."""

MOST_CAPABILITIES = 99
"""Prompts name capabilities by a letter and two digits."""

Capability = Annotated[str, Field(pattern=r"^[a-z][a-z0-9._-]{0,31}$")]
Verdict = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]


def _about(*names: str) -> AfterValidator:
    """Returns what refuses a text that has other placeholders than ``names``."""
    filled = " and ".join(f"{{{name}}}" for name in names)
    only = f"only {filled} is filled" if len(names) == 1 else f"{filled} are filled"

    def check(text: str) -> str:
        try:
            fill(text, dict.fromkeys(names, ""))
        except (LookupError, ValueError, AttributeError) as error:
            raise ValueError(f"the placeholder {error} is unknown; {only}") from error
        return text

    return AfterValidator(check)


AboutSubject = Annotated[Word, _about("subject")]
Asked = Annotated[Word, _about("subject", "request")]
"""What is asked about the subject, and, where the pack wants agents to be told, by whom and why."""


class PackProblem(Exception):
    """A pack cannot be run; the text names the file, the place and the remedy."""


class Input(StrEnum):
    """What a pack reads."""

    REPOSITORY = "repository"
    """A folder with test report, coverage report and git repository."""
    TABLES = "tables"
    """A folder with the tables that the pack declares."""


Span = Annotated[str, Field(pattern=r"^[0-9]{1,5} (s|min|h|d)$")]
"""A span of time: a number and its unit, seconds, minutes, hours or days."""


class _Limit(Section):
    metric: MetricId
    at_least: Decimal | None = None
    at_most: Decimal | None = None
    weight: Weight
    remedy: Capability
    name: str = ""

    @model_validator(mode="after")
    def _one_bound(self) -> _Limit:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("needs either at_least or at_most")
        if self.weight is Weight.HARD and not self.name:
            raise ValueError("a hard limit needs a name, because it is also a check")
        return self

    def limit(self) -> Limit:
        bound = self.at_most if self.at_least is None else self.at_least
        assert bound is not None
        return Limit(
            self.metric, bound, self.at_least is not None, self.weight, self.remedy, self.name
        )


class _Pack(Section):
    id: Word
    title: Word
    version: Annotated[int, Field(ge=1)]
    summary: Word
    question: Asked
    verdicts: Annotated[dict[Verdict, AboutSubject], Field(min_length=1)]
    capabilities: Annotated[
        dict[Capability, Word], Field(min_length=1, max_length=MOST_CAPABILITIES)
    ]
    closings: dict[str, list[Capability]]
    limit: list[_Limit]
    input: Input = Input.REPOSITORY
    table: tuple[TableSection, ...] = ()
    metric: tuple[MetricSection, ...] = ()
    range: tuple[RangeSection, ...] = ()
    contradiction: tuple[ContradictionSection, ...] = ()
    data: DataClass | None = None
    tenant: Tenant | None = None
    models: Annotated[StepModels, Field(default_factory=StepModels)]
    budgets: Annotated[BudgetSection, Field(default_factory=BudgetSection)]
    agent: Annotated[tuple[AgentSection, ...], Field(max_length=MOST_AGENTS)] = ()

    @model_validator(mode="after")
    def _hangs_together(self) -> _Pack:
        named = [(name, step) for name, steps in self.closings.items() for step in steps]
        named += [(limit.metric, limit.remedy) for limit in self.limit]
        for where, step in named:
            if step not in self.capabilities:
                raise ValueError(f"{where} names {step}, which [capabilities] does not declare")
        if set(self.closings) != set(self.verdicts):
            raise ValueError("[closings] and [verdicts] do not name the same verdicts")
        if UNCERTAIN in self.verdicts:
            raise ValueError(
                f"{UNCERTAIN} cannot be a verdict; it is what a model that cannot tell says"
            )
        for twice in repeated([limit.metric for limit in self.limit]):
            raise ValueError(f"there are two limits of {twice}")
        for twice in repeated([limit.name for limit in self.limit if limit.name]):
            raise ValueError(f"two limits are named {twice}")
        return self

    @model_validator(mode="after")
    def _numbers_exist(self) -> _Pack:
        """What limits, ranges and contradictions are about is measured, as far as we can tell."""
        tables = self.tables()
        known = frozenset(metric.id for metric in tables.metrics) if tables else None
        for limit in self.limit:
            if known is not None and limit.metric not in known:
                raise ValueError(f"a limit names {limit.metric}, which no [[metric]] declares")
        if wrong := why_implausible(self.contradiction, self.range, known):
            raise ValueError(wrong)
        return self

    @model_validator(mode="after")
    def _agents_fit(self) -> _Pack:
        tables = self.tables()
        metrics = {limit.metric for limit in self.limit}
        metrics |= {metric.id for metric in tables.metrics} if tables else set()
        if wrong := why_unfit_agents(self.agent, metrics):
            raise ValueError(wrong)
        return self

    def tables(self) -> Tables | None:
        """Returns the tables the pack reads, None where it reads a repository."""
        if self.input is Input.TABLES:
            return tables_of(self.table, self.metric)
        if self.table or self.metric:
            raise ValueError('[[table]] and [[metric]] mean nothing without input = "tables"')
        return None


class _Review(Section):
    """The terms under which a rule asks people, as a policy words them."""

    quorum: QuorumRule = QuorumRule.COUNT
    count: Annotated[int, Field(ge=1, le=99)] = 1
    lead: str = ""
    roster: tuple[Word, ...] = ()
    self_approval: bool = False
    deadline: Span | None = None
    on_timeout: OnTimeout = OnTimeout.REJECT
    timeout_words: str = ""
    escalate_to: tuple[Word, ...] = ()
    extension: Span = "0 s"
    extensions: Annotated[int, Field(ge=0, le=99)] = 0
    undo: Span = "0 s"
    refinements: Annotated[int, Field(ge=0, le=99)] = 3

    def terms(self) -> ReviewTerms:
        """Returns the terms as the core has them."""
        return ReviewTerms(
            quorum=Quorum(rule=self.quorum, count=self.count, lead=self.lead),
            roster=self.roster,
            self_approval=self.self_approval,
            deadline_us=None if self.deadline is None else _span(self.deadline),
            on_timeout=self.on_timeout,
            timeout_words=self.timeout_words,
            escalate_to=self.escalate_to,
            extension_us=_span(self.extension),
            extensions=self.extensions,
            undo_us=_span(self.undo),
            refinements=self.refinements,
        )


class _Rule(Section):
    name: Word
    effect: Effect
    reason: Word
    key: ContextKey | None = None
    agent: str | None = None
    where: Annotated[dict[str, str], Field(default_factory=dict)]
    confidence_below: int | None = None
    corrects: bool | None = None
    risk: Risk = Risk.MEDIUM
    review: _Review | None = None

    def rule(self) -> Rule:
        """Returns the rule as the core has it."""
        written = self.model_dump(exclude={"review"})
        return Rule(**written, review=self.review.terms() if self.review else UNSET)


class _Policy(Section):
    id: Word
    revision: Annotated[int, Field(ge=1)]
    hold_at: Annotated[int, Field(ge=1, le=9)]
    permissive: list[str]
    checks: dict[ContextKey | Literal["*"], list[Word]]
    rule: list[_Rule]
    kernel: Annotated[KernelSection, Field(default_factory=KernelSection)]

    @model_validator(mode="after")
    def _can_be_met(self) -> _Policy:
        reason = why_unfit_policy(rule.rule() for rule in self.rule)
        if reason:
            raise ValueError(f"nobody could decide under it: {reason}")
        return self


class _Prompts(Section):
    policy: str
    reasoning: PromptSection
    evaluation: PromptSection
    planning: PromptSection
    agents: Annotated[dict[AgentName, PromptSection], Field(default_factory=dict)]


_UNITS_US = {"s": 1, "min": 60, "h": 3600, "d": 86_400}


def _span(text: str) -> int:
    """Returns a span such as ``4 h`` in microseconds."""
    number, unit = text.split()
    return int(number) * _UNITS_US[unit] * 1_000_000


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack, read and checked.

    Attributes:
        id: its name, that of its folder.
        title: for people.
        version: its version.
        summary: what it does, in a sentence.
        question: the intent, with ``{subject}`` in it, and perhaps ``{request}``: what the person
            who starts the run wants.
        verdicts: each verdict's title, with ``{subject}`` in it.
        capabilities: what a plan may name, with its meaning.
        closings: what ends a plan of each verdict.
        limits: the limits by metric.
        policy: the rules and required checks.
        hold_at: how many concerns mean hold.
        permissive: verdicts that broken hard limits refuse.
        templates: the stable prompt layers of each step.
        texts: its files, by name.
        digest: the hash of all its files.
        tables: the tables it reads and the metrics it makes of them; None where it reads a
            repository.
        impossible: which values a metric cannot have, and which cannot stand together.
        models: the model of each step.
        kernel: what the policy allows its models.
        agents: the agents beside the chain, in the order in which they are declared.
        budgets: the most that a run may be given.
        tenant: whose runs they are, so that nobody else's are recalled; empty for nobody's.
    """

    id: str
    title: str
    version: int
    summary: str
    question: str
    verdicts: Mapping[str, str]
    capabilities: Mapping[str, str]
    closings: Mapping[str, tuple[str, ...]]
    limits: Mapping[str, Limit]
    policy: RulePolicy
    hold_at: int
    permissive: frozenset[str]
    templates: Mapping[DecisionStep, StepTemplate]
    texts: Mapping[str, str]
    digest: ContentHash
    tables: Tables | None = None
    impossible: tuple[Impossibility, ...] = ()
    models: StepModels = field(default_factory=StepModels)
    kernel: KernelPolicy = field(default_factory=KernelPolicy)
    agents: tuple[PackAgent, ...] = ()
    budgets: BudgetSection = field(default_factory=BudgetSection)
    tenant: str = ""

    def every_template(self) -> dict[str, StepTemplate]:
        """Returns the stable prompt layers of all that ask a model: the steps, then the agents."""
        steps = {step.value: template for step, template in self.templates.items()}
        return {**steps, **{agent.name: agent.template for agent in self.agents}}


def load_packs(directory: Path) -> dict[str, Pack]:
    """Reads every pack under ``directory``.

    Raises:
        PackProblem: at the first that does not check.
    """
    try:
        folders = sorted(path for path in directory.iterdir() if (path / "pack.toml").is_file())
    except OSError as error:
        raise PackProblem(f"the packs in {directory} cannot be read: {error.strerror}") from error
    return {pack.id: pack for pack in map(load_pack, folders)}


def load_pack(folder: Path) -> Pack:
    """Reads one pack.

    Raises:
        PackProblem: naming file, key and remedy.
    """
    try:
        _require_small(folder)
        texts = {name: (folder / name).read_text("utf-8") for name in FILES}
    except (OSError, UnicodeDecodeError) as error:
        raise PackProblem(f"the pack {folder} cannot be read: {error}") from error
    pack = pack_of(texts, str(folder))
    if pack.id != folder.name:
        raise PackProblem(
            f"{folder}/pack.toml: id: it is {pack.id}, and the folder is named {folder.name}. "
            "Give both one name."
        )
    _check_sql(pack, str(folder))
    return pack


def _require_small(folder: Path) -> None:
    for name in FILES:
        size = (folder / name).stat().st_size
        if size > MAX_RECORD:
            raise PackProblem(
                f"{folder}/{name}: it has {size:,} bytes, and at most {MAX_RECORD:,} are kept with "
                "a run. Leave out what is no rule and no prompt."
            )


def pack_of(texts: Mapping[str, str], place: str) -> Pack:
    """Makes a pack of the texts of its files; a run keeps them, so it never changes its rules.

    Args:
        texts: file name to content; the names are :data:`FILES`.
        place: where they come from, for sentences about what is wrong.

    Raises:
        PackProblem: naming file, key and remedy.
    """
    about = _read(texts, place, "pack.toml", _Pack)
    rules = _read(texts, place, "policy.toml", _Policy)
    prompts = _read(texts, place, "prompts.toml", _Prompts)
    limits = {limit.metric: limit.limit() for limit in about.limit}
    _fit_together(about, rules, place)
    if wrong := why_unworded(about.agent, prompts.agents):
        raise PackProblem(f"{place}/prompts.toml: {wrong}")
    templates = _templates(about, rules, prompts, place)
    return Pack(
        id=about.id,
        title=about.title,
        version=about.version,
        summary=about.summary,
        question=about.question,
        verdicts=about.verdicts,
        capabilities=about.capabilities,
        closings={name: tuple(steps) for name, steps in about.closings.items()},
        limits=limits,
        policy=_policy(rules, about, limits),
        hold_at=rules.hold_at,
        permissive=frozenset(rules.permissive),
        templates=templates,
        texts=dict(texts),
        digest=content_hash(dict(texts)),
        tables=about.tables(),
        impossible=(
            *(section.range() for section in about.range),
            *(section.contradiction() for section in about.contradiction),
        ),
        models=about.models,
        kernel=rules.kernel.policy(about.data),
        agents=_agents(about, rules, prompts, templates, place),
        budgets=about.budgets,
        tenant=about.tenant or "",
    )


def _fit_together(about: _Pack, rules: _Policy, place: str) -> None:
    """Refuses a policy that would leave a limit of the pack without force."""
    unknown = [verdict for verdict in rules.permissive if verdict not in about.verdicts]
    if unknown:
        raise PackProblem(
            f"{place}/policy.toml: permissive: {unknown[0]} is no verdict of pack.toml; "
            f"there are {', '.join(about.verdicts)}."
        )
    required = {name for names in rules.checks.values() for name in names}
    hard = [limit.name for limit in about.limit if limit.weight is Weight.HARD]
    for name in (name for name in rules.kernel.required_truths if name not in hard):
        raise PackProblem(
            f"{place}/policy.toml: kernel.required_truths: {name} is no hard limit of pack.toml, "
            "so nobody could say whether it holds. Name one of them, or leave it out."
        )
    for name in (name for name in hard if name not in required):
        raise PackProblem(
            f"{place}/policy.toml: checks: the hard limit {name} of pack.toml is required of no "
            "key, so nothing would hold it. Add it to a list of checks."
        )


def _check_sql(pack: Pack, place: str) -> None:
    """Refuses a pack whose metrics say in SQL what is not allowed; a kept pack was looked at."""
    if pack.tables is None:
        return
    # Imported here: a desk without such a pack needs no parser of SQL.
    from converge_desktop.adapters.tables.allowed import SqlRefused, allow  # noqa: PLC0415

    names = [table.name for table in pack.tables.tables]
    for metric in pack.tables.metrics:
        try:
            allow(metric, names)
        except SqlRefused as refused:
            raise PackProblem(
                f"{place}/pack.toml: metric {metric.id}: sql: {refused}."
            ) from refused


def _templates(
    about: _Pack, rules: _Policy, prompts: _Prompts, place: str
) -> dict[DecisionStep, StepTemplate]:
    try:
        return step_templates(
            prompts.model_dump(),
            policy=f"{rules.id} {rules.revision}",
            hold_at=rules.hold_at,
            verdicts=tuple(about.verdicts),
            capabilities=tuple(about.capabilities),
        )
    except _UNFILLED as error:
        raise _unfilled(place, error) from error


def _agents(
    about: _Pack,
    rules: _Policy,
    prompts: _Prompts,
    templates: Mapping[DecisionStep, StepTemplate],
    place: str,
) -> tuple[PackAgent, ...]:
    capabilities = capability_ids(tuple(about.capabilities))
    known = {
        "policy": f"{rules.id} {rules.revision}",
        "hold_at": str(rules.hold_at),
        "verdicts": " ".join(about.verdicts),
        "capabilities": "\n".join(f"{cite} {name}" for name, cite in capabilities.items()),
    }
    shared = templates[DecisionStep.REASONING].policy

    def one(section: AgentSection) -> PackAgent:
        try:
            return agent_of(section, prompts.agents[section.name], policy=shared, known=known)
        except _UNFILLED as error:
            raise _unfilled(place, error, f"agents.{section.name}: ") from error

    return tuple(map(one, about.agent))


_UNFILLED = (LookupError, ValueError, AttributeError, TypeError)
"""What filling a template raises where it names what there is not."""


def _unfilled(place: str, error: Exception, where: str = "") -> PackProblem:
    return PackProblem(
        f"{place}/prompts.toml: {where}the placeholder {error} is unknown; compare it with the "
        "prompts of a shipped pack."
    )


def _policy(rules: _Policy, about: _Pack, limits: Mapping[str, Limit]) -> RulePolicy:
    return RulePolicy(
        id=rules.id,
        revision=rules.revision,
        rules=tuple(rule.rule() for rule in rules.rule),
        checks={str(key): tuple(names) for key, names in rules.checks.items()},
        settings=(
            f"permissive: {' '.join(sorted(rules.permissive))}",
            *(f"{limit.name}: {limit.metric} {limit.describe('')}" for limit in limits.values()),
            *(f"range: {section.words()}" for section in about.range),
            *(f"contradiction: {section.words()}" for section in about.contradiction),
        ),
    )


M = TypeVar("M", bound=Section)


def _read(texts: Mapping[str, str], place: str, name: str, model: type[M]) -> M:
    try:
        return model.model_validate(_toml(texts, place, name))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        what = first["msg"].removeprefix("Value error, ")
        raise PackProblem(f"{place}/{name}: {where}: {what}. Mend it and try again.") from error


def _toml(texts: Mapping[str, str], place: str, name: str) -> dict[str, Any]:
    if name not in texts:
        raise PackProblem(f"{place} has no {name}. Add it, as a shipped pack has it.")
    try:
        return tomllib.loads(texts[name])
    except tomllib.TOMLDecodeError as error:
        raise PackProblem(f"{place}/{name} is not TOML: {error}. Mend it and try again.") from error

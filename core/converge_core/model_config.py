"""What a model file says of itself, and whether that fits what is to be done with it.

A configuration that cannot work is refused when it is made and not in the middle of a run: one
named error a class, each with what was found, what was wanted and what to do. Nothing here opens a
file; the facts come from whoever looked into it (``adapters/model_check.py``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from converge_core.canonical import ContentHash
from converge_core.errors import ConvergeError
from converge_core.prompt import PromptVersion
from converge_core.record import Record

ADAPTER_PRECISIONS = ("F32", "F16", "BF16", "Q8_0")
"""What the matrices of an adapter may be stored in."""
ADAPTER_BITS = 8
"""An adapter corrects weights that a base of fewer bits a weight no longer has."""
_BITS = re.compile(r"(?:all )?(?:BF|F|T?I?Q|MXFP|NVFP)(?P<bits>[0-9]+)")


class ModelKind(StrEnum):
    """What a GGUF file holds."""

    MODEL = "model"
    ADAPTER = "adapter"
    """Changes to the weights of a model; nothing by itself."""


class SpecialToken(Record, frozen=True):
    """A token with a role.

    Attributes:
        role: ``bos``, ``eos``, ``eot`` or ``pad``.
        token: its number.
        text: how it is spelled; empty where it is not in the vocabulary.
        known: whether the vocabulary holds it.
    """

    role: str
    token: int
    text: str
    known: bool


class AdapterFacts(Record, frozen=True):
    """What an adapter says of itself.

    Attributes:
        method: how it changes weights, such as ``lora``.
        base: the name of the model that it was trained on; empty if it does not say.
        rank: how many directions a matrix is changed in, at most.
        alpha: its strength, in thousandths.
        precision: what its matrices are stored in; names joined by ``+`` where they differ.
        width: how wide the model is that it was made for; 0 where it cannot be told.
        layers: how many layers a model must have for it.
        targets: the weights that it changes.
    """

    method: str
    base: str
    rank: int
    alpha: int
    precision: str
    width: int
    layers: int
    targets: tuple[str, ...]


class ModelFacts(Record, frozen=True):
    """What a GGUF file says of itself, as far as a configuration depends on it.

    Attributes:
        kind: a model, or an adapter of one.
        sha256: the hash of the file's bytes.
        size: the file's bytes.
        name: what it is called; empty if it does not say.
        architecture: the family that prompt versions are bound to.
        file_type: what most of its weights are stored in, such as ``Q8_0``.
        licence: as it is stated; empty if it is not.
        parameters: how many weights it has.
        context_trained: the tokens of context that it was trained for.
        embedding_length: how wide it is.
        layers: how many blocks it has.
        vocabulary: how many tokens it has.
        tokenizer: how text becomes tokens, such as ``gpt2``; empty where it has no vocabulary.
        pre_tokenizer: how text is parted before; empty if it does not say.
        tokenizer_hash: the hash of the vocabulary and its settings.
        special: tokens with a role that it names, or that its vocabulary marks.
        ends: the tokens that end an answer, as they are spelled.
        controls: the control tokens, as they are spelled; at most some hundred.
        starts: whether a start token is put before each prompt.
        adapter: what it says as an adapter; None for a model.
    """

    kind: ModelKind
    sha256: ContentHash
    size: int
    name: str
    architecture: str
    file_type: str = ""
    licence: str = ""
    parameters: int = 0
    context_trained: int = 0
    embedding_length: int = 0
    layers: int = 0
    vocabulary: int = 0
    tokenizer: str = ""
    pre_tokenizer: str = ""
    tokenizer_hash: str = ""
    special: tuple[SpecialToken, ...] = ()
    ends: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    starts: bool = False
    adapter: AdapterFacts | None = None

    @property
    def label(self) -> str:
        """What to call it in a sentence."""
        return f"“{self.name}”" if self.name else f"the model {self.sha256[:12]}"

    @property
    def signs(self) -> tuple[str, ...]:
        """What is a sign to the model and no text: control tokens, and tokens with a role."""
        roles = (special.text for special in self.special if special.text)
        return tuple(dict.fromkeys((*filter(None, self.controls), *roles)))

    @property
    def bits(self) -> int | None:
        """How many bits most of its weights take, to the next lower whole one; None if unknown."""
        found = _BITS.match(self.file_type)
        return int(found["bits"]) if found else None


@dataclass(frozen=True, slots=True)
class ContextBudget:
    """How many tokens a call may take.

    Attributes:
        prompt: the longest prompt.
        answer: the longest answer.
        window: the context it is loaded with; None is all that the model was trained for.
    """

    prompt: int
    answer: int
    window: int | None = None


@dataclass(frozen=True, slots=True)
class AdapterNeeds:
    """An adapter that is to be loaded, and what its manifest says of its base.

    Attributes:
        facts: what the adapter's file says.
        base_sha256: the hash of the model file it belongs to; empty if its manifest pins none.
        tokenizer_hash: the tokenizer it was trained with; empty if its manifest pins none.
        quantization: the stored form of the base it was measured with; empty if it names none.
    """

    facts: ModelFacts
    base_sha256: str = ""
    tokenizer_hash: str = ""
    quantization: str = ""


@dataclass(frozen=True, slots=True)
class Needs:
    """What is to be done with a model; what is empty or None is of no concern.

    Attributes:
        prompt: the prompt version it will be prompted with.
        family: the architecture that a pack pins.
        tokenizer: the kind of tokenizer that a pack pins, such as ``gpt2``.
        tokenizer_hash: the tokenizer that a pack pins.
        file_type: the stored form of weights that a pack pins, such as ``Q8_0``.
        budget: the tokens of a call.
        required_tokens: special tokens that its vocabulary must have, as they are spelled.
        layers: names and texts of the written layers of the prompt.
        adapter: an adapter to load with it.
        generates: whether it is to write; a model that only embeds needs no end of an answer.
    """

    prompt: PromptVersion | None = None
    family: str = ""
    tokenizer: str = ""
    tokenizer_hash: str = ""
    file_type: str = ""
    budget: ContextBudget | None = None
    required_tokens: tuple[str, ...] = ()
    layers: tuple[tuple[str, str], ...] = ()
    adapter: AdapterNeeds | None = None
    generates: bool = True


class ConfigurationRefused(ConvergeError):
    """A model cannot be used as it is to be.

    Attributes:
        subject: the file or model.
        found: the value that is there.
        wanted: the value that would do.
        remedy: what to do about it.
    """

    def __init__(self, subject: str, what: str, found: str, wanted: str, remedy: str) -> None:
        super().__init__(f"{subject}: {what}: found {found}, wanted {wanted}. {remedy}")
        self.subject = subject
        self.found = found
        self.wanted = wanted
        self.remedy = remedy


class PromptFamilyMismatch(ConfigurationRefused):
    """The prompt version is bound to another family of models."""


class TokenizerMismatch(ConfigurationRefused):
    """Model and tokenizer do not belong together, or are not those that were pinned."""


class PrecisionMismatch(ConfigurationRefused):
    """The weights are of another form than is wanted, or an adapter does not go with them."""


class ContextBudgetInvalid(ConfigurationRefused):
    """Prompt and answer cannot both fit."""


class SpecialTokenInvalid(ConfigurationRefused):
    """A token with a role is missing, lies outside the vocabulary, or stands in written text."""


def require_fit(facts: ModelFacts, needs: Needs, file: str = "") -> None:
    """Lets a configuration pass if it can work.

    Args:
        facts: what the model says of itself.
        needs: what is to be done with it.
        file: what to call it; its own name unless given.

    Raises:
        ConfigurationRefused: the first thing that does not fit, as a subclass that says its class.
    """
    for problem in misfits(facts, needs, file):
        raise problem


def misfits(facts: ModelFacts, needs: Needs, file: str = "") -> Iterator[ConfigurationRefused]:
    """Yields all that does not fit, so that a person sees it at once."""
    subject = file or facts.label
    if facts.kind is not ModelKind.MODEL:
        yield PrecisionMismatch(
            *(subject, "kind of file", "an adapter", "a model"),
            "Choose the model that the adapter belongs to, and name the adapter beside it.",
        )
        return
    for check in _CHECKS:
        yield from check(subject, facts, needs)


_Check = Callable[[str, ModelFacts, Needs], Iterator[ConfigurationRefused]]


def _prompt(subject: str, facts: ModelFacts, needs: Needs) -> Iterator[ConfigurationRefused]:
    version = needs.prompt
    if version is not None and not version.fits(facts.architecture):
        yield PromptFamilyMismatch(
            *(subject, f"family for the prompt {version}", facts.architecture, version.family),
            f"Choose a model of the family {version.family}, or a version of the prompt that is "
            f"bound to {facts.architecture} or to any.",
        )


def _tokenizer(subject: str, facts: ModelFacts, needs: Needs) -> Iterator[ConfigurationRefused]:
    if needs.family and needs.family != facts.architecture:
        yield TokenizerMismatch(
            *(subject, "family that the pack pins", facts.architecture, needs.family),
            f"Choose a model of the family {needs.family}.",
        )
    if not facts.tokenizer or not facts.vocabulary:
        yield TokenizerMismatch(
            *(subject, "tokenizer", "none", "one in the model file"),
            "Choose a file that holds its vocabulary, or export it again with one.",
        )
        return
    if facts.tokenizer == "gpt2" and not facts.pre_tokenizer:
        yield TokenizerMismatch(
            *(subject, "pre-tokenizer of the gpt2 tokenizer", "none", "the one of its training"),
            "Export the file again with a current converter; without one text is parted wrongly.",
        )
    if needs.tokenizer and needs.tokenizer != facts.tokenizer:
        yield TokenizerMismatch(
            *(subject, "tokenizer that the pack pins", facts.tokenizer, needs.tokenizer),
            f"Choose a model with a {needs.tokenizer} tokenizer.",
        )
    yield from _pinned_tokenizer(subject, facts, needs.tokenizer_hash, "the pack")
    if needs.adapter is not None:
        yield from _pinned_tokenizer(
            subject, facts, needs.adapter.tokenizer_hash, f"the adapter {needs.adapter.facts.label}"
        )


def _pinned_tokenizer(
    subject: str, facts: ModelFacts, pinned: str, by: str
) -> Iterator[ConfigurationRefused]:
    if pinned and pinned != facts.tokenizer_hash:
        yield TokenizerMismatch(
            *(subject, f"tokenizer hash that {by} pins", facts.tokenizer_hash[:12], pinned[:12]),
            "Choose the model that was pinned, or pin this one after looking at what it answers.",
        )


def _precision(subject: str, facts: ModelFacts, needs: Needs) -> Iterator[ConfigurationRefused]:
    if needs.file_type and needs.file_type != facts.file_type:
        yield PrecisionMismatch(
            *(subject, "stored form of the weights", facts.file_type, needs.file_type),
            f"Choose the file of this model that is stored as {needs.file_type}.",
        )
    if needs.adapter is not None:
        yield from _adapter(subject, facts, needs.adapter)


def _adapter(
    subject: str, facts: ModelFacts, needs: AdapterNeeds
) -> Iterator[ConfigurationRefused]:
    about = needs.facts.adapter
    name = needs.facts.label
    if needs.facts.kind is not ModelKind.ADAPTER or about is None:
        yield PrecisionMismatch(
            *(name, "kind of file", "a model", "an adapter"),
            "Name the adapter's own file; a model is loaded without being named as an adapter.",
        )
        return
    if needs.facts.architecture != facts.architecture:
        yield PrecisionMismatch(
            *(name, f"family of the adapter for {subject}", needs.facts.architecture),
            *(facts.architecture, f"Choose an adapter that was made for {facts.architecture}."),
        )
        return
    yield from _base(subject, facts, needs, about)
    yield from _adapter_precision(subject, facts, needs, about)


def _base(
    subject: str, facts: ModelFacts, needs: AdapterNeeds, about: AdapterFacts
) -> Iterator[ConfigurationRefused]:
    name = needs.facts.label
    remedy = "Choose the model that the adapter was trained on, or an adapter of this one."
    if needs.base_sha256:
        if needs.base_sha256 != facts.sha256:
            found, wanted = facts.sha256[:12], needs.base_sha256[:12]
            yield PrecisionMismatch(name, f"base, which is {subject}", found, wanted, remedy)
    elif about.base and facts.name and _plain(about.base) != _plain(facts.name):
        yield PrecisionMismatch(
            *(name, "base", facts.label, f"“{about.base}”"),
            f"{remedy} If they are the same, pin the base by its SHA-256 in the manifest.",
        )
    if about.width and about.width != facts.embedding_length:
        found, wanted = str(facts.embedding_length), str(about.width)
        yield PrecisionMismatch(name, f"width of its base {subject}", found, wanted, remedy)
    if about.layers > facts.layers:
        found, wanted = str(facts.layers), f"at least {about.layers}"
        yield PrecisionMismatch(name, f"layers of its base {subject}", found, wanted, remedy)


def _adapter_precision(
    subject: str, facts: ModelFacts, needs: AdapterNeeds, about: AdapterFacts
) -> Iterator[ConfigurationRefused]:
    name = needs.facts.label
    if about.precision not in ADAPTER_PRECISIONS:
        yield PrecisionMismatch(
            *(name, "stored form of the adapter", about.precision),
            *(" or ".join(ADAPTER_PRECISIONS), "Export the adapter again in one of these forms."),
        )
    if needs.quantization:
        if needs.quantization != facts.file_type:
            yield PrecisionMismatch(
                *(name, f"stored form of its base {subject}", facts.file_type, needs.quantization),
                f"Choose the file of the base that is stored as {needs.quantization}.",
            )
    elif facts.bits is None or facts.bits < ADAPTER_BITS:
        yield PrecisionMismatch(
            *(name, f"stored form of its base {subject}", facts.file_type or "an unknown one"),
            f"{ADAPTER_BITS} bits a weight or more",
            "Choose a finer file of the base, or name this form in the adapter's manifest once "
            "the two were measured together.",
        )


def _context(subject: str, facts: ModelFacts, needs: Needs) -> Iterator[ConfigurationRefused]:
    budget = needs.budget
    if budget is None:
        return
    window = facts.context_trained if budget.window is None else budget.window
    tokens = {"prompt": budget.prompt, "answer": budget.answer, "context": window}
    empty = [name for name, value in tokens.items() if value <= 0]
    for name in empty:
        yield ContextBudgetInvalid(
            *(subject, f"tokens of the {name}", str(tokens[name]), "more than 0"),
            f"Give the {name} at least one token.",
        )
    if empty:
        return
    if window > facts.context_trained:
        yield ContextBudgetInvalid(
            *(subject, "tokens of the context", str(window)),
            f"at most the {facts.context_trained} that the model was trained for",
            "Load it with a smaller context, or choose a model that was trained for a longer one.",
        )
    if budget.prompt + budget.answer > window:
        yield ContextBudgetInvalid(
            *(subject, "tokens of prompt and answer"),
            f"{budget.prompt} + {budget.answer} = {budget.prompt + budget.answer}",
            f"at most the {window} of the context",
            "Shorten the prompt, allow a shorter answer, or choose a model with a longer context.",
        )


def _special(subject: str, facts: ModelFacts, needs: Needs) -> Iterator[ConfigurationRefused]:
    for special in facts.special:
        if not special.known:
            yield SpecialTokenInvalid(
                *(subject, f"{special.role} token", str(special.token)),
                f"one below {facts.vocabulary}, the size of the vocabulary",
                "Export the file again with the right token numbers, or choose another.",
            )
    if facts.starts and "bos" not in {special.role for special in facts.special}:
        yield SpecialTokenInvalid(
            *(subject, "start token, which is put before each prompt", "none", "one"),
            "Export the file again with its start token, or with none put before prompts.",
        )
    if needs.generates and not facts.ends:
        yield SpecialTokenInvalid(
            *(subject, "tokens that end an answer", "none", "at least one"),
            "Export the file again with its end token; without one an answer never ends.",
        )
    for text in needs.required_tokens:
        if text not in facts.signs:
            yield SpecialTokenInvalid(
                *(subject, f"special token “{text}”", "none such", "one in the vocabulary"),
                "Choose a model that has it, or a prompt that does not need it.",
            )
    yield from _spelled(subject, facts, needs)


def _spelled(subject: str, facts: ModelFacts, needs: Needs) -> Iterator[ConfigurationRefused]:
    for layer, text in needs.layers:
        for sign in facts.signs:
            if sign in text:
                yield SpecialTokenInvalid(
                    *(subject, f"the layer {layer} of the prompt", f"“{sign}” spelled out"),
                    "no special token of the model",
                    "Write it otherwise: there it is plain text to the model and not a sign.",
                )


def _plain(name: str) -> str:
    """Returns a name without what people spell in different ways."""
    return "".join(sign for sign in name.casefold() if sign.isalnum())


_CHECKS: tuple[_Check, ...] = (_prompt, _tokenizer, _precision, _context, _special)

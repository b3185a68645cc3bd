"""A configuration that cannot work is refused before it runs: one named error a class.

Checklist D2, D3 and the compatibility of adapters of D18.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from converge_core.canonical import canonical, hash_text, parse
from converge_core.errors import ConvergeError
from converge_core.model_config import (
    AdapterFacts,
    AdapterNeeds,
    ConfigurationRefused,
    ContextBudget,
    ContextBudgetInvalid,
    ModelFacts,
    ModelKind,
    Needs,
    PrecisionMismatch,
    PromptFamilyMismatch,
    SpecialToken,
    SpecialTokenInvalid,
    TokenizerMismatch,
    misfits,
    require_fit,
)
from converge_core.prompt import PromptVersion
from converge_core.record import read

END = SpecialToken(role="eos", token=1, text="<|end|>", known=True)
BEGIN = SpecialToken(role="bos", token=0, text="<s>", known=True)
MODEL = ModelFacts(
    kind=ModelKind.MODEL,
    sha256=hash_text("the model"),
    size=1000,
    name="Small One",
    architecture="llama",
    file_type="Q8_0",
    context_trained=2048,
    embedding_length=64,
    layers=4,
    vocabulary=300,
    tokenizer="gpt2",
    pre_tokenizer="gpt-2",
    tokenizer_hash=hash_text("the tokenizer"),
    special=(BEGIN, END),
    ends=("<|end|>",),
    controls=("<|end|>", "<|tool|>"),
)
LORA = AdapterFacts(
    method="lora",
    base="small-one",
    rank=4,
    alpha=8000,
    precision="F16",
    width=64,
    layers=4,
    targets=("blk.0.attn_q.weight",),
)
ADAPTER = ModelFacts(
    kind=ModelKind.ADAPTER,
    sha256=hash_text("the adapter"),
    size=100,
    name="careful",
    architecture="llama",
    adapter=LORA,
)
EVERYTHING = Needs(
    prompt=PromptVersion("reasoning", 1, "llama"),
    family="llama",
    tokenizer="gpt2",
    tokenizer_hash=MODEL.tokenizer_hash,
    file_type="Q8_0",
    budget=ContextBudget(prompt=1000, answer=1000, window=2048),
    required_tokens=("<|tool|>", "<s>"),
    layers=(("priming", "You weigh what you are shown."),),
    adapter=AdapterNeeds(
        ADAPTER,
        base_sha256=MODEL.sha256,
        tokenizer_hash=MODEL.tokenizer_hash,
        quantization="Q8_0",
    ),
)


def with_adapter(facts: ModelFacts = ADAPTER, **manifest: str) -> Needs:
    return Needs(adapter=AdapterNeeds(facts, **manifest))


def changed_adapter(**about: Any) -> ModelFacts:
    return replace(ADAPTER, adapter=replace(LORA, **about))


def budget(prompt: int, answer: int, window: int | None = None) -> Needs:
    return Needs(budget=ContextBudget(prompt, answer, window))


def said(needs: Needs, facts: ModelFacts = MODEL, file: str = "") -> list[str]:
    """Returns class and sentence of all that does not fit."""
    return [f"{type(one).__name__}: {one}" for one in misfits(facts, needs, file)]


def test_what_fits_in_every_respect_passes() -> None:
    """With all that can be asked for, and with nothing."""
    require_fit(MODEL, EVERYTHING)
    require_fit(MODEL, Needs())

    assert [] == said(EVERYTHING)


WRONG: dict[str, tuple[type[ConfigurationRefused], ModelFacts, Needs, str]] = {
    "a prompt bound to another family": (
        PromptFamilyMismatch,
        MODEL,
        Needs(prompt=PromptVersion("reasoning", 2, "gemma")),
        (
            "“Small One”: family for the prompt reasoning:v2:gemma: found llama, wanted gemma. "
            "Choose a model of the family gemma, or a version of the prompt that is bound to "
            "llama or to any."
        ),
    ),
    "another family than the pack pins": (
        TokenizerMismatch,
        MODEL,
        Needs(family="gemma"),
        (
            "“Small One”: family that the pack pins: found llama, wanted gemma. Choose a model "
            "of the family gemma."
        ),
    ),
    "no tokenizer": (
        TokenizerMismatch,
        replace(MODEL, tokenizer="", vocabulary=0, special=()),
        Needs(),
        (
            "“Small One”: tokenizer: found none, wanted one in the model file. Choose a file "
            "that holds its vocabulary, or export it again with one."
        ),
    ),
    "no pre-tokenizer": (
        TokenizerMismatch,
        replace(MODEL, pre_tokenizer=""),
        Needs(),
        (
            "“Small One”: pre-tokenizer of the gpt2 tokenizer: found none, wanted the one of "
            "its training. Export the file again with a current converter; without one text is "
            "parted wrongly."
        ),
    ),
    "another kind of tokenizer": (
        TokenizerMismatch,
        MODEL,
        Needs(tokenizer="llama"),
        (
            "“Small One”: tokenizer that the pack pins: found gpt2, wanted llama. Choose a "
            "model with a llama tokenizer."
        ),
    ),
    "another tokenizer than was pinned": (
        TokenizerMismatch,
        MODEL,
        Needs(tokenizer_hash="f" * 64),
        (
            f"“Small One”: tokenizer hash that the pack pins: found {MODEL.tokenizer_hash[:12]}, "
            "wanted ffffffffffff. Choose the model that was pinned, or pin this one after "
            "looking at what it answers."
        ),
    ),
    "another tokenizer than the adapter's": (
        TokenizerMismatch,
        MODEL,
        with_adapter(tokenizer_hash="f" * 64),
        (
            "“Small One”: tokenizer hash that the adapter “careful” pins: found "
            f"{MODEL.tokenizer_hash[:12]}, wanted ffffffffffff. Choose the model that was "
            "pinned, or pin this one after looking at what it answers."
        ),
    ),
    "another stored form": (
        PrecisionMismatch,
        MODEL,
        Needs(file_type="F16"),
        (
            "“Small One”: stored form of the weights: found Q8_0, wanted F16. Choose the file "
            "of this model that is stored as F16."
        ),
    ),
    "an adapter in the place of a model": (
        PrecisionMismatch,
        ADAPTER,
        Needs(),
        (
            "“careful”: kind of file: found an adapter, wanted a model. Choose the model that "
            "the adapter belongs to, and name the adapter beside it."
        ),
    ),
    "a model in the place of an adapter": (
        PrecisionMismatch,
        MODEL,
        with_adapter(MODEL),
        (
            "“Small One”: kind of file: found a model, wanted an adapter. Name the adapter's "
            "own file; a model is loaded without being named as an adapter."
        ),
    ),
    "an adapter of another architecture": (
        PrecisionMismatch,
        MODEL,
        with_adapter(replace(ADAPTER, architecture="gemma")),
        (
            "“careful”: family of the adapter for “Small One”: found gemma, wanted llama. "
            "Choose an adapter that was made for llama."
        ),
    ),
    "an adapter pinned to another base": (
        PrecisionMismatch,
        MODEL,
        with_adapter(base_sha256="f" * 64),
        (
            f"“careful”: base, which is “Small One”: found {MODEL.sha256[:12]}, wanted "
            "ffffffffffff. Choose the model that the adapter was trained on, or an adapter of "
            "this one."
        ),
    ),
    "an adapter that names another base": (
        PrecisionMismatch,
        MODEL,
        with_adapter(changed_adapter(base="Great One")),
        (
            "“careful”: base: found “Small One”, wanted “Great One”. Choose the model that the "
            "adapter was trained on, or an adapter of this one. If they are the same, pin the "
            "base by its SHA-256 in the manifest."
        ),
    ),
    "an adapter of a wider base": (
        PrecisionMismatch,
        MODEL,
        with_adapter(changed_adapter(width=128)),
        (
            "“careful”: width of its base “Small One”: found 64, wanted 128. Choose the model "
            "that the adapter was trained on, or an adapter of this one."
        ),
    ),
    "an adapter of a deeper base": (
        PrecisionMismatch,
        MODEL,
        with_adapter(changed_adapter(layers=5)),
        (
            "“careful”: layers of its base “Small One”: found 4, wanted at least 5. Choose the "
            "model that the adapter was trained on, or an adapter of this one."
        ),
    ),
    "an adapter in a form that is not taken": (
        PrecisionMismatch,
        MODEL,
        with_adapter(changed_adapter(precision="Q4_0")),
        (
            "“careful”: stored form of the adapter: found Q4_0, wanted F32 or F16 or BF16 or "
            "Q8_0. Export the adapter again in one of these forms."
        ),
    ),
    "an adapter over another form than it was measured with": (
        PrecisionMismatch,
        MODEL,
        with_adapter(quantization="F16"),
        (
            "“careful”: stored form of its base “Small One”: found Q8_0, wanted F16. Choose the "
            "file of the base that is stored as F16."
        ),
    ),
    "an adapter over a coarse base": (
        PrecisionMismatch,
        replace(MODEL, file_type="Q4_K - Medium"),
        with_adapter(),
        (
            "“careful”: stored form of its base “Small One”: found Q4_K - Medium, wanted 8 bits "
            "a weight or more. Choose a finer file of the base, or name this form in the "
            "adapter's manifest once the two were measured together."
        ),
    ),
    "a prompt of no length": (
        ContextBudgetInvalid,
        MODEL,
        budget(0, 100),
        (
            "“Small One”: tokens of the prompt: found 0, wanted more than 0. Give the prompt at "
            "least one token."
        ),
    ),
    "an answer of less than no length": (
        ContextBudgetInvalid,
        MODEL,
        budget(100, -1),
        (
            "“Small One”: tokens of the answer: found -1, wanted more than 0. Give the answer "
            "at least one token."
        ),
    ),
    "a context of no length": (
        ContextBudgetInvalid,
        MODEL,
        budget(100, 100, 0),
        (
            "“Small One”: tokens of the context: found 0, wanted more than 0. Give the context "
            "at least one token."
        ),
    ),
    "a context that it was not trained for": (
        ContextBudgetInvalid,
        MODEL,
        budget(100, 100, 2049),
        (
            "“Small One”: tokens of the context: found 2049, wanted at most the 2048 that the "
            "model was trained for. Load it with a smaller context, or choose a model that was "
            "trained for a longer one."
        ),
    ),
    "a prompt and an answer that do not both fit": (
        ContextBudgetInvalid,
        MODEL,
        budget(1000, 1049),
        (
            "“Small One”: tokens of prompt and answer: found 1000 + 1049 = 2049, wanted at most "
            "the 2048 of the context. Shorten the prompt, allow a shorter answer, or choose a "
            "model with a longer context."
        ),
    ),
    "an end token outside of the vocabulary": (
        SpecialTokenInvalid,
        replace(MODEL, special=(BEGIN, replace(END, token=300, text="", known=False))),
        Needs(),
        (
            "“Small One”: eos token: found 300, wanted one below 300, the size of the "
            "vocabulary. Export the file again with the right token numbers, or choose another."
        ),
    ),
    "a start token that is missing": (
        SpecialTokenInvalid,
        replace(MODEL, special=(END,), starts=True),
        Needs(),
        (
            "“Small One”: start token, which is put before each prompt: found none, wanted one. "
            "Export the file again with its start token, or with none put before prompts."
        ),
    ),
    "no token that ends an answer": (
        SpecialTokenInvalid,
        replace(MODEL, ends=()),
        Needs(),
        (
            "“Small One”: tokens that end an answer: found none, wanted at least one. Export "
            "the file again with its end token; without one an answer never ends."
        ),
    ),
    "a special token that is missing": (
        SpecialTokenInvalid,
        MODEL,
        Needs(required_tokens=("<|image|>",)),
        (
            "“Small One”: special token “<|image|>”: found none such, wanted one in the "
            "vocabulary. Choose a model that has it, or a prompt that does not need it."
        ),
    ),
    "a control token spelled out in a layer": (
        SpecialTokenInvalid,
        MODEL,
        Needs(layers=(("priming", "fine"), ("policy", "stop with <|end|> always"))),
        (
            "“Small One”: the layer policy of the prompt: found “<|end|>” spelled out, wanted "
            "no special token of the model. Write it otherwise: there it is plain text to the "
            "model and not a sign."
        ),
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_misfit_is_refused_by_the_error_of_its_class(what: str) -> None:
    """It says what it is about, what was found, what was wanted, and what to do."""
    kind, facts, needs, sentence = WRONG[what]
    with pytest.raises(ConfigurationRefused) as refused:
        require_fit(facts, needs)

    assert kind is type(refused.value)
    assert sentence == str(refused.value)
    assert [f"{kind.__name__}: {sentence}"] == said(needs, facts)


@pytest.mark.parametrize("what", WRONG)
def test_a_misfit_holds_its_parts_apart(what: str) -> None:
    """So that a window can set them one below the other."""
    _, facts, needs, sentence = WRONG[what]
    [problem] = misfits(facts, needs)

    assert isinstance(problem, ConvergeError)
    for part in (problem.subject, problem.found, problem.wanted, problem.remedy):
        assert part
        assert part in sentence


def test_every_class_of_errors_is_raised_by_something() -> None:
    """None of them is there for show."""
    kinds = {kind for kind, *_ in WRONG.values()}

    assert set(ConfigurationRefused.__subclasses__()) == kinds


def test_all_that_does_not_fit_is_said_at_once() -> None:
    """In the order of the classes, so that a person mends it in one go."""
    needs = Needs(
        prompt=PromptVersion("p", 1, "gemma"),
        tokenizer="llama",
        file_type="F16",
        budget=ContextBudget(prompt=5000, answer=1),
        required_tokens=("<|image|>",),
    )

    assert [
        PromptFamilyMismatch,
        TokenizerMismatch,
        PrecisionMismatch,
        ContextBudgetInvalid,
        SpecialTokenInvalid,
    ] == [type(one) for one in misfits(MODEL, needs)]


def test_the_file_is_named_where_it_is_known() -> None:
    """Else the model by its name, and one without a name by its hash."""
    needs = Needs(family="gemma")
    nameless = replace(MODEL, name="")

    assert said(needs, file="models/small.gguf")[0].startswith(
        "TokenizerMismatch: models/small.gguf: "
    )
    assert said(needs, nameless)[0].startswith(
        f"TokenizerMismatch: the model {MODEL.sha256[:12]}: "
    )


def test_a_prompt_for_any_family_goes_with_each() -> None:
    """Being bound is a choice of whoever wrote it."""
    assert [] == said(Needs(prompt=PromptVersion("reasoning", 1)))


def test_a_pinned_base_need_not_bear_the_name_that_the_adapter_knows() -> None:
    """A hash says more than a name; and a file without a name contradicts none."""
    great = changed_adapter(base="Great One")

    assert [] == said(with_adapter(great, base_sha256=MODEL.sha256))
    assert [] == said(with_adapter(great), replace(MODEL, name=""))
    assert [] == said(with_adapter(changed_adapter(base="")))


def test_an_adapter_whose_width_cannot_be_told_is_not_refused_for_it() -> None:
    """llama.cpp compares the shapes when it loads it."""
    assert [] == said(with_adapter(changed_adapter(width=0, layers=0)))


def test_a_coarse_base_is_taken_once_it_was_measured_with_the_adapter() -> None:
    """Which its manifest says by naming the form."""
    coarse = replace(MODEL, file_type="Q4_0")

    assert [PrecisionMismatch] == [type(one) for one in misfits(coarse, with_adapter())]
    assert [] == said(with_adapter(quantization="Q4_0"), coarse)


def test_a_base_of_unknown_form_is_not_taken_for_a_fine_one() -> None:
    """What is not known is refused, with the remedy."""
    assert "found an unknown one" in said(with_adapter(), replace(MODEL, file_type=""))[0]


def test_a_model_that_only_embeds_needs_no_end() -> None:
    """It writes nothing."""
    assert [] == said(Needs(generates=False), replace(MODEL, ends=()))


def test_a_tokenizer_other_than_gpt2_needs_no_pre_tokenizer() -> None:
    """Only byte-level merges depend on how text is parted before."""
    assert [] == said(Needs(), replace(MODEL, tokenizer="llama", pre_tokenizer=""))


@pytest.mark.parametrize(
    ("file_type", "bits"),
    [
        *(("all F32", 32), ("F16", 16), ("BF16", 16), ("Q8_0", 8), ("Q6_K", 6)),
        *(("Q4_K - Medium", 4), ("IQ3_XS - 3.3 bpw", 3), ("TQ1_0 - 1.69 bpw ternary", 1)),
        *(("MXFP4 MoE", 4), ("NVFP4", 4), ("something new", None), ("", None)),
    ],
)
def test_bits_are_read_from_the_name_of_the_form(file_type: str, bits: int | None) -> None:
    """As llama.cpp writes it."""
    assert bits == replace(MODEL, file_type=file_type).bits


def test_facts_are_written_down_and_read_back() -> None:
    """They are kept beside the model's hash."""
    for facts in (MODEL, ADAPTER):
        assert facts == read(ModelFacts, parse(canonical(facts)))


@given(
    prompt=st.integers(-2, 3000),
    answer=st.integers(-2, 3000),
    window=st.none() | st.integers(-2, 3000),
)
def test_a_budget_passes_if_and_only_if_it_can_be_kept(
    prompt: int, answer: int, window: int | None
) -> None:
    """Both have room, in a context that the model was trained for."""
    room = MODEL.context_trained if window is None else window
    possible = prompt > 0 and answer > 0 and prompt + answer <= room <= MODEL.context_trained

    assert possible is not bool(said(budget(prompt, answer, window)))


@given(st.text(alphabet="<|>endtool s", max_size=40))
def test_no_layer_that_spells_a_special_token_passes(text: str) -> None:
    """Wherever in it the token stands."""
    spelled = any(sign in text for sign in ("<|end|>", "<|tool|>", "<s>"))

    assert spelled is bool(said(Needs(layers=(("policy", text),))))
    assert said(Needs(layers=(("policy", f"{text}<|end|>{text}"),)))

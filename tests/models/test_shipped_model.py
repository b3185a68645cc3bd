"""What holds of the shipped model; its card says how well it does and where it falls short."""

from itertools import islice
from pathlib import Path

import pytest

pytest.importorskip("llama_cpp")

from evaluate import Model, ask, held_out, reasons_right, verdict_of
from generate import SHIPPED
from packcases import make_pack_case

MAX_BYTES = 25_000_000

pytestmark = pytest.mark.timeout(600)  # a hundred answers, on a machine that has other work as well


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(SHIPPED)


def test_the_file_is_small_and_has_its_card_and_licence_beside_it() -> None:
    assert SHIPPED.stat().st_size < MAX_BYTES
    assert (SHIPPED.parent / "converge-nano.md").is_file()
    assert "MIT" in Path(SHIPPED.parent / "LICENSE").read_text("utf-8")


def test_every_answer_has_the_shape_of_its_contract_even_on_states_unlike_any_it_saw(
    model: Model,
) -> None:
    for case in islice(held_out(10), 10):
        for example in case.examples():
            raw, result = ask(model, example)
            assert result.answer is not None, raw


def test_on_states_unlike_any_it_saw_it_cites_the_right_reasons(model: Model) -> None:
    """In at least 97 of 100, each on its side; which lines it weighs is held by the grammar."""
    right = 0
    for case in held_out(100):
        _, result = ask(model, case.examples()[0])
        right += reasons_right(case, result)
    assert right >= 97


def test_on_the_real_packs_states_it_cites_every_reason_on_its_side(model: Model) -> None:
    for case in map(make_pack_case, range(20)):
        raw, result = ask(model, case.examples()[0])
        assert result.valid, (raw, result.failures)
        assert reasons_right(case, result)


def test_the_same_prompt_gives_the_same_answer(model: Model) -> None:
    [first, *_] = make_pack_case(3).examples()
    assert ask(model, first)[0] == ask(model, first)[0]
    assert verdict_of(ask(model, first)[1])

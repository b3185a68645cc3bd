"""Promises of the model file that ships."""

from itertools import islice
from pathlib import Path

import pytest

pytest.importorskip("llama_cpp")

from evaluate import Model, ask, held_out, judge, reasons_right, verdict_of
from generate import SHIPPED
from packcases import make_pack_case

MAX_BYTES = 25_000_000


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(SHIPPED)


def test_the_file_is_small_and_has_its_card_and_licence_beside_it() -> None:
    assert SHIPPED.stat().st_size < MAX_BYTES
    assert (SHIPPED.parent / "converge-nano.md").is_file()
    assert "MIT" in Path(SHIPPED.parent / "LICENSE").read_text("utf-8")


def test_every_answer_on_twenty_held_out_states_is_contract_valid_and_the_verdict_right(
    model: Model,
) -> None:
    for case in islice(held_out(20), 20):
        for example in case.examples():
            raw, result = ask(model, example)
            assert result.valid, (raw, result.failures)
        _, result = ask(model, case.examples()[0])
        assert verdict_of(result) == case.verdict
        assert reasons_right(case, result)


def test_the_whole_chain_is_right_on_twenty_states_of_the_real_pack(model: Model) -> None:
    figures = judge(model, map(make_pack_case, range(20)))
    assert figures["chain valid"] == 100
    assert figures["chain right to the last step"] == 100

"""Promises of the generator that makes the shipped model's examples."""

import re

import pytest
from generate import MAX_AGAINST, MAX_ENTRIES, UNCERTAIN, VERDICTS, Split, make_case
from layout import NOTATIONS
from packcases import LABELS, make_pack_case
from wording import HELD_OUT, HELD_OUT_ORDERS, TRAINING, TRAINING_ORDERS

from converge_core.chain import contract_of
from converge_core.prompt import Standing

SEEDS = range(200)


HEAD = re.compile(r"^s\d\d \| (info|(hard|soft) \| margin \S+)")
"""What opens every line, whatever its layout."""


@pytest.mark.parametrize("split", ["training", "held-out"])
def test_every_gold_answer_holds_its_contract(split: Split) -> None:
    for seed in SEEDS:
        for example in make_case(split, seed).examples():
            contract = contract_of(example.step, VERDICTS)
            result = contract.hold(example.answer, example.ground)
            assert result.valid, (split, seed, example.step, result.failures)
            assert len(example.answer) <= contract.max_bytes


def test_every_gold_answer_over_the_real_pack_holds_its_contract() -> None:
    for seed in SEEDS:
        for example in make_pack_case(seed).examples():
            result = contract_of(example.step, VERDICTS).hold(example.answer, example.ground)
            assert result.valid, (seed, example.step, result.failures)


@pytest.mark.parametrize("split", ["training", "held-out"])
def test_a_case_is_a_pure_function_of_split_and_seed(split: Split) -> None:
    assert make_case(split, 7) == make_case(split, 7)
    assert make_case(split, 7).examples() == make_case(split, 7).examples()
    assert make_case(split, 7) != make_case(split, 8)


def test_the_splits_share_no_words_no_syllables_and_no_decoys() -> None:
    assert not set(TRAINING.words) & set(HELD_OUT.words)
    assert not set(TRAINING.syllables) & set(HELD_OUT.syllables)
    assert not set(TRAINING.decoys) & set(HELD_OUT.decoys)
    assert not set(TRAINING.notes) & set(HELD_OUT.notes)
    assert not set(TRAINING.questions) & set(HELD_OUT.questions)


def test_the_splits_share_no_separators_orders_or_notations() -> None:
    assert not set(TRAINING.separators) & set(HELD_OUT.separators)
    assert not set(TRAINING_ORDERS) & set(HELD_OUT_ORDERS)
    assert not set(TRAINING.notations) & set(HELD_OUT.notations)
    assert set(TRAINING.notations) | set(HELD_OUT.notations) == set(NOTATIONS)
    assert not set(TRAINING.bounds) & set(HELD_OUT.bounds)
    assert not set(filter(None, TRAINING.units)) & set(HELD_OUT.units)


def test_key_words_and_brackets_are_shared_only_where_they_are_absent() -> None:
    for name, wraps in TRAINING.wraps.items():
        assert set(wraps) & set(HELD_OUT.wraps[name]) == {("", "")}


def test_held_out_numbers_lie_outside_the_trained_range() -> None:
    for seed in SEEDS:
        lines = [HEAD.sub("", entry.render()) for entry in make_case("held-out", seed).entries]
        assert not [line for line in lines if " | " in line]
    assert not any(
        len(number) >= 6
        for seed in SEEDS
        for entry in make_case("training", seed).entries
        for number in re.findall(r"(?<![\d.,])[1-9]\d{5,}", entry.render())
    )


def test_the_packs_labels_do_not_occur_in_training() -> None:
    labels = {label for label, _ in LABELS.values()} | set(LABELS)
    for seed in range(1000):
        text = "\n".join(entry.render() for entry in make_case("training", seed).entries)
        assert not [label for label in labels if label in text.lower()]


def test_thresholds_are_met_from_both_sides_by_one_unit() -> None:
    margins = {
        margin
        for seed in SEEDS
        for entry in make_pack_case(seed).entries
        for margin in re.findall(r"margin (\S+)", entry.render())
    }
    assert {"-1", "+0", "+1", "-0.1", "+0.0", "+0.1", "?"} <= margins


def test_every_category_and_size_is_drawn() -> None:
    cases = [make_case("held-out", seed) for seed in range(400)]
    assert {case.verdict for case in cases} == {*VERDICTS, UNCERTAIN}
    assert {case.hold_at for case in cases} == {2, 3, 4}
    assert max(len(case.entries) for case in cases) == MAX_ENTRIES
    assert min(len(case.entries) for case in cases) == 2
    assert max(len(case.against) for case in cases) == MAX_AGAINST
    assert any(entry.standing is None for case in cases for entry in case.entries)


def test_a_verdict_follows_the_first_line_of_the_policy_that_fits() -> None:
    for seed in SEEDS:
        case = make_case("training", seed)
        hard_unknown = [e for e in case.with_standing(Standing.UNKNOWN) if e.binding]
        match case.verdict:
            case "hold":
                soft = len(case.with_standing(Standing.CONCERN)) >= case.hold_at
                assert case.with_standing(Standing.BREACH) or (soft and not hard_unknown)
            case "proceed":
                assert not case.against
            case "conditions":
                assert case.against
                assert not hard_unknown
            case verdict:
                assert verdict == UNCERTAIN
                assert hard_unknown

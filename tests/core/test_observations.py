"""Observations: what was read from the world, with the hash of what was read."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge_core.canonical import content_hash
from converge_core.errors import InvalidValue
from converge_core.ids import ObservationId
from converge_core.observation import Observation, observe
from tests.core.test_canonical import ASCII, VALUES


def seen(payload: dict[str, Any]) -> Observation:
    return observe(
        ObservationId("read:1"), payload, provider="junit", source="report.xml", place="/suite[1]"
    )


@given(st.dictionaries(ASCII, VALUES, max_size=4))
def test_an_observation_is_intact_as_long_as_its_payload_hashes_alike(
    payload: dict[str, Any],
) -> None:
    """The payload re-hashes to what was recorded."""
    assert (True, content_hash(payload)) == (seen(payload).intact(), seen(payload).payload_hash)


def test_a_changed_payload_is_noticed() -> None:
    """An observation whose payload was exchanged is no longer intact."""
    altered = msgspec.structs.replace(seen({"failed": 3}), payload={"failed": 0})

    assert not altered.intact()


def test_a_payload_that_cannot_be_recorded_is_refused_with_its_place() -> None:
    """A float in a reading is an error that names the reading."""
    with pytest.raises(InvalidValue, match=r"read:1\.seconds: float"):
        seen({"seconds": 0.5})


def test_an_observation_keeps_the_payload_as_it_was_read() -> None:
    """What a reader does to its own objects afterwards does not reach the observation."""
    payload: dict[str, Any] = {"modules": ["a"]}
    observation = seen(payload)
    payload["modules"].append("b")

    assert observation.intact()

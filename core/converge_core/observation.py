"""Observations: what was read from the world, before anybody drew a conclusion."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from converge_core.canonical import checked, content_hash, fresh
from converge_core.ids import ObservationId
from converge_core.record import Record


class ObservationKind(StrEnum):
    """Where an observation came from."""

    USER_INPUT = "user_input"
    SYSTEM_EVENT = "system_event"
    EXTERNAL_FEED = "external_feed"
    API_RESPONSE = "api_response"


class Observation(Record, frozen=True):
    """One thing read, with the hash of what was read and where.

    Attributes:
        id: unique in its run.
        kind: where it came from.
        provider: what read it, such as ``junit``.
        source: the thing it was read from, such as a file's path inside the input.
        place: where in the source, such as an element's path.
        payload: what was read, as JSON without floats.
        payload_hash: the SHA-256 of the payload's canonical bytes.
    """

    id: ObservationId
    kind: ObservationKind
    provider: str
    source: str
    place: str
    payload: dict[str, Any]
    payload_hash: str

    def intact(self) -> bool:
        """Whether the payload still has the recorded hash."""
        return content_hash(self.payload) == self.payload_hash


def observe(
    id: ObservationId,  # noqa: A002
    payload: dict[str, Any],
    *,
    kind: ObservationKind = ObservationKind.EXTERNAL_FEED,
    provider: str,
    source: str,
    place: str,
) -> Observation:
    """Makes an observation and hashes its payload."""
    payload = fresh(checked(payload, id))
    return Observation(
        id=id,
        kind=kind,
        provider=provider,
        source=source,
        place=place,
        payload=payload,
        payload_hash=content_hash(payload),
    )

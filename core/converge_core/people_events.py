"""What happens to the people of a desk: they are enrolled, take another key, and are revoked."""

from __future__ import annotations

from typing import ClassVar

from msgspec import UNSET, UnsetType

from converge_core.event import Event
from converge_core.people import Revocation, Rotation, Welcome
from converge_core.review import Operator


class OperatorEnrolled(Event, frozen=True):
    """A person may decide from now on.

    The first of a desk comes by themselves; since version 5, everybody else is welcomed.
    """

    kind: ClassVar[str] = "operator_enrolled"
    operator: Operator
    welcome: Welcome | UnsetType = UNSET


class OperatorKeyRotated(Event, frozen=True):
    """A person has another key from now on, and stays who they are."""

    kind: ClassVar[str] = "operator_key_rotated"
    rotation: Rotation


class OperatorRevoked(Event, frozen=True):
    """A person may not decide any more."""

    kind: ClassVar[str] = "operator_revoked"
    revocation: Revocation

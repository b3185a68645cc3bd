"""A running desk as the window sees it: whole."""

from __future__ import annotations

from typing import Protocol

from converge_desktop.runtime.deciding_port import DecidingPort
from converge_desktop.runtime.looking_port import LookingPort
from converge_desktop.runtime.people_port import PeoplePort
from converge_desktop.runtime.port import DeskPort
from converge_desktop.runtime.recall_port import RecallPort
from converge_desktop.runtime.trace_port import TracePort


class WindowPort(DeskPort, DecidingPort, LookingPort, PeoplePort, RecallPort, TracePort, Protocol):
    """All that may be asked of a desk."""

"""A model that does not answer before a test lets it, and comes back when it is told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from converge_core.capability import CallCancelled, CancellationToken
from converge_core.envelope import InferenceRequest, InferenceResult
from converge_core.plan import StepPlan
from converge_desktop.runtime.model_thread import ModelThread
from tests.runtime.watching import PATIENCE

Infer = Callable[[ModelThread, InferenceRequest, CancellationToken, StepPlan], InferenceResult]


class Stuck:
    """Stands in the way of every call of a model.

    Args:
        infer: what calls it otherwise.
    """

    def __init__(self, infer: Infer) -> None:
        self._infer = infer
        self._asked = threading.Semaphore(0)
        self._given_up = threading.Semaphore(0)
        self._free = threading.Event()
        self.calls = 0

    def infer(
        self,
        models: ModelThread,
        request: InferenceRequest,
        cancelled: CancellationToken,
        step: StepPlan,
    ) -> InferenceResult:
        """Waits until it is let through, or the call is given up."""
        self.calls += 1
        self._asked.release()
        while not self._free.wait(0.005):
            if cancelled():
                self._given_up.release()
                raise CallCancelled
        return self._infer(models, request, cancelled, step)

    def wait_until_asked(self) -> None:
        """Waits for one more call."""
        assert self._asked.acquire(timeout=PATIENCE), "the model was not asked"

    def wait_until_given_up(self) -> None:
        """Waits until one more call was given up."""
        assert self._given_up.acquire(timeout=PATIENCE), "the call was not given up"

    def let_go(self) -> None:
        """Has the model answer from now on."""
        self._free.set()


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stuck]:
    """Has models stuck until a test lets them go."""
    found = Stuck(ModelThread.infer)

    def infer(
        models: ModelThread,
        request: InferenceRequest,
        cancelled: CancellationToken,
        step: StepPlan,
    ) -> InferenceResult:
        return found.infer(models, request, cancelled, step)

    monkeypatch.setattr(ModelThread, "infer", infer)
    yield found
    found.let_go()

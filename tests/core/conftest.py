"""Every test of the core runs with the outside world closed to the core."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.core.guard import guarded


@pytest.fixture(scope="module", autouse=True)
def purity() -> Iterator[None]:
    """Guards all tests of a module; by the module, so that other suites are left alone."""
    with guarded():
        yield

"""Short ledgers are remembered as long ones are, so that what is remembered is tried as well."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

import pytest

from converge_desktop.runtime import desk_reader


@pytest.fixture(scope="package", autouse=True)
def _remembered() -> Iterator[None]:
    with patch.object(desk_reader, "BELIEVE_FROM", 0):
        yield

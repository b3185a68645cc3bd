"""What several tests of adapters begin with."""

from __future__ import annotations

from tests.adapters.ledgers import no_waiting, place, whole  # noqa: F401 - fixtures
from tests.adapters.surreal_kit import filled  # noqa: F401 - a fixture

"""Waits for what a desk tells, without sleeping."""

from __future__ import annotations

import threading
from collections.abc import Callable

from converge_desktop.runtime.desk import Desk
from converge_desktop.runtime.port import RunChanged, Update
from converge_desktop.runtime.run_model import RunView

PATIENCE = 60.0
"""Seconds after which a test gives up; nothing waits that long when all is well."""


class Watch:
    """Collects a desk's updates."""

    def __init__(self, desk: Desk) -> None:
        self.updates: list[Update] = []
        self._changed = threading.Condition()
        desk.subscribe(self._take)

    def until(self, found: Callable[[Update], bool]) -> Update:
        """Returns the first update, past or to come, for which ``found`` is true."""

        def first() -> Update | None:
            return next((update for update in self.updates if found(update)), None)

        with self._changed:
            assert self._changed.wait_for(lambda: first() is not None, PATIENCE), "never happened"
            update = first()
        assert update is not None
        return update

    def phase(self, run_id: str, *phases: str) -> RunView:
        """Returns the run's view once it is in one of ``phases``."""

        def there(update: Update) -> bool:
            if not isinstance(update, RunChanged):
                return False
            row = update.view.row
            return row.run_id == run_id and row.phase in phases

        update = self.until(there)
        assert isinstance(update, RunChanged)
        return update.view

    def _take(self, update: Update) -> None:
        with self._changed:
            self.updates.append(update)
            self._changed.notify_all()

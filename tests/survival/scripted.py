"""The engine thread as the desk has it, over agents that a test has written and without a model."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from converge_core import events as e
from converge_core.command import Begin
from converge_core.engine import Engine
from converge_core.ids import RunId
from converge_core.key import ContextKey as Key
from converge_core.ledger import Entry
from converge_core.policy import Effect
from converge_core.terms import ReviewTerms
from converge_core.trace import text_ref
from converge_desktop.adapters.identity.key_file import file_key
from converge_desktop.adapters.keys import signature_fits
from converge_desktop.adapters.packs.pack import Pack, load_pack
from converge_desktop.runtime.deciding_model import Answer
from converge_desktop.runtime.engine_thread import EngineThread
from converge_desktop.runtime.model_thread import ModelSettings, ModelThread
from converge_desktop.runtime.port import Notice, RunChanged, Update
from converge_desktop.runtime.run_model import RunView
from tests.core.kit import EVERYTHING, INTENT, engine_of, fact, policy_of, proposes, rule
from tests.runtime.packs import at_once

PATIENCE = 30.0
"""Seconds after which a test gives up; nothing waits that long when all is well."""
ONCE = ReviewTerms()


def small_engine(terms: ReviewTerms = ONCE) -> Engine:
    """Returns the engine of a small run: a person is asked once, under ``terms``."""
    return engine_of(
        proposes("guesser", fact(Key.HYPOTHESES, "guess", "small"), after=[Key.SEEDS]),
        proposes("planner", fact(Key.STRATEGIES, "plan", "grow"), after=[Key.HYPOTHESES]),
        policy=policy_of(
            rule(Effect.PERMIT), rule(Effect.ASK, Key.STRATEGIES, "asks", review=terms)
        ),
        verify=signature_fits,
    )


class Noticed(Exception):
    """The desk told of something that went wrong."""


class ScriptedThread(EngineThread):
    """Builds a test's engine where the desk builds a pack's."""

    make: Callable[[], Engine] = staticmethod(small_engine)

    def _build(self, run: RunId, pack: Pack, started: e.RunStarted) -> Engine:
        engine = self._engines[run] = self.make()
        return engine


class ScriptedDesk:
    """A data directory in use by a scripted engine thread.

    Args:
        data_dir: the data directory.
        clock: microseconds since 1970 UTC.
        thread: what steps the runs.
    """

    def __init__(
        self,
        data_dir: Path,
        clock: Callable[[], int],
        thread: type[ScriptedThread] = ScriptedThread,
    ) -> None:
        self.notices: list[str] = []
        self._trouble: list[str] = []
        self.batches = 0
        self._runs: dict[str, RunView] = {}
        self._changed = threading.Condition()
        self._pack = load_pack(at_once() / "release-readiness")
        self._key = file_key(data_dir / "keys" / "anna.ed25519", "anna")
        self._model = ModelThread(lambda view: None, ModelSettings(data_dir / "models", {}))
        self.engine = thread(
            data_dir,
            clock,
            {},
            model=self._model,
            publish=self._take,
            durable=self._count,
        )
        self.engine.start()
        self.engine.opened.result(PATIENCE)
        self.ask(lambda: self.engine.enrol(self._key))
        self.ask(self.engine.resume)

    def ask(self, work: Callable[[], Any]) -> Any:
        """Has ``work`` done on the engine thread."""
        return self.engine.send(work).result(PATIENCE)

    def begin(self) -> str:
        """Starts a run."""
        return str(self.ask(lambda: self.engine.begin(self._begun)))

    def until(self, run_id: str, *phases: str) -> RunView:
        """Returns a run once it is in one of ``phases``.

        Raises:
            Noticed: if the desk tells of something that went wrong instead.
        """

        def there() -> bool:
            return run_id in self._runs and self._runs[run_id].row.phase in phases

        with self._changed:
            told = self._changed.wait_for(lambda: there() or len(self._trouble) > 0, PATIENCE)
            assert told, f"{run_id} was never {phases}"
            if not there():
                raise Noticed(self._trouble.pop())
            return self._runs[run_id]

    def gates(self, run_id: str) -> list[str]:
        """Returns the gates of a run that wait."""
        rows = self.ask(self.engine.views.inbox)
        return [row.gate_id for row in rows if row.run_id == run_id]

    def approve(self, gate_id: str) -> None:
        """Reviews what is asked, and approves it."""
        shown = self.ask(lambda: self.engine.views.review(gate_id)).digest
        self.ask(lambda: self.engine.answer([Answer(gate_id, "approve", shown)], self._key))

    def close(self) -> None:
        """Stops every thread. Safe to call twice."""
        self._model.close()
        self.engine.close()

    def _begun(self, run: RunId) -> tuple[Pack, Begin]:
        pack = self._pack
        started = e.run_without_pack(
            run,
            INTENT,
            pack=pack.id,
            pack_version=pack.version,
            pack_digest=pack.digest,
            policy_digest=pack.policy.version,
            files={name: text_ref(text, shared=True) for name, text in pack.texts.items()},
            agents=small_engine().agents,
            grants=(EVERYTHING,),
        )
        return pack, Begin(started, inputs=(fact(Key.SEEDS, "seed", "what is there"),))

    def _count(self, entries: list[Entry]) -> None:
        self.batches += 1

    def _take(self, update: Update) -> None:
        with self._changed:
            if isinstance(update, RunChanged):
                self._runs[update.view.row.run_id] = update.view
            elif isinstance(update, Notice):
                self.notices.append(update.text)
                self._trouble += [update.text] if update.severity == "danger" else []
            self._changed.notify_all()

"""The part of a desk by which runs are started, held, let go on and stopped."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from converge_core.command import Begin
from converge_core.errors import ConvergeError, IllegalCommand
from converge_core.ids import RunId
from converge_core.model_config import ContextBudget, Needs, require_fit
from converge_core.plan import ExecutionPlan
from converge_core.routing import Reach
from converge_core.run_state import Phase
from converge_desktop.adapters.clock import Clock
from converge_desktop.adapters.intake import Intake
from converge_desktop.adapters.packs.pack import Pack
from converge_desktop.runtime import starting
from converge_desktop.runtime.input_view import InputView, input_view
from converge_desktop.runtime.model_thread import ModelThread, ModelUnavailable
from converge_desktop.runtime.pack_engine import begin, plan_of
from converge_desktop.runtime.policy_desk import PolicyDesk
from converge_desktop.runtime.run_model import StartOffer
from converge_desktop.runtime.wording import is_text


class RunningDesk(PolicyDesk):
    """What whoever holds a desk may do about its runs; :class:`Desk` is one."""

    _model: ModelThread
    _clock: Clock
    _data_dir: Path
    _sitting: str
    _questions: ThreadPoolExecutor

    def start_offer(self, pack_id: str) -> Future[StartOffer]:
        """Says what a run of a pack begins with unless told otherwise, and how far that goes."""

        def offer() -> StartOffer:
            pack = self._pack(pack_id)
            return starting.start_offer(pack, self._sample(pack), away=self._goes_away(pack))

        return self._questions.submit(offer)

    def check_input(self, pack_id: str, folder: Path) -> Future[InputView]:
        """Reads a folder as a run of a pack would, and starts none; fails with a sentence."""
        return self._questions.submit(lambda: input_view(self._read(self._pack(pack_id), folder)))

    def start_run(
        self,
        pack_id: str,
        folder: Path,
        intent: str = "",
        budgets: Mapping[str, int] | None = None,
        *,
        recall: bool = False,
    ) -> Future[str]:
        """Reads ``folder`` and starts a run; fails with a sentence, and no run, on bad input.

        ``intent`` is what the person wants, in their words, beside what the pack asks. ``budgets``
        are amounts by the names that ``start_offer`` gives; what is not named is as offered.
        ``recall`` asks for recall at the steps that have it on request, if the policy allows it.
        """
        given = dict(budgets or {})
        return self._questions.submit(
            self._start_run, pack_id, folder, intent, given, recall=recall
        )

    def fork(self, run_id: str, seq: int | None = None) -> Future[str]:
        """Starts a run with the facts another had once record ``seq`` was written; now if None."""

        def start() -> str:
            self._need_model()
            return self._engine.send(lambda: self._engine.fork(run_id, seq)).result()

        return self._questions.submit(start)

    def pause(self, run_id: str, reason: str = "") -> Future[None]:
        """Holds a run: nothing of it begins or executes until it is let go on; people may decide.

        What agents are at is given up and done again then. It stays so if the desk is closed.
        """
        name = self._sitting
        return self._engine.send(lambda: self._engine.hold(run_id, name, reason))

    def resume(self, run_id: str) -> Future[None]:
        """Lets a run that was paused go on from where it stood."""

        def go_on() -> None:
            run = self._engine.send(lambda: self._engine.views.run_state(run_id)).result()
            if run.suspension is not None and run.phase is not Phase.WAITING:
                self._need_model()  # without one its agents would fail, and the run would end
            name = self._sitting
            self._engine.send(lambda: self._engine.release(run_id, name)).result()

        return self._questions.submit(go_on)

    def cancel(self, run_id: str) -> Future[None]:
        """Stops a run; what it reached stays."""
        return self._engine.send(lambda: self._engine.cancel(run_id, self._sitting))

    # How a run is made.

    def _start_run(
        self,
        pack_id: str,
        folder: Path,
        intent: str,
        budgets: Mapping[str, int],
        *,
        recall: bool = False,
    ) -> str:
        if not is_text(str(folder)):
            raise IllegalCommand(
                f"the folder {str(folder)!r} has a name in a foreign encoding; rename it"
            )
        pack = self._pack(pack_id)
        request, given = starting.request_of(intent), starting.budgets_for(pack, budgets)
        self._need_model()
        plan = plan_of(pack, self._reach, recall=recall)
        if recall and any(step.remote for step in plan.steps):
            raise IllegalCommand(
                f"a step of the pack {pack.id} is computed elsewhere, and what other runs hold "
                "must not leave this machine; start the run without recall"
            )
        self._require_fit(pack, plan)
        intake = self._read(pack, folder)
        if any(plan.recalls(step.step) for step in plan.steps):
            self._await_recall()

        def make(run: RunId) -> tuple[Pack, Begin]:
            return pack, begin(run, pack, plan, intake, folder, request=request, budgets=given)

        return self._engine.send(lambda: self._engine.begin(make)).result()

    def _reach(self, name: str) -> Reach:
        """Returns where a model computes."""
        return self._model.entry(name).reach

    def _goes_away(self, pack: Pack) -> bool:
        """Whether a step of a pack is computed elsewhere, as far as its models are known."""

        def reach(name: str) -> Reach:
            return self._reach(name) if name else Reach.LOCAL  # the desk's own may still be loading

        try:
            return any(step.remote for step in plan_of(pack, reach).steps)
        except (ConvergeError, ModelUnavailable):
            return False  # whoever starts a run of it is told

    def _read(self, pack: Pack, folder: Path) -> Intake:
        """Reads ``folder`` as the pack's input says."""
        # Imported here, off the window's path: the table library takes a tenth of a second.
        if pack.tables is not None:
            from converge_desktop.adapters.tables.intake import read_tables  # noqa: PLC0415

            return read_tables(folder, pack.tables, f"{pack.id}/pack.toml")
        from converge_desktop.adapters.readiness.intake import read_folder  # noqa: PLC0415

        return read_folder(folder, now_us=self._clock(), workspace=self._data_dir / "bundles")

    def _require_fit(self, pack: Pack, plan: ExecutionPlan) -> None:
        """Refuses a run whose prompts the planned models cannot be asked, before it begins."""
        budgets = {one.name: ContextBudget(1, one.contract.max_bytes) for one in pack.agents}
        for name, template in pack.every_template().items():
            facts = self._model.facts(plan.step(name).model).result()
            if facts is not None:
                layers, budget = tuple(template.layers()), budgets.get(name)
                require_fit(facts, Needs(prompt=template.version, layers=layers, budget=budget))

    def _await_recall(self) -> object:
        """Waits until what can be recalled is opened.

        Raises:
            IllegalCommand: if there is nothing to recall with.
        """
        raise NotImplementedError

    def _need_model(self) -> None:
        """Waits until there is a model in use.

        Raises:
            ModelUnavailable: if there is none.
        """
        raise NotImplementedError

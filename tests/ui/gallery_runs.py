"""The scenes of runs and facts: every state they can be in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from converge_desktop.runtime.port import RunChanged, StatusChanged
from converge_desktop.runtime.run_model import RunView
from converge_desktop.ui.main_window import MainWindow
from tests.ui import sample, sample_runs
from tests.ui.fake_desk import FakeDesk


def scenes(  # noqa: C901 - a list of little functions
    window: MainWindow, desk: FakeDesk, settle: Callable[[], None]
) -> dict[str, Callable[[], None]]:
    runs, context = window.pages.runs, window.pages.context

    def shown(view: RunView) -> Callable[[], None]:
        def show() -> None:
            window.routes.run.emit(view.row.run_id)
            settle()
            desk.tell(RunChanged(view))
            settle()

        return show

    def stop_asked() -> None:
        shown(sample_runs.waiting())()
        runs.pane.banner.cancel.press()

    def pause_why() -> None:
        shown(sample_runs.waiting())()
        runs.acts.ask_reason()

    def long_cell() -> None:
        shown(sample_runs.long_run())()
        runs.pane.show_cycles()

    def form(folder: str) -> Callable[[], None]:
        def show() -> None:
            window.routes.start.emit("")
            runs.form.folder.setText(folder)
            runs.form.check()
            settle()

        return show

    def again() -> None:
        shown(sample_runs.stopped(sample_runs.example("CycleBudgetExhausted")))()
        runs.acts.again()

    def fact(fact_id: str = "f-00000008") -> None:
        desk.answers |= sample_runs.answers()
        window.bridge.post(StatusChanged(sample.STATUS))
        window.routes.fact.emit("r-0192", fact_id)
        settle()

    def corrected() -> None:
        desk.answers["fact"] = sample_runs.corrected
        window.routes.fact.emit("r-0192", "f-00000007")
        settle()
        desk.answers["fact"] = sample_runs.fact

    def silent() -> None:
        def fail(*_: object) -> None:
            raise OSError("the database is being opened")

        desk.answers |= {"lineage": fail, "blast_radius": fail}
        filling = replace(sample.STATUS, view_state="filling", view_share=340)
        window.bridge.post(StatusChanged(filling))
        settle()
        window.routes.fact.emit("r-0192", "f-00000006")
        settle()

    def retract() -> None:
        fact()
        context.acts.open()
        context.inspector.box.reason.setPlainText("The model weighed a summary page.")

    def retracted() -> None:
        retract()
        context.inspector.box.confirm.click()

    return {
        "runs-waiting": shown(sample_runs.waiting()),
        "runs-paused": shown(sample_runs.paused()),
        "runs-stop-asked": stop_asked,
        "runs-pause-why": pause_why,
        "runs-long": shown(sample_runs.long_run()),
        "runs-long-cell": long_cell,
        "runs-stopped": shown(sample_runs.stopped(sample_runs.example("CycleBudgetExhausted"))),
        "runs-refused": shown(sample_runs.stopped(sample_runs.example("PromotionRejected"))),
        "runs-form": form("/home/ada/reports/week-47"),
        "runs-form-bad": form("/home/ada/reports/empty"),
        "runs-again": again,
        "fact": fact,
        "fact-corrected": corrected,
        "fact-silent": silent,
        "fact-retract": retract,
        "fact-retracted": retracted,
    }

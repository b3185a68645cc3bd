"""A desk whose answers a test gives by hand, or that answers at once from sample data."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from converge_desktop.runtime.port import RecallChanged, Update
from converge_desktop.runtime.trace_model import IndexState


@dataclass
class Call:
    """One question the window asked."""

    name: str
    args: tuple[Any, ...]
    future: Future[Any] = field(default_factory=Future)


class FakeDesk:
    """Implements ``WindowPort``. ``answers`` maps a method to what it answers at once."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.answers: dict[str, Callable[..., Any]] = {}
        self.listeners: list[Callable[[Update], None]] = []
        self.closed = False
        self.index = IndexState("ready", 0, 0)
        self.recalls = RecallChanged("off", -1)

    def tell(self, update: Update) -> None:
        for listener in self.listeners:
            listener(update)

    def last(self, name: str) -> Call:
        return [call for call in self.calls if call.name == name][-1]

    def named(self, name: str) -> list[Call]:
        return [call for call in self.calls if call.name == name]

    def _ask(self, name: str, *args: Any) -> Future[Any]:
        call = Call(name, args)
        self.calls.append(call)
        answer = self.answers.get(name)
        if answer is not None:
            try:
                call.future.set_result(answer(*args))
            except Exception as error:  # noqa: BLE001 - the answer is to fail
                # Without its frames, as from another thread: they would keep the events that were
                # handled meanwhile, each of which Qt has thrown away by then.
                call.future.set_exception(error.with_traceback(None))
        return call.future

    def subscribe(self, listener: Callable[[Update], None]) -> None:
        self.listeners.append(listener)

    def packs(self) -> Future[Any]:
        return self._ask("packs")

    def ask_about_pack(self, pack_id: str) -> Future[Any]:
        return self._ask("ask_about_pack", pack_id)

    def runs(self) -> Future[Any]:
        return self._ask("runs")

    def run_view(self, run_id: str) -> Future[Any]:
        return self._ask("run_view", run_id)

    def inbox(self) -> Future[Any]:
        return self._ask("inbox")

    def review(self, gate_id: str, since: str = "") -> Future[Any]:
        return self._ask("review", gate_id, since)

    def allowed(self, gate_id: str, operator: str | None = None) -> Future[Any]:
        return self._ask("allowed", gate_id, operator)

    def proposed(self, gate_id: str) -> Future[Any]:
        return self._ask("proposed", gate_id)

    def settling(self) -> Future[Any]:
        return self._ask("settling")

    def previews(self, gate_id: str) -> Future[Any]:
        return self._ask("previews", gate_id)

    def look_at_edit(self, gate_id: str, edit: Any, operator: str | None = None) -> Future[Any]:
        return self._ask("look_at_edit", gate_id, edit, operator)

    def answer(self, answer: Any, operator: str | None = None) -> Future[Any]:
        return self._ask("answer", answer, operator)

    def decide_many(self, answers: Any, operator: str | None = None) -> Future[Any]:
        return self._ask("decide_many", answers, operator)

    def act(self, doing: Any, operator: str | None = None) -> Future[Any]:
        return self._ask("act", doing, operator)

    def retract(
        self,
        run_id: str,
        fact_id: str,
        reason: str,
        instead: Any = None,
        operator: str | None = None,
    ) -> Future[Any]:
        return self._ask("retract", run_id, fact_id, reason, instead, operator)

    def filters(self) -> Future[Any]:
        return self._ask("filters")

    def save_filter(self, name: str, text: str) -> Future[Any]:
        return self._ask("save_filter", name, text)

    def operators(self) -> Future[Any]:
        return self._ask("operators")

    def person(self, operator_id: str) -> Future[Any]:
        return self._ask("person", operator_id)

    def take_seat(self, name: str, passphrase: str = "") -> Future[Any]:
        return self._ask("take_seat", name, passphrase)

    def change_passphrase(self, old: str, new: str) -> Future[Any]:
        return self._ask("change_passphrase", old, new)

    def enrol_operator(self, name: str, passphrase: str = "") -> Future[Any]:
        return self._ask("enrol_operator", name, passphrase)

    def import_operator(self, path: Path, public_key: str = "") -> Future[Any]:
        return self._ask("import_operator", path, public_key)

    def export_key(self, path: Path, name: str | None = None) -> Future[Any]:
        return self._ask("export_key", path, name)

    def rotate_key(self, reason: str, name: str | None = None) -> Future[Any]:
        return self._ask("rotate_key", reason, name)

    def revoke_operator(self, name: str, reason: str) -> Future[Any]:
        return self._ask("revoke_operator", name, reason)

    def protect_key(self, name: str | None = None, passphrase: str = "") -> Future[Any]:
        return self._ask("protect_key", name, passphrase)

    def request_vote(self, gate_id: str, shown: Any, path: Path) -> Future[Any]:
        return self._ask("request_vote", gate_id, shown, path)

    def look_at(self, path: Path) -> Future[Any]:
        return self._ask("look_at", path)

    def read_request(self, path: Path) -> Future[Any]:
        return self._ask("read_request", path)

    def vote(
        self, request: Any, verdict: str, reason: str, path: Path, name: str | None = None
    ) -> Future[Any]:
        return self._ask("vote", request, verdict, reason, path, name)

    def import_vote(self, path: Path, signature: str = "") -> Future[Any]:
        return self._ask("import_vote", path, signature)

    def blast_radius(self, run_id: str, fact_id: str) -> Future[Any]:
        return self._ask("blast_radius", run_id, fact_id)

    def as_of(self, seq: int, run_id: str = "", key: str = "") -> Future[Any]:
        return self._ask("as_of", seq, run_id, key)

    def decisions_by(self, operator: str) -> Future[Any]:
        return self._ask("decisions_by", operator)

    def proposals(self, status: str) -> Future[Any]:
        return self._ask("proposals", status)

    def run_at(self, run_id: str, seq: int) -> Future[Any]:
        return self._ask("run_at", run_id, seq)

    def replay_run(self, run_id: str) -> Future[Any]:
        return self._ask("replay_run", run_id)

    def fork(self, run_id: str, seq: int | None = None) -> Future[Any]:
        return self._ask("fork", run_id, seq)

    def trace(self, trace_id: str) -> Future[Any]:
        return self._ask("trace", trace_id)

    def trace_index(self) -> IndexState:
        return self.index

    def find_traces(
        self, text: str = "", order: str = "time", *, descending: bool = True, rows: int = 0
    ) -> Future[Any]:
        return self._ask("find_traces", text, order, descending)

    def like_trace(self, trace_id: str) -> Future[Any]:
        return self._ask("like_trace", trace_id)

    def complete_traces(self, text: str, cursor: int) -> Future[Any]:
        return self._ask("complete_traces", text, cursor)

    def trace_rows(self, token: int, first: int, count: int) -> Future[Any]:
        return self._ask("trace_rows", token, first, count)

    def trace_at(self, token: int, time: int) -> Future[Any]:
        return self._ask("trace_at", token, time)

    def trace_place_in(self, token: int, seq: int) -> Future[Any]:
        return self._ask("trace_place_in", token, seq)

    def compare_traces(self, one: str, other: str) -> Future[Any]:
        return self._ask("compare_traces", one, other)

    def trace_note(self, trace_id: str) -> Future[Any]:
        return self._ask("trace_note", trace_id)

    def annotate_trace(self, trace_id: str, text: str) -> Future[Any]:
        return self._ask("annotate_trace", trace_id, text)

    def export_traces(self, token: int, path: Path, places: Any = None) -> Future[Any]:
        return self._ask("export_traces", token, path, places)

    def stop_trace_export(self) -> None:
        self._ask("stop_trace_export")

    def insights(self) -> Future[Any]:
        return self._ask("insights")

    def rebuild_trace_index(self) -> None:
        self._ask("rebuild_trace_index")

    def recall_state(self) -> RecallChanged:
        return self.recalls

    def recall(self, query: Any) -> Future[Any]:
        return self._ask("recall", query)

    def alike(self, gate_id: str) -> Future[Any]:
        return self._ask("alike", gate_id)

    def replay(self, trace_id: str) -> Future[Any]:
        return self._ask("replay", trace_id)

    def stop_replay(self, trace_id: str) -> None:
        self._ask("stop_replay", trace_id)

    def compare_runs(self, one: str, other: str) -> Future[Any]:
        return self._ask("compare_runs", one, other)

    def try_trace(self, trace_id: str, layers: Any, model: str = "") -> Future[Any]:
        return self._ask("try_trace", trace_id, dict(layers), model)

    def stop_trying(self, trace_id: str) -> None:
        self._ask("stop_trying", trace_id)

    def release_model(self, sha256: str) -> Future[Any]:
        return self._ask("release_model", sha256)

    def ledger_page(self, first: int, count: int) -> Future[Any]:
        return self._ask("ledger_page", first, count)

    def record(self, seq: int) -> Future[Any]:
        return self._ask("record", seq)

    def facts(self, key: str, text: str) -> Future[Any]:
        return self._ask("facts", key, text)

    def lineage(self, run_id: str, fact_id: str) -> Future[Any]:
        return self._ask("lineage", run_id, fact_id)

    def rebuild_view(self) -> Future[Any]:
        return self._ask("rebuild_view")

    def verify(self) -> Future[Any]:
        return self._ask("verify")

    def stop_verifying(self) -> None:
        self._ask("stop_verifying")

    def newest_checkpoint(self) -> Future[Any]:
        return self._ask("newest_checkpoint")

    def sign_checkpoint(self) -> Future[Any]:
        return self._ask("sign_checkpoint")

    def compare(self, kept: str | Path) -> Future[Any]:
        return self._ask("compare", kept)

    def save_text(self, text: str, path: Path) -> Future[Any]:
        return self._ask("save_text", text, path)

    def save_bytes(self, data: bytes, path: Path) -> Future[Any]:
        return self._ask("save_bytes", data, path)

    def export(self, name: str, path: Path) -> Future[Any]:
        return self._ask("export", name, path)

    def prove(self, seq: int, path: Path) -> Future[Any]:
        return self._ask("prove", seq, path)

    def check_evidence(self, path: Path) -> Future[Any]:
        return self._ask("check_evidence", path)

    def stop_export(self, path: Path) -> None:
        self._ask("stop_export", path)

    def start_offer(self, pack_id: str) -> Future[Any]:
        return self._ask("start_offer", pack_id)

    def check_input(self, pack_id: str, folder: Path) -> Future[Any]:
        return self._ask("check_input", pack_id, folder)

    def fact(self, run_id: str, fact_id: str) -> Future[Any]:
        return self._ask("fact", run_id, fact_id)

    def start_run(
        self,
        pack_id: str,
        folder: Path,
        intent: str = "",
        budgets: Any = None,
        *,
        recall: bool = False,
    ) -> Future[Any]:
        asked = (pack_id, folder, intent, dict(budgets or {}))
        return self._ask("start_run", *asked, *((True,) if recall else ()))

    def pause(self, run_id: str, reason: str = "") -> Future[Any]:
        return self._ask("pause", run_id, reason)

    def resume(self, run_id: str) -> Future[Any]:
        return self._ask("resume", run_id)

    def cancel(self, run_id: str) -> Future[Any]:
        return self._ask("cancel", run_id)

    def unlock(self, passphrase: str = "") -> Future[Any]:
        return self._ask("unlock", passphrase)

    def lock(self) -> Future[Any]:
        return self._ask("lock")

    def load_model(self, path: Path) -> Future[Any]:
        return self._ask("load_model", path)

    def close(self) -> None:
        self.closed = True

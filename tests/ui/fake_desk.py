"""A desk whose answers a test gives by hand, or that answers at once from sample data."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from converge_desktop.runtime.port import Update


@dataclass
class Call:
    """One question the window asked."""

    name: str
    args: tuple[Any, ...]
    future: Future[Any] = field(default_factory=Future)


class FakeDesk:
    """Implements ``DeskPort``. ``answers`` maps a method to what it answers at once."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.answers: dict[str, Callable[..., Any]] = {}
        self.listeners: list[Callable[[Update], None]] = []
        self.closed = False

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
                call.future.set_exception(error)
        return call.future

    def subscribe(self, listener: Callable[[Update], None]) -> None:
        self.listeners.append(listener)

    def packs(self) -> Future[Any]:
        return self._ask("packs")

    def runs(self) -> Future[Any]:
        return self._ask("runs")

    def run_view(self, run_id: str) -> Future[Any]:
        return self._ask("run_view", run_id)

    def inbox(self) -> Future[Any]:
        return self._ask("inbox")

    def review(self, gate_id: str) -> Future[Any]:
        return self._ask("review", gate_id)

    def run_at(self, run_id: str, seq: int) -> Future[Any]:
        return self._ask("run_at", run_id, seq)

    def replay_run(self, run_id: str) -> Future[Any]:
        return self._ask("replay_run", run_id)

    def fork(self, run_id: str, seq: int | None = None) -> Future[Any]:
        return self._ask("fork", run_id, seq)

    def trace_count(self) -> Future[Any]:
        return self._ask("trace_count")

    def trace_page(self, first: int, count: int) -> Future[Any]:
        return self._ask("trace_page", first, count)

    def trace_place(self, trace_id: str) -> Future[Any]:
        return self._ask("trace_place", trace_id)

    def trace(self, trace_id: str) -> Future[Any]:
        return self._ask("trace", trace_id)

    def replay(self, trace_id: str) -> Future[Any]:
        return self._ask("replay", trace_id)

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

    def export(self, name: str, path: Path) -> Future[Any]:
        return self._ask("export", name, path)

    def start_run(self, pack_id: str, folder: Path) -> Future[Any]:
        return self._ask("start_run", pack_id, folder)

    def decide(self, gate_id: str, verdict: str, reason: str, shown: str) -> Future[Any]:
        return self._ask("decide", gate_id, verdict, reason, shown)

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

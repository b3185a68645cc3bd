"""The part of a desk that is about which version of a pack governs, and what waits for approval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from converge_core.errors import IllegalCommand
from converge_core.events import RunStarted
from converge_core.ids import RunId
from converge_core.key import ContextKey
from converge_core.run_state import Phase, RunState
from converge_desktop.adapters.packs.pack import Pack
from converge_desktop.runtime.desk_model import PackRow, PackWaiting
from converge_desktop.runtime.engine_thread import EngineThread
from converge_desktop.runtime.governing import (
    asks,
    begin_governing,
    differences,
    governing_pack,
    law_of,
    loosened,
    proposed,
)
from converge_desktop.runtime.pack_engine import GOVERNING


@dataclass(frozen=True, slots=True)
class _Asked:
    """A run that asks whether a version governs; ``pack`` is that version."""

    run: RunState
    pack: Pack
    approved: bool


class PolicyDesk:
    """What whoever holds a desk may do about its packs; :class:`Desk` is one.

    A policy that is looser than the one in force governs new runs once it was approved as that one
    demands. The first version of a pack that a run begins under needs nobody. What is in force is
    read off the ledger: the version under which the newest run began, or that was approved after.
    """

    _engine: EngineThread
    _packs: Mapping[str, Pack]
    _samples_dir: Path

    def packs(self) -> Future[tuple[PackRow, ...]]:
        """Lists the packs that can be run, each as it is in force."""
        return self._engine.send(lambda: tuple(map(self._pack_row, self._packs.values())))

    def ask_about_pack(self, pack_id: str) -> Future[str]:
        """Asks whether the version of a pack that lies here governs; returns the run that asks."""

        def ask() -> str:
            here = self._known_pack(pack_id)
            waiting = self._waiting(here)
            if waiting is None:
                raise IllegalCommand(f"what lies here of {pack_id} is in force; nothing waits")
            if waiting.gates:
                raise IllegalCommand(
                    f"version {here.version} of {pack_id} is asked about already: "
                    f"{', '.join(waiting.gates)}"
                )
            force = self._governs(here)
            return self._engine.begin(lambda run: begin_governing(run, force, here))

        return self._engine.send(ask)

    def _pack(self, pack_id: str) -> Pack:
        """Returns the version of a pack that governs new runs; never called on the engine's thread.

        Raises:
            IllegalCommand: if there is no such pack.
        """
        here = self._known_pack(pack_id)
        return self._engine.send(lambda: self._governs(here)).result()

    def _known_pack(self, pack_id: str) -> Pack:
        pack = self._packs.get(pack_id)
        if pack is None:
            known = ", ".join(self._packs)
            raise IllegalCommand(f"there is no pack {pack_id!r}; there are: {known}")
        return pack

    # On the engine's thread.

    def _governs(self, here: Pack) -> Pack:
        """Returns what governs: what lies here, unless it is looser than what is in force."""
        force = self._in_force(here.id)
        stands = force is None or law_of(force) == law_of(here) or not loosened(force, here)
        return here if stands or force is None else force

    def _in_force(self, pack_id: str, before: RunId | None = None) -> Pack | None:
        """Returns the version that was in force last, before a run began if one is given.

        None where no run ever began under any.
        """
        for run in self._newest_first(before):
            note = self._engine.journal.reader.note(run)
            if note.pack == pack_id and self._is_first_hand(run):
                return self._pack_of(run)
            if note.pack == GOVERNING and note.subject == pack_id:
                asked = self._asked(run)
                if asked is not None and asked.approved:
                    return asked.pack
        return None

    def _pack_of(self, run: RunId) -> Pack:
        """Returns the pack a run began under; what lies here, where it is that to the byte.

        Raises:
            TextMissing: if it is another and its text is gone or was changed: what was in force is
                not known then, and nothing else takes its place.
        """
        started, here = (
            self._started(run),
            self._packs.get(self._engine.journal.reader.note(run).pack),
        )
        if started is not None and here is not None and started.pack_digest == here.digest:
            return here
        return self._engine.views.pack_of(self._engine.views.run_state(run))

    def _newest_first(self, before: RunId | None) -> Iterator[RunId]:
        runs = list(self._engine.journal.reader.runs)
        yield from reversed(runs if before is None else runs[: runs.index(before)])

    def _is_first_hand(self, run: RunId) -> bool:
        """Whether a run chose its rules itself; one that goes on from another took its."""
        started = self._started(run)
        return started is not None and started.continues is None

    def _started(self, run: RunId) -> RunStarted | None:
        entry = next(self._engine.journal.reader.history.of_run(run), None)
        event = entry.event if entry is not None else None
        return event if isinstance(event, RunStarted) else None

    def _asked(self, run: RunId) -> _Asked | None:
        """Returns what a run asks about, if it asks as the policy in force then demanded.

        Whoever writes a pack of that name cannot have it pass for the question.
        """
        state = self._engine.views.run_state(run)
        pack = self._engine.views.pack_of(state)
        if state.started.continues is not None or not asks(pack):
            return None
        new = proposed(pack)
        force = self._in_force(new.id, run)
        if force is None or governing_pack(force, new).digest != pack.digest:
            return None
        wanted = {rule.where["rule"] for rule in pack.policy.rules}
        stands = {
            fact.structured.get("rule")
            for fact in state.context.get(ContextKey.STRATEGIES)
            if fact.structured.get("to") == law_of(new)
        }
        return _Asked(state, new, wanted <= stands)

    def _waiting(self, here: Pack) -> PackWaiting | None:
        """Returns what there is to approve before what lies here governs; None if it does."""
        force = self._governs(here)
        if force is here:
            return None
        gates, refused = self._question(here)
        return PackWaiting(
            version=here.version,
            loosens=tuple(f"{one.what} It takes {one.who()}." for one in loosened(force, here)),
            changes=differences(force, here),
            gates=gates,
            refused=refused,
        )

    def _question(self, here: Pack) -> tuple[tuple[str, ...], bool]:
        """Returns the open gates at which it is asked, and whether it was refused."""
        for run in self._newest_first(None):
            note = self._engine.journal.reader.note(run)
            if note.pack == here.id and self._is_first_hand(run):
                break
            if note.pack != GOVERNING or note.subject != here.id:
                continue
            asked = self._asked(run)
            if asked is not None and law_of(asked.pack) == law_of(here):
                gates = tuple(str(gate.request.id) for gate in asked.run.open_gates())
                return gates, asked.run.phase is Phase.STOPPED and not asked.approved
        return (), False

    def _pack_row(self, here: Pack) -> PackRow:
        pack = self._governs(here)
        return PackRow(
            pack_id=pack.id,
            title=pack.title,
            summary=pack.summary,
            version=pack.version,
            policy=pack.texts["policy.toml"],
            sample=self._sample(pack),
            waiting=self._waiting(here),
        )

    def _sample(self, pack: Pack) -> str:
        """Returns the folder of a pack's sample; empty if it has none."""
        sample = self._samples_dir / pack.id
        return str(sample) if sample.is_dir() else ""

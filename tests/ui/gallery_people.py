"""The scenes of the people's page: every state it can be in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from converge_desktop.adapters.keys import KeyLocked
from converge_desktop.runtime.port import StatusChanged
from converge_desktop.ui.main_window import MainWindow
from tests.ui import sample, sample_people
from tests.ui.fake_desk import FakeDesk


def scenes(  # noqa: C901 - a list of little functions
    window: MainWindow, desk: FakeDesk, settle: Callable[[], None]
) -> dict[str, Callable[[], None]]:
    page = window.pages.people

    def people(who: int = 0, rows: tuple[object, ...] = sample_people.ROWS) -> None:
        desk.answers["operators"] = lambda: rows
        kept = getattr(rows[0], "here", "") if rows else ""
        window.bridge.post(StatusChanged(replace(sample.STATUS, key_kept=kept)))
        window.go("people")
        page.escape()
        settle()
        page.step(-9)
        page.step(who)
        settle()

    def act(name: str, who: int = 0) -> Callable[[], None]:
        def show() -> None:
            people(who)
            page.do(name)

        return show

    def enrol() -> None:
        people()
        page.doer.enrol()
        page.box.edits["name"].setText("eve")
        page.box.edits["new"].setText("correct horse battery")

    def carried(name: str) -> Callable[[], None]:
        def show() -> None:
            people()
            page.carrying.take(Path(f"/home/ada/{name}"))
            settle()
            page.window_active(active=True)
            settle()
            page.vote.refresh()

        return show

    def not_asked() -> None:
        people()
        desk.answers["look_at"] = lambda _: sample_people.request(("ben",))
        page.carrying.take(Path("/home/ada/request.jsonl"))
        settle()
        desk.answers["look_at"] = sample_people.carried

    def vote_reject() -> None:
        carried("request.jsonl")()
        page.vote.reject()

    def wrong() -> None:
        people(1)
        page.do("seat")
        page.box.edits["passphrase"].setText("battery staple")
        answer = desk.answers["take_seat"]

        def refuse(*_: object) -> None:
            raise KeyLocked(
                "the passphrase does not open /home/ada/converge/keys/ben.sealed; try again, or "
                "restore that file from a backup if it was changed"
            )

        desk.answers["take_seat"] = refuse
        page.box.confirm()
        settle()
        desk.answers["take_seat"] = answer

    def plain() -> None:
        people(0, sample_people.PLAIN)

    def nobody() -> None:
        people(0, ())

    def pack(**changes: object) -> Callable[[], None]:
        def show() -> None:
            before = desk.answers["packs"]
            desk.answers["packs"] = lambda: sample_people.packs(**changes)
            window.go("packs")
            settle()
            desk.answers["packs"] = before

        return show

    return {
        "packs-waiting": pack(),
        "packs-asked": pack(gates=("g-1", "g-2")),
        "people": people,
        "people-other": lambda: people(1),
        "people-elsewhere": lambda: people(2),
        "people-revoked": lambda: people(3),
        "people-enrol": enrol,
        "people-seat": act("seat", 1),
        "people-seat-wrong": wrong,
        "people-rotate": act("rotate"),
        "people-revoke": act("revoke", 1),
        "people-welcome": carried("eve.key"),
        "people-request": carried("request.jsonl"),
        "people-request-reject": vote_reject,
        "people-not-asked": not_asked,
        "people-vote": carried("vote.json"),
        "people-plain": plain,
        "people-nobody": nobody,
    }

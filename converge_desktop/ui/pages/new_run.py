"""Starting a run: a pack, a folder, what is wanted and what may be spent."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from converge_desktop.runtime.desk_model import PackRow
from converge_desktop.runtime.input_view import InputView
from converge_desktop.runtime.run_model import RunView, StartOffer
from converge_desktop.ui import words
from converge_desktop.ui.pages.new_run_form import PRIVATE, NewRunForm
from converge_desktop.ui.pages.page import Tools
from converge_desktop.ui.widgets.labels import set_property

_PAUSE_MS = 400
_NO_PACK = "No pack is there. Look under Packs for what is wrong."


class NewRun(NewRunForm):
    """Starts a run. What was typed stays until a run was started with it.

    Signals:
        started: A run was started, by id.
    """

    started = Signal(str)

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools)
        self._packs: tuple[PackRow, ...] = ()
        self._offer: StartOffer | None = None
        self._wanted = self._larger = ""
        self._busy = self._checking = False
        self._cannot = self._no_packs = ""
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self.check)
        self._connect()
        self._refresh()

    def _connect(self) -> None:
        self.pack.currentIndexChanged.connect(self._on_pack)
        self.folder.textChanged.connect(self._on_folder)
        self.folder.returnPressed.connect(self.submit)
        self.browse_button.clicked.connect(self.browse)
        self.sample.clicked.connect(self._on_sample)
        self.intent.done.connect(self.submit)
        self.intent.textChanged.connect(self._refresh)
        self.budgets.changed.connect(self._refresh)
        self.start_button.clicked.connect(self.submit)

    def show_packs(self, packs: tuple[PackRow, ...]) -> None:
        """Offers these packs."""
        before = self.current()
        chosen = self._wanted or (before.pack_id if before else "")
        self._packs, self._no_packs = packs, "" if packs else _NO_PACK
        self.pack.blockSignals(True)
        self.pack.clear()
        for pack in packs:
            self.pack.addItem(words.one_line(pack.title), pack.pack_id)
        self.pack.blockSignals(False)
        self.choose_pack(chosen)
        self._on_pack()

    def packs_failed(self, sentence: str) -> None:
        """Says why there are no packs to choose from; those that were known stay."""
        if not self._packs:
            self._no_packs = sentence
            self._on_pack()

    def choose_pack(self, pack_id: str) -> None:
        """Chooses a pack, now or as soon as it is known."""
        self._wanted = pack_id
        place = self.pack.findData(pack_id)
        if place >= 0:
            self._wanted = ""
            self.pack.setCurrentIndex(place)

    def like(self, view: RunView, larger: str) -> None:
        """Fills in what a run began with; of the budget ``larger``, twice the usual."""
        found = next((p.pack_id for p in self._packs if p.title == view.pack), "")
        if found:
            self.choose_pack(found)
        self.folder.setText(view.folder)
        self.intent.setPlainText(view.intent)
        self._larger = larger
        self._fill_larger()

    def _fill_larger(self) -> None:
        usual = self.budgets.usual(self._larger)
        if usual is None or self._offer is None:  # it is filled in once the pack has offered it
            return
        self._larger = ""
        self.budgets.fill(usual.name, usual.default * 2)
        grown = self.budgets.amounts().get(usual.name, usual.default)
        self._budget_note.say(
            f"The run before ran out of {usual.label.casefold()}: {grown:,} are filled in."
            if grown > usual.default
            else f"The run before ran out of {usual.label.casefold()}, and the pack allows no more "
            "than it usually gives. Have its [budgets] allow more, or give it less to read."
        )
        self._budget_note.show()

    def refuse(self, problem: str) -> None:
        """Says why no run can be started; empty if one can."""
        if problem != self._cannot:
            self._cannot = problem
            self._refresh()

    def current(self) -> PackRow | None:
        """Returns the pack that is chosen."""
        place = self.pack.currentIndex()
        return self._packs[place] if 0 <= place < len(self._packs) else None

    def can_start(self) -> bool:
        """Says whether all that a run needs is there."""
        return self.start_button.isEnabled() and self.isVisible()

    def focus_first(self) -> None:
        """Puts the cursor where something is missing."""
        self.folder.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def browse(self) -> None:
        """Lets the person choose a folder."""
        chosen = ask_folder(self, self.folder.text())
        if chosen:
            self.folder.setText(chosen)

    @Slot()
    def check(self) -> None:
        """Reads the folder as the run would, to say beforehand what is wrong with it."""
        self._pause.stop()
        asked = self._asked()
        if asked is None or self._busy:
            return
        self.report.work()
        if self._checking:  # a slow folder is not read twice at a time; this one comes after it
            return
        self._checking = True
        self._tools.bridge.ask(
            self,
            self._tools.desk.check_input(asked[0], _path(asked[1])),
            partial(self._on_checked, asked),
            partial(self._on_unreadable, asked),
        )

    def _asked(self) -> tuple[str, str] | None:
        pack, folder = self.current(), self.folder.text().strip()
        return (pack.pack_id, folder) if pack is not None and folder else None

    def _on_checked(self, asked: tuple[str, str], view: InputView) -> None:
        if self._is_asked(asked):
            self.report.tell(view)

    def _on_unreadable(self, asked: tuple[str, str], error: BaseException) -> None:
        if self._is_asked(asked):
            self.report.hide()
            self._say(words.problem(error))

    def _is_asked(self, asked: tuple[str, str]) -> bool:
        """Says whether an answer is still about what stands there; else that is looked into."""
        self._checking = False
        if asked == self._asked():
            return True
        if not self._pause.isActive():
            self.check()
        return False

    @Slot()
    def submit(self) -> None:
        """Starts the run; what is wrong with the folder is said beneath it."""
        asked = self._asked()
        if asked is None or not self.start_button.isEnabled():
            return
        self._busy = True
        self._pause.stop()
        self._say("")
        self._refresh()
        self._tools.bridge.ask(
            self,
            self._tools.desk.start_run(
                asked[0],
                _path(asked[1]),
                self.intent.words(),
                self.budgets.amounts(),
                recall=self.recall.wanted(),
            ),
            partial(self._on_started, asked[1]),
            self._on_failed,
        )

    def _on_started(self, folder: str, run_id: str) -> None:
        self._busy = False
        self.recent.remember(folder)
        self.intent.clear()
        self._budget_note.hide()
        self.recall.reset()
        self._refresh()
        self.started.emit(run_id)

    def _on_failed(self, error: BaseException) -> None:
        self._busy = False
        self.report.hide()
        self._say(words.problem(error))
        self._refresh()
        self.folder.setFocus(Qt.FocusReason.OtherFocusReason)

    def _say(self, sentence: str) -> None:
        self.error.say(sentence)
        self.error.setVisible(bool(sentence))
        set_property(self.folder, "invalid", "true" if sentence else "")

    def _missing(self) -> str:
        """Says what keeps the run from being started; empty if nothing does."""
        if self._busy:
            return "Reading the folder…"
        if self._cannot:
            return self._cannot
        if self._no_packs:
            return "There is no pack to start a run of."
        if not self.folder.text().strip():
            return "Name a folder to read."
        longest = self._offer.longest_intent if self._offer else 0
        over = len(self.intent.words()) - longest
        if longest and over > 0:
            return f"What you want is {words.count(over, 'character')} too long."
        return self.budgets.problem()

    @Slot()
    def _refresh(self) -> None:
        missing = self._missing()
        self._state.say(missing)
        self.start_button.setEnabled(self.current() is not None and not missing)
        for widget in (self.folder, self.pack, self.intent, self.budgets, self.recall):
            widget.setEnabled(not self._busy)

    @Slot()
    def _on_pack(self) -> None:
        pack = self.current()
        self._summary.say(pack.summary if pack else self._no_packs or "Packs are being read…")
        self.sample.setVisible(pack is not None and bool(pack.sample))
        self._budget_title.hide()
        self._budget_note.hide()
        if self._offer is not None and (pack is None or pack.pack_id != self._offer.pack_id):
            self._offer = None
            self.budgets.offer(())  # one pack's budgets mean nothing to another
            self.recall.offer("")
        self._refresh()
        if pack is not None:
            self._tools.bridge.ask(
                self, self._tools.desk.start_offer(pack.pack_id), self._on_offer, _no_offer
            )

    def _on_offer(self, offer: StartOffer) -> None:
        pack = self.current()
        if pack is None or offer.pack_id != pack.pack_id:
            return
        self._offer = offer
        self._input.say(f"{words.sentence(offer.input)} {PRIVATE}")
        asks = f"The pack asks: {offer.question.format(subject='…', request='…')}?"
        self._intent_help.say(f"{asks} {offer.intent_help}")
        self.budgets.offer(offer.budgets)
        self.recall.offer(offer.recall)
        self._budget_title.setVisible(bool(offer.budgets))
        self._fill_larger()
        self._refresh()

    @Slot()
    def _on_sample(self) -> None:
        pack = self.current()
        if pack is not None:
            self.folder.setText(pack.sample)

    @Slot()
    def _on_folder(self) -> None:
        self._say("")
        self.report.hide()
        self._pause.start()
        self._refresh()


def ask_folder(parent: QWidget, start: str) -> str:
    """Asks for a folder; returns nothing where the person leaves it."""
    return QFileDialog.getExistingDirectory(parent, "Folder to read", start)


def _path(typed: str) -> Path:
    """Returns the folder that was typed; a home that there is not is left to be refused."""
    try:
        return Path(typed).expanduser()
    except RuntimeError:
        return Path(typed)


def _no_offer(_: BaseException) -> None:
    """The run begins with what is usual then; starting it says what else is wrong."""

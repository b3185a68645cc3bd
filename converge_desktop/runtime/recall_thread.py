"""The thread that keeps what can be recalled up with the ledger, and answers questions from it.

It follows the ledger from behind: in small batches, so that a question waits for one of them at
most, and on the model thread behind every chain. What it keeps is a view. Whatever is wrong with it
(its folder was deleted, it is of another embedder, it does not fit the ledger) it is thrown away
and filled again, and meanwhile it answers from what it has.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from converge_core.capability import CallCancelled
from converge_core.envelope import ReplayGrade
from converge_core.ledger import Entry
from converge_core.recall import RecallPolicy, RecallQuery, require_allowed
from converge_desktop.adapters.recall.broken import TableBroken
from converge_desktop.adapters.refused import Refused
from converge_desktop.runtime.recall_answers import READS, Answerer, Embeds, Hits, Question
from converge_desktop.runtime.recalling import (
    PRECEDENTS,
    Alike,
    RecallAnswer,
    alike_rows,
    alike_words,
)
from converge_desktop.runtime.store_history import Misfit, desk_of
from converge_desktop.runtime.store_trouble import Closing

if TYPE_CHECKING:
    from converge_desktop.adapters.models.llama_embedding import Embedded, Vectors
    from converge_desktop.adapters.recall.corpus import Corpus
    from converge_desktop.adapters.recall.things import Collector, Thing

S = TypeVar("S")
T = TypeVar("T")

FOLDER: Final = "recall"
AT_ONCE: Final = 8
"""Texts that are embedded at a time; a question waits for no more of them."""
ROWS_AT_ONCE: Final = 512
"""Things that are added at a time, while there are as many to add."""
LOOK_S: Final = 2.0
"""How often it is looked whether the folder is still there, in seconds."""
WAITS_S: Final = 0.01
"""How long it waits at a time without looking whether somebody asks, in seconds."""
SETTLES_S: Final = 0.5
"""How long what was deleted is let be before it is made again, in seconds."""
TRIED: Final = "what embeds, and how well it repeats itself"
"""What is embedded to find out what embeds."""


class RecallThread:
    """Follows a ledger, and answers what is like something.

    Args:
        folder: where the table lies; it may be deleted at any time.
        embeds: what embeds.
        since: reads the ledger from a record on.
        changed: told on this thread how it stands, in a word (``opening``, ``filling``, ``ready``,
            ``failed``), the last record that is taken in, and what is wrong.
        monotonic: the time that latency is measured by, in seconds.
        exact_most: rows up to which the search is exact; the usual number if None.
    """

    def __init__(
        self,
        folder: Path,
        embeds: Embeds,
        since: Callable[[int], Iterable[Entry]],
        changed: Callable[[str, int, str], None],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        exact_most: int | None = None,
    ) -> None:
        self._folder = folder
        self._embeds = embeds
        self._since = since
        self._changed = changed
        self._monotonic = monotonic
        self._exact_most = exact_most
        self._corpus: Corpus | None = None
        self._collector: Collector | None = None
        self._embedder, self._grade = "", ReplayGrade.RECORDED_ONLY
        self._questions: deque[Question] = deque()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._answerer = Answerer(embeds, self._closing.is_set, monotonic)
        self._said = ("", -2, "")
        self._resume = 0
        self._made: dict[str, Vectors] = {}
        """Vectors of what is not added yet, by the hash of the text."""
        self._thread = threading.Thread(target=self._serve, name="recall")
        self._thread.start()

    def follow(self) -> None:
        """Has it look for what the ledger holds by now."""
        self._wake.set()

    def recall(self, query: RecallQuery, policy: RecallPolicy) -> Future[RecallAnswer]:
        """Looks for what is like what is asked, within the policy's budgets.

        Raises:
            RecallRefused: if the policy does not allow it.
        """
        return _mapped(self._ask(query, policy), lambda found: found[0])

    def alike(self, query: RecallQuery, but: str) -> Future[Alike]:
        """Looks for decisions about things like what is asked, without that of the gate ``but``."""

        def told(found: tuple[RecallAnswer, Hits]) -> Alike:
            answer, hits = found
            rows = alike_rows(answer.candidates, hits, but)
            words = alike_words(rows, answer.stop_reason, len(hits))
            return Alike(rows, words, answer.seq, answer.envelope)

        return _mapped(self._ask(query, PRECEDENTS), told)

    def near(self, query: RecallQuery, policy: RecallPolicy) -> Future[tuple[RecallAnswer, Hits]]:
        """Looks for what is like what is asked; returns all that was near beside what is shown.

        Raises:
            RecallRefused: if the policy does not allow it.
        """
        return self._ask(query, policy)

    def close(self) -> None:
        """Ends the thread. Safe to call twice."""
        self._closing.set()
        self._wake.set()
        self._thread.join()

    def _ask(self, query: RecallQuery, policy: RecallPolicy) -> Future[tuple[RecallAnswer, Hits]]:
        require_allowed(query, policy)
        question = Question(query, policy, self._monotonic(), Future())
        if self._closing.is_set():
            question.answer.set_exception(Closing())
        else:
            self._questions.append(question)
            self._wake.set()
        return question.answer

    # How it goes on.

    def _serve(self) -> None:
        while not self._closing.is_set():
            self._wake.clear()
            try:
                for _ in self._fill():
                    self._answer_all()
            except (Closing, CallCancelled):
                break
            except Exception as error:  # noqa: BLE001 - it says so, and tries again
                self._collector = None
                self._tell("failed", str(error))
            self._answer_all()
            self._wake.wait(LOOK_S)
        while self._questions:
            self._questions.popleft().answer.set_exception(Closing())

    def _fill(self) -> Iterator[None]:
        """Opens what there is, and adds what is missing, step by step.

        Between two steps whoever asks is answered.
        """
        if self._corpus is None:
            self._goes_on("opening")
            yield
            self._corpus = self._opened()
        corpus = self._corpus
        try:
            corpus.require_there()
            yield from self._catch_up(corpus)
        except (TableBroken, Misfit) as error:
            self._goes_on("filling")
            yield from self._settling()
            if isinstance(error, Misfit):
                corpus.begin()
            else:
                corpus.mend()
            self._collector = None
            yield from self._catch_up(corpus)
        corpus.caught_up()
        self._tell("ready")
        if corpus.index_wanted():
            corpus.build_index()

    def _settling(self) -> Iterator[None]:
        """Waits a little: whoever deletes the folder may be at it still."""
        until = self._monotonic() + SETTLES_S
        while self._monotonic() < until and not self._closing.wait(WAITS_S):
            yield

    def _opened(self) -> Corpus:
        from converge_desktop.adapters.recall.corpus import EXACT_MOST, Corpus  # noqa: PLC0415 - NumPy

        tried = self._embedded([TRIED])
        self._embedder, self._grade = tried.embedder.model, tried.grade
        corpus = Corpus(
            self._folder,
            desk_of(self._since(0)),
            tried.embedder.digest(),
            tried.embedder.width,
            exact_most=EXACT_MOST if self._exact_most is None else self._exact_most,
        )
        try:
            corpus.open()
        except TableBroken:
            corpus.begin()
        return corpus

    def _catch_up(self, corpus: Corpus) -> Iterator[None]:
        """Adds what the ledger holds beyond what is there.

        Raises:
            Misfit: if what is there is of another ledger.
            TableBroken: if the table is gone.
        """
        things: list[Thing] = []
        last: Entry | None = None
        for entry, found in self._read(corpus):
            things += found
            last = entry
            if len(things) >= ROWS_AT_ONCE:
                self._goes_on("filling")
                yield from self._add(corpus, things, entry)
                self._tell("filling")
                things, last = [], None
        if last is not None:
            yield from self._add(corpus, things, last)

    def _read(self, corpus: Corpus) -> Iterator[tuple[Entry, list[Thing]]]:
        """Yields the records that are not taken in, with what of them can be recalled."""
        from converge_desktop.adapters.recall.things import Collector  # noqa: PLC0415

        head = corpus.head
        known = self._collector is not None
        collector = self._collector or Collector()
        self._collector = None  # until all that it read is added
        fits = head.seq < 0
        first = head.seq if known else min(head.resume, head.seq)
        for number, entry in enumerate(self._since(max(first, 0))):
            if number % AT_ONCE == 0 and self._closing.is_set():
                raise Closing
            fits = fits or (entry.head.seq == head.seq and entry.hash == head.hash)
            if entry.head.seq > head.seq and not fits:
                raise Misfit
            if known and entry.head.seq <= head.seq:
                continue
            found = collector.take(entry)
            if entry.head.seq > head.seq:
                self._resume = collector.resume_at(entry.head.seq)
                yield entry, found
        if not fits:
            raise Misfit
        self._collector = collector

    def _add(self, corpus: Corpus, things: Sequence[Thing], last: Entry) -> Iterator[None]:
        resume = self._resume
        vectors: list[Vectors | None] = [corpus.vector_of(one.content) for one in things]
        made = self._made
        texts = {
            one.content: one.about
            for one, vector in zip(things, vectors, strict=True)
            if vector is None and one.content not in made
        }
        contents = list(texts)
        for first in range(0, len(contents), AT_ONCE):
            part = contents[first : first + AT_ONCE]
            embedded = self._embedded([texts[content] for content in part])
            made.update(zip(part, embedded.vectors, strict=True))
            yield
        full = [
            vector if vector is not None else made[one.content]
            for one, vector in zip(things, vectors, strict=True)
        ]
        corpus.add(things, full, last.head.seq, last.hash, resume)
        made.clear()

    def _embedded(self, texts: Sequence[str]) -> Embedded:
        """Embeds texts, and meanwhile answers whoever asks: a chain may keep the model busy."""
        embedding = self._embeds(texts, READS, self._closing.is_set, asked=False)
        while not embedding.done():
            if self._closing.is_set():
                embedding.cancel()
                raise Closing
            wait([embedding], timeout=WAITS_S)
            self._answer_all()
        return embedding.result()

    def _answer(self, question: Question) -> tuple[RecallAnswer, Hits]:
        known = self._embedder, self._grade
        if self._corpus is None:
            return self._answerer.answer(question, None, *known)
        try:
            return self._answerer.answer(question, self._corpus, *known)
        except (TableBroken, Refused):  # with the next look it is made again, or said
            self._wake.set()
            return self._answerer.answer(question, None, *known)

    def _goes_on(self, state: str) -> None:
        """Tells how it goes on; that it failed stays told until it is known to be otherwise."""
        if self._said[0] != "failed":
            self._tell(state)

    def _tell(self, state: str, trouble: str = "") -> None:
        said = (state, self._corpus.head.seq if self._corpus else -1, trouble)
        if said != self._said:
            self._said = said
            self._changed(*said)

    def _answer_all(self) -> None:
        while self._questions and not self._closing.is_set():
            question = self._questions.popleft()
            if not question.answer.set_running_or_notify_cancel():
                continue
            try:
                question.answer.set_result(self._answer(question))
            except Exception as error:  # noqa: BLE001 - it belongs to the one who asked
                question.answer.set_exception(error)


def _mapped(asked: Future[S], read: Callable[[S], T]) -> Future[T]:
    """Returns a future of what ``read`` makes of another's result; no thread waits for it."""
    answer: Future[T] = Future()

    def done(future: Future[S]) -> None:
        try:
            answer.set_result(read(future.result()))
        except BaseException as error:  # noqa: BLE001 - it belongs to the one who asked
            answer.set_exception(error)

    asked.add_done_callback(done)
    return answer

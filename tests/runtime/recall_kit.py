"""What recall is tried with: an embedder of words in a bag, a ledger, and desks that can recall."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from converge_core.canonical import hash_text
from converge_core.envelope import ReplayGrade
from converge_core.ledger import Entry, decode
from converge_core.recall_envelope import EmbedderIdentity
from converge_desktop.adapters.models.llama_embedding import Embedded
from converge_desktop.runtime.recall_thread import RecallThread
from tests.core.golden_story import LEDGER

WIDTH = 64
PATIENCE_S = 30.0


def entries() -> list[Entry]:
    """Returns the golden ledger."""
    return list(decode(LEDGER.read_bytes().splitlines(keepends=True)))


@dataclass
class Bag:
    """Embeds a text as the bag of its words, on the thread that asks; counts what it embedded.

    ``busy`` holds futures back while it is set, as a model does that a chain keeps busy.
    """

    name: str = "bag"
    texts: list[str] = field(default_factory=list)
    busy: threading.Event = field(default_factory=threading.Event)
    waiting: list[Future[Embedded]] = field(default_factory=list)
    trouble: Exception | None = None

    def __call__(
        self, texts: Sequence[str], most: int, cancelled: Callable[[], bool], *, asked: bool
    ) -> Future[Embedded]:
        found: Future[Embedded] = Future()
        if self.busy.is_set():
            self.waiting.append(found)
            return found
        self.texts += texts
        if self.trouble is not None:
            found.set_exception(self.trouble)
        else:
            found.set_result(self.embedded(texts, most))
        return found

    def embedded(self, texts: Sequence[str], most: int) -> Embedded:
        """Returns the vectors of texts."""
        vectors = np.zeros((len(texts), WIDTH), np.float32)
        for vector, text in zip(vectors, texts, strict=True):
            for word in text.lower().split():
                vector[hashlib.sha256(word.encode()).digest()[0] % WIDTH] += 1
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1)
        identity = EmbedderIdentity(
            model=self.name,
            model_sha256=hash_text(self.name),
            tokenizer_hash=hash_text("words"),
            reads=most,
            width=WIDTH,
            build="",
            cpu="",
        )
        return Embedded(vectors, identity, ReplayGrade.BYTE_EXACT)


@dataclass
class Followed:
    """A thread that follows a ledger which a test lets grow."""

    folder: Path
    bag: Bag = field(default_factory=Bag)
    ledger: list[Entry] = field(default_factory=entries)
    told: list[tuple[str, int, str]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    exact_most: int | None = None

    def __post_init__(self) -> None:
        self.thread = RecallThread(
            self.folder, self.bag, self.since, self.tell, exact_most=self.exact_most
        )

    def since(self, seq: int) -> Iterable[Entry]:
        """Returns the ledger from a record on."""
        return list(self.ledger[seq:])

    def tell(self, state: str, seq: int, trouble: str) -> None:
        """Takes in how the thread stands."""
        with self.changed:
            self.told.append((state, seq, trouble))
            self.changed.notify_all()

    def until(self, state: str, seq: int | None = None, after: int = 0) -> tuple[str, int, str]:
        """Waits until it stands so, not counting what was told before ``after``."""

        def there() -> tuple[str, int, str] | None:
            fits = (one for one in self.told[after:] if one[0] == state)
            return next((one for one in fits if seq is None or one[1] == seq), None)

        with self.changed:
            assert self.changed.wait_for(lambda: there() is not None, PATIENCE_S), self.told
            found = there()
        assert found is not None
        return found

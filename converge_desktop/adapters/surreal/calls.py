"""A call of a model as a row of ``calls`` tells it: a text, which is written and read here alone.

The engine looks at every part of a value that it knows of; a call with fields of their own takes it
ten times as long. Nothing is asked of it inside the engine: the index of traces is there for that.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from converge_core.trace import DecisionTrace
from converge_desktop.adapters.surreal.values import Ref, plain


class Call(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A call of a model.

    Attributes:
        id: of its trace.
        label: what it was about, and what came of it.
        seq: the record that tells of it.
        prompt: which it was asked with.
        model: which computed it.
        shown: the facts that it was shown, each with the run that made it.
    """

    id: str
    label: str
    seq: int
    prompt: str
    model: str
    shown: tuple[tuple[str, str], ...]

    @property
    def came_from(self) -> list[tuple[str, Ref]]:
        """What it came from, each with how."""
        return [
            ("was asked with", Ref("prompt", (self.prompt,))),
            ("was computed by", Ref("model", (self.model,))),
            *(("was shown", Ref("fact", fact)) for fact in self.shown),
        ]


def written(trace: DecisionTrace, seq: int, prompt: Ref, model: Ref, shown: Iterable[Ref]) -> str:
    """Returns a call as its row holds it."""
    call = Call(
        trace.id,
        plain(f"{trace.call.step}: {trace.call.headline}"),
        seq,
        plain(prompt.key[0]),
        plain(model.key[0]),
        tuple((fact.key[0], fact.key[1]) for fact in shown),
    )
    return _WRITER.encode(call).decode()


def read(text: str) -> Call:
    """Returns the call that a row holds."""
    return _READER.decode(text)


_WRITER = msgspec.json.Encoder(enc_hook=str)  # ids are texts of kinds of their own
_READER = msgspec.json.Decoder(Call)

"""The contexts of a model, one for each stable prefix, so that each is read once and kept.

A context of its own for each prefix costs memory and nothing else: no copying when steps take
turns, and no keys of one step in the way of another's attention.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from converge_desktop.adapters.models.llama_context import Context


class ContextPool:
    """Contexts by prefix; the one that was not used for longest makes room.

    Args:
        make: makes a context, with nothing in it.
        most: how many contexts are kept.
    """

    def __init__(self, make: Callable[[], Context], most: int) -> None:
        self._make = make
        self._most = most
        self._contexts: OrderedDict[str, Context] = OrderedDict()

    def __len__(self) -> int:
        return len(self._contexts)

    def of(self, prefix: str) -> Context:
        """Returns the context that is kept for prompts that begin with ``prefix``."""
        if prefix in self._contexts:
            self._contexts.move_to_end(prefix)
            return self._contexts[prefix]
        if len(self._contexts) >= self._most:
            _, oldest = self._contexts.popitem(last=False)
            oldest.close()
        context = self._contexts[prefix] = self._make()
        return context

    def close(self) -> None:
        """Frees all of them."""
        while self._contexts:
            self._contexts.popitem()[1].close()

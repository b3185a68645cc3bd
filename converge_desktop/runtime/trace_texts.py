"""Looking for words in the texts of model calls, on two threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from converge_desktop.adapters.traces.columns import Mask
from converge_desktop.adapters.traces.searching import holding
from converge_desktop.adapters.traces.texts import Texts
from converge_desktop.runtime.trace_index import Indexed

AT_ONCE = 2


def searched(view: Indexed, among: Mask, words: str, columns: tuple[str, ...]) -> Mask:
    """Returns which rows of those in question say some words.

    Raises:
        IndexDamaged: if a text cannot be read.
    """
    found = np.zeros(len(among), np.bool_)
    asked = [texts for texts in view.texts if among[_rows(texts)].any()]
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="trace-texts") as pool:
        every = holding(asked, words, columns, pool.map)
    for texts, fits in zip(asked, every, strict=True):
        if fits.any():
            rows = _rows(texts)
            found[rows] = among[rows] & fits[view.traces["text"][rows]]
    return found


def _rows(texts: Texts) -> slice:
    return slice(texts.first, texts.first + texts.count)

"""Strikes a secret out of a stranger's text, however it is spelled there."""

from __future__ import annotations

import base64
import re
from functools import cached_property
from typing import Final
from urllib.parse import quote, unquote

MARK: Final = "…"
"""What stands in the place of a secret."""
WITHHELD: Final = "its words repeat the key that was sent, and are left out"
"""What stands in the place of a text that spells a secret in a way that cannot be cut out."""

_ESCAPED: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|([\"\\/]))")


class Secret:
    """A text that is to be read nowhere: as it is, escaped, percent-encoded, or in base64.

    Args:
        text: the secret; it is never shown.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({MARK})"

    def is_in(self, text: str) -> bool:
        """Whether the secret stands in ``text``, in whatever spelling."""
        return any(form in text for form in self.forms) or self._is_hidden_in(text)

    def struck_out(self, text: str) -> str:
        """Returns ``text`` without the secret."""
        for form in self.forms:
            text = text.replace(form, MARK)
        return WITHHELD if self._is_hidden_in(text) else text

    @cached_property
    def forms(self) -> tuple[str, ...]:
        """How it may be spelled, the longest first; in base64 wherever it may begin."""
        data = self._text.encode()
        spelled = {self._text, quote(self._text, safe=""), data.hex(), data.hex().upper()}
        for before in range(3):  # what stands before it moves it within the groups of base64
            whole = base64.b64encode(bytes(before) + data).decode()
            first = -(-before * 8 // 6)
            inner = whole[first : (before + len(data)) * 8 // 6]
            spelled |= {inner, inner.translate(str.maketrans("+/", "-_"))}
        return tuple(sorted(filter(None, spelled), key=len, reverse=True))

    def _is_hidden_in(self, text: str) -> bool:
        return self._text in _ESCAPED.sub(_unescaped, text) or self._text in unquote(text)


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else found[2]

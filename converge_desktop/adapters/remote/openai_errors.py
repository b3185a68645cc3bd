"""Which of the ten errors a server of the OpenAI protocol means, from what it answers.

Each server words its errors in its own way; what they have in common is the status, and a sentence
somewhere. That sentence was written by somebody else: what of it goes into an error's text is one
short line, in which the key cannot stand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final

import msgspec

from converge_core.capability_errors import (
    AuthDenied,
    ContentFiltered,
    ContextLengthExceeded,
    InvalidRequest,
    LlmError,
    ModelNotFound,
    ProviderError,
    RateLimited,
)
from converge_desktop.adapters.remote.patient_http import Answer, Patience
from converge_desktop.adapters.remote.struck_out import Secret

RETRY_AFTER_US: Final = 1_000_000
"""How long a server is left alone that wants fewer calls and does not say for how long."""
MOST_RETRY_AFTER_S: Final = 86_400.0
_LONGEST_LINE: Final = 300

_REDIRECTED, _REFUSED = 3, 4
"""The hundreds of the statuses that send a caller elsewhere, and that blame the request."""
_TOO_LONG: Final = {"context_length_exceeded", "exceed_context_size_error"}
_FILTERED: Final = {"content_filter", "content_policy_violation"}
_TOO_LONG_SAID: Final = re.compile(
    r"maximum context length|exceeds? the (available|model's) context", re.IGNORECASE
)
_MOST_SAID: Final = re.compile(r"context (?:length|size)\D{0,6}(\d{1,9})\b", re.IGNORECASE)
_ASKED_SAID: Final = re.compile(
    r"(?:requested|resulted in|request \(|request has) ?(\d{1,9}) (?:input )?tokens", re.IGNORECASE
)
_SECONDS: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a request while its answer is read.

    Attributes:
        model: the model that was asked for.
        key: the key that was sent; it is struck out wherever a server repeats it.
        shaped: whether the request said which form the answer must have.
    """

    model: str
    key: str | None
    shaped: bool = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.model!r})"

    def is_key_in(self, text: str) -> bool:
        """Whether the key stands in a stranger's text, however it is spelled there."""
        return bool(self.key) and Secret(self.key or "").is_in(text)

    def line(self, text: str) -> str:
        """Returns a stranger's text as one short line without the key."""
        if self.key:
            text = Secret(self.key).struck_out(text)
        printable = "".join(sign if sign.isprintable() else " " for sign in text)
        short = " ".join(printable.split())
        return short if len(short) <= _LONGEST_LINE else f"{short[: _LONGEST_LINE - 1]}…"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a server says of an error.

    Attributes:
        message: its sentence; empty if it gives none.
        words: its own words for the kind of error.
        most: how many tokens fit; 0 if it does not say.
        asked: how many the request has; 0 if it does not say.
    """

    message: str
    words: frozenset[str] = frozenset()
    most: int = 0
    asked: int = 0


def refusal_of(asked: Asked, answer: Answer) -> Refusal:
    """Reads an error's body, of whatever shape it is."""
    try:
        body = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Refusal("")
    inner = body.get("error", body) if isinstance(body, dict) else None
    if isinstance(inner, str):
        return Refusal(asked.line(inner))
    if not isinstance(inner, dict):
        return Refusal("")
    text = inner.get("message") or inner.get("detail") or ""
    if not isinstance(text, str):
        text = msgspec.json.encode(text).decode()
    words = (inner.get("code"), inner.get("type"))
    return Refusal(
        message=asked.line(text),
        words=frozenset(word for word in words if isinstance(word, str)),
        most=_tokens(inner.get("n_ctx")),
        asked=_tokens(inner.get("n_prompt_tokens")),
    )


def error_of(asked: Asked, answer: Answer, patience: Patience) -> LlmError:
    """Returns which error an answer is whose status is not 200."""
    status, said = answer.status, refusal_of(asked, answer)
    message = said.message or f"the server gives no reason (HTTP {status})"
    hundreds = status // 100
    if hundreds == _REFUSED and (named := _named(asked, said)):
        return named
    match status:
        case 401 | 403:
            return AuthDenied(message)
        case 404:
            return _not_found(asked, message)
        case 408:
            return patience.timeout()
        case 429:
            return RateLimited(_retry_after(answer), said.message or None)
    if hundreds == _REDIRECTED:
        return InvalidRequest(
            "the server sends its callers elsewhere, and redirects are not followed. Give the "
            "address of the server that answers."
        )
    if asked.shaped and "response_format" in message:
        # Some servers fail where they should refuse; the same request would fail again.
        return InvalidRequest(f"the server does not take the form of the answer: {message}")
    if hundreds == _REFUSED:
        return InvalidRequest(message)
    return ProviderError(message, str(status))


def _named(asked: Asked, said: Refusal) -> LlmError | None:
    """Returns the error that a server names by a word of its own, or by its sentence."""
    if said.words & _TOO_LONG or _TOO_LONG_SAID.search(said.message):
        return ContextLengthExceeded(
            said.most or _number(_MOST_SAID, said.message),
            said.asked or _number(_ASKED_SAID, said.message),
        )
    if said.words & _FILTERED:
        return ContentFiltered(said.message or "the server gives no reason")
    if "model_not_found" in said.words:
        return ModelNotFound(asked.model)
    return None


def _not_found(asked: Asked, message: str) -> LlmError:
    if "model" in message.lower():
        return ModelNotFound(asked.model)
    return InvalidRequest(
        f"the server has nothing at this path ({message}). Check the address; that of most servers "
        "ends in /v1."
    )


def _tokens(value: Any) -> int:
    """Returns a number of tokens that a server gives; 0 where it gives none."""
    return value if type(value) is int and 0 <= value < 2**32 else 0


def _number(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.search(text)
    return int(found[1]) if found else 0


def _retry_after(answer: Answer) -> int:
    """Returns how long a server asks to be left alone, in microseconds.

    A moment is held against the server's own clock, as its answer gives it.
    """
    said = answer.headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(said):
        return _bounded(float(said))
    try:
        wait = parsedate_to_datetime(said) - parsedate_to_datetime(answer.headers.get("date", ""))
    except (ValueError, TypeError):
        return RETRY_AFTER_US
    return _bounded(wait.total_seconds())


def _bounded(seconds: float) -> int:
    return int(min(max(seconds, 0.0), MOST_RETRY_AFTER_S) * 1_000_000)

"""What the sections of a pack's files are made of: strict models and the words they use."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


class Section(BaseModel):
    """A section that refuses a key it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def one_line(text: str) -> str:
    """Returns ``text`` if it may become part of a line of the state layer."""
    if not text.isprintable() or set(text) & set("|{}"):
        raise ValueError("it must stand on one line, without | and braces")
    return text


def stripped(text: object) -> object:
    """Returns text without the blanks around it, and anything else as it is."""
    return text.strip() if isinstance(text, str) else text


Word = Annotated[str, Field(min_length=1, max_length=200)]
MetricId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9._-]{0,59}$")]
Line = Annotated[Word, AfterValidator(one_line)]
"""Text that becomes part of a line of the state layer."""
Tenant = Annotated[Word, BeforeValidator(stripped), AfterValidator(one_line)]
"""Whose something is; blanks around a name make no other of it."""


def repeated(names: list[str]) -> list[str]:
    """Returns the names that stand there again."""
    return [name for index, name in enumerate(names) if name in names[:index]]

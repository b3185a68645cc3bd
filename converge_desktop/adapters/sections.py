"""What the sections of a pack's files are made of: strict models and the words they use."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A section that refuses a key it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def one_line(text: str) -> str:
    """Returns ``text`` if it may become part of a line of the state layer."""
    if not text.isprintable() or set(text) & set("|{}"):
        raise ValueError("it must stand on one line, without | and braces")
    return text


Word = Annotated[str, Field(min_length=1, max_length=200)]
MetricId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9._-]{0,59}$")]
Line = Annotated[Word, AfterValidator(one_line)]
"""Text that becomes part of a line of the state layer."""


def repeated(names: list[str]) -> list[str]:
    """Returns the names that stand there again."""
    return [name for index, name in enumerate(names) if name in names[:index]]

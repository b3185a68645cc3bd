"""Texts of a pack with names in braces, which are filled and nothing else.

Python's own formatting would follow attributes of what is filled in, and widen it to any length,
because a text asks for it. Here ``{name}`` is replaced, and everything else is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter


def fill(text: str, values: Mapping[str, str]) -> str:
    """Returns ``text`` with each ``{name}`` replaced; ``{{`` and ``}}`` are single braces.

    Raises:
        KeyError: naming what is none of ``values``, or asks for more than to be filled.
        ValueError: if a brace has no other.
    """
    filled = []
    for literal, name, spec, conversion in Formatter().parse(text):
        filled.append(literal)
        if name is None:
            continue
        if name not in values or spec or conversion:
            asked = name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")
            raise KeyError(asked[:60])
        filled.append(values[name])
    return "".join(filled)

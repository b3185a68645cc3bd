"""Short texts as QR codes, so that a checkpoint goes on paper and comes back."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import segno

LEVEL = "m"
"""How much of a code may be damaged: about 15 in 100 of it."""


class TooLong(Exception):
    """A text does not fit a QR code."""


def qr_svg(text: str) -> bytes:
    """Returns the code of a text as a picture of three pixels a module, black on white.

    Raises:
        TooLong: if it does not fit.
    """
    out = io.BytesIO()
    _code(text).save(out, kind="svg", scale=3, light="#fff", nl=True)
    return out.getvalue()


def qr_modules(text: str) -> tuple[bytes, ...]:
    """Returns the code of a text row by row, a byte a module: 1 where it is dark.

    The margin of four light modules that readers need is not among them.

    Raises:
        TooLong: if it does not fit.
    """
    return tuple(bytes(row) for row in _code(text).matrix)


def qr_characters(text: str) -> str:
    """Returns the code of a text in characters, for a terminal.

    Raises:
        TooLong: if it does not fit.
    """
    out = io.StringIO()
    _code(text).terminal(out=out, compact=True)
    return out.getvalue()


def _code(text: str) -> segno.QRCode:
    import segno  # noqa: PLC0415 - it takes a twentieth of a second, and few are ever shown

    try:
        return segno.make_qr(text, error=LEVEL, encoding="utf-8", boost_error=False)
    except segno.DataOverflowError as error:
        size = len(text.encode())
        raise TooLong(
            f"{size:,} bytes do not fit a QR code, which holds 2,331; keep the text itself"
        ) from error

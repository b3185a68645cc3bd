"""What the system refuses for now, in a sentence that says what to do.

Nothing is wrong then with what lies on the disk: it can be read and written again once somebody
made room or gave leave, so nothing is thrown away for it.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_REMEDIES: Final = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "make room there"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "let this program read and write it"),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), "close what else has many files open"),
}
_SPELLED: Final = re.compile(r"\(os error (\d+)\)")
"""How libraries that are written in Rust spell the number of what the system refused."""


class Refused(OSError):
    """The system refuses for now; the text says what, where, why, and what to do."""


@contextmanager
def said_of(path: Path, done: str) -> Iterator[None]:
    """Has whatever the system says meanwhile say of which file, and what to do.

    Raises:
        OSError: if the system failed; a :class:`Refused` where somebody can do something about it.
    """
    try:
        yield
    except Refused:
        raise
    except OSError as error:
        named = OSError(error.errno, error.strerror, str(path))
        raise refused(path, done, error) or named from error


def refused(path: Path, done: str, error: Exception) -> Refused | None:
    """Returns that something cannot be done now; None where it failed for another reason.

    Args:
        path: the file or the folder.
        done: what cannot be done, such as ``written``.
        error: what was raised, by the system or by a library that asked it.
    """
    number = _number(error)
    if number not in _REMEDIES:
        return None
    return Refused(f"{path} cannot be {done}: {os.strerror(number)}; {_REMEDIES[number]}")


def _number(error: Exception) -> int:
    if isinstance(error, OSError) and error.errno:
        return error.errno
    spelled = _SPELLED.search(str(error))
    return int(spelled[1]) if spelled else 0

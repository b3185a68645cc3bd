"""``converge-desktop``: the window, or one command without it."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Does what the command line asks, and ends the process.

    It ends without taking the interpreter down. All is closed and on the disk by then; but the
    database's engine has threads of its own, and one that comes back to Python while the
    interpreter goes away ends the process with an abort, though everything was done.
    """
    code = _done()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # nobody takes it, as was told before
            stream.flush()
    os._exit(code)


def _done() -> int:
    """Parses the command line; Qt is imported only where the window is wanted."""
    gc.disable()  # nothing that is made at a start is garbage; the first paint enables it again
    try:
        from converge_desktop import cli  # noqa: PLC0415
    except KeyboardInterrupt:  # this early nothing has begun that could be told of
        return 130
    arguments = cli.parser().parse_args()
    if arguments.command is not None:
        gc.enable()
        return cli.main(arguments)

    def open_window() -> int:
        import PySide6.QtCore  # noqa: F401, PLC0415 - which slows each import down that follows

        from converge_desktop.runtime.store_memory import keep_little  # noqa: PLC0415 - as above

        keep_little()
        from converge_desktop import app  # noqa: PLC0415

        return app.main(cli.options(arguments))

    return cli.told(open_window)


if __name__ == "__main__":
    main()

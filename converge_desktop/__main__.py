"""``converge-desktop``: the window, or one command without it."""

from __future__ import annotations

import gc
import sys


def main() -> int:
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

        from converge_desktop.runtime.store_memory import keep_little  # noqa: PLC0415

        keep_little()
        from converge_desktop import app  # noqa: PLC0415

        return app.main(cli.options(arguments))

    return cli.told(open_window)


if __name__ == "__main__":
    sys.exit(main())

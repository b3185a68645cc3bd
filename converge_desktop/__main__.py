"""``converge-desktop``: the window, or one command without it."""

from __future__ import annotations

import sys


def main() -> int:
    """Parses the command line; Qt is imported only where the window is wanted."""
    from converge_desktop import cli  # noqa: PLC0415

    arguments = cli.parser().parse_args()
    if arguments.command is not None:
        return cli.main(arguments)
    from converge_desktop import app  # noqa: PLC0415

    return cli.told(lambda: app.main(cli.options(arguments)))


if __name__ == "__main__":
    sys.exit(main())

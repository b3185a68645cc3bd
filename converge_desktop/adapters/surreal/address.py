"""Where the database is: a directory of this desk's own, or a server that several desks share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from converge_desktop.adapters.remote.server_address import is_here


class ServerRefused(ValueError):
    """A server's address cannot be used; the text says why, and repeats no secret."""


@dataclass(frozen=True, slots=True)
class Server:
    """A SurrealDB server, and who signs in there.

    Attributes:
        url: such as ``wss://db.example.org:8000``; user and password are never part of it.
        user: who signs in.
        password: with which password; no text of this program repeats it.
        namespace: where the database stands.
        database: what all its desks share.
        of: what the user belongs to: ``root``, ``namespace`` or ``database``.
        patience: seconds until a server that does not answer counts as not there.

    Raises:
        ServerRefused: if the address cannot be used.
    """

    url: str
    user: str
    password: str = field(repr=False)
    namespace: str = "converge"
    database: str = "desks"
    of: str = "root"
    patience: float = 10.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"ws", "wss"} or not parts.hostname:
            raise ServerRefused(
                "the address of the database server cannot be read. Write it as wss://host:8000, "
                "or as ws://127.0.0.1:8000 for a server on this machine."
            )
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ServerRefused(
                f"the address of {parts.hostname} holds more than a place. Leave out user and "
                "password and whatever follows “?” or “#”; they are given on their own."
            )
        if parts.scheme == "ws" and not is_here(parts.hostname):
            raise ServerRefused(
                f"the password for {parts.hostname} would travel unencrypted. Write wss://, or "
                "lead a tunnel to this machine and write ws://127.0.0.1."
            )

    def credentials(self) -> dict[str, Any]:
        """Returns what a sign-in takes."""
        below = {"namespace": self.namespace, "database": self.database}
        levels = {"root": (), "namespace": ("namespace",), "database": ("namespace", "database")}
        return {
            "username": self.user,
            "password": self.password,
            **{name: below[name] for name in levels[self.of]},
        }

    def __str__(self) -> str:
        return self.url


Place = Path | Server
"""A directory for the embedded engine, or a server."""

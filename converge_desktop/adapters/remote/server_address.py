"""Where a model server is: read from what a person writes, without secrets, and safe to show."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

_PORTS: Final = {"http": 80, "https": 443}


class AddressRefused(Exception):
    """An address cannot be used; the text says why and what to write, and repeats no secret."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is, without credentials; ``str()`` may be shown and recorded.

    Attributes:
        scheme: ``http`` or ``https``.
        host: name or number; brackets around an IPv6 number.
        port: the port.
        path: what every path of the server begins with, such as ``/v1``.
        only_here: whether nobody but this machine may be connected to.
    """

    scheme: str
    host: str
    port: int
    path: str
    only_here: bool = False

    def __str__(self) -> str:
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}{self.path}"


def address_of(text: str, *, allow_plain: bool = False) -> Address:
    """Reads a server's address.

    Args:
        text: as a person writes it, such as ``http://127.0.0.1:8080/v1``.
        allow_plain: whether another machine may be spoken to without encryption.

    Raises:
        AddressRefused: if it is none, holds a secret, or would send prompts out unencrypted. The
            text is never repeated, since a password or key may stand in it.
    """
    try:
        url = parse_url(text.strip())
    except LocationParseError:
        url = parse_url("")
    if url.scheme not in _PORTS or not url.host:
        raise AddressRefused(
            "the address of the model server cannot be read. Write it as https://host/v1, or as "
            "http://127.0.0.1:8080/v1 for a server on this machine."
        )
    if url.auth or url.query or url.fragment:
        raise AddressRefused(
            f"the address of {url.host} holds more than a place. Leave out user, password and "
            "whatever follows “?” or “#”, and give the key on its own, so that it is never shown."
        )
    plain = url.scheme == "http"
    if plain and not allow_plain and not is_here(url.host):
        raise AddressRefused(
            f"prompts to {url.host} would travel unencrypted. Write https:// if the server speaks "
            "it, or allow plain HTTP for this server if the network between is yours alone."
        )
    return Address(
        scheme=url.scheme,
        host=url.host,
        port=url.port or _PORTS[url.scheme],
        path=(url.path or "").rstrip("/"),
        only_here=plain and not allow_plain,
    )


def is_here(host: str) -> bool:
    """Whether a host is this machine, as far as its name or number says."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False

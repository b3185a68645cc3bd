"""One HTTP request and its answer, given up at once when the caller says so.

Rules: one connection a call, and never a second try, so that what is on record is what happened; no
redirect is followed and no proxy of the environment used, so that nobody is asked but the one who
was named; certificates are verified; an answer is bounded. Every wait is cut into slices, between
which the caller's token and the deadline are looked at: a server that says nothing holds up nobody.
"""

from __future__ import annotations

import contextlib
import errno
import http.client
import io
import os
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse
from urllib3.util import wait_for_write

from converge_core.capability import CallCancelled, CancellationToken
from converge_core.capability_errors import NetworkError, ProviderError, Timeout
from converge_desktop.adapters.remote.server_address import Address, is_here

SLICE_S: Final = 0.01
"""The longest wait between two looks at the caller's token, in seconds."""
CONNECT_S: Final = 10.0
"""How long a server may take to accept a connection, at all its addresses together."""
MOST_BYTES: Final = 32_000_000
"""The longest answer that is read."""
_PIECE: Final = 65_536
_UNDER_WAY: Final = {0, errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EAGAIN}

T = TypeVar("T")


class Patience:
    """How long a call waits: until its caller no longer wants it, or its time is over."""

    def __init__(self, cancelled: CancellationToken, deadline_us: int) -> None:
        self._cancelled = cancelled
        self._deadline_us = deadline_us
        self._started = time.perf_counter_ns()

    @property
    def elapsed_us(self) -> int:
        """How long the call has taken so far, in microseconds."""
        return (time.perf_counter_ns() - self._started) // 1000

    def look(self) -> None:
        """Does nothing while the call may go on.

        Raises:
            CallCancelled: if it is no longer wanted.
            Timeout: if its time is over.
        """
        if self._cancelled():
            raise CallCancelled("the model server was no longer waited for")
        if self.elapsed_us >= self._deadline_us:
            raise self.timeout()

    def timeout(self) -> Timeout:
        """Returns the error of a call whose time is over."""
        return Timeout(self.elapsed_us, self._deadline_us)

    def until(self, act: Callable[[], T]) -> T:
        """Repeats what gives up after a slice, until it has a result."""
        while True:
            self.look()
            try:
                return act()
            except TimeoutError as error:
                if error.errno is not None:  # the system's own verdict, not the end of a slice
                    raise

    def elsewhere(self, act: Callable[[], T]) -> T:
        """Returns what ``act`` returns, from a thread of its own, which is left behind if need be.

        For what cannot be interrupted, such as looking up a name.
        """
        results: queue.SimpleQueue[T | OSError | UnicodeError] = queue.SimpleQueue()

        def work() -> None:
            try:
                results.put(act())
            except (OSError, UnicodeError) as error:
                results.put(error)

        threading.Thread(target=work, name="look-up", daemon=True).start()
        while True:
            self.look()
            with contextlib.suppress(queue.Empty):
                result = results.get(timeout=SLICE_S)
                if isinstance(result, OSError | UnicodeError):
                    raise result
                return result


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent: the path below the server's own, headers and body."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered.

    Attributes:
        status: its HTTP status.
        headers: by name, in whatever case one asks for them.
        body: the bytes of the body as they came.
        first_us: time until the answer began, in microseconds.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    first_us: int


def tls_context(authorities: Path | None = None) -> ssl.SSLContext:
    """Returns how certificates are verified: against the system's authorities, or those given."""
    return ssl.create_default_context(cafile=authorities)


def post(address: Address, request: Request, patience: Patience, context: ssl.SSLContext) -> Answer:
    """Sends one request and reads its answer, whatever its status is.

    Raises:
        CallCancelled: if ``patience`` says that it is no longer wanted.
        Timeout: if it says that its time is over.
        NetworkError: if there was no connection, or it broke.
        ProviderError: if what came is no HTTP, or too much.
    """
    try:
        with _connected(address, patience, context) as channel:
            response = _asked(address, request, channel)
            first_us = patience.elapsed_us
            with contextlib.closing(response):
                answer = _read(address, response)
            return Answer(response.status, response.headers, answer, first_us)
    except (OSError, UnicodeError) as error:
        raise NetworkError(f"{address}: {_why(error)}") from error


def _asked(address: Address, request: Request, channel: _Channel) -> BaseHTTPResponse:
    kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
    connection = kind(address.host, address.port)
    connection.sock = channel  # all of a socket that it uses
    try:
        # One who refuses early may close before it has read everything, and has answered.
        with contextlib.suppress(BrokenPipeError):
            path = address.path + request.path
            connection.request("POST", path, request.body, request.headers, preload_content=False)
        return connection.getresponse()
    except http.client.RemoteDisconnected as error:
        raise NetworkError(f"{address} closed the connection without an answer") from error
    except (http.client.HTTPException, HTTPError) as error:
        raise ProviderError(f"{address} answers something that is not HTTP") from error


def _read(address: Address, response: BaseHTTPResponse) -> bytes:
    pieces, size = [], 0
    try:
        while piece := response.read(_PIECE, decode_content=False):
            pieces.append(piece)
            size += len(piece)
            if size > MOST_BYTES:
                raise ProviderError(f"{address} answers more than {MOST_BYTES:,} bytes")
    except HTTPError as error:
        raise NetworkError(f"{address} broke off before its answer was whole") from error
    return b"".join(pieces)


@contextlib.contextmanager
def _connected(address: Address, patience: Patience, context: ssl.SSLContext) -> Iterator[_Channel]:
    """Opens a connection for the length of one call."""
    with contextlib.ExitStack() as stack:
        sock = stack.enter_context(_dial(address, patience))
        if address.scheme == "https":
            name = address.host.strip("[]")
            tls = context.wrap_socket(sock, server_hostname=name, do_handshake_on_connect=False)
            sock = stack.enter_context(tls)
            patience.until(tls.do_handshake)
        yield _Channel(sock, patience)


def _dial(address: Address, patience: Patience) -> socket.socket:
    """Connects to the first of the host's addresses that accepts."""
    places = patience.elsewhere(
        lambda: socket.getaddrinfo(address.host.strip("[]"), address.port, type=socket.SOCK_STREAM)
    )
    if address.only_here:
        places = [place for place in places if is_here(str(place[4][0]))]
    last: OSError = OSError(errno.EADDRNOTAVAIL, f"{address.host} is not on this machine")
    for family, kind, protocol, _, where in places:
        with contextlib.ExitStack() as stack:
            try:
                sock = stack.enter_context(socket.socket(family, kind, protocol))
                _connect(sock, where, patience, CONNECT_S / len(places))
            except OSError as error:
                last = error
                continue
            stack.pop_all()
            return sock
    raise last


def _connect(sock: socket.socket, where: Any, patience: Patience, most_s: float) -> None:
    sock.setblocking(False)
    code = sock.connect_ex(where)
    ends_us = patience.elapsed_us + int(most_s * 1_000_000)
    while code in _UNDER_WAY:
        patience.look()
        if wait_for_write(sock, SLICE_S):
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            break
        if patience.elapsed_us >= ends_us:
            code = errno.ETIMEDOUT
    if code:
        raise OSError(code, os.strerror(code))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.settimeout(SLICE_S)


class _Channel:
    """A connected socket as an HTTP client uses it; what waits in it waits in slices.

    It lives as long as its call, whoever closes it: the client closes early, and reads on.
    """

    def __init__(self, sock: socket.socket, patience: Patience) -> None:
        self._sock = sock
        self._patience = patience

    def sendall(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            sent = self._patience.until(lambda left=rest: self._sock.send(left))  # type: ignore[misc]
            rest = rest[sent:]

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._sock, self._patience))

    def settimeout(self, _seconds: float | None) -> None:
        """Does nothing: how long to wait is the patience's to say."""

    def close(self) -> None:
        """Does nothing: the call closes what it opened."""


class _Reader(io.RawIOBase):
    """Reads from a socket, in slices."""

    def __init__(self, sock: socket.socket, patience: Patience) -> None:
        self._sock = sock
        self._patience = patience

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._patience.until(lambda: self._sock.recv_into(buffer))


def _why(error: OSError | UnicodeError) -> str:
    """Says what kept a connection from being made or kept, and what to do."""
    match error:
        case ssl.SSLCertVerificationError():
            said = error.verify_message or "it does not fit the name"
            return (
                f"its certificate was not accepted ({said}). If the server has an authority of its "
                "own, name the file of that authority's certificate."
            )
        case ssl.SSLError():
            return (
                f"no encrypted connection could be made ({error.reason or error}). A server that "
                "speaks plain HTTP has an address that begins with http://."
            )
        case socket.gaierror() | UnicodeError():
            return "nobody knows a machine of this name. Check the address."
        case ConnectionRefusedError():
            return "nothing listens there. Start the server, or check host and port."
        case _:
            return f"the connection failed ({error.strerror or error}). Check server and network."

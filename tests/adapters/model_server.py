"""Model servers on this machine: a real one, and ones that fail in whatever way a test says."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

MODEL = Path(__file__).parents[2] / "resources/models/converge-nano-q8_0.gguf"
KEY = "sk-secret-of-the-test"
PATIENT_S = 60.0
"""How long a real server may take to start on a busy machine."""


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextlib.contextmanager
def real_server(log: Path) -> Iterator[str]:
    """Runs llama-cpp-python's own server with the shipped model; yields its address."""
    port = free_port()
    settings = {
        "model": MODEL,
        "model_alias": "nano",
        "chat_format": "redpajama-incite",  # the model has no template of its own; this one is bare
        "n_ctx": 1024,
        "n_threads": 1,
        "embedding": True,
        "kv_overrides": "llama.pooling_type=int:1",  # one vector a text, and not one a token
        "api_key": KEY,
        "host": "127.0.0.1",
        "port": port,
    }
    arguments = [f"--{name}={value}" for name, value in settings.items()]
    command = [sys.executable, "-m", "llama_cpp.server", *arguments]
    with (
        log.open("wb") as said,
        subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT) as process,
    ):
        try:
            _await(port, process, log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + PATIENT_S
    while time.monotonic() < ends and process.poll() is None:
        with (
            contextlib.suppress(OSError),
            contextlib.closing(
                http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            ) as connection,
        ):
            connection.request("GET", "/v1/models")
            connection.getresponse().read()
            return
        time.sleep(0.05)
    raise AssertionError(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")


@dataclass(frozen=True)
class Seen:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: Any


Handler = BaseHTTPRequestHandler
Behaviour = Callable[[Handler], None]


@dataclass
class FakeServer:
    """A server that does what a test says, and keeps what it was asked."""

    does: Behaviour = lambda _: None
    seen: list[Seen] = field(default_factory=list)
    asked: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    address: str = ""

    def answers(self, status: int, body: Any, **headers: str) -> None:
        self.does = reply(status, body, **headers)

    def falls_silent(self, *first: bytes) -> None:
        """Sends these bytes, and then nothing until the test is over."""

        def silent(handler: Handler) -> None:
            handler.wfile.write(b"".join(first))
            handler.wfile.flush()
            self.asked.set()
            self.released.wait(PATIENT_S)

        self.does = silent

    def sends(self, *pieces: bytes) -> None:
        """Sends these bytes and closes the connection."""

        def raw(handler: Handler) -> None:
            with contextlib.suppress(OSError):
                for piece in pieces:
                    handler.wfile.write(piece)

        self.does = raw


def reply(status: int, body: Any, **headers: str) -> Behaviour:
    """Returns the behaviour of answering so; what is not bytes is sent as JSON."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()

    def answer(handler: Handler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(sent)))
        handler.end_headers()
        handler.wfile.write(sent)

    return answer


@contextlib.contextmanager
def fake_server(context: ssl.SSLContext | None = None) -> Iterator[FakeServer]:
    """Runs a server of the standard library whose behaviour a test may change at any time."""
    fake = FakeServer()

    class Scripted(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            fake.seen.append(Seen(self.path, dict(self.headers), json.loads(body)))
            self.close_connection = True
            fake.does(self)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: Any) -> None:
            """A caller that gives up is what is tested."""

    with Server(("127.0.0.1", 0), Scripted) as server:
        if context:
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        scheme = "https" if context else "http"
        fake.address = f"{scheme}://127.0.0.1:{server.server_address[1]}/v1"
        try:
            yield fake
        finally:
            fake.released.set()
            server.shutdown()
            thread.join(PATIENT_S)

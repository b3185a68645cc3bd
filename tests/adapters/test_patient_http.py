"""One request and its answer: given up at once when the caller says so, and bounded in all else."""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from converge_core.capability import CallCancelled
from converge_core.capability_errors import LlmError, NetworkError, ProviderError, Timeout
from converge_desktop.adapters.remote import patient_http
from converge_desktop.adapters.remote.patient_http import (
    MOST_BYTES,
    Answer,
    Patience,
    Request,
    post,
    tls_context,
)
from converge_desktop.adapters.remote.server_address import Address, address_of
from tests.adapters.model_server import FakeServer, fake_server

PROMPT_CANCEL_S = 0.05
MINUTE_US = 60_000_000
SMALL = Request("/ask", {}, b"{}")
HUGE = Request("/ask", {}, b"x" * 20_000_000)
CONTEXT = tls_context()


def wanted() -> bool:
    """The token of a caller who never gives up."""
    return False


def ask(
    address: str,
    request: Request = SMALL,
    *,
    patience: Patience | None = None,
    context: ssl.SSLContext = CONTEXT,
) -> Answer:
    return post(address_of(address), request, patience or Patience(wanted, MINUTE_US), context)


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    """A server that does what the test says."""
    with fake_server() as server:
        yield server


@contextlib.contextmanager
def deaf_listener(backlog: int = 8) -> Iterator[tuple[socket.socket, int]]:
    """A port that connections can be made to, and that never reads or says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(backlog)
        yield listener, listener.getsockname()[1]


# Giving up


def seconds_to_give_up(call: Callable[[Patience], object], ready: Callable[[], bool]) -> float:
    """Returns how long a call goes on after its caller gave up, at the best of three tries.

    Its caller gives up 30 ms after ``ready``. The best of three, because the machine may be busy.
    """
    late = []
    for _ in range(3):
        gave_up: list[float] = []

        def cancelled(at: list[float] = gave_up) -> bool:
            if not at and ready():
                at.append(time.monotonic() + 0.03)
            return bool(at) and time.monotonic() >= at[0]

        with pytest.raises(CallCancelled):
            call(Patience(cancelled, MINUTE_US))
        late.append(time.monotonic() - gave_up[0])
    return min(late)


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{   \r\n",
    ],
    ids=["before the answer", "in its head", "before its body", "in its body", "between chunks"],
)
def test_a_silent_server_is_given_up_within_50_ms(fake: FakeServer, first: bytes) -> None:
    """Wherever in its answer it falls silent."""
    fake.falls_silent(first)
    late = seconds_to_give_up(
        lambda patience: ask(fake.address, patience=patience), fake.asked.is_set
    )

    assert late < PROMPT_CANCEL_S


def test_a_server_that_does_not_read_is_given_up_within_50_ms() -> None:
    """While the request is being sent."""
    with deaf_listener() as (_, port):
        address = f"http://127.0.0.1:{port}"
        late = seconds_to_give_up(
            lambda patience: ask(address, HUGE, patience=patience), lambda: True
        )

    assert late < PROMPT_CANCEL_S


def test_a_server_that_does_not_answer_the_handshake_is_given_up_within_50_ms() -> None:
    """While the connection is being encrypted."""
    with deaf_listener() as (_, port):
        address = f"https://127.0.0.1:{port}"
        late = seconds_to_give_up(lambda patience: ask(address, patience=patience), lambda: True)

    assert late < PROMPT_CANCEL_S


def test_a_server_that_does_not_accept_is_given_up_within_50_ms() -> None:
    """While the connection is being made: its queue is full, and nobody takes from it."""
    with deaf_listener(backlog=0) as (_, port), contextlib.ExitStack() as stack:
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        address = f"http://127.0.0.1:{port}"
        late = seconds_to_give_up(lambda patience: ask(address, patience=patience), lambda: True)

    assert late < PROMPT_CANCEL_S


def test_what_cannot_be_interrupted_is_left_behind_within_50_ms() -> None:
    """Looking up a name can take as long as the network likes."""
    over = threading.Event()
    try:
        late = seconds_to_give_up(lambda patience: patience.elsewhere(over.wait), lambda: True)
    finally:
        over.set()

    assert late < PROMPT_CANCEL_S


def test_a_caller_who_gave_up_before_asks_nobody(fake: FakeServer) -> None:
    """Nothing is sent."""
    with pytest.raises(CallCancelled):
        ask(fake.address, patience=Patience(lambda: True, MINUTE_US))

    assert not fake.seen


def test_after_a_call_was_given_up_the_next_one_works(fake: FakeServer) -> None:
    """Calls share nothing, so nothing of one is left for the next."""
    fake.falls_silent(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")
    with pytest.raises(CallCancelled):
        ask(fake.address, patience=Patience(fake.asked.is_set, MINUTE_US))
    fake.answers(200, b"next")

    assert b"next" == ask(fake.address).body


def test_a_call_has_one_deadline_for_all_of_it(fake: FakeServer) -> None:
    """The error says how long it took and how long it had."""
    fake.falls_silent(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")
    with pytest.raises(Timeout) as caught:
        ask(fake.address, patience=Patience(wanted, 100_000))

    assert 100_000 == caught.value.deadline
    assert 100_000 <= caught.value.elapsed < MINUTE_US


def test_a_server_that_never_accepts_is_a_network_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long before the deadline of the whole call; here the limit is made short."""
    monkeypatch.setattr(patient_http, "CONNECT_S", 0.05)
    with deaf_listener(backlog=0) as (_, port), contextlib.ExitStack() as stack:
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        with pytest.raises(NetworkError, match=r"the connection failed .*Check server and network"):
            ask(f"http://127.0.0.1:{port}")


def test_a_connection_that_the_system_gave_up_is_not_waited_for() -> None:
    """Its verdict has a number; the end of a slice has none."""

    def dead() -> None:
        raise TimeoutError(errno.ETIMEDOUT, "Connection timed out")

    with pytest.raises(TimeoutError):
        Patience(wanted, MINUTE_US).until(dead)


# What comes


def test_an_answer_is_its_status_its_head_and_the_bytes_of_its_body(fake: FakeServer) -> None:
    """Whatever the status is, and however the body is cut up."""
    fake.sends(
        b"HTTP/1.1 418 Teapot\r\nRetry-After: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"2\r\nso\r\n5\r\n it i\r\n1\r\ns\r\n0\r\n\r\n",
    )
    answer = ask(fake.address)

    assert (418, b"so it is", "3") == (answer.status, answer.body, answer.headers["retry-after"])
    assert answer.first_us > 0


def test_an_answer_that_ends_with_its_connection_is_whole(fake: FakeServer) -> None:
    """Servers that say no length close when they are done."""
    fake.sends(b"HTTP/1.1 200 OK\r\n\r\n", b"so it is")

    assert b"so it is" == ask(fake.address).body


def test_one_who_refuses_before_it_has_read_is_heard(fake: FakeServer) -> None:
    """A request may be too long to be read to its end; the answer says so."""
    with deaf_listener() as (listener, port):

        def refuse() -> None:
            with listener.accept()[0] as caller:
                caller.recv(10)
                caller.sendall(b"HTTP/1.1 413 Too Long\r\nContent-Length: 0\r\n\r\n")
                while caller.recv(1_000_000):
                    pass

        server = threading.Thread(target=refuse, daemon=True)
        server.start()
        answer = ask(f"http://127.0.0.1:{port}", HUGE)
        server.join(10)

    assert 413 == answer.status


@pytest.mark.parametrize(
    ("sent", "kind", "said"),
    [
        ((), NetworkError, "closed the connection without an answer"),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",), NetworkError, "broke off"),
        (
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{",),
            NetworkError,
            "broke off",
        ),
        (
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nmany\r\n{",),
            NetworkError,
            "broke off",
        ),
        ((b"SSH-2.0-OpenSSH_9.9\r\n\r\n",), ProviderError, "not HTTP"),
        ((b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",), ProviderError, "not HTTP"),
        ((b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 200 + b"\r\n",), ProviderError, "not HTTP"),
        (
            (b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nxx",),
            ProviderError,
            "not HTTP",
        ),
    ],
)
def test_what_breaks_off_or_is_not_http_is_named(
    fake: FakeServer, sent: tuple[bytes, ...], kind: type[LlmError], said: str
) -> None:
    """By the address, after one request, and never as an answer."""
    fake.sends(*sent)
    with pytest.raises(kind, match=said) as caught:
        ask(fake.address)

    assert fake.address in str(caught.value)
    assert 1 == len(fake.seen)


def test_an_answer_without_end_is_not_read_to_its_end(fake: FakeServer) -> None:
    """Whether the server says how long it is or not, the memory it takes is bounded."""
    piece = b"x" * 1_000_000
    fake.sends(b"HTTP/1.1 200 OK\r\n\r\n", *(piece for _ in range(MOST_BYTES // len(piece) + 2)))
    with pytest.raises(ProviderError, match=f"more than {MOST_BYTES:,} bytes"):
        ask(fake.address)


# Whom it is


def test_a_name_that_nobody_knows_is_named() -> None:
    """Here one that no resolver need be asked about, because no name may be so long."""
    with pytest.raises(NetworkError, match=r"https://x+\.test: .*Check the address"):
        ask(f"https://{'x' * 64}.test")


def test_plain_text_goes_to_this_machine_alone() -> None:
    """Even if a name that should mean this machine means another one."""
    elsewhere = Address("http", "192.0.2.1", 80, "", only_here=True)
    with pytest.raises(NetworkError, match="not on this machine"):
        post(elsewhere, SMALL, Patience(wanted, MINUTE_US), CONTEXT)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that it signed itself, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    own = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2120, 1, 1, tzinfo=dt.UTC))
        .add_extension(own, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("certificate") / "both.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return file


@pytest.fixture
def encrypted(certificate: Path) -> Iterator[FakeServer]:
    """A server that speaks TLS with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with fake_server(context) as server:
        server.answers(200, b"so it is")
        yield server


def test_a_server_whose_authority_is_trusted_is_asked(
    encrypted: FakeServer, certificate: Path
) -> None:
    """An answer longer than one record of TLS comes whole."""
    long = b"so it is" * 50_000
    encrypted.answers(200, long)

    assert long == ask(encrypted.address, context=tls_context(certificate)).body


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(encrypted: FakeServer) -> None:
    """Nothing is sent, and the sentence names the remedy."""
    with pytest.raises(NetworkError, match=r"certificate was not accepted .*name the file"):
        ask(encrypted.address)

    assert not encrypted.seen


def test_a_certificate_for_another_name_is_not_accepted(
    encrypted: FakeServer, certificate: Path
) -> None:
    """Whoever vouches for it."""
    address = encrypted.address.replace("127.0.0.1", "localhost")
    with pytest.raises(NetworkError, match="certificate was not accepted"):
        ask(address, context=tls_context(certificate))

    assert not encrypted.seen


def test_a_silent_server_behind_tls_is_given_up_within_50_ms(
    encrypted: FakeServer, certificate: Path
) -> None:
    """As one that speaks plain HTTP is."""
    context = tls_context(certificate)
    encrypted.falls_silent(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")
    late = seconds_to_give_up(
        lambda patience: ask(encrypted.address, patience=patience, context=context),
        encrypted.asked.is_set,
    )

    assert late < PROMPT_CANCEL_S


def test_a_server_that_speaks_no_tls_is_named(fake: FakeServer) -> None:
    """With the address that would work."""
    with pytest.raises(NetworkError, match="begins with http://"):
        ask(fake.address.replace("http:", "https:"))

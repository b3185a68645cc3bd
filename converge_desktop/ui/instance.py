"""One window a desk: whoever starts a second one is shown the first.

The lock of the data directory decides who is first (``adapters/lock.py``); this is how the second
asks the first to come forward. Both find the socket by the directory alone. Nothing but the one
word goes over it, and nobody but the same person can connect.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

_RAISE, _RAISED = b"raise\n", b"raised\n"
PATIENCE_MS = 2_000
"""How long a first window may take to answer before it counts as busy, at each step."""


def socket_of(directory: Path) -> str:
    """Returns where the first window over a data directory listens.

    The path is short, because the system allows a hundred characters or so.
    """
    runtime = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.RuntimeLocation)
    name = hashlib.sha256(os.fsencode(directory.resolve())).hexdigest()[:16]
    return str(Path(runtime or tempfile.gettempdir()) / f"converge-desktop-{name}")


def raise_first(directory: Path) -> bool:
    """Asks the window that is open over a data directory to come forward; says whether it did."""
    socket = QLocalSocket()
    socket.connectToServer(socket_of(directory))
    if not socket.waitForConnected(PATIENCE_MS):
        return False
    socket.write(_RAISE)
    socket.flush()
    said = b""
    while len(said) < len(_RAISED) and socket.waitForReadyRead(PATIENCE_MS):
        said += bytes(socket.read(len(_RAISED) - len(said)).data())
    socket.abort()
    return said == _RAISED


class FirstWindow(QObject):
    """Listens for those who start a second window. Made by whoever holds the directory's lock.

    Signals:
        asked: Somebody wants to see the window.
    """

    asked = Signal()

    def __init__(self, directory: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._greet)
        # The lock is ours, so whoever left a socket behind is no more.
        QLocalServer.removeServer(socket_of(directory))
        self._server.listen(socket_of(directory))

    @property
    def listens(self) -> bool:
        """Whether a second start can reach it; a desk works without."""
        return self._server.isListening()

    def close(self) -> None:
        """Listens no longer and removes the socket. Safe to call twice."""
        self._server.close()

    @Slot()
    def _greet(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.readyRead.connect(self._hear)
            socket.disconnected.connect(socket.deleteLater)
            if socket.canReadLine():
                self._answer(socket)

    @Slot()
    def _hear(self) -> None:
        socket = self.sender()
        if isinstance(socket, QLocalSocket):
            self._answer(socket)

    def _answer(self, socket: QLocalSocket) -> None:
        if socket.bytesAvailable() < len(_RAISE):
            return
        if bytes(socket.read(len(_RAISE)).data()) == _RAISE:
            self.asked.emit()
            socket.write(_RAISED)
            socket.flush()
        socket.disconnectFromServer()

"""Reads a whole ledger and checks all that can be checked about it, believing nothing else.

A long ledger is verified by several processes, each of which takes a share of its runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from converge_desktop.adapters.child_environment import child_environment
from converge_desktop.adapters.ledger.segments import segments
from converge_desktop.runtime.ledger_model import Verification
from converge_desktop.runtime.stopper import Stopper
from converge_desktop.runtime.verify_child import Said
from converge_desktop.runtime.verify_share import Finding, verify_share

Progress = Callable[[int, int, int], None]
"""Told how many records hold so far, and how many of how many bytes they take."""

SHARED_FROM = 16 * 1024 * 1024
"""Bytes from which starting processes is worth it."""
MOST_SHARES = 8
_MODULE = "converge_desktop.runtime.verify_child"
_read_said = msgspec.json.Decoder(Said).decode


def verify_ledger(
    directory: Path, progress: Progress | None = None, stopper: Stopper | None = None
) -> Verification:
    """Reads a ledger from its first record and checks hashes, signatures and approvals.

    Snapshots of the desk are not looked at. The memory it takes is that of the runs under way.

    Args:
        directory: where the ledger's files lie.
        progress: told now and then how far it is, on any thread.
        stopper: ends it before its end.

    Raises:
        GivenUp: if it was.
        OSError: if there is no ledger, or it cannot be read.
    """
    stopper = stopper or Stopper()
    if not directory.is_dir():
        raise FileNotFoundError(2, "there is no ledger", str(directory))
    total = sum(path.stat().st_size for path in segments(directory))
    if total < SHARED_FROM:
        found = verify_share(directory, progress=stopper.require_wanted)
        _Told(1, total, progress).end(0, found)
        return _verification([found])
    shares = max(1, min(MOST_SHARES, len(os.sched_getaffinity(0))))
    told = _Told(shares, total, progress)
    workers: list[_Worker] = []
    try:
        for number in range(shares):
            workers.append(_Worker(directory, number, shares, told))
            stopper.call(workers[-1].kill)
        return _verification([worker.result() for worker in workers])
    except OSError:
        stopper.require_wanted()
        raise
    finally:
        for worker in workers:
            worker.end()


class _Told:
    """How far all shares are, as the slowest is."""

    def __init__(self, shares: int, total: int, progress: Progress | None) -> None:
        self._done = [(0, 0)] * shares
        self._total = total
        self._progress = progress
        self._lock = threading.Lock()

    def tell(self, number: int, records: int, size: int) -> None:
        with self._lock:
            before = min(self._done)
            self._done[number] = (records, size)
            after = min(self._done)
            if self._progress is not None and after > before:
                self._progress(*after, self._total)

    def end(self, number: int, found: Finding) -> None:
        self.tell(number, found.records, self._total)


class _Worker:
    """A process that verifies a share, and the thread that listens to it."""

    def __init__(self, directory: Path, number: int, shares: int, told: _Told) -> None:
        self._directory = directory
        self._number = number
        self._told = told
        self._last = Said()
        self._child = subprocess.Popen(  # noqa: S603 - our own module, our own interpreter
            [
                *(sys.executable, "-P", "-s", "-m", _MODULE),
                *(str(directory.absolute()), str(number), str(shares)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env=child_environment(),
        )
        self._thread = threading.Thread(target=self._listen, name=f"verify-{number}")
        self._thread.start()

    def result(self) -> Finding:
        """Waits for what it finds.

        Raises:
            OSError: if it could not read the ledger, or did not come to an end.
        """
        self._thread.join()
        code = self._child.wait()
        if self._last.finding is None:
            ended = f"a process that verified it ended with exit code {code}; verify it again"
            place = self._last.place or str(self._directory)
            raise OSError(0, self._last.trouble or ended, place)
        return self._last.finding

    def kill(self) -> None:
        """Ends the process, and waits for nothing."""
        if self._child.poll() is None:
            self._child.kill()

    def end(self) -> None:
        """Ends the process, and all that belongs to it. Safe to call twice."""
        self.kill()
        self._thread.join()
        self._child.wait()
        if self._child.stdout is not None:
            self._child.stdout.close()

    def _listen(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            if not line.endswith(b"\n"):  # it was killed as it wrote
                return
            said = self._last = _read_said(line)
            if said.finding is not None:
                self._told.end(self._number, said.finding)
            elif said.records:
                self._told.tell(self._number, said.records, said.size)


def _verification(found: list[Finding]) -> Verification:
    """Returns what the shares come to: the first record that does not hold, if one does not."""
    bad = min((one for one in found if one.bad_seq >= 0), key=lambda one: one.bad_seq, default=None)
    if bad is not None:
        return Verification(bad.bad_seq, bad.bad_seq, bad.reason, bad.head)
    first, redacted = found[0], sum(one.redacted for one in found)
    return Verification(first.records, -1, "", first.head, first.unfinished, first.root, redacted)

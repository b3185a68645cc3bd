"""While the core is tested, it could not reach outside if it tried."""

from __future__ import annotations

import ast
import time
from pathlib import Path
from typing import Any

import pytest

import converge_core
from tests.core.guard import ENTRANCES, WRAPPERS, functions_of, guarded

FILES = sorted(Path(converge_core.__file__).parent.glob("*.py"))

REACHING = {
    "time.time": "import time; time.time()",
    "time.time_ns": "import time; time.time_ns()",
    "time.monotonic": "import time; time.monotonic()",
    "time.perf_counter": "import time; time.perf_counter()",
    "time.sleep": "import time; time.sleep(0)",
    "time.localtime": "import time; time.localtime()",
    "random.random": "import random; random.random()",
    "random.choice": "import random; random.choice('ab')",
    "random.shuffle": "import random; random.shuffle([])",
    "Random.__init__": "import random; random.Random(1)",
    "Random.__init__, of the system": "import random; random.SystemRandom()",
    "random._urandom": "import secrets; secrets._sysrand.random()",
    "secrets.token_hex": "import secrets; secrets.token_hex(1)",
    "secrets.randbelow": "import secrets; secrets.randbelow(2)",
    "uuid.uuid1": "import uuid; uuid.uuid1()",
    "uuid.uuid4": "import uuid; uuid.uuid4()",
    "os.urandom": "import os; os.urandom(1)",
    "os.getenv": "import os; os.getenv('PATH')",
    "_Environ.__getitem__": "import os; os.environ.get('PATH')",
    "_Environ.__iter__": "import os; list(os.environ)",
    "os.open": "import os; os.close(os.open(os.devnull, os.O_RDONLY))",
    "os.listdir": "import os; os.listdir(os.curdir)",
    "os.getpid": "import os; os.getpid()",
    "builtins.open": "import os; open(os.devnull).close()",
    "io.open": "import io, os; io.open(os.devnull).close()",
    "io.open, by a path": "import os, pathlib; pathlib.Path(os.devnull).read_bytes()",
    "builtins.print": "print('x')",
    "socket.__init__": "import socket; socket.socket().close()",
    "Popen.__init__": "import subprocess as s, sys; s.Popen([sys.executable, '-ISc', '']).wait()",
    "Popen.__init__, by run": "import subprocess as s, sys; s.run([sys.executable, '-ISc', ''])",
    "Thread.start": "import threading; one = threading.Thread(target=int); one.start(); one.join()",
    "_thread.start_new_thread": "import _thread; _thread.start_new_thread(int, ())",
    "Logger._log": "import logging; logging.getLogger('x').error('x')",
    "Logger._log, by the module": "import logging; logging.error('x')",
    "time.time, as it was renamed": "from time import time as harmless; harmless()",
    "time.time, as a default": "import time; (lambda clock=time.time: clock())()",
    "time.time, as a key": "import time; sorted([1], key=lambda one: time.time())",
    "time.time, by its name": "__import__('time').__dict__['time']()",
}
"""Code that reaches outside, by what it reaches for."""


def run_as(module: str, code: str) -> None:
    """Runs ``code`` as if it stood in ``module``."""
    exec(compile(code, f"<{module}>", "exec"), {"__name__": module})


@pytest.mark.parametrize("module", ["converge_core", "converge_core.fake"])
@pytest.mark.parametrize("what", REACHING)
def test_the_core_cannot_reach(what: str, module: str) -> None:
    """Each way is refused, and the refusal says who wanted what."""
    name = what.partition(",")[0]

    with pytest.raises(AssertionError, match=rf"^{module} calls {name}; the core is pure$"):
        run_as(module, REACHING[what])


@pytest.mark.parametrize("module", ["converge_desktop.fake", "tests.core.fake", "converge_corean"])
@pytest.mark.parametrize("what", REACHING)
def test_everybody_else_can_reach(what: str, module: str) -> None:
    """The same code under another name runs as ever."""
    run_as(module, REACHING[what])


@pytest.mark.parametrize("library", ["msgspec", "pydantic", "hypothesis"])
def test_what_the_core_stands_on_answers_for_itself(library: str) -> None:
    """A library that looks at a clock on its own account is not the core doing so."""
    namespace: dict[str, Any] = {"__name__": library}
    exec("import time\ndef look(): return time.time()", namespace)

    exec("look()", {"__name__": "converge_core.fake", "look": namespace["look"]})


def test_every_entrance_is_closed_in_every_test_of_the_core() -> None:
    """The fixture is at work here, too, without being asked for."""
    closed = [getattr(owner, name) is wrapper for owner, name, wrapper in WRAPPERS]

    assert closed
    assert all(closed)


def test_a_guard_leaves_everything_as_it_found_it() -> None:
    """So that the next suite finds the world untouched."""
    before = {(owner, name): getattr(owner, name) for owner, name, _ in WRAPPERS}
    with guarded():
        pass

    assert before == {(owner, name): getattr(owner, name) for owner, name, _ in WRAPPERS}


def test_clock_and_chance_are_closed_as_a_whole() -> None:
    """Whatever they offer to be called is an entrance, whether anybody has thought of it or not."""
    assert {"time", "sleep", "gmtime", "clock_gettime"} <= set(ENTRANCES[time])
    assert set(functions_of(time)) == set(ENTRANCES[time])


# ``datetime.now`` belongs to a type that cannot be changed, so no wrapper guards it.

DATETIME = {"datetime", "today", "utcnow", "fromtimestamp", "utcfromtimestamp"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_of_the_core_does_not_speak_of_today(file: Path) -> None:
    """Neither ``datetime`` by any name nor a call of ``now`` stands in its source."""
    spoken, called = set(), set()
    for node in ast.walk(ast.parse(file.read_text())):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
                spoken |= {*name.split(".")}
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                called.add(name)

    assert set() == spoken & DATETIME
    assert "now" not in called

"""A child as its parent sees it: messages, its end, and what is said of it."""

from __future__ import annotations

import pytest

from autokeras_nas.search import child as child_module
from autokeras_nas.search.child import Child

RECEIVE = """
import os, sys
from multiprocessing.connection import Connection
connection = Connection(int(sys.argv[1]))
try:
    while True:
        kind, payload = connection.recv()
        connection.send((kind, os.environ.get("COLOUR")))
except EOFError:
    pass
"""
SLEEP = "import time; time.sleep(600)"


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Starts a child that runs another program."""
    children = []

    def start(program, **environment):
        monkeypatch.setattr(child_module, "_PROGRAM", program)
        children.append(Child(b"", tmp_path / "workers" / "worker_0.log", environment))
        return children[-1]

    yield start
    for child in children:
        child.kill()


def test_messages_go_there_and_back(start):
    child = start(RECEIVE, COLOUR="blue")
    child.send("trial", 1)
    assert [child.receive() for _ in range(2)] == [("setup", "blue"), ("trial", "blue")]


@pytest.mark.parametrize(
    ("deed", "how"),
    [
        ("sys.exit(3)", "it ended with status 3."),
        ("os.kill(os.getpid(), 11)", "it died of SIGSEGV."),
        ("os.abort()", "it died of SIGABRT."),
        ("os.kill(os.getpid(), 9)", "it was killed (SIGKILL), most likely because memory ran out."),
    ],
)
def test_the_dead_are_received_with_their_last_words_and_how_they_died(start, deed, how):
    child = start(f"import os, sys; print('my last words', flush=True); {deed}")
    kind, reason = child.receive()
    assert kind == "dead"
    assert reason == f"my last words\nThe worker process is gone: {how}"


def test_nothing_comes_of_sending_to_the_dead(start):
    child = start("raise SystemExit(1)")
    child._process.wait()
    child.send("trial", b"x" * 10**6)
    assert child.receive()[0] == "dead"


def test_of_a_fault_the_list_of_modules_is_left_out(start):
    fault = "Fatal Python error: Segmentation fault\nExtension modules: numpy, h5py (total: 2)"
    _, reason = start(f"print({fault!r}); raise SystemExit(1)").receive()
    assert reason.startswith("Fatal Python error: Segmentation fault\nThe worker process is gone")


def test_of_much_output_the_end_is_told(start):
    _, reason = start("print('x' * 100_000, 'at last'); raise SystemExit(1)").receive()
    assert len(reason) < 5000 and "at last\n" in reason


def test_who_died_in_silence_has_no_last_words(start):
    assert start("raise SystemExit(1)").receive()[1].startswith("The worker process is gone")


def test_an_idle_child_ends_by_itself(start):
    child = start(RECEIVE)
    assert child.receive()[0] == "setup"
    child.end()
    assert child._process.returncode == 0


def test_a_child_that_does_not_end_is_killed(start, monkeypatch):
    monkeypatch.setattr(child_module, "_GRACE_SECONDS", 0.1)
    child = start(SLEEP)
    child.end()
    assert child._process.returncode == -9


def test_a_killed_child_is_gone_at_once(start):
    child = start(SLEEP)
    child.kill()
    assert child._process.returncode == -9 and child.connection.closed


WORKER = """
import os, signal, sys
from multiprocessing.connection import Connection

def main():
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(os.getpid(), number)
    Connection(int(sys.argv[1])).send(("alive", None))
"""


def test_what_interrupts_the_parent_does_not_end_the_child(start, tmp_path, monkeypatch):
    folder = tmp_path / "autokeras_nas" / "search"
    folder.mkdir(parents=True)
    for place in (folder.parent, folder):
        (place / "__init__.py").touch()
    (folder / "worker.py").write_text(WORKER)
    monkeypatch.chdir(tmp_path)  # Where a program that is given as text looks first.
    assert start(child_module._PROGRAM).receive() == ("alive", None)

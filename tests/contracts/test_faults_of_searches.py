"""What comes from outside, upon a real search: signals, and clocks that are set back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from faulty import X, Y

import autokeras_nas as nas
from autokeras_nas.storage import Journal

pytestmark = pytest.mark.slow

TESTS = Path(__file__).resolve().parent.parent
SECONDS = 300  # After which a search that hangs fails its test.

SEARCH = """
import sys, tempfile
import keras
import autokeras_nas as nas
from faulty import X, Y

class Mark(keras.callbacks.Callback):
    # A file for each trial that has finished an epoch.
    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 0:
            tempfile.mkstemp(dir=self.folder)

folder, marks, executor = sys.argv[1:]
model = nas.AutoModel(oracle="random", max_trials=4, executor=executor, seed=0, directory=folder)
model.fit(X, Y, epochs=10**6, time_budget=None, callbacks=[Mark(marks)], verbose=0)
print("predicted", model.predict(X[:3]).shape)
"""


class Search:
    """A search in a process group of its own, as a terminal or a service manager starts one."""

    def __init__(self, folder, executor):
        self.folder, self.marks, self.log = folder / "nas", folder / "marks", folder / "log"
        self.marks.mkdir()
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SEARCH, str(self.folder), str(self.marks), executor],
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
            )

    @property
    def said(self):
        """What it has printed so far."""
        return self.log.read_text()

    def wait(self, until):
        """Waits until something is so, which must be before the search ends."""
        deadline = time.monotonic() + SECONDS
        while not until():
            assert self.process.poll() is None and time.monotonic() < deadline, self.said
            time.sleep(0.1)

    def wait_for_trial(self, number):
        """Waits until so many trials have finished an epoch."""
        self.wait(lambda: len(list(self.marks.iterdir())) >= number)

    def wait_for_end(self):
        """Waits until it has ended well, with a result."""
        assert self.process.wait(SECONDS) == 0, self.said
        assert "predicted (3, 10)" in self.said

    def signal(self, number):
        os.killpg(self.process.pid, number)

    def check_it_goes_on(self, reasons):
        """Opens what the search left, and ends it."""
        opened = nas.AutoModel.load(self.folder / "auto_model")
        assert opened.predict(X[:3]).shape == (3, 10)
        board = opened.leaderboard().set_index("trial").sort_index()
        assert list(board["reason"]) == reasons
        assert list(board["status"]) == ["COMPLETED"] * len(reasons)
        opened.fit(X, Y, epochs=1, time_budget=None, verbose=0)
        after = opened.leaderboard().set_index("trial").sort_index()
        assert list(after["status"]) == ["COMPLETED"] * 4
        assert list(after["score"][: len(reasons)]) == list(board["score"])


@pytest.fixture(params=["inline", "process"])
def search(request, tmp_path):
    search = Search(tmp_path, request.param)
    yield search
    if search.process.poll() is None:
        os.killpg(search.process.pid, signal.SIGKILL)


def test_ctrl_c_once_ends_the_trial_and_twice_the_search(search):
    search.wait_for_trial(1)
    search.signal(signal.SIGINT)
    search.wait_for_trial(2)
    time.sleep(2.5)  # Else it would count as the second.
    search.signal(signal.SIGINT)
    search.wait(lambda: search.said.count("Ending this trial.") == 2)
    search.signal(signal.SIGINT)
    search.wait_for_end()
    assert "Ending the search." in search.said
    search.check_it_goes_on(["it was interrupted"] * 2)


def test_sigterm_ends_the_search_with_its_result(search):
    search.wait_for_trial(1)
    search.signal(signal.SIGTERM)
    search.wait_for_end()
    assert "Terminated: ending the search." in search.said
    search.check_it_goes_on(["it was interrupted"])


# ---- Clocks ---------------------------------------------------------------------------------


def seconds_of(folder):
    records = Journal(folder / "auto_model" / "journal.jsonl").read()
    return [record["seconds"] for record in records if "seconds" in record]


def test_a_wall_clock_that_runs_backwards_changes_nothing(tmp_path, monkeypatch):
    began, calls = time.time(), []
    monkeypatch.setattr(time, "time", lambda: began - 1000.0 * len(calls) - (calls.append(0) or 0))
    settings = {"oracle": "random", "seed": 0, "directory": tmp_path}
    first = nas.AutoModel(max_trials=2, **settings)
    first.fit(X, Y, epochs=1, time_budget="10m", verbose=0)
    model = nas.AutoModel(max_trials=3, **settings)
    model.fit(X, Y, epochs=1, time_budget="10m", verbose=0)
    assert calls
    board = model.leaderboard()
    assert list(board["status"]) == ["COMPLETED"] * 3 and (board["seconds"] > 0).all()
    assert seconds_of(tmp_path) == sorted(seconds_of(tmp_path)) and min(seconds_of(tmp_path)) >= 0
    assert nas.AutoModel.load(tmp_path / "auto_model").predict(X[:2]).shape == (2, 10)


class SetBack:
    """A clock that goes a minute further each time, and that is set back by an hour once."""

    def __init__(self, at):
        self.at, self.calls = at, 0

    def __call__(self):
        self.calls += 1
        return 60.0 * self.calls - (3600.0 if self.calls > self.at else 0.0)


@pytest.mark.parametrize("at", [1, 4, 9])
def test_an_oracles_clock_that_is_set_back_prolongs_no_search(tmp_path, at):
    oracle = nas.oracles.RandomSearch(objective="val_accuracy", seed=0, clock=SetBack(at))
    model = nas.AutoModel(oracle=oracle, directory=tmp_path)
    model.fit(X, Y, epochs=1, time_budget=900.0, verbose=0)
    assert 1 <= len(oracle.trials) < 15
    assert seconds_of(tmp_path) == sorted(seconds_of(tmp_path)) and min(seconds_of(tmp_path)) >= 0
    again = nas.oracles.RandomSearch(objective="val_accuracy", seed=0, clock=SetBack(1))
    opened = nas.AutoModel.load(tmp_path / "auto_model", oracle=again)
    assert again.elapsed() == seconds_of(tmp_path)[-1]
    assert opened.predict(X[:2]).shape == (2, 10)

"""The worker: what it receives, what it answers, and how it ends."""

from __future__ import annotations

import builtins
import multiprocessing
import os
import sys
import threading
from dataclasses import replace

import cloudpickle
import keras_tuner
import numpy as np
import pytest
from keras_tuner import errors as kt_errors

from autokeras_nas.architecture import Proposal
from autokeras_nas.errors import ProjectError
from autokeras_nas.search import worker
from autokeras_nas.search.spec import Training, TrialResult, TrialSpec
from autokeras_nas.search.worker import Inbox, Setup, resident_bytes, serve, with_less_time

SECONDS = 60  # After which a test that hangs fails.


def spec(tmp_path, **kwargs):
    hp = keras_tuner.HyperParameters()
    return TrialSpec("0000", hp, Proposal({}), 1, tmp_path / "checkpoint.weights.h5", **kwargs)


@pytest.fixture
def exits(monkeypatch):
    """The statuses with which the process would have ended; only its thread does."""
    statuses, ended = [], threading.Event()

    def leave(status):
        statuses.append(status)
        ended.set()
        raise SystemExit

    monkeypatch.setattr(os, "_exit", leave)
    yield statuses, ended
    assert ended.wait(SECONDS)  # Before the real one is back.


# ---- Messages -------------------------------------------------------------------------------


def test_messages_wait_in_their_order_and_a_stop_is_at_hand_at_once(exits):
    ours, theirs = multiprocessing.Pipe()
    inbox = Inbox(theirs)
    inbox.start()
    for message in (("setup", 1), ("trial", 2), ("stop", "enough")):
        ours.send(message)
    assert [inbox.messages.get(timeout=SECONDS) for _ in range(2)] == [("setup", 1), ("trial", 2)]
    ours.close()
    inbox.join(SECONDS)  # It has read all.
    assert inbox.stop_reason == "enough" and inbox.messages.empty()


def test_the_next_trial_is_not_stopped_by_what_stopped_the_last(exits):
    ours, theirs = multiprocessing.Pipe()
    inbox = Inbox(theirs)
    inbox.start()
    for message in (("trial", 1), ("stop", "enough"), ("trial", 2)):
        ours.send(message)
    assert [inbox.messages.get(timeout=SECONDS)[1] for _ in range(2)] == [1, 2]
    assert inbox.stop_reason is None
    ours.close()


def test_the_process_ends_with_its_parent(exits):
    statuses, ended = exits
    ours, theirs = multiprocessing.Pipe()
    Inbox(theirs).start()
    ours.close()
    assert ended.wait(SECONDS) and statuses == [0]


# ---- Trials ---------------------------------------------------------------------------------


class Runner:
    """Answers each trial with what it was made with; an error is raised."""

    def __init__(self, answer):
        self.answer = answer

    def run(self, spec):
        if isinstance(self.answer, Exception):
            raise self.answer
        return TrialResult(spec.trial_id, "COMPLETED", reason=spec.stop() or "")


@pytest.fixture
def parent(exits, monkeypatch):
    """The parent's end of a worker whose runner is the hypermodel that it is set up with."""
    monkeypatch.setattr(worker, "_runner", lambda setup: setup.hypermodel)
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    ours, theirs = multiprocessing.Pipe()
    threading.Thread(target=serve, args=(theirs,), daemon=True).start()
    yield ours
    ours.close()
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


def received(connection):
    assert connection.poll(SECONDS)
    return connection.recv()


def set_up(connection, answer):
    setup = cloudpickle.dumps(Setup(Runner(answer), None, None))
    connection.send(("setup", (list(sys.path), setup)))
    return received(connection)


def test_a_trial_is_begun_run_and_answered(parent, tmp_path):
    assert set_up(parent, None) == ("ready", None)
    parent.send(("trial", (cloudpickle.dumps(spec(tmp_path)), 0.0)))
    assert received(parent) == ("begun", None)
    kind, (content, held) = received(parent)
    result = cloudpickle.loads(content)
    assert kind == "result" and held == pytest.approx(resident_bytes(), rel=0.5)
    assert (result.trial_id, result.status, result.reason) == ("0000", "COMPLETED", "")
    assert result.hyperparameters.values == {}


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ProjectError("The project cannot be written"), ProjectError),
        (kt_errors.FatalTypeError("no model"), kt_errors.FatalError),
        (ValueError("of our own"), kt_errors.FatalError),
    ],
)
def test_what_ends_a_search_is_sent_as_an_error(parent, tmp_path, error, kind):
    set_up(parent, error)
    parent.send(("trial", (cloudpickle.dumps(spec(tmp_path)), 0.0)))
    assert received(parent) == ("begun", None)
    name, sent = received(parent)
    assert name == "fatal" and type(sent) is kind and str(error) in str(sent)


def test_a_setup_that_cannot_be_read_is_fatal(parent):
    parent.send(("setup", (list(sys.path), b"no pickle")))
    name, error = received(parent)
    assert name == "fatal" and isinstance(error, kt_errors.FatalError)
    assert "UnpicklingError" in str(error)


# ---- Memory ---------------------------------------------------------------------------------


def test_memory_that_is_held_counts():
    before = resident_bytes()
    held = np.ones(2**24)  # 128 MB.
    assert resident_bytes() - before > held.nbytes / 2


def test_a_system_that_does_not_tell_counts_nothing(monkeypatch):
    def closed(*args, **kwargs):
        raise FileNotFoundError("/proc/self/statm")

    monkeypatch.setattr(builtins, "open", closed)
    assert resident_bytes() == 0


# ---- The time of a trial --------------------------------------------------------------------


def test_what_begins_late_ends_in_time(tmp_path):
    training = Training((), {"seconds": 10.0, "epochs": 3})
    asked = replace(spec(tmp_path, seconds=20.0), trainings=(training,))
    late = with_less_time(asked, 5.0)
    assert late.seconds == 15.0
    assert late.trainings == (Training((), {"seconds": 7.5, "epochs": 3}),)
    assert with_less_time(asked, 99.0).seconds == 1.0


def test_a_trial_without_a_time_has_none_when_it_is_late(tmp_path):
    asked = spec(tmp_path)
    assert with_less_time(asked, 5.0) is asked

"""Worker: the program of a child process, which runs the trials that it is sent.

Messages are pairs of a kind and a payload. The parent sends `setup` once, then `trial`s, and
may send `stop` while one runs; the worker answers `ready`, `begun` and `result`, or `fatal`
with the error that ends the search. It ends when the parent does.
"""

from __future__ import annotations

import faulthandler
import os
import queue
import sys
import threading
import time
import traceback
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Any

import cloudpickle
from keras_tuner import errors as kt_errors

from autokeras_nas.errors import ProjectError

_LEAST_SECONDS = 1.0


@dataclass(frozen=True)
class Setup:
    """What all trials of a search have in common.

    Attributes:
        hypermodel: Builds and fits models.
        objective: What the training must log.
        max_model_size: Parameters at most.
    """

    hypermodel: Any
    objective: Any
    max_model_size: float | None


class Inbox(threading.Thread):
    """Receives messages while a trial runs, and ends the process when the parent is gone.

    Args:
        connection: To the parent.
    """

    def __init__(self, connection: Connection):
        super().__init__(daemon=True)
        self._connection = connection
        self.messages: queue.SimpleQueue = queue.SimpleQueue()
        self.stop_reason: str | None = None

    def run(self) -> None:
        while True:
            try:
                kind, payload = self._connection.recv()
            except (EOFError, OSError):
                os._exit(0)
            self.stop_reason = payload if kind == "stop" else None
            if kind != "stop":
                self.messages.put((kind, payload))


def resident_bytes() -> int:
    """Memory that this process holds; 0: the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def serve(connection: Connection) -> None:
    """Runs trials until the parent ends."""
    inbox = Inbox(connection)
    inbox.start()
    runner: Any = None
    while True:
        kind, payload = inbox.messages.get()
        try:
            if kind == "setup":
                path, content = payload
                sys.path[:] = path
                runner = _runner(cloudpickle.loads(content))
                connection.send(("ready", None))
            else:
                connection.send(("begun", None))
                content, sent = payload
                spec = with_less_time(cloudpickle.loads(content), time.monotonic() - sent)
                result = runner.run(replace(spec, stop=lambda: inbox.stop_reason))
                result.hyperparameters = spec.hyperparameters
                connection.send(("result", (cloudpickle.dumps(result), resident_bytes())))
        except ProjectError as error:
            connection.send(("fatal", error))
        except Exception:
            text = f"A worker process cannot go on:\n{traceback.format_exc()}"
            connection.send(("fatal", kt_errors.FatalError(text)))


def with_less_time(spec, late: float):
    """A trial that began so many seconds late: its time ends when it would have ended."""
    if spec.seconds is None:
        return spec
    seconds = max(spec.seconds - late, _LEAST_SECONDS)
    share = seconds / spec.seconds

    def shortened(training):
        kwargs = dict(training.kwargs)
        if "seconds" in kwargs:
            kwargs["seconds"] *= share
        return replace(training, kwargs=kwargs)

    return replace(spec, seconds=seconds, trainings=tuple(map(shortened, spec.trainings)))


def _runner(setup: Setup):
    from autokeras_nas.search.runner import KerasRunner

    return KerasRunner(setup.hypermodel, setup.objective, setup.max_model_size)


def main() -> None:
    """Serves the connection that the command line names."""
    faulthandler.enable()
    serve(Connection(int(sys.argv[1])))


if __name__ == "__main__":
    main()

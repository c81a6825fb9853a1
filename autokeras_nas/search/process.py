"""The Process executor: trials in child processes, whose deaths cost one trial."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from multiprocessing import connection as mp_connection
from pathlib import Path

import cloudpickle

from autokeras_nas.search.child import Child
from autokeras_nas.search.devices import environment_of, visible_gpus
from autokeras_nas.search.spec import TrialResult, TrialSpec, never_stop
from autokeras_nas.search.travel import Store
from autokeras_nas.search.worker import Setup

_RECYCLE_AFTER = 20
_MOST_GROWTH = 2**30
_POLL_SECONDS = 0.2
_OVERTIME, _OVERTIME_SECONDS = 2.0, 60.0


@dataclass
class _Slot:
    """A child process and what it does.

    Attributes:
        child: The process.
        spec: The trial that it runs; None: it is idle.
        began: When it began with it; None: it has not yet.
        told: Whether it was asked to stop.
        trials: How many it has run.
        first_bytes: Its memory after the first of them.
    """

    child: Child
    spec: TrialSpec | None = None
    began: float | None = None
    told: bool = False
    trials: int = 0
    first_bytes: int = 0
    last_bytes: int = field(default=0, repr=False)

    @property
    def is_worn(self) -> bool:
        """Whether a fresh process should take its place."""
        return self.trials >= _RECYCLE_AFTER or self.last_bytes - self.first_bytes > _MOST_GROWTH


class Process:
    """Runs each trial in a child process of its own slot, warm from the trial before.

    TensorFlow keeps something of every trial, whatever is cleared; a child is replaced after
    twenty trials, or when it has grown by a gigabyte. A child that dies or hangs costs the
    trial that it ran, whose result tells the reason. On a machine with GPUs each child sees one.

    Args:
        setup: What all trials have in common.
        folder: For data that the children read, and their output; data are removed at the end.
        slots: How many trials run at once.
        trial_timeout: Seconds after which a trial is taken to hang. None: one that has a time
            of its own gets twice that and a minute; another never hangs.
        clock: Returns seconds.

    Raises:
        ValueError: If the hypermodel cannot be sent to another process.
    """

    def __init__(
        self,
        setup: Setup,
        folder: Path,
        slots: int = 1,
        trial_timeout: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.slots = slots
        self.trial_timeout = trial_timeout
        self.clock = clock
        self._setup = _pickled("the hypermodel", setup)
        self._folder = folder
        self._store = Store(folder / "data")
        self._gpus = visible_gpus()
        self._running: dict[int, _Slot] = {}
        for slot in range(slots):
            self._start(slot)

    def submit(self, spec: TrialSpec, slot: int) -> None:
        """Sends a trial to the child of a slot, which is started where there is none.

        Raises:
            ValueError: If the data or callbacks cannot be sent to another process.
        """
        trainings = tuple(self._store.packed(training) for training in spec.trainings)
        message = _pickled("the trial", replace(spec, trainings=trainings, stop=never_stop))
        place = self._running.get(slot) or self._start(slot)
        place.spec, place.began, place.told = spec, None, False
        place.child.send("trial", (message, time.monotonic()))

    def wait(self, timeout: float | None = None) -> list[TrialResult]:
        """Results of trials that ended, at least one unless the time runs out or none runs."""
        ends = None if timeout is None else self.clock() + timeout
        results: list[TrialResult] = []
        while not results and any(place.spec for place in self._running.values()):
            if ends is not None and self.clock() >= ends:
                break
            by_connection = {p.child.connection: n for n, p in self._running.items() if p.spec}
            for ready in mp_connection.wait(list(by_connection), _POLL_SECONDS):
                results += self._received(by_connection[ready])  # type: ignore[index]
            for number in list(self._running):
                results += self._supervised(number)
        return results

    def cancel(self, trial_id: str) -> None:
        """Ends the child that runs a trial; no result comes of it."""
        for number, place in list(self._running.items()):
            if place.spec is not None and place.spec.trial_id == trial_id:
                self._running.pop(number).child.kill()

    def close(self) -> None:
        """Ends all children and removes the data."""
        for place in self._running.values():
            if place.spec is None:
                place.child.end()
            else:
                place.child.kill()
        self._running.clear()
        self._store.remove()

    def _start(self, slot: int) -> _Slot:
        environment = environment_of(slot, self.slots, self._gpus, os.cpu_count() or 1)
        log = self._folder / f"worker_{slot}.log"
        self._running[slot] = _Slot(Child(self._setup, log, environment))
        return self._running[slot]

    def _received(self, number: int) -> list[TrialResult]:
        """What the next message of a child comes to."""
        place = self._running[number]
        assert place.spec is not None
        kind, payload = place.child.receive()
        if kind == "begun":
            place.began = self.clock()
        elif kind == "fatal":
            raise payload
        elif kind == "dead":
            del self._running[number]
            return [TrialResult(place.spec.trial_id, "INVALID", reason=payload)]
        elif kind == "result":
            content, place.last_bytes = payload
            return [self._finished(number, cloudpickle.loads(content))]
        return []

    def _finished(self, number: int, result: TrialResult) -> TrialResult:
        place = self._running[number]
        place.spec = None
        place.trials += 1
        place.first_bytes = place.first_bytes or place.last_bytes
        if place.is_worn:
            self._running.pop(number).child.end()
            self._start(number)
        return result

    def _supervised(self, number: int) -> list[TrialResult]:
        """Asks a child to stop where it should, and kills it where it hangs."""
        place = self._running[number]
        if place.spec is None:
            return []
        reason = place.spec.stop()
        if reason and not place.told:
            place.told = True
            place.child.send("stop", reason)
        limit = self._limit(place.spec)
        if place.began is None or limit is None or self.clock() - place.began < limit:
            return []
        self._running.pop(number).child.kill()
        text = f"It was taken to hang: no end after {limit:.0f} s."
        return [TrialResult(place.spec.trial_id, "FAILED", reason=text)]

    def _limit(self, spec: TrialSpec) -> float | None:
        if self.trial_timeout is not None or spec.seconds is None:
            return self.trial_timeout
        return _OVERTIME * spec.seconds + _OVERTIME_SECONDS


def _pickled(what: str, thing) -> bytes:
    try:
        return cloudpickle.dumps(thing)
    except Exception as error:
        raise ValueError(
            f"{what.capitalize()} cannot be sent to another process. Received: "
            f"{type(error).__name__}: {error}. Create files, locks and models inside `build` and "
            '`fit`, not outside, or search with executor="inline".'
        ) from error

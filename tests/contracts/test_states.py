"""Whatever is asked of an oracle in whatever order, with crashes between: it keeps its contract.

A model of a few lines keeps what must hold: which trials run, wait or have ended, and how. Beside
it goes a twin, an oracle that is never reloaded and whose trials end the first time: what is
proposed, learned and chosen must be the same.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import json
import math
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import hypothesis
import keras_tuner
import pytest
import toys
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from keras_tuner.src.engine import trial as kt_trial

from autokeras_nas.architecture import (
    FeatureSpec,
    HyperParameterGrammar,
    InputSpec,
    canonical_text,
    decode,
)
from autokeras_nas.errors import SearchFailedError
from autokeras_nas.oracles import ORACLES, journaled
from autokeras_nas.search_spaces import SEARCH_SPACES
from autokeras_nas.storage.journal import encode_line

pytestmark = [
    pytest.mark.filterwarnings("ignore:Line .* is damaged"),
    pytest.mark.filterwarnings("ignore:All-NaN axis"),
]

MAX_TRIALS = 18
TUNERS = st.sampled_from(["tuner0", "tuner1", "tuner2", "tuner3"])
SCORES = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0, -1e300]) | st.floats(-1.0, 1.0)
VALUES = st.one_of(SCORES, SCORES, SCORES, st.sampled_from([math.nan, math.inf, -math.inf]))
LATE = "late"


def of_space(name, spec):
    """Settings for an oracle over one of the package's spaces."""
    grammar = SEARCH_SPACES[name]().grammar(spec, FeatureSpec("vector"))
    default = grammar.default()
    return {"grammar": grammar, "initial_architectures": [] if default is None else [default]}


@dataclasses.dataclass(frozen=True)
class Case:
    """What an oracle searches.

    Attributes:
        settings: Makes the arguments of `toys.make_oracle`.
        direction: Of the objective.
        retries: How often an invalid trial is tried again.
        finds: Whether trials may discover an entry while they are built.
        size: How many architectures there are; None: more than trials.
        share: Of the examples; to prove again and again that a space is exhausted takes long.
    """

    settings: Callable[[], dict[str, Any]]
    direction: str = "max"
    retries: int = 0
    finds: bool = False
    size: int | None = None
    share: float = 1.0


CASES = {
    "mixed": Case(lambda: {"space": toys.mixed_space()}, retries=1, finds=True),
    "finals": Case(lambda: {"space": toys.mixed_space(), "finalists": 3}, "min"),
    "exhausted": Case(
        lambda: {"space": toys.ordinal_space(2, 3)}, "min", retries=2, size=9, share=0.4
    ),
    "chain": Case(lambda: of_space("chain_cnn", InputSpec((8, 8, 1))), retries=1),
    "table": Case(lambda: of_space("tabular_mlp", InputSpec((5,), vocabularies=(3, 7))), "min"),
}


@dataclasses.dataclass
class Known:
    """What the model knows of a trial.

    Attributes:
        values: What was proposed, and what was discovered since.
        twin: The same trial of the twin.
        reports: Metrics of this attempt, with their steps.
        attempts: How many attempts have ended.
        end: How it ended; None: it has not.
    """

    values: dict[str, Any]
    twin: kt_trial.Trial
    reports: list[tuple[dict[str, float], int]] = dataclasses.field(default_factory=list)
    attempts: int = 0
    end: dict[str, Any] | None = None


def how_it_ended(trial):
    """All that an ended trial says, as JSON, in which NaN is equal to NaN."""
    state = {
        "values": dict(trial.hyperparameters.values),
        "status": trial.status,
        "score": trial.score,
        "best_step": trial.best_step,
        "message": trial.message,
        "metrics": trial.metrics.get_config(),
    }
    return json.dumps(state, sort_keys=True)


def learned(oracle):
    """What an oracle knows of its ended trials."""
    # As text, in which NaN is equal to NaN.
    return [repr((t, t.metrics, t.message)) for t in oracle.finished()]


class Search(RuleBasedStateMachine):
    """Tuners, a clumsy user and crashes, around one project."""

    def __init__(self, name: str, case: Case):
        super().__init__()
        self.name, self.case = name, case
        self.folder = Path(tempfile.mkdtemp())
        # Snapshots, for oracles that have states, between any two trials.
        self.patches = [mock.patch.object(journaled, "_SNAPSHOT_EVERY", 3)]
        # Processes die here, machines do not.
        self.patches.append(mock.patch("os.fsync"))
        for patch in self.patches:
            patch.start()
        self.opened: list = []
        self.known: dict[str, Known] = {}
        self.running: dict[str, str] = {}
        self.waiting: list[str] = []
        self.ended: list[str] = []
        self.is_stopped = False

    def teardown(self):
        for oracle in self.opened:
            oracle.close()
        shutil.rmtree(self.folder)
        for patch in self.patches:
            patch.stop()

    @initialize(seed=st.integers(0, 3))
    def begin(self, seed):
        self.oracle = self.make(self.folder, seed=seed)
        self.twin = self.make(seed=seed, max_retries_per_trial=0)

    def make(self, folder=None, **kwargs):
        settings = {
            "objective": keras_tuner.Objective("val_score", self.case.direction),
            "max_trials": MAX_TRIALS,
            "max_retries_per_trial": self.case.retries,
            "clock": lambda: 0.0,
            **self.case.settings(),
        }
        self.opened.append(toys.make_oracle(self.name, folder, **{**settings, **kwargs}))
        return self.opened[-1]

    # ---- What tuners do ---------------------------------------------------------------------

    @rule(tuner=TUNERS)
    def create(self, tuner):
        trial = self.oracle.create_trial(tuner)
        if tuner in self.running:
            assert trial is self.oracle.trials[self.running[tuner]]
        elif self.is_stopped:
            assert trial.status == "STOPPED"
        elif self.waiting:
            assert trial.trial_id == self.waiting.pop(0)
            assert trial.status == "RUNNING" and not trial.metrics.metrics and not trial.message
            self.running[tuner] = trial.trial_id
        elif len(self.known) == MAX_TRIALS:
            assert trial.status == "STOPPED"
        else:
            self.compare_new(tuner, trial)

    def compare_new(self, tuner, trial):
        """A trial that was never handed out before, or none."""
        # Never the same tuner twice, which would get the same trial again.
        twin = self.twin.create_trial(f"twin{len(self.known)}")
        assert trial.status == twin.status
        if trial.status != "RUNNING":
            tried = {canonical_text(decode(known.values).values) for known in self.known.values()}
            assert self.case.size == len(tried), "a search gave up that is not at its end"
            assert trial.status == ("IDLE" if self.running else "STOPPED")
            return
        assert trial.trial_id == twin.trial_id == f"{len(self.known):04d}"
        values = dict(trial.hyperparameters.values)
        assert values == dict(twin.hyperparameters.values) == json.loads(json.dumps(values))
        architecture = decode(values).values
        assert self.grammar().is_legal(architecture)
        assert self.grammar().check(architecture) is None
        self.known[trial.trial_id] = Known(values, twin)
        self.running[tuner] = trial.trial_id

    def grammar(self):
        given = self.case.settings().get("grammar")
        return HyperParameterGrammar(self.oracle.get_space()) if given is None else given

    @precondition(lambda self: self.running)
    @rule(data=st.data(), value=VALUES, more=st.booleans())
    def update(self, data, value, more):
        trial_id = data.draw(st.sampled_from(sorted(self.running.values())))
        known = self.known[trial_id]
        metrics = {"val_score": value, **({"loss": 1.0 - value} if more else {})}
        step = known.reports[-1][1] + 1 if known.reports else 0
        self.oracle.update_trial(trial_id, metrics, step=step)
        known.reports.append((metrics, step))

    @precondition(lambda self: self.running)
    @rule(data=st.data(), metrics=st.sampled_from([{"loss": 1.0}, {"val_score": "much"}, {}]))
    def update_wrongly(self, data, metrics):
        trial_id = data.draw(st.sampled_from(sorted(self.running.values())))
        with pytest.raises(ValueError, match="Objective value missing|must be numbers"):
            self.oracle.update_trial(trial_id, metrics, step=0)

    @precondition(lambda self: self.running)
    @rule(
        data=st.data(),
        status=st.sampled_from(["COMPLETED"] * 5 + ["INVALID", "FAILED", "RUNNING"]),
        report=st.none() | VALUES,
        finds=st.booleans(),
        by_wire=st.booleans(),
    )
    def end(self, data, status, report, finds, by_wire):
        trial_id = data.draw(st.sampled_from(sorted(self.running.values())))
        if report is not None:
            self.report(trial_id, report)
        self.finish(trial_id, status, finds, by_wire)

    @precondition(lambda self: not self.ended)
    @rule(status=st.sampled_from(["FAILED", "INVALID"]), attempts=st.integers(1, 24))
    def fail_again_and_again(self, status, attempts):
        """A search whose first trials all fail, as with a wrong model."""
        for _ in range(attempts):
            if self.is_stopped:
                return
            self.create("tuner0")
            if "tuner0" in self.running:
                self.finish(self.running["tuner0"], status)

    @rule(trials=st.integers(1, 12), score=SCORES)
    def succeed_again_and_again(self, trials, score):
        for k in range(trials):
            self.create("tuner1")
            if "tuner1" in self.running:
                self.report(self.running["tuner1"], score + k / 100)
                self.finish(self.running["tuner1"], "COMPLETED")

    def report(self, trial_id, value):
        known = self.known[trial_id]
        step = known.reports[-1][1] + 1 if known.reports else 0
        self.oracle.update_trial(trial_id, {"val_score": value}, step=step)
        known.reports.append(({"val_score": value}, step))

    def finish(self, trial_id, status, finds=False, by_wire=False):
        known, trial = self.known[trial_id], self.oracle.trials[trial_id]
        score = self.score_of(known) if status == "COMPLETED" else None
        is_invalid = status == "INVALID" or (status == "COMPLETED" and score is None)
        known.attempts += 1
        is_retried = is_invalid and known.attempts <= self.case.retries
        if by_wire:
            trial = kt_trial.Trial.from_state(trial.get_state())
        for each in (trial, known.twin):
            each.status = status
            each.message = None if status == "COMPLETED" else f"it ended as {status}"
            if finds and self.case.finds and not is_retried:
                each.hyperparameters.Choice(LATE, [1, 2, 3])
        fails_all = not is_retried and len(self.ended) == 9 and score is None and not self.completed
        self.report_end(self.oracle, trial, fails_all)
        self.running = {k: v for k, v in self.running.items() if v != trial_id}
        if is_retried:
            self.waiting.append(trial_id)
            known.reports = []
            return
        for metrics, step in known.reports:
            self.twin.update_trial(trial_id, metrics, step=step)
        self.report_end(self.twin, known.twin, fails_all)
        self.is_stopped |= fails_all
        self.ended.append(trial_id)
        ended = self.oracle.trials[trial_id]
        assert (ended.status, ended.score) == ("FAILED" if score is None else "COMPLETED", score)
        proposed, values = known.values, dict(ended.hyperparameters.values)
        assert {**values, **proposed} == values and values.keys() <= {*proposed, LATE}
        known.values, known.end = values, how_it_ended(ended)

    def report_end(self, oracle, trial, fails_all):
        if fails_all:
            with pytest.raises(SearchFailedError, match="first 10 trials all failed"):
                oracle.end_trial(trial)
        else:
            oracle.end_trial(trial)

    def score_of(self, known):
        """The best value of the objective that is a number; None: it has no finite one."""
        values = [m["val_score"] for m, _ in known.reports if not math.isnan(m["val_score"])]
        best = (max if self.case.direction == "max" else min)(values, default=math.nan)
        return best if math.isfinite(best) else None

    @precondition(lambda self: len(self.known) > len(self.running))
    @rule(data=st.data(), status=st.sampled_from(["COMPLETED", "INVALID", "FAILED"]))
    def report_late(self, data, status):
        """A worker that was given up for lost reports a trial which is not running."""
        late = sorted(self.known.keys() - set(self.running.values()))
        trial = copy.copy(self.oracle.trials[data.draw(st.sampled_from(late))])
        self.oracle.update_trial(trial.trial_id, {"val_score": 0.125}, step=99)
        trial.status, trial.message = status, "too late"
        self.oracle.end_trial(trial)

    # ---- What befalls the project -----------------------------------------------------------

    @rule(
        how=st.sampled_from(["closed", "abandoned", "torn"]),
        seed=st.integers(0, 3),
    )
    def reload(self, how, seed):
        if how == "closed":
            self.oracle.close()
        if how == "torn":
            # What a crash left of a record that no call had returned from.
            self.oracle.close()
            line = encode_line({"n": 10**6, "kind": "end", "trial": "0000", "status": "FAILED"})
            journal = self.folder / "p" / "journal.jsonl"
            if journal.exists():
                journal.write_bytes(journal.read_bytes() + line[: len(line) - 2 - 9 * seed])
        self.oracle = self.make(self.folder, seed=seed + 10 if self.known else self.twin.seed)
        # What ended a run by its failures does not end the next.
        self.is_stopped, self.twin.stop_reason = False, None
        self.waiting = [i for i, known in self.known.items() if known.end is None]
        self.running = {}
        for trial_id in self.waiting:
            self.known[trial_id].reports = []
        self.oracle.reload()

    # ---- What always holds ------------------------------------------------------------------

    @invariant()
    def trials_are_those_of_the_model(self):
        assert list(self.oracle.trials) == list(self.oracle.start_order) == list(self.known)
        assert len(self.known) <= MAX_TRIALS
        assert self.oracle.end_order == self.ended
        ongoing = {k: trial.trial_id for k, trial in self.oracle.ongoing_trials.items()}
        assert ongoing == self.running
        for trial_id, known in self.known.items():
            trial = self.oracle.trials[trial_id]
            assert trial.trial_id == trial_id
            assert dict(trial.hyperparameters.values) == known.values
            if known.end is not None:
                assert how_it_ended(trial) == known.end

    @invariant()
    def best_trials_are_completed_and_in_order(self):
        best = self.oracle.get_best_trials(MAX_TRIALS)
        assert all(trial.status == "COMPLETED" for trial in best)
        assert {trial.trial_id for trial in best} == set(self.completed)
        scores = [trial.score for trial in best]
        assert scores == sorted(scores, reverse=self.case.direction == "max")
        assert self.oracle.get_best_trials(2) == best[:2]

    @property
    def completed(self):
        return [i for i in self.ended if json.loads(self.known[i].end)["status"] == "COMPLETED"]

    @invariant()
    def twin_has_learned_the_same(self):
        assert learned(self.oracle) == learned(self.twin)
        assert self.oracle.incumbent() == self.twin.incumbent()
        assert self.oracle.get_state() == self.twin.get_state()
        assert self.oracle.progress() == self.twin.progress()


def check(name, case, examples, steps):
    settings = hypothesis.settings(
        max_examples=int(examples * CASES[case].share), stateful_step_count=steps
    )
    run_state_machine_as_test(functools.partial(Search, name, CASES[case]), settings=settings)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", list(ORACLES))
def test_any_order_of_calls_and_crashes_keeps_the_contract(name, case):
    check(name, case, examples=12, steps=20)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", list(ORACLES))
def test_any_longer_order_of_calls_and_crashes_keeps_the_contract(name, case):
    check(name, case, examples=12, steps=50)

"""The exam that every registered oracle sits, under settings in which its algorithm acts."""

from __future__ import annotations

import gc
import json
import math
import random
import threading
import warnings
import weakref

import keras_tuner
import numpy as np
import pytest
import toys

from autokeras_nas.architecture import HyperParameterGrammar, decode
from autokeras_nas.errors import ProjectError, SearchFailedError
from autokeras_nas.oracles import ORACLES

pytestmark = pytest.mark.parametrize("name", list(ORACLES))


def test_same_seed_gives_the_same_proposals(name):
    first = toys.run(toys.make_oracle(name, seed=0), 30)
    assert first == toys.run(toys.make_oracle(name, seed=0), 30)
    assert len(first) == 30
    assert first != toys.run(toys.make_oracle(name, seed=1), 30)


def test_no_global_generator_is_touched(name):
    states = random.getstate(), str(np.random.get_state())
    toys.run(toys.make_oracle(name), 20)
    assert (random.getstate(), str(np.random.get_state())) == states


@pytest.mark.parametrize("cut", [1, 2, 4, 7, 9, 12, 17, 23, 29, 30])
def test_resumed_search_continues_the_unbroken_one(name, tmp_path, cut):
    unbroken = toys.run(toys.make_oracle(name, tmp_path / "a"), 30)
    first = toys.run(toys.make_oracle(name, tmp_path / "b"), cut)
    rest = toys.run(toys.make_oracle(name, tmp_path / "b", seed=99), 30)
    assert first + rest == unbroken


@pytest.mark.parametrize("cut", [0, 1, 7, 15, 29])
def test_interrupted_trial_is_handed_out_again(name, tmp_path, cut):
    unbroken = toys.run(toys.make_oracle(name, tmp_path / "a"), 30)
    oracle = toys.make_oracle(name, tmp_path / "b")
    first = toys.run(oracle, cut)
    oracle.create_trial("tuner0")
    resumed = toys.make_oracle(name, tmp_path / "b")
    assert first + toys.run(resumed, 30) == unbroken
    assert len(resumed.trials) == 30


def test_reopened_project_holds_what_the_first_held(name, tmp_path):
    oracle = toys.make_oracle(name, tmp_path)
    toys.run(oracle, 30)
    again = toys.make_oracle(name, tmp_path)
    again.reload()
    assert again.finished() == oracle.finished()
    assert [t.get_state() for t in again.get_best_trials(30)] == [
        t.get_state() for t in oracle.get_best_trials(30)
    ]
    assert again.incumbent() == oracle.incumbent() is not None


def test_values_are_plain_legal_and_complete(name):
    grammar = HyperParameterGrammar(toys.mixed_space())
    for values in toys.run(toys.make_oracle(name), 30):
        assert grammar.is_legal(decode(values).values)
        assert json.loads(json.dumps(values)) == values


def test_proposals_do_not_repeat_by_accident(name):
    oracle = toys.make_oracle(name, space=toys.ordinal_space(3, 4), max_trials=60)
    proposed = [decode(values) for values in toys.run(oracle, 60)]
    keys = [(json.dumps(p.values, sort_keys=True), p.repeat, p.parents) for p in proposed]
    assert len(set(keys)) == len(keys)


def test_exhausted_space_ends_the_search_once_all_is_tried(name):
    oracle = toys.make_oracle(name, space=toys.ordinal_space(2, 3), max_trials=500)
    seen = {
        json.dumps(decode(v).values, sort_keys=True)
        for v in toys.run(oracle, 500, evaluate=lambda t: 0.5)
    }
    assert len(seen) == 9


@pytest.mark.parametrize("seed", range(3))
def test_overlapping_trials_end_in_any_order(name, seed):
    oracle = toys.make_oracle(name)
    proposed = toys.run_overlapping(oracle, 4, np.random.default_rng(seed))
    assert len(proposed) == 30 == len(oracle.finished())
    assert not oracle.ongoing_trials


def test_trials_fail_diverge_and_vanish_and_the_search_goes_on(name):
    rng = np.random.default_rng(0)

    def fate(trial):
        luck = rng.random()
        if luck < 0.1:
            return {"status": "FAILED"}
        if luck < 0.2:
            return {"status": "INVALID"}
        if luck < 0.3:
            return {"value": math.nan}
        if luck < 0.4:
            return {"value": math.inf}
        return None if luck < 0.45 else {}

    oracle = toys.make_oracle(name)
    proposed = toys.run_overlapping(oracle, 8, rng, fate)
    lost = len(proposed) - len(oracle.finished())
    assert len(proposed) == 30 and 0 < lost < 8
    assert all(math.isfinite(t.score) for t in oracle.completed())
    assert all(t.message for t in oracle.finished() if t.metrics and not t.completed)


def test_first_ten_failures_end_the_search_and_say_why(name):
    oracle = toys.make_oracle(name)
    with pytest.raises(SearchFailedError, match="10 times: no such layer"):
        for _ in range(11):
            trial = oracle.create_trial("tuner0")
            trial.message = "Traceback\nno such layer"
            toys.finish(oracle, trial, status="FAILED")
    assert len(oracle.finished()) == 10
    assert oracle.create_trial("tuner0").status == "STOPPED"


def test_retry_starts_with_clean_metrics(name):
    oracle = toys.make_oracle(name, max_retries_per_trial=1)
    trial = oracle.create_trial("tuner0")
    toys.finish(oracle, trial, math.nan)
    assert oracle.finished() == []
    retried = oracle.create_trial("tuner0")
    assert retried.trial_id == trial.trial_id
    toys.finish(oracle, retried, 0.9)
    assert [t.score for t in oracle.completed()] == [0.9]


def test_errors_leave_no_lock_held(name):
    oracle = toys.make_oracle(name)
    trial = oracle.create_trial("tuner0")
    with pytest.raises(ValueError, match="Objective value missing"):
        oracle.update_trial(trial.trial_id, {"loss": 1.0})
    passed = []
    thread = threading.Thread(target=lambda: passed.append(oracle.create_trial("tuner1")))
    thread.start()
    thread.join(timeout=10)
    assert passed and passed[0].status == "RUNNING"


def test_oracles_are_freed(name):
    oracle = toys.make_oracle(name)
    toys.run(oracle, 3)
    alive = weakref.ref(oracle)
    del oracle
    gc.collect()
    assert alive() is None


def test_eight_threads_share_one_oracle(name):
    oracle = toys.make_oracle(name, max_trials=80)
    threads = [
        # KerasTuner takes threads of one name for one thread.
        threading.Thread(target=toys.run, args=(oracle, 100, f"t{k}"), name="twin")
        for k in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(oracle.finished()) == 80
    assert sorted(oracle.trials) == sorted(t.trial_id for t in oracle.finished())


def test_entries_in_another_order_give_the_same_proposals(name):
    regrouped = keras_tuner.HyperParameters.from_proto(toys.mixed_space().to_proto())
    first = toys.run(toys.make_oracle(name), 30)
    second = toys.run(toys.make_oracle(name, space=regrouped), 30)
    assert [dict(sorted(v.items())) for v in first] == [dict(sorted(v.items())) for v in second]


def test_entries_that_arrive_late_are_searched(name, tmp_path):
    def build(trial):
        hp = trial.hyperparameters
        hp.Choice("late", [1, 2, 3])
        return toys.score(hp.values)

    oracle = toys.make_oracle(name, tmp_path)
    toys.run(oracle, 20, evaluate=build)
    assert {t.values["late"] for t in oracle.finished()} == {1, 2, 3}
    again = toys.make_oracle(name, tmp_path)
    again.reload()
    assert again.finished() == oracle.finished()
    assert len(again.hyperparameters.space) == len(oracle.hyperparameters.space)


def test_entries_that_arrive_twice_at_once_are_kept_with_both_trials(name, tmp_path):
    oracle = toys.make_oracle(name, tmp_path)
    running = [oracle.create_trial(f"t{k}") for k in range(2)]
    for trial in running:
        trial.hyperparameters.Choice("late", [1, 2, 3])
        toys.finish(oracle, trial)
    again = toys.make_oracle(name, tmp_path)
    again.reload()
    assert again.finished() == oracle.finished()
    assert all("late" in trial.values for trial in again.finished())


def test_more_trials_may_be_asked_for_on_resume(name, tmp_path):
    toys.run(toys.make_oracle(name, tmp_path, max_trials=12), 50)
    oracle = toys.make_oracle(name, tmp_path, max_trials=25)
    toys.run(oracle, 50)
    assert len(oracle.finished()) == 25
    assert [t.trial_id for t in oracle.finished()] == [f"{k:04d}" for k in range(25)]


@pytest.mark.parametrize("bytes_lost", [1, 7, 40, 200])
def test_torn_journal_loses_only_its_tail(name, tmp_path, bytes_lost):
    toys.run(toys.make_oracle(name, tmp_path), 20)
    path = tmp_path / "p" / "journal.jsonl"
    path.write_bytes(path.read_bytes()[:-bytes_lost])
    oracle = toys.make_oracle(name, tmp_path)
    oracle.reload()
    assert 18 <= len(oracle.finished()) <= 20 - (bytes_lost > 1)
    toys.run(oracle, 30)
    assert len(oracle.finished()) == 30
    again = toys.make_oracle(name, tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        again.reload()
    assert again.finished() == oracle.finished()


def test_damaged_record_loses_itself_alone(name, tmp_path):
    toys.run(toys.make_oracle(name, tmp_path), 20)
    path = tmp_path / "p" / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[10] = lines[10][:-9] + b"########\n"
    path.write_bytes(b"".join(lines))
    oracle = toys.make_oracle(name, tmp_path)
    with pytest.warns(UserWarning, match="damaged"):
        oracle.reload()
    assert len(oracle.finished()) == 19


def test_another_search_in_the_folder_is_refused(name, tmp_path):
    toys.run(toys.make_oracle(name, tmp_path), 3)
    other = toys.make_oracle(name, tmp_path, objective="val_loss")
    with pytest.raises(ProjectError, match="another search"):
        other.create_trial("tuner0")


def test_no_trial_begins_after_the_time_budget(name, tmp_path):
    now = [0.0]

    def minute(trial):
        now[0] += 60.0
        return 0.5

    settings = {"max_trials": None, "time_budget": 600.0, "clock": lambda: now[0]}
    assert len(toys.run(toys.make_oracle(name, tmp_path, **settings), 5, evaluate=minute)) == 5
    now[0] = 1e6
    # What an earlier run used counts.
    resumed = toys.make_oracle(name, tmp_path, **settings)
    assert len(toys.run(resumed, 50, evaluate=minute)) == 5
    assert resumed.progress() == 1.0


def test_initial_architectures_come_first(name):
    wanted = {"kind": "deep", "units": 16, "rate": 0.01, "norm": True, "depth": 3, "drop": 0.2}
    oracle = toys.make_oracle(name, initial_architectures=[wanted])
    assert toys.run(oracle, 2)[0] == wanted


def test_idle_waits_instead_of_spinning(name):
    oracle = toys.make_oracle(name, space=toys.ordinal_space(1, 2))
    oracle.idle_seconds = 0.05
    running = [oracle.create_trial(f"t{k}") for k in range(3)]
    assert [t.status for t in running] == ["RUNNING", "RUNNING", "IDLE"]


def test_no_worse_than_random_search_on_a_toy(name):
    """Mean best of 40 seeds within two standard errors of random search, or above it."""

    def best(oracle_name, seed):
        oracle = toys.make_oracle(
            oracle_name, seed=seed, space=toys.ordinal_space(10, 4), max_trials=60
        )
        toys.run(oracle, 60)
        return max(t.score for t in oracle.completed())

    ours = np.array([best(name, seed) for seed in range(40)])
    random_search = np.array([best("random", seed + 1000) for seed in range(40)])
    error = np.sqrt(ours.var() / len(ours) + random_search.var() / len(random_search))
    assert ours.mean() >= random_search.mean() - 2 * error

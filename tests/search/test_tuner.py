from __future__ import annotations

import errno
import os
import signal
import time
from pathlib import Path

import chiefs
import keras
import keras_tuner
import numpy as np
import pytest

from autokeras_nas.errors import InvalidArchitectureError, ProjectError, SearchFailedError
from autokeras_nas.objectives import ResourceReward
from autokeras_nas.oracles import ORACLES
from autokeras_nas.search import NasTuner
from autokeras_nas.search.tuner import check_usable

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 4)).astype("float32")
Y = (X[:, 0] > 0).astype("int32")


def build(hp):
    units = hp.Int("units", 2, 6)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units, activation="relu")])
    model.add(keras.layers.Dense(2, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def search(tuner, **kwargs):
    tuner.search(X, Y, validation_split=0.25, epochs=2, verbose=0, **kwargs)
    return tuner


@pytest.mark.parametrize("oracle", [*ORACLES, "upstream"])
def test_any_oracle_searches_a_users_model(oracle, tmp_path):
    if oracle == "upstream":
        oracle = keras_tuner.oracles.RandomSearchOracle(objective="val_accuracy", max_trials=3)
    tuner = NasTuner(build, oracle, "val_accuracy", max_trials=3, seed=0, directory=tmp_path)
    search(tuner)
    trials = list(tuner.oracle.trials.values())
    assert len(trials) == 3 and all(t.status == "COMPLETED" for t in trials)
    best = tuner.oracle.get_best_trials(1)[0]
    model = tuner.get_best_models(1)[0]
    x, y = X[48:], Y[48:]
    assert model.evaluate(x, y, verbose=0, return_dict=True)["accuracy"] == pytest.approx(
        best.score, abs=1e-6
    )
    assert best.metrics.get_last_value("nas/parameters") == model.count_params()
    assert len(best.metrics.get_history("val_accuracy")) == 2


def test_first_trial_is_the_default_of_the_space(tmp_path):
    tuner = NasTuner(build, "random", "val_accuracy", max_trials=1, seed=0, directory=tmp_path)
    search(tuner)
    assert tuner.oracle.trials["0000"].hyperparameters.values == {"units": 2}


def test_search_goes_on_where_it_stopped(tmp_path):
    def make(max_trials):
        return NasTuner(
            build, "random", "val_accuracy", max_trials=max_trials, seed=0, directory=tmp_path
        )

    search(make(2))
    tuner = search(make(4))
    assert sorted(tuner.oracle.trials) == ["0000", "0001", "0002", "0003"]


def test_weights_are_kept_for_the_best_trials_alone(tmp_path):
    tuner = NasTuner(
        build, "random", "val_accuracy", max_trials=4, seed=0, keep_best=1, directory=tmp_path
    )
    search(tuner)
    kept = {p.parent.name for p in tmp_path.glob("*/trial_*/*.weights.h5")}
    assert kept == {f"trial_{tuner.oracle.incumbent()}"}


def test_a_failing_build_fails_its_trial_alone(tmp_path):
    def picky(hp):
        if hp.Int("units", 2, 6) == 3:
            raise InvalidArchitectureError("three units are not to be had")
        return build(hp)

    tuner = NasTuner(picky, "random", "val_accuracy", max_trials=5, seed=0, directory=tmp_path)
    search(tuner)
    failed = [t for t in tuner.oracle.trials.values() if t.status == "FAILED"]
    assert [t.message for t in failed] == ["three units are not to be had"]
    assert len(tuner.oracle.trials) == 5


def test_a_nan_loss_fails_its_trial_and_says_so(tmp_path):
    def diverging(hp):
        model = build(hp)
        model.compile("adam", loss=lambda t, p: keras.ops.mean(p) * float("nan"))
        return model

    tuner = NasTuner(diverging, "random", "val_loss", max_trials=1, seed=0, directory=tmp_path)
    search(tuner)
    trial = tuner.oracle.trials["0000"]
    assert trial.status == "FAILED" and "finite val_loss" in trial.message


def test_a_build_that_breaks_fails_its_trial_alone_though_its_size_is_asked_for(tmp_path):
    def broken(hp):
        if hp.Int("units", 2, 6) == 3:
            raise KeyError("my_block")
        return build(hp)

    limits = {"parameters": 1000, "latency": 1000.0}
    tuner = NasTuner(
        broken, "random", "val_accuracy", max_trials=5, seed=0, limits=limits, directory=tmp_path
    )
    search(tuner)
    failed = [t for t in tuner.oracle.trials.values() if t.status == "FAILED"]
    assert len(tuner.oracle.trials) == 5
    assert [t.message.splitlines()[-1] for t in failed] == ["KeyError: 'my_block'"]


def test_ten_first_failures_end_the_search_and_say_why(tmp_path):
    def broken(hp):
        hp.Int("units", 1, 60)
        raise InvalidArchitectureError("nothing works")

    tuner = NasTuner(broken, "random", "val_accuracy", max_trials=20, seed=0, directory=tmp_path)
    with pytest.raises(SearchFailedError, match="10 times: nothing works"):
        search(tuner)


def test_oversized_models_are_no_trials(tmp_path):
    tuner = NasTuner(
        build, "random", "val_accuracy", max_trials=9, seed=0, max_model_size=30, directory=tmp_path
    )
    search(tuner)
    sizes = [7 * t.hyperparameters.values["units"] + 2 for t in tuner.oracle.trials.values()]
    assert sorted(sizes) == [16, 23, 30]


def test_another_oracles_oversized_models_fail_their_trials(tmp_path):
    oracle = keras_tuner.oracles.RandomSearchOracle(objective="val_accuracy", max_trials=4, seed=1)
    tuner = NasTuner(build, oracle, max_model_size=30, directory=tmp_path)
    search(tuner)
    for trial in tuner.oracle.trials.values():
        fits = 7 * trial.hyperparameters.values["units"] + 2 <= 30
        assert trial.status == ("COMPLETED" if fits else "FAILED")


def test_limits_hold_for_models_that_bring_an_optimizer(tmp_path):
    def with_optimizer(hp):
        model = build(hp)
        model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", ["accuracy"])
        return model

    with pytest.raises(ValueError, match="smallest: 16 parameters"):
        NasTuner(
            with_optimizer, "random", "val_accuracy", limits={"parameters": 15}, directory=tmp_path
        )


def test_limits_that_nothing_keeps_are_told_at_once(tmp_path):
    with pytest.raises(ValueError, match="No architecture keeps.*smallest: 16 parameters"):
        NasTuner(build, "random", "val_accuracy", limits={"parameters": 15}, directory=tmp_path)


def test_networks_that_would_stay_untrained_are_no_trials(tmp_path):
    def wide(hp):
        model = keras.Sequential([keras.Input((4,))])
        model.add(keras.layers.Dense(hp.Choice("units", [2, 3, 10**6])))
        model.add(keras.layers.Dense(2, activation="softmax"))
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    tuner = NasTuner(wide, "random", "val_accuracy", max_trials=3, seed=0, directory=tmp_path)
    tuner.search(
        X, Y, validation_split=0.25, epochs=20, verbose=0, time_budget=200, trial_seconds=60
    )
    assert sorted(t.values["units"] for t in tuner.oracle.finished()) == [2, 3]


def test_a_time_budget_ends_a_running_trial_with_a_model(tmp_path):
    tuner = NasTuner(build, "random", "val_accuracy", seed=0, directory=tmp_path)
    tuner.search(X, Y, validation_split=0.25, epochs=100_000, verbose=0, time_budget=3.0)
    assert len(tuner.oracle.trials) == 1
    trial = tuner.oracle.trials["0000"]
    assert trial.status == "COMPLETED" and "time" in trial.message
    assert tuner.get_best_models(1)


def test_ctrl_c_ends_a_trial_then_the_search_and_both_can_be_resumed(tmp_path):
    class Press(keras.callbacks.Callback):
        """Presses Ctrl+C once in the second trial, twice in the third."""

        trials = 0

        def on_train_begin(self, logs=None):
            Press.trials += 1

        def on_epoch_end(self, epoch, logs=None):
            for _ in range(Press.trials - 1 if epoch == 1 else 0):
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.05)

    def make():
        return NasTuner(build, "random", "val_accuracy", max_trials=5, seed=0, directory=tmp_path)

    tuner = make()
    tuner.search(X, Y, validation_split=0.25, epochs=4, verbose=0, callbacks=[Press()])
    trials = list(tuner.oracle.trials.values())
    assert [len(t.metrics.get_history("val_accuracy")) for t in trials] == [4, 3, 3]
    assert [t.message for t in trials] == [None, "it was interrupted", "it was interrupted"]
    assert tuner.get_best_models(1)
    assert len(search(make()).oracle.finished()) == 5


def test_unknown_oracle_names_the_nearest(tmp_path):
    with pytest.raises(ValueError, match="regularized_evolution"):
        NasTuner(build, "regularised_evolution", "val_accuracy", directory=tmp_path)


def test_unwritable_folder_is_an_error_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ProjectError, match="cannot be written"):
        NasTuner(build, "random", "val_accuracy", directory=tmp_path / "file")


def test_a_project_that_is_there_need_not_be_writable(tmp_path, monkeypatch):
    def read_only(path, *args, **kwargs):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "touch", read_only)
    with pytest.raises(ProjectError, match="cannot be written: Read-only"):
        check_usable(tmp_path, overwrite=False)
    (tmp_path / "journal.jsonl").write_bytes(b"")
    check_usable(tmp_path, overwrite=False)
    with pytest.raises(ProjectError, match="cannot be written: Read-only"):
        check_usable(tmp_path, overwrite=True)


def test_callbacks_of_one_trial_know_nothing_of_another(tmp_path):
    class Counter(keras.callbacks.Callback):
        epochs = 0

        def on_epoch_end(self, epoch, logs=None):
            self.epochs += 1
            logs["count"] = self.epochs

    tuner = NasTuner(build, "random", "val_accuracy", max_trials=3, seed=0, directory=tmp_path)
    given = Counter()
    search(tuner, callbacks=[given])
    assert given.epochs == 0
    for trial in tuner.oracle.trials.values():
        assert [o.value for o in trial.metrics.get_history("count")] == [[1], [2]]


def test_hooks_of_a_subclass_are_called(tmp_path):
    class Mine(NasTuner):
        epochs = 0

        def on_epoch_end(self, trial, model, epoch, logs=None):
            self.epochs += 1

    tuner = Mine(build, "random", "val_accuracy", max_trials=2, seed=0, directory=tmp_path)
    search(tuner)
    assert tuner.epochs == 4


def test_a_model_without_an_input_shape_reloads(tmp_path):
    def shapeless(hp):
        model = keras.Sequential([keras.layers.Dense(hp.Int("units", 2, 6))])
        model.add(keras.layers.Dense(2, activation="softmax"))
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    tuner = NasTuner(shapeless, "random", "val_accuracy", max_trials=1, seed=0, directory=tmp_path)
    search(tuner)
    score = tuner.oracle.get_best_trials(1)[0].score
    model = tuner.get_best_models(1)[0]
    scored = model.evaluate(X[48:], Y[48:], verbose=0, return_dict=True)["accuracy"]
    assert scored == pytest.approx(score, abs=1e-6)


def test_compile_settings_of_the_tuner_override_the_models(tmp_path):
    metric = "sparse_categorical_accuracy"
    tuner = NasTuner(
        build, "random", f"val_{metric}", max_trials=1, seed=0, directory=tmp_path, metrics=[metric]
    )
    search(tuner)
    logged = tuner.oracle.get_best_trials(1)[0].metrics
    assert logged.exists(f"val_{metric}") and not logged.exists("val_accuracy")


def test_the_same_seed_gives_the_same_search(tmp_path):
    def scores(folder):
        tuner = NasTuner(
            build, "random", "val_loss", max_trials=3, seed=5, directory=tmp_path / folder
        )
        return [t.score for t in search(tuner).oracle.trials.values()]

    assert scores("a") == scores("b")


@pytest.mark.parametrize("cost", ["flops", "latency"])
def test_a_reward_weighs_each_epoch_by_the_cost(tmp_path, cost):
    objective = ResourceReward("val_accuracy", cost, target=50)
    tuner = NasTuner(build, "random", objective, max_trials=3, seed=0, directory=tmp_path)
    for trial in search(tuner).oracle.trials.values():
        measured = trial.metrics.get_last_value(f"nas/{cost}")
        scores = [o.value[0] for o in trial.metrics.get_history("val_accuracy")]
        assert trial.score == pytest.approx(max(objective.of(s, measured) for s in scores))


WORKER = """
import keras, numpy as np, pathlib, sys, time
from autokeras_nas import NasTuner

folder = pathlib.Path(sys.argv[1])
x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
y = (x[:, 0] > 0).astype("int32")

def build(hp):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(hp.Int("units", 2, 20))])
    model.add(keras.layers.Dense(2, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model

class Tuner(NasTuner):
    def on_search_begin(self):
        # Who comes once the search is over would wait for a chief that has left.
        (folder / f"{self.tuner_id}.ready").touch()
        while len(list(folder.glob("*.ready"))) < 2:
            time.sleep(0.05)

tuner = Tuner(build, "regularized_evolution", "val_accuracy", max_trials=6, seed=0,
              directory=folder, project_name="p")
tuner.search(x, y, validation_split=0.25, epochs=1, verbose=0, time_budget=300)
"""


@pytest.mark.slow
def test_chief_and_two_workers_train_real_models(tmp_path):
    codes, logs = chiefs.run_chief_and_workers(WORKER, tmp_path)
    assert codes == [0, 0, 0], logs
    tuner = NasTuner(
        build, "regularized_evolution", "val_accuracy", max_trials=6, seed=0,
        directory=tmp_path, project_name="p",
    )  # fmt: skip
    tuner.oracle.reload()
    trials = list(tuner.oracle.trials.values())
    assert len(trials) == 6 and {t.status for t in trials} == {"COMPLETED"}
    assert all(t.metrics.exists("nas/honoured") for t in trials)
    assert all((tmp_path / "p" / f"trial_{t.trial_id}").is_dir() for t in trials)

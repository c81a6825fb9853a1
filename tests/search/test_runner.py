from __future__ import annotations

import errno
import time
from dataclasses import replace

import keras
import keras_tuner
import numpy as np
import pytest
from keras_tuner import errors as kt_errors

from autokeras_nas.architecture import Budget, Proposal
from autokeras_nas.data import Pipeline, as_source
from autokeras_nas.errors import ProjectError
from autokeras_nas.objectives import ResourceReward
from autokeras_nas.search import KerasRunner, TrialSpec
from autokeras_nas.search.spec import Training

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 4)).astype("float32")
Y = (X[:, 0] > 0).astype("int32")
OBJECTIVE = keras_tuner.Objective("val_accuracy", "max")


def build(hp):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class Hypermodel(keras_tuner.HyperModel):
    """`build` and `fit` as a test wants them; remembers what `fit` got."""

    def __init__(self, build=build, fit=None):
        super().__init__()
        self._make, self._train = build, fit
        self.fits = []

    def build(self, hp):
        return self._make(hp)

    def fit(self, hp, model, *args, **kwargs):
        self.fits.append((args, kwargs))
        if self._train is not None:
            return self._train(model, *args, **kwargs)
        return model.fit(*args, **kwargs)


def spec(tmp_path, budget=None, measure="train", times=1, **kwargs):
    fit_kwargs = {"validation_split": 0.25, "epochs": 2, "verbose": 0, "batch_size": 16, **kwargs}
    return TrialSpec(
        trial_id="0000",
        hyperparameters=keras_tuner.HyperParameters(),
        proposal=Proposal({}, budget or Budget(), measure),
        seed=1,
        checkpoint=tmp_path / "trial" / "checkpoint.weights.h5",
        trainings=(Training((X, Y), fit_kwargs),) * times,
    )


def run(tmp_path, hypermodel=None, runner=None, **kwargs):
    runner = runner or KerasRunner(hypermodel or Hypermodel(), OBJECTIVE)
    return runner.run(spec(tmp_path, **kwargs))


def test_a_trial_gives_its_curve_costs_and_weights(tmp_path):
    result = run(tmp_path)
    assert result.status == "COMPLETED" and result.reason == ""
    assert len(result.curve) == 2 and result.curve[0].keys() == {
        "loss", "accuracy", "val_loss", "val_accuracy", "nas/progress"
    }  # fmt: skip
    assert [logs["nas/progress"] for logs in result.curve] == [0.5, 1.0]
    assert result.measures["nas/parameters"] == 10 and result.measures["nas/epochs"] == 2
    assert result.measures["nas/honoured"] == 1 and result.measures["nas/seconds"] > 0
    model = build(None)
    model.load_weights(tmp_path / "trial" / "checkpoint.weights.h5")
    scored = model.evaluate(X[48:], Y[48:], verbose=0, return_dict=True)["accuracy"]
    assert scored == pytest.approx(max(logs["val_accuracy"] for logs in result.curve), abs=1e-6)


def test_a_subclassed_model_is_trained_and_its_parameters_are_told(tmp_path):
    class Mine(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(2, activation="softmax")

        def call(self, inputs):
            return self.dense(inputs)

    def subclassed(hp):
        model = Mine()
        model.build((None, 4))
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    result = run(tmp_path, Hypermodel(subclassed))
    assert result.status == "COMPLETED"
    assert result.measures["nas/parameters"] == 10 and "nas/flops" not in result.measures


def test_the_same_seed_trains_the_same_network(tmp_path):
    assert run(tmp_path).curve == run(tmp_path).curve


@pytest.mark.parametrize("times", [1, 2])
def test_a_trial_learns_the_same_whatever_ran_before(tmp_path, times):
    pipeline = Pipeline(as_source(X, Y), None, None, 16, seed=0)
    training = Training((pipeline,), {"validation_data": (X, Y), "epochs": 2, "verbose": 0})
    first = replace(spec(tmp_path), trainings=(training,) * times)
    second = replace(first, trial_id="0001", seed=2)
    one, other = KerasRunner(Hypermodel(), OBJECTIVE), KerasRunner(Hypermodel(), OBJECTIVE)
    alone = one.run(second).curve
    other.run(first)
    assert other.run(second).curve == alone != other.run(first).curve


def test_the_best_epoch_is_kept_not_the_last(tmp_path):
    def fit(model, x, y, callbacks, **kwargs):
        for callback in callbacks:
            callback.set_model(model)
        history = {"val_accuracy": [0.5, 0.9, 0.1]}
        for epoch, value in enumerate(history["val_accuracy"]):
            model.set_weights([np.full_like(w, epoch) for w in model.get_weights()])
            for callback in callbacks:
                callback.on_epoch_end(epoch, {"val_accuracy": value})
        returned = keras.callbacks.History()
        returned.history = history
        return returned

    run(tmp_path, Hypermodel(fit=fit))
    model = build(None)
    model.load_weights(tmp_path / "trial" / "checkpoint.weights.h5")
    assert (model.get_weights()[0] == 1).all()


def test_a_budget_of_epochs_is_heeded(tmp_path):
    hypermodel = Hypermodel()
    result = run(tmp_path, hypermodel, budget=Budget(epochs=3, initial_epoch=1))
    assert len(result.curve) == 2
    assert hypermodel.fits[0][1]["epochs"] == 3


@pytest.mark.parametrize("asked", [{"budget": Budget(steps=5)}, {"measure": "shared"}])
def test_what_is_not_done_is_not_said_to_be_done(tmp_path, asked):
    assert run(tmp_path, **asked).measures["nas/honoured"] == 0


def test_out_of_memory_is_tried_once_more_with_half_the_batch(tmp_path):
    def fit(model, *args, **kwargs):
        if kwargs["batch_size"] > 8:
            raise MemoryError("too large a batch")
        return model.fit(*args, **kwargs)

    hypermodel = Hypermodel(fit=fit)
    result = run(tmp_path, hypermodel)
    assert result.status == "COMPLETED" and "batch halved" in result.reason
    assert [kwargs["batch_size"] for _, kwargs in hypermodel.fits] == [16, 8]


def test_out_of_memory_twice_fails_the_trial_for_good(tmp_path):
    def fit(*args, **kwargs):
        raise MemoryError("never enough")

    hypermodel = Hypermodel(fit=fit)
    result = run(tmp_path, hypermodel)
    assert result.status == "FAILED" and "out of memory: MemoryError: never enough" in result.reason
    assert len(hypermodel.fits) == 2


def test_a_crash_may_be_retried_and_tells_where(tmp_path):
    def fit(*args, **kwargs):
        raise OSError("disk gone")

    result = run(tmp_path, Hypermodel(fit=fit))
    assert result.status == "INVALID" and result.reason.strip().endswith("OSError: disk gone")


def test_an_epoch_that_is_not_finite_leaves_the_others(tmp_path):
    def fit(*args, **kwargs):
        returned = keras.callbacks.History()
        returned.history = {"val_accuracy": [0.5, float("nan"), 0.7]}
        return returned

    def untrained(hp):
        return build(hp)

    result = run(tmp_path, Hypermodel(untrained, fit))
    assert result.curve == [{"val_accuracy": 0.5}, {}, {"val_accuracy": 0.7}]
    assert result.status == "COMPLETED"


@pytest.mark.parametrize(
    ("returned", "curve"),
    [
        (0.5, [{"val_accuracy": 0.5}]),
        (np.float32(0.5), [{"val_accuracy": 0.5}]),
        ({"val_accuracy": 0.5, "other": 1}, [{"val_accuracy": 0.5, "other": 1.0}]),
        ([{"val_accuracy": 0.25}, {"val_accuracy": 0.75}], [{"val_accuracy": 0.5}]),
    ],
)
def test_fit_may_return_whatever_keras_tuner_allows(tmp_path, returned, curve):
    assert run(tmp_path, Hypermodel(fit=lambda *_, **__: returned)).curve == curve


def test_another_return_value_is_an_error_of_the_user(tmp_path):
    with pytest.raises(kt_errors.FatalTypeError, match="History"):
        run(tmp_path, Hypermodel(fit=lambda *_, **__: "good"))


def test_what_is_no_model_is_an_error_of_the_user(tmp_path):
    with pytest.raises(kt_errors.FatalTypeError, match="keras.Model"):
        run(tmp_path, Hypermodel(lambda hp: None))


def test_an_objective_that_is_never_logged_fails_and_lists_what_was(tmp_path):
    runner = KerasRunner(Hypermodel(), keras_tuner.Objective("val_f1", "max"))
    result = run(tmp_path, runner=runner)
    assert result.status == "FAILED"
    assert "val_f1" in result.reason and "val_accuracy" in result.reason


def test_several_trainings_are_averaged(tmp_path):
    hypermodel = Hypermodel()
    once = KerasRunner(hypermodel, OBJECTIVE).run(spec(tmp_path))
    twice = KerasRunner(hypermodel, OBJECTIVE).run(spec(tmp_path, times=2))
    assert len(hypermodel.fits) == 3 and len(twice.curve) == 2
    assert once.curve != twice.curve
    assert "nas/spread" not in once.measures and twice.measures["nas/spread"] >= 0


def test_each_training_has_its_share_of_the_time(tmp_path):
    hypermodel = Hypermodel()
    asked = spec(tmp_path, epochs=10**6, times=2)
    asked.seconds = 8.0
    result = KerasRunner(hypermodel, OBJECTIVE).run(asked)
    assert len(hypermodel.fits) == 2 and result.status == "COMPLETED"
    assert result.reason == "its time was used up"


def test_a_trial_that_is_asked_to_stop_keeps_what_it_has(tmp_path):
    asked = spec(tmp_path, epochs=1000)
    asked.stop = lambda: "enough"
    result = KerasRunner(Hypermodel(), OBJECTIVE).run(asked)
    assert (result.status, result.reason, len(result.curve)) == ("COMPLETED", "enough", 1)


class Impatient:
    """Finds every training hopeless; remembers what it was shown."""

    def __init__(self):
        self.seen = []

    def reason(self, curve):
        self.seen.append(tuple(curve))
        return "hopeless"


def test_a_hopeless_trial_is_completed_with_what_it_had(tmp_path):
    asked = spec(tmp_path, epochs=8)
    asked.rule = Impatient()
    result = KerasRunner(Hypermodel(), OBJECTIVE).run(asked)
    assert (result.status, result.reason) == ("COMPLETED", "stopped early: hopeless")
    assert len(result.curve) == 1 and result.measures["nas/saved"] == 0.875
    assert asked.rule.seen == [((0.125, result.curve[0]["val_accuracy"]),)]
    assert asked.checkpoint.exists()


def test_a_rule_sees_rewards_and_not_scores(tmp_path):
    asked = spec(tmp_path, epochs=8)
    asked.rule = Impatient()
    reward = ResourceReward("val_accuracy", "parameters", target=5, exponent=-1.0)
    result = KerasRunner(Hypermodel(), reward).run(asked)
    score = result.curve[0]["val_accuracy"]  # Of ten parameters.
    assert asked.rule.seen == [((0.125, score / 2),)] and result.curve[0]["nas/reward"] == score / 2


def test_a_trial_that_is_not_stopped_has_saved_nothing(tmp_path):
    result = run(tmp_path, epochs=1)
    assert "nas/saved" not in result.measures


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EROFS, "Read-only file system"),
        RuntimeError("Unable to synchronously create dataset (No space left on device)"),
    ],
)
def test_a_full_disk_ends_the_search_and_not_the_trial_alone(tmp_path, error):
    def fit(*args, **kwargs):
        raise error

    with pytest.raises(ProjectError, match="cannot be written"):
        run(tmp_path, Hypermodel(fit=fit))


def validate_for_ever(epochs):
    """A `fit` whose validation, after so many epochs, never ends by itself."""

    def fit(model, *args, callbacks, **kwargs):
        for callback in callbacks:
            callback.set_model(model)
        for epoch in range(epochs):
            for callback in callbacks:
                callback.on_epoch_end(epoch, {"val_accuracy": 0.5})
        for batch in range(600):
            time.sleep(0.05)
            for callback in callbacks:
                callback.on_test_batch_end(batch)
        return 1.0

    return fit


def test_what_a_training_had_come_to_counts_where_it_is_broken_off(tmp_path):
    asked = spec(tmp_path)
    asked.seconds = 0.1
    result = KerasRunner(Hypermodel(fit=validate_for_ever(2)), OBJECTIVE).run(asked)
    assert (result.status, result.curve) == ("COMPLETED", [{"val_accuracy": 0.5}] * 2)
    assert result.reason == "its time was used up" and asked.checkpoint.exists()


def test_a_trial_that_can_be_spared_may_end_without_a_result(tmp_path):
    asked = spec(tmp_path)
    asked.seconds, asked.dispensable = 0.1, True
    result = KerasRunner(Hypermodel(fit=validate_for_ever(0)), OBJECTIVE).run(asked)
    assert result.status == "FAILED" and "its time was used up" in result.reason


def test_keras_lets_a_training_be_broken_off(tmp_path):
    class Slow(keras.callbacks.Callback):
        def on_test_batch_begin(self, batch, logs=None):
            time.sleep(0.1)

    asked = spec(tmp_path, batch_size=1, callbacks=[Slow()])
    asked.seconds, asked.dispensable = 0.2, True
    result = KerasRunner(Hypermodel(), OBJECTIVE).run(asked)
    assert result.status == "FAILED" and "its time was used up" in result.reason
    assert run(tmp_path).status == "COMPLETED"


def test_a_network_whose_loss_is_not_finite_is_no_result(tmp_path):
    def fit(model, *args, **kwargs):
        model.compile("adam", lambda t, p: keras.ops.mean(p) * float("nan"), metrics=["accuracy"])
        return model.fit(*args, **kwargs)

    result = run(tmp_path, Hypermodel(fit=fit))
    assert result.status == "FAILED" and "the loss became nan" in result.reason
    assert not (tmp_path / "trial" / "checkpoint.weights.h5").exists()


def test_an_error_within_a_graph_is_told_by_its_own_words(tmp_path):
    def batches():
        yield X[:8], Y[:8]
        raise RuntimeError("my source broke")

    def fit(model, *args, **kwargs):
        return model.fit(batches(), steps_per_epoch=4)

    result = run(tmp_path, Hypermodel(fit=fit))
    assert result.status == "INVALID"
    assert result.reason.splitlines()[-1] == "RuntimeError: my source broke"
    assert "Traceback" in result.reason

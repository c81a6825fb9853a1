"""The exam that every registered task sits."""

from __future__ import annotations

import dataclasses
import json
import math
import pickle
import subprocess
import sys
import textwrap
import types
import warnings
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from autokeras_nas.architecture import Features
from autokeras_nas.objectives import direction_of
from autokeras_nas.tasks import TASKS, Task

pytestmark = pytest.mark.parametrize("name", list(TASKS), scope="module")


def toy_images():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (48, 8, 6, 3), "uint8")
    y = np.array(["emu", "cat", "dog"] * 16)
    return x[:36], y[:36], x[36:], y[36:]


def toy_table():
    """Numbers, some missing or skewed, codes, dates, booleans and texts, some missing."""
    rng = np.random.default_rng(0)
    size = rng.normal(size=48)
    frame = pd.DataFrame(
        {
            "size": np.where(rng.random(48) < 0.2, np.nan, size),
            "income": np.exp(3 * rng.normal(size=48)),
            "grade": rng.integers(1, 4, 48),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, 48), "D"),
            "is_new": rng.random(48) < 0.5,
            "colour": rng.choice(["red", "blue", None], 48),
        }
    )
    return frame, 20.0 + 5.0 * size + (frame["colour"] == "red").to_numpy()


def toy_classes():
    x, y = toy_table()
    y = np.array(["low", "middle", "high"])[np.digitize(y, [18, 22])]
    return x[:36], y[:36], x[36:], y[36:]


def toy_quantities():
    x, y = toy_table()
    return x[:36], y[:36], x[36:], y[36:]


def toy_texts():
    sides = {"gulls": "gulls cry over grey water", "emus": "emus run on red sand, all day"}
    y = np.array([*sides] * 24)
    x = np.array([f"{k} {sides[label]}" for k, label in enumerate(y)])
    return x[:36], y[:36], x[36:], y[36:]


# Task name: function that returns `x_train, y_train, x_test, y_test`, a few dozen examples of
# at least two labels, in the terms of a user. A new task adds its line.
TOYS = {
    "image_classification": toy_images,
    "tabular_classification": toy_classes,
    "regression": toy_quantities,
    "text_classification": toy_texts,
}


def vector_of(inputs, interface):
    return keras.layers.Dense(4, activation="relu")(keras.layers.Flatten()(inputs))


def map_of(inputs, interface):
    return map_at(inputs, interface.stride or 1)


def pyramid_of(inputs, interface):
    return {level: map_at(inputs, 2**level) for level in interface.levels}


def map_at(inputs, stride):
    return keras.layers.Conv2D(4, 3, strides=stride, padding="same", activation="relu")(inputs)


# Kind of interface: function that returns the `main` features of a tiny trunk.
TRUNKS = {"vector": vector_of, "map": map_of, "pyramid": pyramid_of}


@dataclasses.dataclass
class Candidate:
    """A task that has seen its toy data, a core trained for one epoch, and the test data."""

    task: Task
    y_train: Any
    x: Any
    inputs: Any
    y: Any
    preprocessor: keras.Model
    core: keras.Model
    history: dict[str, list[float]]
    model: keras.Model
    predictions: Any


def toy_data(name):
    if name not in TOYS:
        pytest.fail(
            f"The exam has no toy data of the task {name!r}. Received: toy data of "
            f"{', '.join(TOYS)}. Add a function of it to `TOYS` in {__file__}.",
            pytrace=False,
        )
    return TOYS[name]()


def tiny_features(task, inputs):
    interface = task.interface()
    if interface.kind not in TRUNKS:
        pytest.fail(
            f"The exam has no trunk that ends in features of kind {interface.kind!r}. Received: "
            f"trunks for {', '.join(TRUNKS)}. Add a function of it to `TRUNKS` in {__file__}.",
            pytrace=False,
        )
    return Features(TRUNKS[interface.kind](inputs, interface))


def tiny_core(task, preprocessor):
    prepared = preprocessor.output
    inputs = keras.Input(prepared.shape[1:], dtype=prepared.dtype)
    return keras.Model(inputs, task.head(tiny_features(task, inputs)), name="core")


def restored(task):
    return type(task).from_config(json.loads(json.dumps(task.get_config())))


def assert_equal(actual, expected, atol=0.0):
    """Arrays, or structures of them, agree in shape and value."""
    keras.tree.assert_same_structure(actual, expected)
    pairs = zip(keras.tree.flatten(actual), keras.tree.flatten(expected), strict=True)
    for one, other in pairs:
        one, other = np.asarray(one), np.asarray(other)
        assert one.shape == other.shape
        if one.dtype.kind in "fc":
            np.testing.assert_allclose(one, other, rtol=0, atol=atol)
        else:
            np.testing.assert_array_equal(one, other)


@pytest.fixture(scope="module")
def candidate(name):
    x_train, y_train, x, y = toy_data(name)
    task = TASKS[name]()
    targets = task.fit_targets(y_train)
    preprocessor = task.preprocessor(x_train)
    core = tiny_core(task, preprocessor)
    core.compile(keras.optimizers.Adam(0.01), **task.compile_options())
    inputs = task.inputs(x)
    validation = (preprocessor.predict(inputs, verbose=0), task.targets(y))
    history = core.fit(
        preprocessor.predict(task.inputs(x_train), verbose=0),
        targets,
        validation_data=validation,
        batch_size=12,
        verbose=0,
    ).history
    model = task.exported(core)
    predictions = model.predict(inputs, verbose=0)
    return Candidate(task, y_train, x, inputs, y, preprocessor, core, history, model, predictions)


@pytest.fixture
def fresh(name):
    """The task as it is before any data."""
    return TASKS[name]()


def test_toy_data_are_at_hand(name):
    x_train, y_train, x_test, y_test = toy_data(name)
    assert len(x_train) == len(y_train) > 0
    assert len(x_test) == len(y_test) > 0


def test_training_labels_have_the_targets_that_fitting_gave(name):
    y_train = toy_data(name)[1]
    task = TASKS[name]()
    assert_equal(task.fit_targets(y_train), task.targets(y_train))


def test_network_trains(name, candidate):
    assert all(np.isfinite(values).all() for values in candidate.history.values())
    assert candidate.core.optimizer.iterations > 0


def test_objective_is_logged_and_has_a_direction(name, candidate):
    assert candidate.task.objective in candidate.history
    assert direction_of(candidate.task.objective) in ("max", "min")


def test_compile_options_are_fresh_at_each_call(name, candidate):
    first, second = candidate.task.compile_options(), candidate.task.compile_options()
    assert "loss" in first
    assert first.keys() == second.keys()
    plain = str | int | float | types.FunctionType | types.NoneType
    kept = {id(part) for part in parts(first)} & {id(part) for part in parts(second)}
    assert not [part for part in parts(first) if id(part) in kept and not isinstance(part, plain)]


def parts(options):
    """The options, the containers in them and what these hold."""
    yield options
    if isinstance(options, dict | list | tuple):
        for part in options.values() if isinstance(options, dict) else options:
            yield from parts(part)


def test_exported_model_predicts_raw_inputs(name, candidate):
    for output in keras.tree.flatten(candidate.predictions):
        assert len(output) == len(candidate.x)
        assert np.isfinite(output).all()


def test_exported_model_is_the_core_between_preprocessor_and_decoding(name, candidate):
    prepared = candidate.preprocessor.predict(candidate.inputs, verbose=0)
    outputs = candidate.core.predict(prepared, verbose=0)
    decoded = candidate.task.decode(keras.tree.map_structure(keras.ops.convert_to_tensor, outputs))
    expected = keras.tree.map_structure(keras.ops.convert_to_numpy, decoded)
    assert_equal(candidate.predictions, expected, atol=1e-6)


def test_exported_model_follows_the_weights_of_the_core(name, candidate):
    core = keras.models.clone_model(candidate.core)
    model = candidate.task.exported(core)
    core.set_weights(candidate.core.get_weights())
    assert_equal(model.predict(candidate.inputs, verbose=0), candidate.predictions, atol=1e-6)


def test_exported_model_evaluates_targets(name, candidate):
    targets = candidate.task.targets(candidate.y)
    logs = candidate.model.evaluate(candidate.inputs, targets, verbose=0, return_dict=True)
    assert np.isfinite(list(logs.values())).all()
    assert candidate.task.objective.removeprefix("val_") in logs


def test_score_gives_finite_measures(name, candidate):
    measures = candidate.task.score(candidate.model, (candidate.x, candidate.y))
    assert measures
    for measure, value in measures.items():
        assert isinstance(measure, str)
        assert isinstance(value, float)
        assert math.isfinite(value)


def test_labels_are_in_the_terms_of_the_user(name, candidate):
    labels = candidate.task.labels(candidate.predictions)
    assert len(labels) == len(candidate.y)
    assert isinstance(labels, type(candidate.y))
    if isinstance(labels, np.ndarray):
        assert labels.dtype.kind == candidate.y.dtype.kind
    assert len(candidate.task.targets(labels)) == len(candidate.task.targets(candidate.y))


def test_predicted_classes_are_those_of_training(name, candidate):
    require_classes(name)
    labels = candidate.task.labels(candidate.predictions)
    assert set(labels.ravel().tolist()) <= set(candidate.y_train.ravel().tolist())


def test_model_comes_back_from_disk_in_safe_mode(name, candidate, tmp_path):
    candidate.model.save(tmp_path / "model.keras")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    assert_equal(again.predict(candidate.inputs, verbose=0), candidate.predictions, atol=1e-6)


@pytest.mark.slow
def test_saved_model_runs_in_a_process_without_this_package(name, candidate, tmp_path):
    candidate.model.export(tmp_path / "model", verbose=False)
    x = keras.tree.map_structure(np.asarray, candidate.inputs)
    (tmp_path / "x").write_bytes(pickle.dumps(x))
    program = """
        import pathlib
        import pickle
        import sys
        import tensorflow as tf

        served = tf.saved_model.load("model")
        x = pickle.loads(pathlib.Path("x").read_bytes())
        out = served.serve(tf.nest.map_structure(tf.constant, x))
        out = tf.nest.map_structure(lambda tensor: tensor.numpy(), out)
        pathlib.Path("out").write_bytes(pickle.dumps(out))
        assert not [name for name in sys.modules if name.startswith("autokeras_nas")]
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, cwd=tmp_path)
    served = pickle.loads((tmp_path / "out").read_bytes())
    assert_equal(served, candidate.predictions, atol=1e-5)


def test_config_survives_json_and_makes_the_task_again(name, candidate):
    config = candidate.task.get_config()
    assert json.loads(json.dumps(config)) == config
    assert restored(candidate.task).get_config() == config


def test_restored_task_need_not_see_the_data_again(name, candidate):
    task = restored(candidate.task)
    assert task.interface() == candidate.task.interface()
    assert_equal(task.targets(candidate.y), candidate.task.targets(candidate.y))
    assert_equal(task.labels(candidate.predictions), candidate.task.labels(candidate.predictions))
    predictions = task.exported(candidate.core).predict(candidate.inputs, verbose=0)
    assert_equal(predictions, candidate.predictions, atol=1e-6)
    assert task.score(candidate.model, (candidate.x, candidate.y)) == candidate.task.score(
        candidate.model, (candidate.x, candidate.y)
    )


def test_restored_task_heads_the_same_network(name, candidate):
    core = tiny_core(restored(candidate.task), candidate.preprocessor)
    shapes = [weight.shape for weight in candidate.core.weights]
    assert [weight.shape for weight in core.weights] == shapes


def test_task_without_data_survives_its_config(name, fresh):
    assert restored(fresh).get_config() == fresh.get_config()


def test_interface_is_known_before_any_data(name, fresh, candidate):
    assert fresh.interface() == candidate.task.interface()


@pytest.mark.parametrize("hook", ["targets", "head", "labels", "score", "exported"])
def test_hook_that_is_called_too_early_is_refused(name, fresh, candidate, hook):
    arguments = {
        "targets": lambda: [candidate.y],
        "head": lambda: [tiny_features(fresh, keras.Input(candidate.core.input.shape[1:]))],
        "labels": lambda: [candidate.predictions],
        "score": lambda: [candidate.model, (candidate.x, candidate.y)],
        "exported": lambda: [candidate.core],
    }[hook]()
    with pytest.raises(RuntimeError, match="Call `"):
        getattr(fresh, hook)(*arguments)


def test_single_class_is_refused(name, fresh):
    require_classes(name)
    y_train = toy_data(name)[1]
    with pytest.raises(ValueError, match="two classes"):
        fresh.fit_targets(np.repeat(y_train[:1], len(y_train), axis=0))


def test_refused_labels_leave_a_task_as_it_was(name, candidate):
    require_classes(name)
    task = restored(candidate.task)
    with pytest.raises(ValueError, match="two classes"):
        task.fit_targets(np.repeat(candidate.y_train[:1], 3, axis=0))
    assert task.get_config() == candidate.task.get_config()


def require_classes(name):
    if not name.endswith("classification"):
        pytest.skip("this task has no classes")

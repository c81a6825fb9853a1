from __future__ import annotations

import keras
import numpy as np
import pytest

from autokeras_nas.architecture import Features
from autokeras_nas.tasks import ImageClassification
from autokeras_nas.tasks.assembly import assembled, vector_of


@pytest.fixture
def task():
    task = ImageClassification()
    task.fit_targets(["cat", "dog"])
    return task


@pytest.fixture
def core():
    inputs = keras.Input((3,))
    outputs = keras.layers.Dense(2, activation="softmax", name="core_head")(inputs)
    core = keras.Model(inputs, outputs, name="core")
    core.compile("adam", "categorical_crossentropy")
    return core


def preprocessor():
    inputs = {name: keras.Input((1,), name=name) for name in ("a", "b", "c")}
    joined = keras.layers.Concatenate()([inputs[name] for name in ("c", "b", "a")])
    return keras.Model(inputs, joined)


def test_one_model_computes_what_its_parts_do(task, core):
    first = preprocessor()
    model = assembled(task, first, core, "whole")
    x = {name: np.random.default_rng(0).normal(size=(4, 1)) for name in ("a", "b", "c")}
    expected = core.predict(first.predict(x, verbose=0), verbose=0)
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, atol=1e-6)
    assert model.name == "whole" and set(model.input) == {"a", "b", "c"}


def test_weights_are_shared_with_the_core(task, core):
    model = assembled(task, preprocessor(), core, "whole")
    core.set_weights([np.zeros_like(weight) for weight in core.get_weights()])
    x = {name: np.ones((1, 1)) for name in ("a", "b", "c")}
    np.testing.assert_allclose(model.predict(x, verbose=0), [[0.5, 0.5]])


def test_no_state_of_an_optimizer_comes_along(task, core):
    core.fit(np.ones((4, 3)), np.eye(2)[[0, 1, 0, 1]], verbose=0)
    model = assembled(task, preprocessor(), core, "whole")
    weights = {id(weight) for weight in core.weights}
    assert {id(weight) for weight in model.weights} == weights
    assert not [v for v in model.optimizer.variables if "momentum" in v.path]


def test_it_comes_compiled_for_the_task(task, core, tmp_path):
    assembled(task, preprocessor(), core, "whole").save(tmp_path / "whole.keras")
    loaded = keras.models.load_model(tmp_path / "whole.keras")
    x = {name: np.ones((2, 1)) for name in ("a", "b", "c")}
    measures = loaded.evaluate(x, np.eye(2), verbose=0, return_dict=True)
    assert measures["accuracy"] == 0.5 and measures["loss"] > 0


def test_a_head_takes_a_vector():
    vector = keras.Input((5,))
    assert vector_of(Features(vector)) is vector
    with pytest.raises(ValueError, match="shape .*4, 4, 3.*global pooling"):
        vector_of(Features(keras.Input((4, 4, 3))))

"""The contract of a task, on a toy leaf."""

import inspect
import json

import keras
import numpy as np
import pytest

from autokeras_nas.architecture import Features, FeatureSpec
from autokeras_nas.registry import Registry
from autokeras_nas.tasks.base import TASKS, Task

HOOKS = {
    "preprocessor", "fit_targets", "targets", "interface", "head", "compile_options", "labels",
    "score", "exported", "get_config", "from_config",
}  # fmt: skip


class Quantity(Task):
    """One number for every row, in units of the largest in training."""

    objective = "val_mae"

    def __init__(self):
        self.largest = None

    def preprocessor(self, x):
        inputs = keras.Input(x.shape[1:])
        return keras.Model(inputs, keras.layers.Rescaling(1.0)(inputs))

    def fit_targets(self, y):
        self.largest = float(np.max(y))
        return self.targets(y)

    def targets(self, y):
        return np.asarray(y, "float32")[:, None] / self.largest

    def interface(self):
        return FeatureSpec("vector")

    def head(self, features):
        return keras.layers.Dense(1)(features.main)

    def compile_options(self):
        return {"loss": "mse", "metrics": ["mae"]}

    def labels(self, predictions):
        return np.asarray(predictions)[:, 0] * self.largest

    def score(self, model, data):
        x, y = data
        return {"mae": float(np.abs(self.labels(model.predict(x, verbose=0)) - y).mean())}

    def exported(self, core):
        inputs = keras.Input(core.input.shape[1:])
        model = keras.Model(inputs, self.decode(core(inputs)))
        model.compile("sgd", **self.compile_options())
        return model

    def get_config(self):
        return {"largest": self.largest}

    @classmethod
    def from_config(cls, config):
        task = cls()
        task.largest = config["largest"]
        return task


class Positive(Quantity):
    """A quantity whose exported model gives no negative number."""

    def decode(self, outputs):
        return keras.ops.maximum(outputs, 0)


@pytest.fixture
def core():
    """A trained stand-in that gives the sum of two columns."""
    inputs = keras.Input((2,))
    core = keras.Model(inputs, Quantity().head(Features(inputs)))
    core.set_weights([np.ones((2, 1)), np.zeros(1)])
    return core


X = np.array([[1, 2], [-3, 1]], "float32")


def test_tasks_register_themselves_as_tasks():
    assert isinstance(TASKS, Registry)
    assert TASKS.kind == "task"
    assert all(issubclass(task, Task) for task in TASKS.values())


def test_contract_has_a_hook_for_all_that_depends_on_the_task():
    assert Task.__abstractmethods__ == HOOKS


def test_abstract_task_cannot_be_made():
    with pytest.raises(TypeError, match="abstract"):
        Task()


@pytest.mark.parametrize("hook", sorted(HOOKS))
def test_task_that_lacks_a_hook_cannot_be_made(hook):
    leaf = type("Leaf", (Quantity,), {hook: inspect.getattr_static(Task, hook)})
    with pytest.raises(TypeError, match=hook):
        leaf()


def test_objective_is_for_leaves_to_name():
    assert not hasattr(Task, "objective")
    assert "objective" in Task.__annotations__


@pytest.mark.parametrize("outputs", [X, {"a": X}, [X, X], None], ids=type)
def test_decode_gives_outputs_as_they_are(outputs):
    assert Quantity().decode(outputs) is outputs


def test_exported_model_gives_decoded_outputs(core):
    plain, positive = Quantity().exported(core), Positive().exported(core)
    np.testing.assert_allclose(plain.predict(X, verbose=0), [[3], [-2]])
    np.testing.assert_allclose(positive.predict(X, verbose=0), [[3], [0]])


def test_leaf_walks_through_the_hooks(core):
    task = Quantity()
    np.testing.assert_allclose(task.fit_targets([6, 3]), [[1], [0.5]])
    model = task.exported(core)
    np.testing.assert_allclose(task.labels(model.predict(X, verbose=0)), [18, -12])
    assert task.score(model, (X, [18, -10])) == {"mae": pytest.approx(1.0)}


def test_config_restores_what_was_learned():
    task = Quantity()
    task.fit_targets([6, 3])
    again = Quantity.from_config(json.loads(json.dumps(task.get_config())))
    np.testing.assert_array_equal(again.targets([3]), task.targets([3]))

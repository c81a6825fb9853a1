from __future__ import annotations

import keras
import keras_tuner
import numpy as np
import pytest

from autokeras_nas.architecture import InputSpec, Proposal, encode
from autokeras_nas.search import NasHyperModel, OwnHyperModel
from autokeras_nas.search_spaces import ChainCnn
from autokeras_nas.tasks import AsGiven, ImageClassification

VALUES = {"layer_00": "C(16,3)", "layer_01": "P(2,2)", "layer_02": "C(32,3)", "layer_03": "GAP"}


class Fast(ChainCnn):
    """A space whose architectures carry a learning rate."""

    def recipe(self, values):
        return {"learning_rate": 0.5}


def hypermodel(space=None):
    task = ImageClassification()
    task.fit_targets([0, 1, 2])
    return NasHyperModel(space or ChainCnn(), task, InputSpec((8, 8, 1)))


def hyperparameters(values):
    hp = keras_tuner.HyperParameters()
    hp.values = dict(values)
    return hp


def test_a_proposal_becomes_a_compiled_network_under_the_tasks_head():
    model = hypermodel().build(hyperparameters(encode(Proposal(VALUES))))
    assert model.input_shape == (None, 8, 8, 1) and model.output_shape == (None, 3)
    assert model.compiled
    assert {"layer_00_conv", "layer_02_conv", "probabilities"} <= {x.name for x in model.layers}


def test_declared_values_build_too():
    ours, hp = hypermodel(), keras_tuner.HyperParameters()
    ours.declare_hyperparameters(hp)
    assert ours.grammar.is_legal(ours.values(hp))
    assert ours.build(hp).output_shape == (None, 3)


def test_an_architecture_brings_its_own_training_settings():
    ours = hypermodel(Fast())
    assert ours.recipe_of(VALUES).learning_rate == 0.5
    assert ours.recipe_of(VALUES).weight_decay == ours.recipe.weight_decay
    assert float(ours.build(hyperparameters(VALUES)).optimizer.learning_rate) == 0.5


def test_training_ends_its_schedule_with_its_epochs():
    import tensorflow as tf

    ours, hp = hypermodel(), hyperparameters(VALUES)
    model = ours.build(hp)
    x, y = np.zeros((8, 8, 8, 1), "float32"), np.eye(3, dtype="float32")[[0, 1, 2, 0, 1, 2, 0, 1]]
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(4)
    history = ours.fit(hp, model, data, epochs=3, verbose=0)
    assert len(history.history["loss"]) == 3
    assert float(model.optimizer.learning_rate) < ours.recipe.learning_rate / 2


def own(compiled):
    def build(hp):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(hp.Choice("units", [2]))])
        if compiled:
            model.compile("sgd", "mae")
        return model

    return build


def test_a_model_that_comes_compiled_stays_as_it_is():
    model = OwnHyperModel(own(True), AsGiven()).build(keras_tuner.HyperParameters())
    assert model.loss == "mae"


def test_a_task_compiles_what_does_not_come_compiled():
    model = OwnHyperModel(own(False), ImageClassification()).build(keras_tuner.HyperParameters())
    assert isinstance(model.loss, keras.losses.CategoricalCrossentropy)
    with pytest.raises(ValueError, match="compile"):
        OwnHyperModel(own(False), AsGiven()).build(keras_tuner.HyperParameters())


def test_a_hypermodel_of_ones_own_declares_and_fits_its_own_way():
    class Mine(keras_tuner.HyperModel):
        def declare_hyperparameters(self, hp):
            hp.Choice("units", [3, 5])

        def build(self, hp):
            return own(True)(hp)

        def fit(self, hp, model, *args, **kwargs):
            return {"mine": 1.0}

    ours, hp = OwnHyperModel(Mine(), AsGiven()), keras_tuner.HyperParameters()
    ours.declare_hyperparameters(hp)
    assert [entry.name for entry in hp.space] == ["units"]
    assert ours.fit(hp, ours.build(hp)) == {"mine": 1.0}

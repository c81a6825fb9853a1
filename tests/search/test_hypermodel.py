from __future__ import annotations

import keras
import keras_tuner
import numpy as np
import pytest

from autokeras_nas.architecture import InputSpec, Proposal, encode
from autokeras_nas.layers import ScheduledDropPath
from autokeras_nas.search import NasHyperModel, OwnHyperModel
from autokeras_nas.search_spaces import ChainCnn, NasnetCell, TabularMlp
from autokeras_nas.tasks import AsGiven, ImageClassification, Regression
from autokeras_nas.training import PROGRESS, AuxiliaryModel, MemberModel

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


def cells(**settings):
    """A small cell network with an auxiliary head, its hypermodel and its hyperparameters."""
    ours = hypermodel(NasnetCell(blocks=1, filters=4, auxiliary_head=True, **settings))
    hp = hyperparameters(ours.grammar.default())
    return ours, hp, ours.build(hp)


def test_auxiliary_features_get_the_tasks_head_in_training_alone():
    ours, _, model = cells()
    assert isinstance(model, AuxiliaryModel) and model.output_shape == (None, 3)
    names = {layer.name for layer in model.in_training.layers}
    assert {"logits", "auxiliary_0", "auxiliary_whole_conv"} <= names
    assert not any("auxiliary" in layer.name for layer in model.layers)
    head = next(layer for layer in model.in_training.layers if layer.name == "auxiliary_0")
    assert {"logits", "probabilities"} <= {layer.name for layer in head.layers}
    ours.task.preprocessor(np.random.default_rng(0).random((9, 8, 8, 1)))
    exported = ours.task.exported(model)
    assert not any("auxiliary" in weight.path for weight in exported.weights)
    assert exported.count_params() < model.count_params()


@pytest.mark.slow
def test_network_with_auxiliary_head_and_drop_path_trains_and_comes_back(tmp_path):
    import tensorflow as tf

    ours, hp, model = cells(drop_path_keep=0.5)
    x = np.random.default_rng(0).random((8, 8, 8, 1), dtype="float32")
    y = np.eye(3, dtype="float32")[[0, 1, 2, 0, 1, 2, 0, 1]]
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(4)
    history = ours.fit(hp, model, data, epochs=3, validation_data=data, verbose=0).history
    assert set(history) == {"accuracy", "loss", "val_accuracy", "val_loss", PROGRESS}
    paths = [layer for layer in model.layers if isinstance(layer, ScheduledDropPath)]
    assert paths and all(p.total_steps == 6 and float(p.step) == 6 for p in paths)
    model.save_weights(tmp_path / "w.weights.h5")
    again = ours.build(hp)
    again.load_weights(tmp_path / "w.weights.h5")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    ours.task.preprocessor(x)
    exported = ours.task.exported(again)
    exported.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        loaded.predict(x, verbose=0), exported.predict(x, verbose=0), rtol=1e-5
    )


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


def tabular(**values):
    """A hypermodel on tables, its hyperparameters and its model."""
    task = Regression()
    task.fit_targets([1.0, 2.0, 4.0])
    ours = NasHyperModel(TabularMlp(), task, InputSpec((3,)))
    hp = hyperparameters({**ours.grammar.default(), "width": 32, **values})
    return ours, hp, ours.build(hp)


def test_members_share_the_tasks_head():
    _, _, model = tabular(members=8)
    assert isinstance(model, MemberModel) and model.output_shape == (None, 1)
    assert model.in_training.output_shape == [(None, 1), (None, 8, 1)]
    assert [layer.name for layer in model.layers].count("head") == 1
    _, _, alone = tabular(members=1)
    assert not isinstance(alone, MemberModel)


def test_quantities_of_the_ensemble_are_the_mean_of_its_members():
    _, _, model = tabular(members=8)
    x = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    main, members = model.in_training.predict(x, verbose=0)
    np.testing.assert_allclose(main, members.mean(axis=1), rtol=1e-5)
    np.testing.assert_allclose(model.predict(x, verbose=0), main, rtol=1e-6)


@pytest.mark.slow
def test_an_ensemble_trains_saves_and_exports(tmp_path):
    import tensorflow as tf

    ours, hp, model = tabular(members=8)
    x = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
    data = tf.data.Dataset.from_tensor_slices((x, x[:, :1])).batch(8)
    history = ours.fit(hp, model, data, epochs=2, validation_data=data, verbose=0).history
    assert np.isfinite(history["val_mse"]).all()
    ours.task.preprocessor(x)
    exported = ours.task.exported(model)
    expected = exported.predict(x, verbose=0)
    exported.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.predict(x, verbose=0), expected, rtol=1e-5)
    exported.export(tmp_path / "saved", verbose=False)
    served = tf.saved_model.load(tmp_path / "saved")
    np.testing.assert_allclose(served.serve(x), expected, rtol=1e-4, atol=1e-5)

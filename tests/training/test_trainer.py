"""The trainer: what a recipe does to training batches, and to nothing else."""

from __future__ import annotations

import keras
import keras_tuner
import numpy as np
import pytest
import tensorflow as tf

from autokeras_nas.tasks import ImageClassification, Regression
from autokeras_nas.training import PROGRESS, BestWeights, Recipe, train, training_batches

RNG = np.random.default_rng(0)
X = RNG.normal(size=(32, 6, 6, 1)).astype("float32")
Y = np.arange(32) % 4


def task():
    known = ImageClassification()
    known.fit_targets(Y)
    return known


def dataset(*weights):
    return tf.data.Dataset.from_tensor_slices((X, task().targets(Y), *weights)).batch(8)


def batches(recipe, seed=0, data=None, passes=1):
    keras.utils.set_random_seed(seed)
    data = training_batches(dataset() if data is None else data, recipe, task().smoothed)
    return [[part.numpy() for part in batch] for _ in range(passes) for batch in data]


def network():
    keras.utils.set_random_seed(1)
    x = inputs = keras.Input((6, 6, 1))
    x = keras.layers.BatchNormalization()(keras.layers.Conv2D(2, 3)(x))
    x = keras.layers.Flatten()(x)
    return keras.Model(inputs, keras.layers.Dense(4, activation="softmax")(x))


def trained(recipe, callbacks=(), **kwargs):
    model = network()
    model.compile(recipe.optimizer(), **task().compile_options())
    history = train(
        model,
        recipe,
        dataset(),
        epochs=2,
        smoothed=task().smoothed,
        callbacks=callbacks,
        validation_data=dataset(),
        verbose=0,
        **kwargs,
    )
    return model, history.history


def test_a_plain_recipe_leaves_the_batches_as_they_are():
    data = dataset()
    assert training_batches(data, Recipe(), task().smoothed) is data


def test_smoothing_changes_targets_alone():
    for (x, y), (x_before, y_before) in zip(
        batches(Recipe(label_smoothing=0.2)), batches(Recipe()), strict=True
    ):
        np.testing.assert_array_equal(x, x_before)
        np.testing.assert_allclose(y, 0.8 * y_before + 0.05, rtol=1e-6)


def test_smoothed_cross_entropy_is_that_of_the_loss_with_smoothing():
    targets = tf.constant(task().targets(Y[:4]))
    outputs = tf.nn.softmax(RNG.normal(size=(4, 4)).astype("float32"))
    ours = keras.losses.CategoricalCrossentropy()(task().smoothed(targets, 0.1), outputs)
    theirs = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)(targets, outputs)
    assert float(ours) == pytest.approx(float(theirs), rel=1e-6)


def test_quantities_are_not_smoothed():
    quantities = Regression()
    quantities.fit_targets([1.0, 2.0])
    targets = tf.constant([[3.0]])
    assert quantities.smoothed(targets, 0.1) is targets


def test_smoothing_leaves_validation_and_its_names():
    model, history = trained(Recipe(label_smoothing=0.3))
    assert set(history) == {"loss", "accuracy", "val_loss", "val_accuracy", PROGRESS}
    probabilities = model.predict(X, verbose=0)
    loss = -np.mean(np.log(probabilities[np.arange(len(Y)), Y]))
    assert history["val_loss"][-1] == pytest.approx(loss, rel=1e-4)
    assert model.loss.label_smoothing == 0.0


def test_every_epoch_augments_anew_and_a_seed_repeats_it():
    recipe = Recipe(shift=0.2, mirror=True)
    one, other = (batches(recipe, seed, passes=2) for seed in (3, 3))
    for batch, again in zip(one, other, strict=True):
        np.testing.assert_array_equal(batch[0], again[0])
    assert (one[0][0] != one[4][0]).any()
    assert (one[0][0] != batches(recipe, 4)[0][0]).any()
    np.testing.assert_array_equal(one[0][1], one[4][1])


def test_weights_and_the_number_of_batches_are_kept():
    weights = np.arange(32, dtype="float32")
    recipe = Recipe(shift=0.2, label_smoothing=0.1)
    found = batches(recipe, data=dataset(weights))
    np.testing.assert_array_equal(np.concatenate([w for *_, w in found]), weights)
    assert int(training_batches(dataset(weights), recipe, task().smoothed).cardinality()) == 4


def test_augmentation_leaves_validation_alone():
    model, history = trained(Recipe(shift=0.2, mirror=True, cover=0.5))
    measured = model.evaluate(dataset(), verbose=0, return_dict=True)
    assert history["val_loss"][-1] == pytest.approx(measured["loss"], rel=1e-5)


def test_the_best_weights_are_averages_with_a_score_of_their_own():
    best = BestWeights(keras_tuner.Objective("val_loss", "min"))
    model, history = trained(Recipe(averaging=0.8), [best])
    model.set_weights(best.weights)
    measured = model.evaluate(dataset(), verbose=0, return_dict=True)
    assert measured["loss"] == pytest.approx(min(history["val_loss"]), rel=1e-5)

"""The trainer: a model trained by a recipe."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras

from autokeras_nas.data.prefetching import prefetched
from autokeras_nas.layers import schedule_drop_paths
from autokeras_nas.training.averaging import AveragedWeights
from autokeras_nas.training.callbacks import Schedule
from autokeras_nas.training.recipe import Recipe
from autokeras_nas.training.variables import make_variables


def train(
    model: keras.Model,
    recipe: Recipe,
    data,
    epochs: int = 1,
    seconds: float | None = None,
    smoothed: Callable | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    **kwargs,
) -> keras.callbacks.History:
    """Trains a model that was compiled with `recipe.optimizer()`.

    Keras's global seed decides what is drawn.

    Args:
        model: The model.
        recipe: How.
        data: A `tf.data.Dataset` of batches `(x, y)` or `(x, y, weights)`.
        epochs: Epochs at most; the schedule ends with them.
        seconds: The time that the schedule may take; None: epochs alone decide.
        smoothed: `(targets, share) -> targets`, as `Task.smoothed`; None: no target is smoothed.
        callbacks: Further callbacks. They see averaged weights at the end of an epoch.
        **kwargs: Passed to `model.fit`.
    """
    steps = epochs * max(1, int(data.cardinality()))
    schedule_drop_paths(model, steps)
    if hasattr(model, "output"):  # Not before their first call: users' models of other kinds.
        make_variables(model, data)
    ours: list[keras.callbacks.Callback] = [Schedule(recipe, steps, seconds)]
    if getattr(model.optimizer, "averaging", None) is not None:
        ours.append(AveragedWeights())
    # The pipeline shuffles; Keras warns that it cannot.
    kwargs.setdefault("shuffle", False)
    data = training_batches(data, recipe, smoothed)
    return model.fit(data, epochs=epochs, callbacks=[*ours, *callbacks], **kwargs)


def training_batches(data, recipe: Recipe, smoothed: Callable | None = None):
    """Batches as the recipe wants them: images augmented, targets smoothed.

    Behind the pipeline, which keeps preprocessed examples and shuffles them, so that every
    epoch draws anew and every trial by its own recipe, in whichever process it runs.

    Args:
        data: As for `train`.
        recipe: Says what is done.
        smoothed: As for `train`.
    """
    import tensorflow as tf

    augment, share = recipe.augmentation, recipe.label_smoothing
    if smoothed is not None and share:
        data = data.map(lambda x, y, *weights: (x, smoothed(y, share), *weights))
    if not augment:
        return data
    seed = int(keras.random.randint((), 0, 2**31 - 1))
    draws = tf.data.Dataset.random(seed, rerandomize_each_iteration=True).batch(2)

    def augmented(seeds, batch):
        return augment(batch[0], seeds), *batch[1:]

    pairs = tf.data.Dataset.zip(draws, data)
    return prefetched(pairs.map(augmented, num_parallel_calls=tf.data.AUTOTUNE))

"""Variables that a training needs beside its network's, made before its first step."""

from __future__ import annotations

import keras


def make_variables(model: keras.Model, dataset) -> None:
    """Makes the variables of optimizer and metrics, which Keras makes in the first step.

    TensorFlow traces a function a second time where the first trace made variables; for a deep
    network that takes seconds.

    Args:
        model: Functional and compiled.
        dataset: What it will be trained on, a `tf.data.Dataset` of `(x, y)` or
            `(x, y, weights)`.
    """
    model.optimizer.build(model.trainable_variables)
    _, y, *weights = keras.tree.map_structure(_one_example, dataset.element_spec)
    model.compute_metrics(None, y, keras.tree.map_structure(_one_example, model.output), *weights)
    model.reset_metrics()


def _one_example(spec):
    """A batch of one example of ones; an axis of free length has one entry."""
    shape = (1, *(1 if size is None else size for size in spec.shape[1:]))
    return keras.ops.ones(shape, keras.backend.standardize_dtype(spec.dtype))

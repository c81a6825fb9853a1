"""Assembly: heads on trunks, and all parts as the one model that is handed out."""

from __future__ import annotations

import keras

from autokeras_nas.architecture import Features
from autokeras_nas.tasks.base import Task


def assembled(task: Task, preprocessor: keras.Model, core: keras.Model, name: str) -> keras.Model:
    """One compiled model of raw inputs, which shares its weights with `core`.

    Args:
        task: Decodes the outputs, and says how the model is compiled.
        preprocessor: Of raw inputs to what `core` takes.
        core: To outputs as the task's head gives them.
        name: Of the model.
    """
    if core.inputs:
        # As compiled, it would bring its optimizer along into the saved file.
        core = keras.Model(core.inputs[0], core.outputs[0], name=core.name)
    inputs = keras.tree.map_structure(
        lambda x: keras.Input(x.shape[1:], dtype=x.dtype, name=x.name), preprocessor.input
    )
    model = keras.Model(inputs, task.decode(core(preprocessor(inputs))), name=name)
    # Without momentum there is nothing to store beside the weights, or to miss on loading.
    model.compile(keras.optimizers.SGD(), **task.compile_options())
    return model


def vector_of(features: Features) -> keras.KerasTensor:
    """The main features, which must be `(batch, features)`.

    Raises:
        ValueError: If they are no vector.
    """
    if len(features.main.shape) != 2:
        raise ValueError(
            "The head takes a vector for each example. "
            f"Received: features of shape {features.main.shape}. "
            "End the trunk with global pooling or `Flatten`."
        )
    return features.main

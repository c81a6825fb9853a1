"""The task of a model that comes complete: data as they are, loss and metrics its own."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from autokeras_nas.architecture.specs import Features, FeatureSpec
from autokeras_nas.data import Source
from autokeras_nas.tasks.base import Task


class AsGiven(Task):
    """For models of the user's own: nothing is learned from the data, nothing is added.

    Features reach the model as they are, as float32, and labels its loss. It has no interface
    and no head, so no search space can be built under it.
    """

    objective = "val_loss"

    def preprocessor(self, x) -> None:
        """None: features go to the model as they are."""

    def preprocessor_of_stream(self, source: Source) -> None:
        """None: features go to the model as they are."""

    def fit_targets(self, y) -> np.ndarray:
        return np.asarray(y)

    def targets(self, y) -> np.ndarray:
        return np.asarray(y)

    def interface(self) -> FeatureSpec:
        raise _no("search space")

    def head(self, features: Features) -> keras.KerasTensor:
        raise _no("head")

    def compile_options(self) -> dict[str, Any]:
        raise ValueError(
            "A model of your own must come compiled. Received: one that is not. "
            "Call `model.compile` in `build`, or pass `task=`, which compiles it."
        )

    def labels(self, predictions) -> Any:
        raise _no("labels")

    def score(self, model: keras.Model, data) -> dict[str, float]:
        """The model's own metrics on `(x, y)`."""
        values = model.evaluate(*data, verbose=0, return_dict=True)
        return {name: float(value) for name, value in values.items()}

    def exported(self, core: keras.Model) -> keras.Model:
        """The model itself."""
        return core

    def get_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> AsGiven:
        return cls()


def _no(part: str) -> ValueError:
    return ValueError(
        f"Without a task there is no {part}. Received: a model of your own, and `task=None`. "
        "Name the task, for instance `task='image_classification'`, or do without."
    )

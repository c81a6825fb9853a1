"""Regression: one or several quantities for every row of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import keras
import numpy as np
from keras import ops

from autokeras_nas.architecture.specs import Features
from autokeras_nas.tasks.assembly import vector_of
from autokeras_nas.tasks.base import TASKS
from autokeras_nas.tasks.tabular import TabularTask


@TASKS.register("regression")
class Regression(TabularTask):
    """One quantity, or several, for every row of a table.

    Networks learn standardised quantities: the head ends by giving predictions `y` back
    their unit, `y = mean + deviation * z`, and the loss divides errors by the deviation
    again. So everything that anyone sees, predictions, metrics and objective, is in the
    unit of the targets, in training as in the exported model.

    Example:

    ```python
    task = Regression()
    targets = task.fit_targets(frame.pop("price"))
    preprocessor = task.preprocessor(frame)
    model = task.exported(core)
    task.labels(model.predict(task.inputs(frame)))  # array([13495., ...])
    ```

    Attributes:
        means: Of each target column in training; None before `fit_targets`.
        deviations: Their standard deviations; None before.
    """

    objective = "val_mse"
    stratified = False

    def __init__(self):
        super().__init__()
        self.means: list[float] | None = None
        self.deviations: list[float] | None = None

    def fit_targets(self, y) -> np.ndarray:
        """Learns mean and deviation.

        Args:
            y: Training targets, numbers `(n,)` or `(n, targets)`.

        Returns:
            Float32 array `(n, targets)`, in their unit.

        Raises:
            ValueError: If they are no finite numbers, or a column is constant.
        """
        values = _quantities(y)
        means, deviations = values.mean(axis=0), values.std(axis=0)
        # Below float32's precision there is nothing to learn either.
        constant = np.flatnonzero(deviations <= 1e-7 * np.abs(values).max(axis=0))
        if len(constant):
            raise ValueError(
                "Targets must vary: there is nothing to learn of a constant. "
                f"Received: {len(values)} rows, constant in target columns "
                f"{constant.tolist()}. Check that `y` holds the targets, or drop these columns."
            )
        self.means, self.deviations = means.tolist(), deviations.tolist()
        return values.astype("float32")

    def targets(self, y) -> np.ndarray:
        """Targets as float32 `(n, targets)`, in their unit.

        Raises:
            RuntimeError: If `fit_targets` has not run.
            ValueError: If they are no finite numbers, or not as many columns as in training.
        """
        means, _ = self._known_scale()
        values = _quantities(y)
        if values.shape[1] != len(means):
            raise ValueError(
                "Targets must have the columns of training. "
                f"Received: {values.shape[1]} columns; training had {len(means)}. "
                "Pass the same targets."
            )
        return values.astype("float32")

    def head(self, features: Features) -> keras.KerasTensor:
        """Quantities in their unit, float32 `(batch, targets)`.

        Args:
            features: Whose `main` is `(batch, features)`.

        Raises:
            RuntimeError: If `fit_targets` has not run.
            ValueError: If the features are no vector.
        """
        means, deviations = self._known_scale()
        z = keras.layers.Dense(len(means), name="standardised")(vector_of(features))
        unit = keras.layers.Rescaling(deviations, means, dtype="float32", name="quantities")
        return unit(z)

    def compile_options(self) -> dict[str, Any]:
        """Squared error of standardised targets; squared, absolute error and R2 in their unit."""
        means, deviations = self._known_scale()
        metrics = ["mse", "mae", CentredR2(means, deviations, name="r2")]
        return {"loss": StandardisedError(deviations), "metrics": metrics}

    def labels(self, predictions) -> np.ndarray:
        """Predicted quantities `(n,)`, or `(n, targets)` of several.

        Args:
            predictions: What the exported model gives, `(n, targets)`.

        Raises:
            RuntimeError: If `fit_targets` has not run.
            ValueError: If there is not one prediction for each target column.
        """
        means, _ = self._known_scale()
        values = ops.convert_to_numpy(predictions)
        if values.ndim != 2 or values.shape[1] != len(means):
            raise ValueError(
                "Predictions must hold one number for each target column. "
                f"Received: shape {values.shape}; there are {len(means)} target columns. "
                "Pass what the model's `predict` returned."
            )
        return values[:, 0] if len(means) == 1 else values

    def score(self, model: keras.Model, data) -> dict[str, float]:
        """Errors over a whole set, of several targets their means.

            R2 = 1 - sum((y - p)^2) / sum((y - mean(y))^2)

        Args:
            model: A model of raw columns.
            data: `(x, y)`, features and targets as training had them.

        Returns:
            Mean squared error `mse`, mean absolute error `mae`, and `r2`, 0 where `y` is
            constant.
        """
        x, y = data
        truth = self.targets(y).astype("float64")
        error = truth - model.predict(self.inputs(x), verbose=0)
        spread = truth.var(axis=0)
        explained = 1.0 - (error**2).mean(axis=0) / np.where(spread > 0, spread, np.inf)
        return {
            "mse": float((error**2).mean()),
            "mae": float(np.abs(error).mean()),
            "r2": float(np.where(spread > 0, explained, 0.0).mean()),
        }

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "means": self.means, "deviations": self.deviations}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        task = super().from_config(config)
        task.means, task.deviations = config["means"], config["deviations"]
        return task

    def _known_scale(self) -> tuple[list[float], list[float]]:
        if self.means is None or self.deviations is None:
            raise RuntimeError(
                "The task does not know its targets yet. "
                "Call `fit_targets(y)` with the training targets first."
            )
        return self.means, self.deviations


@keras.saving.register_keras_serializable(package="autokeras_nas")
class StandardisedError(keras.losses.Loss):
    """Mean of `((y - p) / deviation)^2` over the target columns.

    Args:
        deviations: One positive number a target column.
        **kwargs: Passed to `keras.losses.Loss`.
    """

    def __init__(self, deviations: Sequence[float], name="standardised_error", **kwargs):
        super().__init__(name=name, **kwargs)
        self.deviations = list(deviations)

    def call(self, y_true, y_pred):
        difference = (y_true - y_pred) / np.array(self.deviations, "float32")
        return ops.mean(ops.square(difference), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "deviations": self.deviations}


@keras.saving.register_keras_serializable(package="autokeras_nas")
class CentredR2(keras.metrics.R2Score):
    """R2, computed of standardised targets and predictions.

    It is the same number; but sums of squares far from zero would lose it in rounding.

    Args:
        means: One number a target column.
        deviations: One positive number a target column.
        **kwargs: Passed to `keras.metrics.R2Score`.
    """

    def __init__(self, means: Sequence[float], deviations: Sequence[float], **kwargs):
        super().__init__(**kwargs)
        self.means, self.deviations = list(means), list(deviations)

    def update_state(self, y_true, y_pred, sample_weight=None):
        mean, deviation = (np.array(x, "float32") for x in (self.means, self.deviations))
        y_true, y_pred = ((ops.cast(y, "float32") - mean) / deviation for y in (y_true, y_pred))
        return super().update_state(y_true, y_pred, sample_weight)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "means": self.means, "deviations": self.deviations}


def _quantities(y) -> np.ndarray:
    """Targets as float64 `(n, targets)`."""
    values = np.asarray(y)
    if values.dtype.kind == "O":
        numbers = all(isinstance(v, int | float | np.number) for v in values.flat)
        values = values.astype("float64") if numbers else values.astype(str)
    if values.dtype.kind not in "iuf":
        raise ValueError(
            "Targets of a regression must be numbers. "
            f"Received: {values.dtype}, such as {values.ravel()[:3].tolist()}. "
            "Convert them, or choose `tabular_classification` for classes."
        )
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or not values.size:
        raise ValueError(
            "Targets must be one number for each row, or one row of numbers. "
            f"Received: an array of shape {values.shape}. Pass (rows,) or (rows, targets)."
        )
    values = values.astype("float64")
    if not np.isfinite(values).all():
        raise ValueError(
            "Targets must be finite and not missing. Received: NaN or infinity in "
            f"{int((~np.isfinite(values)).any(axis=1).sum())} rows. Drop these rows."
        )
    return values

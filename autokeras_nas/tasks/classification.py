"""Classification: one of several classes for every example."""

from __future__ import annotations

from typing import Any, Self

import keras
import numpy as np

from autokeras_nas.architecture.specs import Features, FeatureSpec
from autokeras_nas.tasks.assembly import vector_of
from autokeras_nas.tasks.base import Task
from autokeras_nas.tasks.class_labels import as_labels, few


class Classification(Task):
    """One class for every example, whatever the examples are.

    Labels may be integers, strings, booleans or one-hot rows; predictions come back in
    the same terms, one-hot rows as column numbers.

    Attributes:
        classes: The labels, sorted; None before `fit_targets`.
        kind: `"integer"`, `"string"`, `"boolean"` or `"one_hot"`; None before.
    """

    objective = "val_accuracy"

    def __init__(self):
        super().__init__()
        self.classes: list[int] | list[str] | list[bool] | None = None
        self.kind: str | None = None

    def fit_targets(self, y) -> np.ndarray:
        """Learns the classes.

        Args:
            y: Training labels: `(n,)` or `(n, 1)` integers, strings or booleans, or `(n,
                columns)` one-hot rows.

        Returns:
            One-hot float32 array `(n, classes)`.

        Raises:
            ValueError: If they are no labels, or all the same.
        """
        kind, values = as_labels(y)
        found = np.unique(values)
        if len(found) < 2:
            raise ValueError(
                "Classification needs at least two classes. "
                f"Received: {len(values)} labels, all of them {found.tolist()}. "
                "Check that `y` holds the labels and that they were not sliced by class."
            )
        columns = np.arange(np.shape(y)[1]) if kind == "one_hot" else found
        self.kind, self.classes = kind, columns.tolist()
        return self._one_hot(values)

    def targets(self, y) -> np.ndarray:
        """Labels as one-hot rows in the order of `classes`.

        Args:
            y: Labels as in training; integers may stand for the columns of one-hot rows.

        Returns:
            One-hot float32 array `(n, classes)`.

        Raises:
            RuntimeError: If `fit_targets` has not run.
            ValueError: If labels are of another kind than in training, or new.
        """
        classes = self._known_classes()
        kind, values = as_labels(y)
        if "one_hot" in (kind, self.kind):
            fits = kind == "integer" or (kind == self.kind and np.shape(y)[1] == len(classes))
        else:
            # Booleans are numbers; strings are not.
            fits = (kind == "string") == (self.kind == "string")
        if not fits:
            raise ValueError(
                "Labels must be of the kind that training had. "
                f"Received: {kind} labels of shape {np.shape(y)}; "
                f"training had {self.kind} labels of {len(classes)} classes. "
                "Convert them to the terms of the training labels."
            )
        return self._one_hot(values)

    def _one_hot(self, values: np.ndarray) -> np.ndarray:
        classes = np.asarray(self._known_classes())
        index = np.searchsorted(classes, values).clip(max=len(classes) - 1)
        unseen = np.unique(values[classes[index] != values])
        if len(unseen):
            raise ValueError(
                "Some labels did not occur in training. "
                f"Received: {few(unseen.tolist())}; known classes: {few(classes.tolist())}. "
                "Remove these examples, or train with some of every class."
            )
        return np.eye(len(classes), dtype="float32")[index]

    def smoothed(self, targets, share: float):
        """Targets of which all classes get a share alike, `(1 - share) * y + share / classes`.

        Training alone takes them so, and loss and metrics of validation mean what they always
        do.

        Source: Szegedy et al., 2016, https://arxiv.org/abs/1512.00567, Section 7.
        """
        return (1.0 - share) * targets + share / len(self._known_classes())

    def interface(self) -> FeatureSpec:
        """A vector for each example."""
        return FeatureSpec("vector")

    def head(self, features: Features) -> keras.KerasTensor:
        """Class probabilities `(batch, classes)`, float32 under any precision policy.

        Args:
            features: Whose `main` is `(batch, features)`.

        Raises:
            RuntimeError: If `fit_targets` has not run.
            ValueError: If the features are no vector.
        """
        classes = self._known_classes()
        logits = keras.layers.Dense(len(classes), name="logits")(vector_of(features))
        return keras.layers.Activation("softmax", dtype="float32", name="probabilities")(logits)

    def compile_options(self) -> dict[str, Any]:
        """Cross-entropy and accuracy over one-hot targets."""
        return {"loss": keras.losses.CategoricalCrossentropy(), "metrics": ["accuracy"]}

    def labels(self, predictions) -> np.ndarray:
        """The most probable classes.

        Args:
            predictions: Probabilities `(n, classes)`.

        Returns:
            Array `(n,)` of labels as training had them.

        Raises:
            RuntimeError: If `fit_targets` has not run.
            ValueError: If there is not one probability for each class.
        """
        classes = self._known_classes()
        probabilities = keras.ops.convert_to_numpy(predictions)
        if probabilities.ndim != 2 or probabilities.shape[1] != len(classes):
            raise ValueError(
                "Predictions must hold a probability for each class. "
                f"Received: shape {probabilities.shape}; there are {len(classes)} classes. "
                "Pass what the model's `predict` returned."
            )
        return np.asarray(classes)[probabilities.argmax(axis=1)]

    def score(self, model: keras.Model, data) -> dict[str, float]:
        """The share of examples whose most probable class is theirs.

        Args:
            model: A model of raw inputs.
            data: `(x, y)`, features and labels as training had them.

        Returns:
            `{"accuracy": share}`, between 0 and 1.
        """
        x, y = data
        truth = self.targets(y).argmax(axis=1)
        guess = model.predict(self.inputs(x), verbose=0).argmax(axis=1)
        return {"accuracy": float(np.mean(truth == guess))}

    def get_config(self) -> dict[str, Any]:
        """Classes and their kind."""
        return {**super().get_config(), "classes": self.classes, "kind": self.kind}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        task = super().from_config(config)
        task.classes, task.kind = config["classes"], config["kind"]
        return task

    def _known_classes(self) -> list[int] | list[str] | list[bool]:
        if self.classes is None:
            raise RuntimeError(
                "The task does not know its classes yet. "
                "Call `fit_targets(y)` with the training labels first."
            )
        return self.classes

"""The contract of a task: everything that depends on what a network is for."""

from __future__ import annotations

import abc
from typing import Any, Self

import keras

from autokeras_nas.architecture.specs import Features, FeatureSpec, InputSpec
from autokeras_nas.data import Features as Examples
from autokeras_nas.data import Source, as_features, as_inputs
from autokeras_nas.registry import Registry

TASKS: Registry[Task] = Registry("task")


class Task(abc.ABC):
    """What a network is for; nothing about its architecture.

    A search calls the hooks in this order: `fit_targets`, `preprocessor` and `examine`, once,
    with the training part of the data; `targets` for all other data; `interface`, `head` and
    `compile_options` for every network that it builds; `exported` for the result.
    `labels` and `score` serve the user afterwards. Each raises RuntimeError where it needs
    what has not been learned yet. What the first two learn is the
    task's state: `get_config` writes it as JSON, `from_config` restores it, and a
    restored task need not see the training data again.

    Example:

    ```python
    task = TASKS["image_classification"]()
    targets = task.fit_targets(y)
    preprocessor = task.preprocessor(x)
    features = trunk(keras.Input(preprocessor.output_shape[1:]))
    ```
    """

    #: The objective of a search that names none, with a direction that its name tells.
    objective: str
    #: Whether a split keeps the shares of classes, where labels look like classes.
    stratified: bool = True

    @abc.abstractmethod
    def preprocessor(self, x) -> keras.Model:
        """Learns from training inputs how to prepare inputs.

        Args:
            x: Training inputs `(examples, ...)`.

        Returns:
            Model of raw inputs to what networks take. It runs in the input pipeline
            while training and stands in front of the exported model.
        """

    def preprocessor_of_stream(self, source: Source) -> keras.Model:
        """As `preprocessor`, of training inputs that come as a stream.

        Raises:
            NotImplementedError: If the task needs arrays.
        """
        raise NotImplementedError(
            f"`{type(self).__name__}` cannot learn its preprocessing from a stream yet. "
            f"Received: {type(source).__name__}. Pass arrays."
        )

    def input_spec(self, preprocessor: keras.Model) -> InputSpec:
        """What networks take: what the preprocessor gives."""
        return InputSpec(tuple(preprocessor.output_shape[1:]), preprocessor.outputs[0].dtype)

    def arrange(self, features: Examples) -> Examples:
        """Features, checked as `as_features` does, the way the preprocessor takes them.

        Raises:
            RuntimeError: If it needs what `preprocessor` has not learned yet.
            ValueError: If they are not like those of training.
        """
        return features

    def inputs(self, x) -> Any:
        """Features in the user's terms as the exported model takes them."""
        return as_inputs(self.arrange(as_features(x)))

    @abc.abstractmethod
    def fit_targets(self, y) -> Any:
        """Learns from training labels what labels there are; returns their targets."""

    @abc.abstractmethod
    def targets(self, y) -> Any:
        """Labels, in the user's terms, as what the loss compares with.

        Raises:
            RuntimeError: If `fit_targets` has not run.
            ValueError: If a label does not fit those of training.
        """

    def examine(self, x, y) -> None:
        """Learns from some training examples what their training should be like.

        Args:
            x: Inputs `(examples, ...)`, in the user's terms.
            y: Their labels.
        """
        return

    def recipe(self) -> dict[str, Any]:
        """The training settings that suit the task and what it has learned of its data.

        Fields of `training.Recipe` by name; what an architecture carries goes before them.
        """
        return {}

    def smoothed(self, targets, share: float):
        """Targets that ask training for less certainty; unchanged where they are no classes.

        Args:
            targets: TensorFlow's tensor of what `targets` gives, a batch.
            share: How much less, in [0, 1).
        """
        return targets

    @abc.abstractmethod
    def interface(self) -> FeatureSpec:
        """The features that `head` takes."""

    @abc.abstractmethod
    def head(self, features: Features) -> keras.KerasTensor:
        """From a trunk's features to the outputs that the loss compares."""

    @abc.abstractmethod
    def compile_options(self) -> dict[str, Any]:
        """Fresh loss and metrics, as arguments of `keras.Model.compile`."""

    def decode(self, outputs):
        """Outputs of a network as the exported model gives them; by default, unchanged."""
        return outputs

    @abc.abstractmethod
    def labels(self, predictions) -> Any:
        """The exported model's predictions in the terms of the user's labels."""

    @abc.abstractmethod
    def score(self, model: keras.Model, data) -> dict[str, float]:
        """Measures over a whole set.

        Args:
            model: A model of raw inputs, such as `exported` returns.
            data: `(x, y)`, raw inputs and labels in the user's terms.

        Returns:
            Measures by name.
        """

    @abc.abstractmethod
    def exported(self, core: keras.Model) -> keras.Model:
        """One compiled model of raw inputs: preprocessing, `core` and decoding."""

    @abc.abstractmethod
    def get_config(self) -> dict[str, Any]:
        """What was learned, as JSON can hold it; leaves add what is theirs."""
        return {}

    @classmethod
    @abc.abstractmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A task in the state that `get_config` described; leaves restore what is theirs."""
        return cls()

"""Auxiliary heads: classifiers half-way up that help a network's training and then are gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras


@keras.saving.register_keras_serializable(package="autokeras_nas")
class AuxiliaryModel(keras.Model):
    """A functional model that in training also learns from auxiliary outputs.

        loss = loss(y, output) + weight * sum_k loss(y, auxiliary_k)

    In all other respects it is the model of its main output: that alone is what it predicts and
    what metrics and the validation's loss measure. The loss that training reports is the sum.

    `keras.Model(model.inputs, model.outputs)` is the network without its auxiliary heads, with
    the same weights; `weights` of this one include those of the heads.

    Source: Szegedy et al., 2015, https://arxiv.org/abs/1409.4842, Section 5; with weight 0.4
    in Zoph et al., 2018, https://arxiv.org/abs/1707.07012.

    Args:
        inputs: As of `keras.Model`.
        outputs: As of `keras.Model`.
        auxiliary: Further outputs, each of the structure and shape of `outputs`.
        auxiliary_weight: What the loss of each counts.
        **kwargs: Passed to `keras.Model`.
    """

    _layers: list[Any]  # Keras' own, of which mypy cannot tell the type.

    def __init__(
        self, inputs, outputs, auxiliary: Sequence[Any], auxiliary_weight: float = 0.4, **kwargs
    ):
        super().__init__(inputs=inputs, outputs=outputs, **kwargs)
        self.auxiliary_weight = auxiliary_weight
        # Its heads' weights are trained and saved with this model, of which it becomes a part.
        self.in_training = keras.Model(inputs, [outputs, *auxiliary], name="in_training")
        # Before 3.15, Keras does not track layers that a functional model gets as attributes.
        if self.in_training not in self._layers:
            self._layers = [*self._layers, self.in_training]
        self._traced = _Traced()

    def call(self, inputs, training=None, mask=None):
        """The main output; in training, the auxiliary ones are kept for the loss."""
        if not training:
            return super().call(inputs, training=training, mask=mask)
        main, *self._traced.outputs = self.in_training(inputs, training=True)
        return main

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The loss of the main output and, in training, the weighted ones of the others."""
        total = super().compute_loss(x, y, y_pred, sample_weight, training)
        # Taken out: on JAX a tensor must not outlive the step that it belongs to.
        auxiliary, self._traced.outputs = self._traced.outputs, []
        if training:
            for output in auxiliary:
                # Not the whole `compute_loss`, which would count regularisation once more.
                loss = self._compile_loss(y, output, sample_weight)
                total = total + self.auxiliary_weight * loss
        return total

    def get_config(self) -> dict[str, Any]:
        """The graph with all outputs, and the weight of the auxiliary ones."""
        return {
            "name": self.name,
            "trainable": self.trainable,
            "in_training": keras.saving.serialize_keras_object(self.in_training),
            "auxiliary_weight": self.auxiliary_weight,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects=None) -> AuxiliaryModel:
        """The model that `get_config` described."""
        config = dict(config)
        graph = keras.saving.deserialize_keras_object(config.pop("in_training"), custom_objects)
        main, *auxiliary = graph.output
        return cls(graph.input, main, auxiliary, **config)


class _Traced:
    """What the present step has computed; not a list, which Keras would track.

    Attributes:
        outputs: The auxiliary outputs.
    """

    def __init__(self):
        self.outputs: list = []

"""Members: the networks of an implicit ensemble, each of which learns on its own."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops, tree


@keras.saving.register_keras_serializable(package="autokeras_nas")
class MemberModel(keras.Model):
    """A functional model that averages members, and trains each as if it were alone.

        output   = head(mean_k x_k)
        training = mean_k loss(y, head(x_k))

    A head that is linear before its last activation gives the mean of the members' quantities
    or logits. Were the loss taken of that mean, members would learn to make up for each other's
    errors, and the ensemble would overfit as one large network does.

    In all other respects it is the model of its output: that is what it predicts, and what
    metrics and the validation's loss measure. `keras.Model(model.inputs, model.outputs)` has
    the same weights, and is all that has to be kept.

    Source: Gorishniy et al., 2024, https://arxiv.org/abs/2410.24210, Section 3 (the loss; their
    members have heads of their own, and of classes the probabilities are averaged).

    Args:
        inputs: As of `keras.Model`.
        outputs: As of `keras.Model`.
        members: The head's outputs on each member, `(batch, members, ...)`.
        **kwargs: Passed to `keras.Model`.
    """

    def __init__(self, inputs, outputs, members, **kwargs):
        super().__init__(inputs=inputs, outputs=outputs, **kwargs)
        self.in_training = keras.Model(inputs, [outputs, members], name="in_training")
        self._traced = _Traced()

    def call(self, inputs, training=None, mask=None):
        """The output; in training, those of the members are kept for the loss."""
        if not training:
            return super().call(inputs, training=training, mask=mask)
        main, self._traced.members = self.in_training(inputs, training=True)
        return main

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """In training the mean loss of the members, else the loss of the output."""
        # Taken out: on JAX a tensor must not outlive the step that it belongs to.
        members, self._traced.members = self._traced.members, None
        if training and members is not None:
            count = members.shape[1]

            def for_each(part):
                return ops.repeat(part, count, axis=0)

            y = tree.map_structure(for_each, y)
            if sample_weight is not None:
                sample_weight = tree.map_structure(for_each, sample_weight)
            y_pred = ops.reshape(members, (-1, *members.shape[2:]))
        return super().compute_loss(x, y, y_pred, sample_weight, training)

    def get_config(self) -> dict[str, Any]:
        """The graph with all outputs."""
        return {
            "name": self.name,
            "trainable": self.trainable,
            "in_training": keras.saving.serialize_keras_object(self.in_training),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects=None) -> MemberModel:
        """The model that `get_config` described."""
        config = dict(config)
        graph = keras.saving.deserialize_keras_object(config.pop("in_training"), custom_objects)
        return cls(graph.input, *graph.output, **config)


class _Traced:
    """What the present step has computed, hidden from Keras's tracking.

    Attributes:
        members: The members' outputs; None before the step has come to them.
    """

    def __init__(self):
        self.members: Any = None

"""KerasTuner hyperparameters that copy cheaply."""

from __future__ import annotations

import collections

import keras_tuner


class Space(keras_tuner.HyperParameters):
    """`keras_tuner.HyperParameters` whose copies share the entries, which never change.

    KerasTuner copies a space by writing and reading its configuration, once a trial.
    """

    @classmethod
    def of(cls, hyperparameters: keras_tuner.HyperParameters) -> Space:
        """A copy of any hyperparameters."""
        twin = cls()
        twin._hps = collections.defaultdict(
            list, {name: list(entries) for name, entries in hyperparameters._hps.items()}
        )
        twin._space = list(hyperparameters._space)
        twin.values = dict(hyperparameters.values)
        return twin

    def copy(self) -> Space:
        return Space.of(self)

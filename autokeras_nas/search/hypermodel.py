"""The hypermodel: a search space under a task's head, as KerasTuner builds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import keras
import keras_tuner
from keras_tuner.src.engine.hypermodel import get_hypermodel

from autokeras_nas.architecture import Features, InputSpec, Values, decode
from autokeras_nas.layers import schedule_drop_paths
from autokeras_nas.search_spaces import SearchSpace
from autokeras_nas.tasks import Task
from autokeras_nas.training import AuxiliaryModel, MemberModel, Recipe, Schedule, make_variables


class NasHyperModel(keras_tuner.HyperModel):
    """Builds networks of a search space for a task.

    Args:
        search_space: What exists and how it is built.
        task: What for.
        input_spec: The preprocessed input.
        recipe: How networks are trained, where the architecture does not say.
    """

    def __init__(
        self,
        search_space: SearchSpace,
        task: Task,
        input_spec: InputSpec,
        recipe: Recipe | None = None,
    ):
        super().__init__(name=type(search_space).__name__)
        self.search_space = search_space
        self.task = task
        self.input_spec = input_spec
        self.recipe = recipe or Recipe()
        self.grammar = search_space.grammar(input_spec, task.interface())

    def declare_hyperparameters(self, hp: keras_tuner.HyperParameters) -> None:
        """Declares the space for stock oracles."""
        self.grammar.declare(hp)

    def values(self, hp: keras_tuner.HyperParameters) -> Values:
        """The architecture that hyperparameters carry, declared ones or a proposal's."""
        proposed = decode(hp.values).values
        return self.grammar.declared(proposed) if hp.space else proposed

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """A compiled model of the preprocessed input."""
        values = self.values(hp)
        model = self.network(values)
        optimizer = self.recipe_of(values).optimizer()
        model.compile(optimizer=optimizer, **self.task.compile_options())
        return model

    def recipe_of(self, values: Values) -> Recipe:
        """How an architecture is trained: the recipe, but for what it carries itself."""
        return replace(self.recipe, **self.search_space.recipe(values))

    def network(self, values: Mapping) -> keras.Model:
        """The network of an architecture, not compiled.

        Where its features include auxiliary ones, the task's head on each helps its training;
        where they have members, the head learns on each of them.
        """
        inputs = keras.Input(self.input_spec.shape, dtype=self.input_spec.dtype, name="features")
        features = self.search_space.trunk(values, inputs, self.input_spec, self.task.interface())
        if features.members is not None:
            return self._ensemble(inputs, features)
        outputs = self.task.head(features)
        if not features.auxiliary:
            return keras.Model(inputs, outputs, name="network")
        auxiliary = [self._auxiliary(k, x) for k, x in enumerate(features.auxiliary)]
        return AuxiliaryModel(inputs, outputs, auxiliary, name="network")

    def _ensemble(self, inputs, features: Features) -> MemberModel:
        """One head on the mean of the members and on each of them."""
        width = features.main.shape[-1]
        vector = keras.Input((width,), dtype=features.main.dtype)
        head = keras.Model(vector, self.task.head(Features(vector)), name="head")
        each = head(keras.ops.reshape(features.members, (-1, width)))
        each = keras.ops.reshape(each, (-1, features.members.shape[1], *each.shape[1:]))
        return MemberModel(inputs, head(features.main), each, name="network")

    def _auxiliary(self, position: int, features):
        """The outputs of an auxiliary head, a model of its own: its layers' names come again."""
        inputs = keras.Input(batch_shape=features.shape, dtype=features.dtype)
        outputs = self.task.head(Features(inputs))
        return keras.Model(inputs, outputs, name=f"auxiliary_{position}")(features)

    def fit(self, hp, model, *args, epochs=1, seconds=None, callbacks=(), **kwargs):
        """Trains under the recipe's schedule.

        Args:
            hp: The hyperparameters that the model was built from.
            model: The model.
            *args: Passed to `model.fit`: the training data, a batched dataset.
            epochs: Epochs at most; the schedule ends with them.
            seconds: The time that the schedule may take; None: epochs alone decide.
            callbacks: Further callbacks.
            **kwargs: Passed to `model.fit`.

        Returns:
            `keras.callbacks.History`.
        """
        steps = epochs * max(1, int(args[0].cardinality()))
        schedule_drop_paths(model, steps)
        make_variables(model, args[0])
        schedule = Schedule(self.recipe_of(self.values(hp)), steps, seconds)
        # The pipeline shuffles; Keras warns that it cannot.
        kwargs.setdefault("shuffle", False)
        return model.fit(*args, epochs=epochs, callbacks=[schedule, *callbacks], **kwargs)


class OwnHyperModel(keras_tuner.HyperModel):
    """A user's own hypermodel for a task, which compiles what does not come compiled.

    Args:
        hypermodel: A `keras_tuner.HyperModel` or a function `build(hp)`; with a task, of models
            from the task's preprocessed input to what its head would give.
        task: What for.
        recipe: Gives the optimizer of models that do not come compiled.
    """

    def __init__(self, hypermodel, task: Task, recipe: Recipe | None = None):
        self.hypermodel = get_hypermodel(hypermodel)
        super().__init__(name=self.hypermodel.name)
        self.task = task
        self.recipe = recipe or Recipe()

    def declare_hyperparameters(self, hp: keras_tuner.HyperParameters) -> None:
        """Declares what the user's hypermodel declares."""
        self.hypermodel.declare_hyperparameters(hp)

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """The user's model, compiled."""
        model = self.hypermodel.build(hp)
        if isinstance(model, keras.Model) and not model.compiled:
            options = self.task.compile_options()
            model.compile(optimizer=self.recipe.optimizer(), **options)
        return model

    def fit(self, hp, model, *args, **kwargs):
        """Trains as the user's hypermodel does."""
        # The pipeline shuffles; Keras warns that it cannot.
        kwargs.setdefault("shuffle", False)
        return self.hypermodel.fit(hp, model, *args, **kwargs)

"""Search space: which architectures exist, and how each is built."""

from __future__ import annotations

import abc
import inspect
from collections.abc import Mapping
from typing import Any

from autokeras_nas.architecture import (
    Features,
    FeatureSpec,
    Grammar,
    InputSpec,
    Value,
    Values,
    plain_values,
)
from autokeras_nas.errors import InvalidArchitectureError
from autokeras_nas.registry import Registry

SEARCH_SPACES: Registry[SearchSpace] = Registry("search space")


class SearchSpace(abc.ABC):
    """What exists and how it is built, up to the features that a task's head takes.

    A space knows neither tasks nor oracles: a task tells it the features that it wants, an
    oracle sees its grammar alone. Leaves keep every constructor argument under its own name
    and are otherwise without state, so that `type(space)(**space.get_config())` is the space.
    """

    @abc.abstractmethod
    def grammar(self, input_spec: InputSpec, interface: FeatureSpec) -> Grammar:
        """Which architectures exist for these inputs and features.

        Raises:
            ValueError: If the space has none for them.
        """

    @abc.abstractmethod
    def trunk(
        self,
        values: Mapping[str, Value],
        inputs: Any,
        input_spec: InputSpec,
        interface: FeatureSpec,
    ) -> Features:
        """Builds an architecture up to its features.

        Layers are named by their place, so that weights can be inherited by name and shape.

        Args:
            values: A complete architecture of the grammar.
            inputs: Keras tensor `(batch, *input_spec.shape)`.
            input_spec: What it holds.
            interface: The features wanted.

        Returns:
            The features, as the interface describes them.

        Raises:
            InvalidArchitectureError: If the architecture cannot be built.
        """

    def recipe(self, values: Mapping[str, Value]) -> dict[str, float]:
        """The training settings that an architecture carries; none unless a space has some."""
        return {}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}


def legal_values(grammar: Grammar, values: Mapping[str, Any], input_spec: InputSpec) -> Values:
    """The architecture, plain: Keras takes no NumPy integers for the sizes of layers.

    Raises:
        InvalidArchitectureError: If the grammar of these inputs does not have it.
    """
    plain = plain_values(values)
    if not grammar.is_legal(plain):
        raise InvalidArchitectureError(
            f"These values are no architecture of this search space for {input_spec}. "
            f"Received: {plain}. Draw architectures from the grammar of the same inputs."
        )
    return plain


def check_vector(space: str, interface: FeatureSpec) -> None:
    """Raises a ValueError unless a vector of features is wanted."""
    if interface.kind != "vector":
        raise ValueError(
            f"`{space}` ends in a vector of features. Received: {interface.kind=}. Use it for "
            "classification or regression, or choose a search space that keeps maps."
        )

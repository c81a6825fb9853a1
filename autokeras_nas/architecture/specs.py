"""What a task tells a search space: the shape of its inputs and the features that it wants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import index
from typing import Any, Literal


@dataclass(frozen=True)
class InputSpec:
    """The preprocessed input of a network.

    Attributes:
        shape: Without the batch axis: `(height, width, channels)` for images, `(columns,)`
            for tables, `(places,)` for texts; None where a length is free.
        dtype: The Keras dtype.
        vocabularies: Of a table, one for each of its last columns: these hold whole numbers
            from 0, below the size of their vocabulary. Of texts, one for all places.
    """

    shape: tuple[int | None, ...]
    dtype: str = "float32"
    vocabularies: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        # NumPy's integers become Python's: Keras takes no others for the sizes of layers.
        shape = tuple(None if size is None else index(size) for size in self.shape)
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "vocabularies", tuple(map(index, self.vocabularies)))

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> InputSpec:
        """The spec of what `dataclasses.asdict` gave, after JSON."""
        return cls(tuple(config["shape"]), config["dtype"], tuple(config["vocabularies"]))


@dataclass(frozen=True)
class FeatureSpec:
    """The features that a task's head can take.

    Attributes:
        kind: `"vector"`: `(batch, features)`; `"map"`: `(batch, height, width, channels)`;
            `"pyramid"`: maps by level; `"sequence"`: encoder and decoder.
        stride: For a map, input pixels a feature pixel.
        levels: For a pyramid, its levels; level *l* has stride `2 ** l`.
    """

    kind: Literal["vector", "map", "pyramid", "sequence"] = "vector"
    stride: int | None = None
    levels: tuple[int, ...] = ()


@dataclass(frozen=True)
class Features:
    """Where a trunk ends.

    Attributes:
        main: A Keras tensor; for a pyramid, a mapping of level to tensor.
        auxiliary: Tensors that auxiliary heads may train on.
        members: For an implicit ensemble, the vectors `(batch, members, features)` of which
            `main` is the mean: the head learns on each of them. None: there is no ensemble.
    """

    main: Any
    auxiliary: tuple[Any, ...] = field(default=())
    members: Any = None

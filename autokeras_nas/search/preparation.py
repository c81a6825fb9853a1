"""Preparation: from a caller's data to the batches that all trials of a search share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from autokeras_nas.architecture import InputSpec
from autokeras_nas.data import (
    ArraySource,
    Features,
    Pipeline,
    Source,
    as_source,
    split,
    split_folds,
    warn_of_columns,
)
from autokeras_nas.tasks import Task

_MOST_EXAMPLES = 128
_MOST_ROWS = 512
"""Rows of a table are small: what a step costs besides its examples decides."""
_EXAMINED = 1000
"""Training examples that a task looks at to see how they should be trained on."""

Sides = tuple[Source, Source]
"""Training and validation."""


@dataclass(frozen=True)
class Prepared:
    """Data as the trials of a search take them.

    Attributes:
        folds: Pairs of training and validation; one pair unless folds were asked for.
        input_spec: One preprocessed example.
    """

    folds: tuple[tuple[Pipeline, Pipeline], ...]
    input_spec: InputSpec

    @property
    def train(self) -> Any:
        """The `tf.data.Dataset` of training batches, of the first fold."""
        return self.folds[0][0].dataset()

    @property
    def validation(self) -> Any:
        """The `tf.data.Dataset` of validation batches, of the first fold."""
        return self.folds[0][1].dataset()


def prepare(
    task: Task,
    x,
    y=None,
    validation_data=None,
    validation_split: float = 0.2,
    folds: int | None = None,
    sample_weight=None,
    class_weight: Mapping | str | None = None,
    batch_size: int | None = None,
    seed: int = 0,
) -> Prepared:
    """Checks and splits data, fits the task to the training part, and builds the pipelines.

    With folds, every example is in the training part of some, and preprocessing is fitted to
    all of them, without their labels.

    Args:
        task: Learns its labels and preprocessing here.
        x: As `AutoModel.fit` takes it, and so are the other data.
        y: Labels, where `x` is an array.
        validation_data: `(x, y)` or a data set; None: split off.
        validation_split: The share to split off.
        folds: The number of folds for cross-validation; None: one split.
        sample_weight: Weights `(n,)`.
        class_weight: Weights by label, or `"balanced"`.
        batch_size: Examples a step; None: by the number of examples.
        seed: Drives the split and the shuffling.

    Raises:
        ValueError: If the data cannot be used, or both folds and validation data are given.
    """
    source = as_source(x, y, sample_weight)
    _warn_of_columns(source)
    if folds is None:
        sides = [_sides(task, source, validation_data, validation_split, seed)]
    elif validation_data is None:
        sides = split_folds(source, folds, seed, task.stratified)
    else:
        raise ValueError(
            "Folds take turns as validation data, so that there can be no others. "
            f"Received: {folds=} and `validation_data`. Leave out one of them."
        )
    task.fit_targets(source.labels)
    known = source if folds else sides[0][0]
    preprocess = _preprocessor(task, known)
    if preprocess is None:
        input_spec = InputSpec(known.feature_shape)
    else:
        input_spec = task.input_spec(preprocess)
    if None not in known.feature_shape:
        task.examine(*known.some(_EXAMINED, seed)[:2])
    rows = len(input_spec.shape) == 1 and input_spec.dtype == "float32"
    most = _MOST_ROWS if rows else _MOST_EXAMPLES
    sides = _arranged(task, sides)
    size = batch_size or default_batch_size(sides[0][0].num_examples, most)
    common = {"preprocess": preprocess, "targets": task.targets, "seed": seed}

    pairs = [
        (
            Pipeline(train, batch_size=size, class_weight=class_weight, **common),
            Pipeline(validation, batch_size=size * 4, shuffle=False, **common),
        )
        for train, validation in sides
    ]
    return Prepared(tuple(pairs), input_spec)


def _warn_of_columns(source: Source) -> None:
    if isinstance(source, ArraySource) and isinstance(source.x, dict):
        # Of all rows: those of an id leave no gap only before the split.
        table = source.gather(slice(None))[0]
        if isinstance(table, dict):
            warn_of_columns(table, source.labels)


def _sides(task: Task, source: Source, validation_data, share: float, seed: int) -> Sides:
    """Training and validation, given or split off."""
    if validation_data is None:
        return split(source, share, seed, task.stratified)
    pair = validation_data if isinstance(validation_data, tuple) else (validation_data,)
    return source, as_source(*pair, image_shape=source.feature_shape)


def _preprocessor(task: Task, source: Source):
    if isinstance(source, ArraySource):
        return task.preprocessor(source.gather(slice(None))[0])
    return task.preprocessor_of_stream(source)


def _arranged(task: Task, sides: list[Sides]) -> list[Sides]:
    """The sides with features as the preprocessor takes them; each array is arranged once."""
    known: dict[int, Features] = {}

    def arranged(source: Source) -> Source:
        if not isinstance(source, ArraySource):
            return source
        if id(source.x) not in known:
            known[id(source.x)] = task.arrange(source.x)
        return source.with_features(known[id(source.x)])

    return [(arranged(train), arranged(validation)) for train, validation in sides]


def default_batch_size(num_examples: int, most: int = _MOST_EXAMPLES) -> int:
    """A power of two near a hundredth of the examples, from 16 to `most`."""
    size = 2 ** round(math.log2(max(num_examples, 1) / 100))
    return int(np.clip(size, 16, most))

"""Preparation: from a caller's data to the batches that all trials of a search share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from autokeras_nas.architecture import InputSpec
from autokeras_nas.data import ArraySource, Pipeline, as_source, split, warn_of_columns
from autokeras_nas.tasks import Task


@dataclass(frozen=True)
class Prepared:
    """Data as the trials of a search take them.

    Attributes:
        train: A `tf.data.Dataset` of training batches.
        validation: Of validation batches.
        input_spec: One preprocessed example.
    """

    train: Any
    validation: Any
    input_spec: InputSpec


def prepare(
    task: Task,
    x,
    y=None,
    validation_data=None,
    validation_split: float = 0.2,
    sample_weight=None,
    class_weight: Mapping | str | None = None,
    batch_size: int | None = None,
    seed: int = 0,
) -> Prepared:
    """Checks and splits data, fits the task to the training part, and builds the pipelines.

    Args:
        task: Learns its labels and preprocessing here.
        x: As `AutoModel.fit` takes it, and so are the other data.
        y: Labels, where `x` is an array.
        validation_data: `(x, y)` or a data set; None: split off.
        validation_split: The share to split off.
        sample_weight: Weights `(n,)`.
        class_weight: Weights by label, or `"balanced"`.
        batch_size: Examples a step; None: by the number of examples.
        seed: Drives the split and the shuffling.

    Raises:
        ValueError: If the data cannot be used.
    """
    source = as_source(x, y, sample_weight)
    if isinstance(source, ArraySource):
        # Of all rows: those of an id leave no gap only before the split.
        table = source.gather(slice(None))[0] if isinstance(source.x, dict) else None
        if isinstance(table, dict):
            warn_of_columns(table, source.labels)
    if validation_data is None:
        train, validation = split(source, validation_split, seed, task.stratified)
    else:
        pair = validation_data if isinstance(validation_data, tuple) else (validation_data,)
        train, validation = source, as_source(*pair, image_shape=source.feature_shape)
    task.fit_targets(source.labels)
    if isinstance(train, ArraySource):
        preprocess = task.preprocessor(train.gather(slice(None))[0])
        train = train.with_features(task.arrange(train.x))
        if isinstance(validation, ArraySource):
            validation = validation.with_features(task.arrange(validation.x))
    else:
        preprocess = task.preprocessor_of_stream(train)
    if preprocess is None:
        input_spec = InputSpec(train.feature_shape)
    else:
        input_spec = task.input_spec(preprocess)
    size = batch_size or default_batch_size(train.num_examples)
    common = {"preprocess": preprocess, "targets": task.targets, "seed": seed}
    batches = Pipeline(train, batch_size=size, class_weight=class_weight, **common)
    unshuffled = Pipeline(validation, batch_size=size * 4, shuffle=False, **common)
    return Prepared(batches.dataset(), unshuffled.dataset(), input_spec)


def default_batch_size(num_examples: int) -> int:
    """A power of two near a hundredth of the examples, from 16 to 128."""
    return int(2 ** np.clip(round(math.log2(max(num_examples, 1) / 100)), 4, 7))

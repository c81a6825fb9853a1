"""Splitting: seeded, shuffled, by class, and without leaks between the sides."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold

from autokeras_nas.data.dataset_source import DatasetSource, feature_hash
from autokeras_nas.data.labels import class_of_each
from autokeras_nas.data.row_sources import RowSource
from autokeras_nas.data.source import Source

_PROBED = 64

Draw = Callable[[int, np.ndarray | None], list[np.ndarray]]
"""Draws masks `(n,)` of validation, of `n` examples and their classes or None."""


def split(
    source: Source, validation_split: float, seed: int, stratify: bool = True
) -> tuple[Source, Source]:
    """Splits a source into training and validation.

    Arrays and files are split by row, into views. A dataset is split by the content of its
    features: one pass remembers a hash of every example, the hashes are split, and each side
    keeps the examples whose hash is its own. Thus neither order nor reshuffling moves an example
    across, and equal examples share a side. An example that the pass did not see is taken
    for training. The share is of the distinct examples.

    Args:
        source: What to split.
        validation_split: The share of validation, between 0 and 1.
        seed: Drives the draw; the same seed and data give the same split.
        stratify: Whether each class is split in the same proportion, where the labels are
            classes, each has 2 examples, and each side has room for all of them.

    Returns:
        Training and validation.

    Raises:
        ValueError: If the share is out of range or leaves a side empty, or if a dataset
            yields other examples on every pass.
    """
    if not 0.0 < validation_split < 1.0:
        raise ValueError(
            "`validation_split` must lie between 0 and 1, both excluded. "
            f"Received: {validation_split}. Pass a share such as 0.2."
        )

    def draw(count, classes):
        return [validation_mask(count, validation_split, seed, classes)]

    return _sides(source, draw, stratify)[0]


def split_folds(
    source: Source, folds: int, seed: int, stratify: bool = True
) -> list[tuple[Source, Source]]:
    """Splits a source into folds, each of which is once validation while the rest is training.

    Args:
        source: What to split, by row or by content as `split` says.
        folds: Their number *k*, at least 2.
        seed: Drives the draw.
        stratify: Whether each class is shared out evenly, where the labels are classes.

    Returns:
        *k* pairs of training and validation.

    Raises:
        ValueError: If there are fewer examples than folds, or `split` would raise it.
    """
    return _sides(source, lambda count, classes: fold_masks(count, folds, seed, classes), stratify)


def _sides(source: Source, draw: Draw, stratify: bool) -> list[tuple[Source, Source]]:
    """Training and validation for each mask that is drawn."""
    if isinstance(source, RowSource):
        classes = class_of_each(source.labels) if stratify else None
        masks = draw(source.num_examples, classes)
        return [(source.view(np.flatnonzero(~m)), source.view(np.flatnonzero(m))) for m in masks]
    if isinstance(source, DatasetSource):
        return _sides_of_dataset(source, draw, stratify)
    raise TypeError(
        "Only arrays and datasets can be split. "
        f"Received: a source of type {type(source).__name__}. Pass `validation_data`."
    )


def fold_masks(
    count: int, folds: int, seed: int, classes: np.ndarray | None = None
) -> list[np.ndarray]:
    """Deals the examples out to folds.

    Args:
        count: The number of examples, *n*.
        folds: The number of folds, *k*.
        seed: Drives the draw.
        classes: The class of each example `(n,)`; None: deal all alike.

    Returns:
        *k* arrays of booleans `(n,)`, true for the validation of the fold; each example is true
        in one of them.
    """
    if not 2 <= folds <= count:
        raise ValueError(
            "`folds` must be at least 2 and at most the number of different examples. "
            f"Received: {folds} folds of {count} examples. Pass for instance 5."
        )
    settings = {"n_splits": folds, "shuffle": True, "random_state": seed % 2**32}
    if classes is not None and np.unique(classes, return_counts=True)[1].max() >= folds:
        dealt = StratifiedKFold(**settings).split(np.empty(count), classes)
    else:
        dealt = KFold(**settings).split(np.empty(count))
    masks = []
    for _, chosen in dealt:
        masks.append(np.zeros(count, bool))
        masks[-1][chosen] = True
    return masks


def validation_mask(
    count: int, share: float, seed: int, classes: np.ndarray | None = None
) -> np.ndarray:
    """Draws the examples of validation.

    Args:
        count: The number of examples, *n*.
        share: The share to draw.
        seed: Drives the draw.
        classes: The class of each example `(n,)`; None: draw from all alike.

    Returns:
        Booleans `(n,)`, true for validation, `round(n * share)` times.
    """
    rng = np.random.default_rng(seed)
    wanted = round(count * share)
    if not 0 < wanted < count:
        raise ValueError(
            "`validation_split` leaves one side without examples. "
            f"Received: {share} of {count} different examples. "
            "Change the share, or pass more data or `validation_data`."
        )
    mask = np.zeros(count, bool)
    if classes is not None:
        _, inverse, counts = np.unique(classes, return_inverse=True, return_counts=True)
        if counts.min() >= 2 and len(counts) <= min(wanted, count - wanted):
            for index, quota in enumerate(class_quotas(counts, wanted)):
                members = np.flatnonzero(inverse == index)
                mask[rng.choice(members, quota, replace=False)] = True
            return mask
        warnings.warn(
            f"The split is not by class: of {len(counts)} classes the smallest has "
            f"{counts.min()} examples, and validation has {wanted}. Some classes may be on one "
            "side only.",
            stacklevel=3,
        )
    mask[rng.choice(count, wanted, replace=False)] = True
    return mask


def class_quotas(counts: np.ndarray, wanted: int) -> np.ndarray:
    """Shares a number of validation examples among classes, in proportion.

    Each class gets its share rounded down, at least 1 and not all; what is then missing
    goes to, or is taken from, the classes furthest from their exact share.

    Args:
        counts: Examples of each class `(classes,)`, each at least 2.
        wanted: Their sum, from `classes` to `sum(counts) - classes`.

    Returns:
        Integers `(classes,)` with the sum `wanted`, each in `[1, counts - 1]`.
    """
    exact = counts * wanted / counts.sum()
    quotas = np.clip(np.floor(exact).astype(int), 1, counts - 1)
    while (missing := wanted - quotas.sum()) != 0:
        step = int(np.sign(missing))
        open_ = quotas < counts - 1 if step > 0 else quotas > 1
        quotas[np.argmax(np.where(open_, (exact - quotas) * step, -np.inf))] += step
    return quotas


def _sides_of_dataset(
    source: DatasetSource, draw: Draw, stratify: bool
) -> list[tuple[Source, Source]]:
    scan = source.scan
    # Sorted, so that the draw does not depend on the order of the pass.
    distinct, first = np.unique(scan.hashes, return_index=True)
    classes = class_of_each(scan.labels) if stratify else None
    if classes is not None:
        classes = _class_of_hash(distinct, first, scan.hashes, classes)
    masks = draw(len(distinct), classes)
    _check_repeatable(source, distinct)
    return [_sides_by_hash(source, distinct[mask]) for mask in masks]


def _sides_by_hash(source: DatasetSource, chosen: np.ndarray) -> tuple[Source, Source]:
    """The examples whose hash is not among the chosen, and those whose is."""
    import tensorflow as tf

    table = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(
            tf.constant(chosen, tf.int64), tf.ones(len(chosen), tf.int64)
        ),
        default_value=0,
    )

    def side(wanted: int, mask: np.ndarray) -> DatasetSource:
        kept = source.elements().filter(
            lambda x, *_: tf.equal(table.lookup(feature_hash(x)), wanted)
        )
        return DatasetSource(
            kept, batched=False, scan=source.scan.where(mask), keep=(table, source)
        )

    validates = np.isin(source.scan.hashes, chosen)
    return side(0, ~validates), side(1, validates)


def _class_of_hash(distinct, first, hashes, classes) -> np.ndarray:
    """The class of each distinct hash: the least, where equal examples disagree."""
    if len(distinct) == len(hashes):
        return classes[first]
    order = np.lexsort((classes, hashes))
    return classes[order[np.searchsorted(hashes[order], distinct)]]


def _check_repeatable(source: DatasetSource, known: np.ndarray) -> None:
    probe = source.elements().take(_PROBED).map(lambda x, *_: feature_hash(x))
    if not np.isin(list(probe.as_numpy_iterator()), known).any():
        raise ValueError(
            "A dataset to be split must yield the same examples on every pass. "
            f"Received: one whose second pass began with {_PROBED} examples or fewer that the "
            "first did not have. Augment after the split, or pass `validation_data`."
        )

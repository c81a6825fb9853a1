"""Sources: what a caller passes as data, taken for what it is."""

from __future__ import annotations

import difflib

from autokeras_nas.data.column_dataset import collect_columns, has_columns
from autokeras_nas.data.dataset_source import DatasetSource
from autokeras_nas.data.files import is_file, load_file
from autokeras_nas.data.image_files import ImageFiles
from autokeras_nas.data.row_sources import ArraySource, FileSource, RowSource
from autokeras_nas.data.source import Source
from autokeras_nas.data.streams import is_dataset, is_stream, stream_dataset
from autokeras_nas.errors import unknown_name


def as_source(
    x,
    y=None,
    sample_weight=None,
    *,
    batched: bool | None = None,
    image_shape: tuple[int | None, ...] | None = None,
) -> Source:
    """The source of whatever came as data.

    Args:
        x: Examples, as `as_features` takes them; a file or folder, as `load_file` takes it; a
            `tf.data.Dataset` of `(x, y)` or `(x, y, sample_weight)`, batched or not, of which
            columns by name are collected into a table; what yields the same arrays in Python,
            as `stream_dataset` takes it; the name of a TFDS data
            set, such as `"mnist"` or `"tfds:mnist"`; or a `Source`, returned as it is.
        y: Labels `(n, ...)` of arrays; of a table in a file, the name of the target column.
        sample_weight: Weights `(n,)` of arrays and files.
        batched: Whether a dataset's elements are batches; None: see `is_batched`.
        image_shape: Of an image as a model takes it, for a folder; None: as they come.

    Raises:
        ValueError: If the data cannot be used; the message says why.
    """
    if is_file(x):
        return _file_source(x, y, sample_weight, image_shape)
    if not isinstance(x, (Source, str)) and not is_dataset(x) and not is_stream(x):
        return ArraySource(x, y, sample_weight)
    if y is not None or sample_weight is not None:
        raise ValueError(
            "`y` and `sample_weight` come inside a dataset. Received: both a dataset and "
            f"{'`y`' if y is not None else '`sample_weight`'}. "
            "Let the dataset yield (x, y) or (x, y, sample_weight)."
        )
    if isinstance(x, Source):
        return x
    if isinstance(x, str):
        return DatasetSource(load_tfds(x), batched=batched)
    if has_columns(x):
        return ArraySource(*collect_columns(x, batched))
    if is_dataset(x):
        return DatasetSource(x, batched=batched)
    dataset, found = stream_dataset(x)
    return DatasetSource(dataset, batched=found if batched is None else batched)


def _file_source(path, target, sample_weight, image_shape) -> RowSource:
    if target is not None and not isinstance(target, str):
        raise ValueError(
            "Labels of a file come inside it: `y` names the target column of a table. "
            f"Received: {str(path)!r} and a {type(target).__name__} as `y`. "
            "Pass the column's name, or nothing for images and archives."
        )
    x, y = load_file(path, target, image_shape)
    if y is None:
        raise ValueError(
            f"Labels are missing. Received: {str(path)!r} and y={target!r}. "
            "Name the target column of a table as `y`; put images into one subfolder for each "
            "class; save the labels of a NumPy archive as `y`."
        )
    kind = FileSource if isinstance(x, ImageFiles) else ArraySource
    return kind(x, y, sample_weight)


def load_tfds(name: str):
    """The training split of a TFDS data set, downloaded if need be.

    Args:
        name: A name as `tfds.load` takes it, with an optional prefix `"tfds:"`.

    Returns:
        A `tf.data.Dataset` of `(x, y)`, one example each.

    Raises:
        ValueError: If the name is unknown, or the data set has no `(x, y)` form.
    """
    import tensorflow_datasets as tfds

    name = name.removeprefix("tfds:")
    known = tfds.list_builders(with_community_datasets=False)
    base = name.split("/")[0].split(":")[0]
    if base not in known:
        # All of some hundred names would bury the one that helps.
        near = difflib.get_close_matches(base, known, n=8, cutoff=0.3)
        raise unknown_name("TFDS data set", name, near or known)
    try:
        return tfds.load(name, as_supervised=True, split="train")
    except ValueError as error:
        raise ValueError(
            f"This TFDS data set cannot be read as (x, y) pairs of a split 'train'. Received: "
            f"{name!r} ({error}). Load it with `tfds.load`, map it to (x, y) and pass the dataset."
        ) from error

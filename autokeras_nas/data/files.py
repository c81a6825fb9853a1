"""Files: tables, folders of images and NumPy archives as arrays and labels."""

from __future__ import annotations

import os
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from autokeras_nas.data.image_files import ImageFiles
from autokeras_nas.data.image_folder import read_image_folder
from autokeras_nas.errors import MALFORMED, unknown_name

TABLES = (".csv", ".csv.gz", ".parquet")
_SUFFIXES = (*TABLES, ".npz")
_ISO_DATE = r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?)?(Z|[+-]\d{2}:?\d{2})?"
_PAIRS = (("x", "y"), ("x_train", "y_train"))
"""What the arrays of a NumPy archive are called; the first that is there counts."""
_BROKEN = (
    *MALFORMED,
    EOFError,
    MemoryError,
    OSError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)
"""All the ways in which pandas, PyArrow and NumPy report a broken file."""


def is_file(x) -> bool:
    """Whether data are given by their place on the disk.

    So are paths, and texts that end in a known suffix or name a folder. Other texts are names of
    TFDS data sets, and so is what begins with `"tfds:"`.
    """
    if isinstance(x, os.PathLike):
        return True
    if not isinstance(x, str) or x.startswith("tfds:"):
        return False
    return x.lower().endswith(_SUFFIXES) or os.path.isdir(x)


def load_file(
    path: str | os.PathLike, target: str | None = None, shape: tuple | None = None
) -> tuple[Any, Any]:
    """Reads features, and labels where there are some.

    Args:
        path: A table (`.csv`, `.csv.gz`, `.parquet`); a NumPy archive `.npz` of arrays `x` and
            `y`, or `x_train` and `y_train`; or a folder with a subfolder of images for each
            class.
        target: The column of a table that holds the labels; None: the table has none.
        shape: Of an image as a model takes it, to which those of a folder are resized; None:
            their most common size.

    Returns:
        `(x, y)`: a pandas data frame or an array, and labels `(n,)` or None. A table whose only
        column of features holds texts of several words is an array of texts `(n,)`; images that
        would not fit in memory are `ImageFiles`.

    Raises:
        ValueError: If there is no such file, column or array, or it cannot be read.
        ImportError: If a package that reads it is missing.
    """
    place = Path(path)
    if not place.exists():
        raise ValueError(
            f"There is no such file or folder. Received: {str(path)!r}, looked for in "
            f"{str(Path.cwd())!r}. Check the path."
        )
    if place.name.lower().endswith(TABLES):
        return _split_target(_read_table(place), target, place)
    if target is not None:
        raise ValueError(
            "Only a table has a target column; other files hold their labels themselves. "
            f"Received: the target {target!r} and {str(path)!r}. Leave the target out."
        )
    if place.is_dir():
        found = read_image_folder(place, shape)
        return found.images, found.labels
    if place.name.lower().endswith(".npz"):
        return _read_archive(place)
    raise ValueError(
        f"A file of this kind cannot be read. Received: {str(path)!r}. "
        f"Known are {', '.join(_SUFFIXES)} and folders of images."
    )


def load_features(
    path: str | os.PathLike, without: str | None = None, shape: tuple | None = None
) -> Any:
    """Reads features alone, to predict from.

    Args:
        path: As `load_file` takes it.
        without: The column of a table that is no feature, where there is one of this name.
        shape: As `load_file` takes it.

    Returns:
        A pandas data frame or an array; a `tf.data.Dataset` of batches for images that would
        not fit in memory.
    """
    x, _ = load_file(path, shape=shape)
    if isinstance(x, ImageFiles):
        return x.dataset()
    is_array = isinstance(x, np.ndarray)
    return x if is_array or without not in x.columns else _as_texts(x.drop(columns=[without]))


def _read_table(path: Path):
    import pandas as pd

    try:
        if path.suffix.lower() != ".parquet":
            return _with_dates(pd.read_csv(path))
        try:
            import pyarrow  # noqa: F401
        except ImportError as error:
            raise ImportError(
                f"Parquet files need a package that is not installed. Received: {str(path)!r}. "
                "Install it with `pip install pyarrow`, or save the table as CSV."
            ) from error
        return pd.read_parquet(path)
    except _BROKEN as error:
        raise ValueError(
            f"The table cannot be read. Received: {str(path)!r} "
            f"({' '.join(str(error).split())}). Check that the file is whole and of its kind."
        ) from error


def _with_dates(table):
    """The table of a text file, with columns of ISO 8601 dates as dates."""
    import pandas as pd

    for name in table.columns:
        known = table[name].dropna()
        if (
            pd.api.types.is_string_dtype(known)
            and len(known)
            and known.astype(str).str.fullmatch(_ISO_DATE).all()
        ):
            dates = pd.to_datetime(table[name], format="ISO8601", utc=True, errors="coerce")
            if dates.notna().sum() == len(known):  # There is no 30th of February.
                table[name] = dates
    return table


def _split_target(table, target: str | None, path: Path) -> tuple[Any, Any]:
    if table.empty:
        raise ValueError(
            f"The table is empty. Received: {str(path)!r} of {len(table.columns)} columns and "
            f"{len(table)} rows. Pass one with a row for each example."
        )
    if target is None:
        return _as_texts(table), None
    if target not in table.columns:
        raise unknown_name(f"column in {path.name}", target, map(str, table.columns))
    missing = table[target].isna().to_numpy()
    if missing.any():
        raise ValueError(
            f"The target column {target!r} of {str(path)!r} has missing values. Received: "
            f"{missing.sum()} of {len(table)}, the first in row {missing.argmax()}. "
            "Drop these rows."
        )
    labels = table[target].to_numpy()
    if len(table.columns) == 1:
        raise ValueError(
            f"There is nothing to learn from. Received: {str(path)!r} with its target "
            f"{target!r} as the only column. Add columns of features."
        )
    return _as_texts(table.drop(columns=[target])), labels


def _as_texts(table):
    """The texts of a table that holds nothing else; any other table as it is."""
    import pandas as pd

    column = table.iloc[:, 0]
    if len(table.columns) > 1 or not pd.api.types.is_string_dtype(column.dropna()):
        return table
    texts = column.fillna("").astype(str)
    several_words = texts.str.strip().str.contains(r"\s")
    return texts.to_numpy(str) if several_words.mean() > 0.5 else table


def _read_archive(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    try:
        archive = np.load(path)
        if isinstance(archive, np.ndarray):
            raise ValueError("it is one array without a name")
        with archive:
            for x, y in _PAIRS:
                if x in archive:
                    return archive[x], archive[y] if y in archive else None
            names = list(archive)
    except (*_BROKEN, SyntaxError, tokenize.TokenError) as error:
        raise ValueError(
            f"The NumPy archive cannot be read. Received: {str(path)!r} ({error}). "
            "Save arrays of numbers or texts with `np.savez`, not Python objects."
        ) from error
    raise ValueError(
        f"The NumPy archive holds no features. Received: {str(path)!r} with the arrays {names}. "
        "Call them x and y, or x_train and y_train."
    )

"""Checkpoints: the weights of a trial, whole or not there, and told from damaged ones."""

from __future__ import annotations

import json
import os
import warnings
import zlib
from pathlib import Path

import keras

from autokeras_nas.errors import ProjectError
from autokeras_nas.storage import sync_file

_CHUNK = 2**20


def save_checkpoint(model: keras.Model, path: Path) -> None:
    """Writes weights, and beside them their checksum and the shapes that the model was built for.

    Whoever is killed meanwhile leaves no half a file under the name; when this returns, the
    weights are on the disk, and no power cut takes them.

    Args:
        model: The model.
        path: Ends in `.weights.h5`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"partial_{path.name}")
    try:
        model.save_weights(partial)
        _checksum_of(path).write_text(f"{_crc32(partial):08x}", encoding="ascii")
        # For a model that learns its input's shape from data alone.
        _shapes_of(path).write_text(json.dumps(model.get_build_config()), encoding="utf-8")
        sync_file(partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)  # On a full disk it takes what the journal needs.


def load_checkpoint(model: keras.Model, path: Path) -> None:
    """Gives a model the weights of a checkpoint, and builds it where it is not.

    Raises:
        ProjectError: If they are damaged.
    """
    try:
        whole = _known_checksum(path) in (None, f"{_crc32(path):08x}")
        if not model.built:
            model.build_from_config(json.loads(_shapes_of(path).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise _damaged(path, str(error)) from error
    if not whole:
        raise _damaged(path, "a wrong checksum")
    with warnings.catch_warnings():
        # The file holds an optimiser's state too, which the best weights do not need.
        warnings.filterwarnings("ignore", message="Skipping variable loading for optimizer")
        model.load_weights(path)


def _damaged(path: Path, how: str) -> ProjectError:
    return ProjectError(
        f"The weights of a trial are damaged. Received: {str(path)!r} ({how}). "
        "Take another trial, or remove this file and search again."
    )


def _checksum_of(path: Path) -> Path:
    return path.with_name("checkpoint.crc32")


def _shapes_of(path: Path) -> Path:
    # KerasTuner's own name.
    return path.with_name("build_config.json")


def _known_checksum(path: Path) -> str | None:
    """As it was when the file was written; None: nobody wrote it down."""
    place = _checksum_of(path)
    return place.read_text(encoding="ascii") if place.exists() else None


def _crc32(path: Path) -> int:
    checksum = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            checksum = zlib.crc32(chunk, checksum)
    return checksum

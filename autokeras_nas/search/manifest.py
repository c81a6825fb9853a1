"""The manifest: what a project searches, so that it can be opened by its folder alone."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from autokeras_nas.data import is_file
from autokeras_nas.errors import MALFORMED, ProjectError, summary
from autokeras_nas.storage import sync_file

_FILE = "project.json"
SCHEMA = 3
_FIXED = ("schema", "task", "search_space", "search_space_config", "objective", "input_spec")
"""What cannot change while a search goes on."""
_PLACES = ("data", "target", "validation_data")
"""Where the data lie, if they have a name."""
SETTINGS = (
    "max_trials",
    "repeats",
    "finalists",
    "screening",
    "screening_candidates",
    "stopping",
    "max_disk_gb",
    "limits",
    "seed",
)
"""Arguments of `AutoModel` that a project keeps as they are."""
ORIGIN = (*_PLACES, "validation_split", "folds")
"""What a project tells of its data."""


def read_manifest(folder: Path) -> dict[str, Any]:
    """What the project in a folder searches.

    Raises:
        ProjectError: If there is none, or one of a newer version.
    """
    try:
        manifest = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        if not isinstance(manifest, dict):
            raise ValueError(f"{_FILE} is {type(manifest).__name__}")
    except (OSError, ValueError, RecursionError) as error:
        raise ProjectError(
            f"There is no project that can be opened. Received: {str(folder)!r} ({error}). "
            "Pass the folder `directory/project_name` of an earlier `AutoModel`."
        ) from error
    manifest = _upgraded(manifest, folder)
    for name in _PLACES:
        if not isinstance(manifest.get(name), str | None):
            with malformed(folder):
                raise TypeError(f"its {name} is {manifest[name]!r}")
    return manifest


@contextlib.contextmanager
def malformed(folder: Path) -> Iterator[None]:
    """Raises a `ProjectError` where a manifest holds what cannot be made use of."""
    try:
        yield
    except MALFORMED as error:
        raise ProjectError(
            f"The project cannot be opened as it is. Received: {str(folder / _FILE)!r} "
            f"({summary(error)}). Was it changed by hand? Do not open one from elsewhere."
        ) from error


def _upgraded(manifest: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A manifest as this version writes it, of one that an older version wrote."""
    while isinstance(schema := manifest.get("schema", 0), int) and schema in _UPGRADES:
        manifest = {**_UPGRADES[schema](manifest), "schema": schema + 1}
    if schema != SCHEMA:
        raise ProjectError(
            f"The project in {folder} was written by a newer version: its schema is "
            f"{schema!r}. Received: {SCHEMA!r}. Update the package to open it."
        )
    return manifest


def _from_1(manifest: dict[str, Any]) -> dict[str, Any]:
    """Repeats, finalists and the origin of validation data are new in 2."""
    new = {"repeats": 1, "finalists": "auto", "max_disk_gb": None}
    return {**new, **dict.fromkeys(("data", "target")), **manifest}


def _from_2(manifest: dict[str, Any]) -> dict[str, Any]:
    """Screening and stopping are new in 3; a search that goes on proposes as before."""
    return {"screening": None, "screening_candidates": 8, "stopping": "auto", **manifest}


_UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _from_1, 2: _from_2}
"""From each older schema to the next."""


def origin_of(x, y, validation_data, validation_split, folds) -> dict[str, Any]:
    """Where the data lie, if they have a name, so that the project can tell."""
    target = y if isinstance(y, str) else None
    named = (_name_of(x), target, _name_of(validation_data), validation_split, folds)
    return dict(zip(ORIGIN, named, strict=True))


def _name_of(data) -> str | None:
    """The place or name of data, where they have one."""
    if is_file(data):
        return os.path.abspath(data)
    return data if isinstance(data, str) else None


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Writes what a project searches, in one step.

    Raises:
        ProjectError: If the folder holds another search's project.
    """
    manifest = json.loads(json.dumps({"schema": SCHEMA, **manifest}))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _FILE
    if path.exists():
        old = read_manifest(folder)
        for name in _FIXED:
            if old.get(name) != manifest.get(name):
                raise ProjectError(
                    f"The project in {folder} is another search's: its {name} is "
                    f"{old.get(name)!r}. Received: {manifest.get(name)!r}. Choose another "
                    "`project_name`, or pass `overwrite=True` to begin anew."
                )
    fresh = path.with_suffix(".tmp")
    fresh.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    sync_file(fresh)
    fresh.replace(path)

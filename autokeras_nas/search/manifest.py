"""The manifest: what a project searches, so that it can be opened by its folder alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from autokeras_nas.errors import ProjectError
from autokeras_nas.storage import sync_file

_FILE = "project.json"
SCHEMA = 2
_FIXED = ("schema", "task", "search_space", "search_space_config", "objective", "input_spec")
"""What cannot change while a search goes on."""


def read_manifest(folder: Path) -> dict[str, Any]:
    """What the project in a folder searches.

    Raises:
        ProjectError: If there is none, or one of a newer version.
    """
    try:
        manifest = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ProjectError(
            f"There is no project that can be opened. Received: {str(folder)!r} ({error}). "
            "Pass the folder `directory/project_name` of an earlier `AutoModel`."
        ) from error
    return _upgraded(manifest, folder)


def _upgraded(manifest: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A manifest as this version writes it, of one that an older version wrote."""
    while (schema := manifest.get("schema", 0)) in _UPGRADES:
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


_UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _from_1}
"""From each older schema to the next."""


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

"""The manifest: what a project searches, so that it can be opened by its folder alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autokeras_nas.errors import ProjectError

_FILE = "project.json"
SCHEMA = 1
_FIXED = ("schema", "task", "search_space", "search_space_config", "objective", "input_spec")
"""What cannot change while a search goes on."""


def read_manifest(folder: Path) -> dict[str, Any]:
    """What the project in a folder searches.

    Raises:
        ProjectError: If there is none, or one of another version.
    """
    try:
        manifest = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ProjectError(
            f"There is no project that can be opened. Received: {str(folder)!r} ({error}). "
            "Pass the folder `directory/project_name` of an earlier `AutoModel`."
        ) from error
    if manifest.get("schema") != SCHEMA:
        raise ProjectError(
            f"The project in {folder} was written by another version: its schema is "
            f"{manifest.get('schema')!r}. Received: {SCHEMA!r}. Open it with that version."
        )
    return manifest


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
    fresh.replace(path)

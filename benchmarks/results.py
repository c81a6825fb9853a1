"""Files of results: a line of JSON for each measurement, so that a benchmark can go on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def read(path: Path, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What was measured under the same settings; a line that a kill has torn is left out."""
    results = []
    for text in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if line.get("settings") == dict(settings):
            results.append(line)
    return results


def append(path: Path, settings: Mapping[str, Any], lines: Iterable[Mapping[str, Any]]) -> None:
    """Adds measurements; a line that was torn is ended first."""
    torn = path.exists() and not path.read_bytes().endswith(b"\n")
    texts = [json.dumps({"settings": dict(settings), **line}) + "\n" for line in lines]
    with path.open("a", encoding="utf-8") as file:
        file.write("\n" * torn + "".join(texts))

"""Every package that is imported is declared."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OWN = ("autokeras_nas", "autokeras_nas_cli")
DISTRIBUTIONS = {"PIL": "pillow", "absl": "absl-py", "sklearn": "scikit-learn"}
"""Where the name of a package is not that of what is installed."""


def imported(path: Path) -> set[str]:
    """Top-level names of the packages that a file imports, wherever in its code."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - set(OWN)


def declared(text: str) -> set[str]:
    return {name.lower().replace("-", "_") for name in re.findall(r'"([\w-]+)(?:\[.*?\])?>=', text)}


SETUP = (ROOT / "setup.py").read_text(encoding="utf-8")
ALWAYS = declared(SETUP[SETUP.index("install_requires") : SETUP.index("extras_require")])
FILES = sorted(path for name in OWN for path in (ROOT / name).rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_are_declared(path):
    names = {DISTRIBUTIONS.get(name, name).lower().replace("-", "_") for name in imported(path)}
    optional = declared(SETUP) if "except ImportError" in path.read_text() else set()
    assert names <= ALWAYS | optional

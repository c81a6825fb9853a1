"""The problems by name: published tables, and functions whose optimum is known."""

from __future__ import annotations

import functools
from pathlib import Path

from nas_bench.problem import Judge, Problem, Synthetic
from nas_bench.problems import conditional, mixed, noise, plateau, trap, wide
from nas_bench.table import DATASETS, TableProblem, table_judge

SYNTHETIC: dict[str, Synthetic] = {
    "trap": trap.PROBLEM,
    "plateau": plateau.PROBLEM,
    "noise": noise.PROBLEM,
    "conditional": conditional.PROBLEM,
    "mixed": mixed.PROBLEM,
    "wide": wide.PROBLEM,
}
NAMES = (*DATASETS, *SYNTHETIC)


@functools.cache
def load_problem(name: str, table: Path) -> Problem:
    """What a search sees; `table` is the file that holds the published tables."""
    return SYNTHETIC[name] if name in SYNTHETIC else TableProblem(table, name)


@functools.cache
def load_judge(name: str, table: Path) -> Judge:
    """What judges a result, for use after the search."""
    return SYNTHETIC[name].judge() if name in SYNTHETIC else table_judge(table, name)

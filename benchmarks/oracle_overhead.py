r"""What an oracle costs per trial, beside KerasTuner's own random search.

A cycle is what a tuner asks of its oracle for one trial: create, update, end, save. The space
is 30 choices of seven. Prints a Markdown table of median milliseconds.

    python benchmarks/oracle_overhead.py --oracles random --trials 100 1000
"""

from __future__ import annotations

import argparse
import logging
import statistics
import tempfile
import time
from collections.abc import Callable

import keras_tuner
from keras_tuner.src.tuners.randomsearch import RandomSearchOracle

from autokeras_nas.oracles import ORACLES

UPSTREAM = "KerasTuner random search"
GOAL_BESIDE_UPSTREAM = 0.2
GOAL_OF_GROWTH = 1.2


def space() -> keras_tuner.HyperParameters:
    """Thirty decisions of seven choices."""
    hp = keras_tuner.HyperParameters()
    for k in range(30):
        hp.Choice(f"block_{k}", list(range(7)))
    return hp


def make(name: str, folder: str) -> keras_tuner.Oracle:
    """An oracle in a project folder, without a limit that the benchmark would reach."""
    settings = {"objective": keras_tuner.Objective("score", "max"), "max_trials": 1_000_000}
    cls = RandomSearchOracle if name == UPSTREAM else ORACLES[name]
    oracle = cls(hyperparameters=space(), seed=1, **settings)
    oracle.verbose = 0
    oracle._set_project_dir(folder, "project")
    return oracle


def cycle(oracle: keras_tuner.Oracle, save: bool = True) -> None:
    """One trial, as a tuner runs it, with an evaluation that costs nothing."""
    trial = oracle.create_trial("tuner0")
    value = sum(trial.hyperparameters.values[f"block_{k}"] for k in range(30)) / 180
    oracle.update_trial(trial.trial_id, {"score": value})
    trial.status = "COMPLETED"
    oracle.end_trial(trial)
    if save:
        oracle.save()


def milliseconds(action: Callable[[], object]) -> float:
    """How long an action takes."""
    start = time.perf_counter()
    action()
    return 1e3 * (time.perf_counter() - start)


def measure(name: str, sizes: list[int], cycles: int) -> tuple[dict[int, float], float]:
    """Times an oracle as its project grows.

    Args:
        name: A registered oracle's name, or `UPSTREAM`.
        sizes: How many trials are there when the clock starts, ascending.
        cycles: Cycles timed at each size.

    Returns:
        Median milliseconds of a cycle at each size, and the seconds to open the whole project.
    """
    medians = {}
    with tempfile.TemporaryDirectory() as folder:
        oracle = make(name, folder)
        for size in sizes:
            while len(oracle.trials) < size:
                # Unsaved: thousands of forced writes would measure the disk.
                cycle(oracle, save=False)
            medians[size] = statistics.median(
                milliseconds(lambda: cycle(oracle)) for _ in range(cycles)
            )
        opening = milliseconds(make(name, folder).reload) / 1e3
    return medians, opening


def ratio(medians: dict[str, dict[int, float]], over: tuple, under: tuple, goal: float) -> str:
    """One median over another as a cell of the table; a dash where one was not measured."""
    (name, size), (other, other_size) = over, under
    if size not in medians.get(name, {}) or other_size not in medians.get(other, {}):
        return "-"
    value = medians[name][size] / medians[other][other_size]
    return f"{value:.2f}" + ("" if value <= goal else " (above goal)")


def table(medians: dict[str, dict[int, float]], opening: dict[str, float], sizes: list[int]) -> str:
    """The results in Markdown."""
    small, *_, large = sizes
    before = sizes[-2]
    header = [
        "Oracle",
        *(f"ms at {size:,}" for size in sizes),
        f"beside upstream at {small:,} (goal {GOAL_BESIDE_UPSTREAM})",
        f"{large:,} over {before:,} (goal {GOAL_OF_GROWTH})",
        "seconds to open",
    ]
    rows = [header, ["---"] * len(header)]
    for name, of in medians.items():
        beside = ratio(medians, (name, small), (UPSTREAM, small), GOAL_BESIDE_UPSTREAM)
        growth = ratio(medians, (name, large), (name, before), GOAL_OF_GROWTH)
        times = [f"{of[size]:.2f}" if size in of else "-" for size in sizes]
        if name == UPSTREAM:
            beside = "1"
        open_size = max(of) if of else 0
        opened = f"{opening[name]:.2f} ({open_size:,} trials)"
        rows.append([name, *times, beside, growth, opened])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--oracles", nargs="*", default=list(ORACLES), choices=list(ORACLES))
    parser.add_argument("--trials", nargs="+", type=int, default=[100, 1_000, 10_000])
    parser.add_argument("--upstream-trials", type=int, default=1_000)
    parser.add_argument("--cycles", type=int, default=50)
    arguments = parser.parse_args()
    sizes = sorted(set(arguments.trials))
    if len(sizes) < 2:
        parser.error(f"`--trials` needs two sizes to compare. Received: {arguments.trials}.")
    logging.getLogger("absl").setLevel(logging.ERROR)

    medians, opening = {}, {}
    for name in (UPSTREAM, *arguments.oracles):
        reached = [s for s in sizes if name != UPSTREAM or s <= arguments.upstream_trials]
        medians[name], opening[name] = measure(name, reached, arguments.cycles)
    print(table(medians, opening, sizes))


if __name__ == "__main__":
    main()

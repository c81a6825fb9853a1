r"""How good oracles search, without training: on NAS-Bench-201's table and on known optima.

Every searcher talks to the same simulation through KerasTuner's interface of an oracle. On the
table (`cifar10`, `cifar100`) the published protocol holds: 12,000 simulated seconds, in which each
trial costs the time of its 12 epochs and yields their validation accuracy; trials that would end
later are lost; the value of a search is the test accuracy, after 200 epochs, of the best by
validation. Oracles see no test accuracy. The other problems are functions of known optimum; see
the modules of `nas_bench/problems/`. Prints a Markdown table.

    python benchmarks/nas_tables.py random@500 \
        regularized_evolution:population_size=10,tournament_size=3 keras_tuner.bayesian@20 \
        --seeds 200 --jobs 2 --results results.jsonl --plot regret.png

A searcher is an oracle's name, settings behind a colon, and behind `@` a number of seeds of its
own. KerasTuner's oracles are `keras_tuner.random`, `keras_tuner.bayesian` (minutes a seed) and
`keras_tuner.hyperband`: the table has no learning curves, so the trials of Hyperband are full
ones, whatever epochs it asks for, and those it promotes are paid for again. With several slots
the seconds are those of all devices together, so a search may spend as much as with one. Searches
that the results file has are not run again.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from nas_bench import summary
from nas_bench.problems import NAMES, load_judge, load_problem
from nas_bench.records import Results, Search, run_all
from nas_bench.searchers import Searcher
from nas_bench.table import DATASETS, PUBLISHED, SECONDS, TABLE


def parse_searcher(text: str) -> tuple[str, int | None]:
    """A searcher's text in its normal form, and its number of seeds; None: not given."""
    name, _, seeds = text.partition("@")
    return str(Searcher.parse(name)), int(seeds) if seeds else None


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line; exits with a message where it is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("searchers", nargs="+", metavar="ORACLE[:SETTING=VALUE,...][@SEEDS]")
    parser.add_argument("--problem", default="cifar10", choices=NAMES)
    parser.add_argument("--seeds", type=int, default=200, help="Seeds 0, 1, ... of each.")
    parser.add_argument(
        "--seconds", type=float, help="Simulated seconds of all devices; default: the problem's."
    )
    parser.add_argument("--slots", type=int, default=1, help="Simulated devices.")
    parser.add_argument("--jobs", type=int, default=1, help="Processes on this machine.")
    parser.add_argument("--results", type=Path, help="JSON lines, a search each, to go on from.")
    parser.add_argument("--plot", type=Path, help="A PNG file for regret over simulated time.")
    parser.add_argument("--table", type=Path, default=TABLE, help="The tables' file.")
    parsed = parser.parse_args(arguments)
    for name in ("seeds", "slots", "jobs"):
        if getattr(parsed, name) < 1:
            parser.error(f"`--{name}` must be at least 1. Received: {getattr(parsed, name)}.")
    if parsed.problem in DATASETS and not parsed.table.is_file():
        parser.error(f"There is no table {parsed.table}. Name its file with `--table`.")
    try:
        parsed.searchers = [parse_searcher(text) for text in parsed.searchers]
    except ValueError as error:
        parser.error(str(error))
    return parsed


def main(arguments: list[str] | None = None) -> None:
    asked = parse_arguments(arguments)
    seconds = asked.seconds or load_problem(asked.problem, asked.table).seconds
    searches = {
        name: [
            Search(asked.problem, name, seconds, asked.slots, seed)
            for seed in range(seeds or asked.seeds)
        ]
        for name, seeds in asked.searchers
    }
    results = Results(asked.results)
    run_all((s for of in searches.values() for s in of), asked.table, results, asked.jobs)

    records = {name: [results[search] for search in of] for name, of in searches.items()}
    best = load_judge(asked.problem, asked.table).best
    is_table = asked.problem in DATASETS
    comparable = seconds == SECONDS and asked.slots == 1
    published = PUBLISHED.get(asked.problem) if comparable else None
    print(summary.markdown(records, best, published, digits=2 if is_table else 3))
    if asked.plot is not None:
        title = f"{asked.problem}, {asked.slots} slot{'s' if asked.slots > 1 else ''}"
        unit = "(points of test accuracy)" if is_table else ""
        summary.plot(records, best, title, asked.plot, unit)


if __name__ == "__main__":
    main()

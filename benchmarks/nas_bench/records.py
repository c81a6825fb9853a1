"""What is kept of each search, in a file that a later run takes up, and many searches at once."""

from __future__ import annotations

import concurrent.futures
import json
import multiprocessing
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nas_bench.problem import Judge
from nas_bench.problems import load_judge, load_problem
from nas_bench.searchers import Searcher
from nas_bench.simulation import Evaluation, simulate

Record = dict[str, Any]


@dataclass(frozen=True)
class Search:
    """One search, which its fields determine wholly.

    Attributes:
        problem: The problem's name.
        searcher: The oracle with its settings, as text.
        seconds: The budget, in simulated seconds of all devices together.
        slots: Devices that run trials at once, each for its share of the seconds.
        seed: The seed.
    """

    problem: str
    searcher: str
    seconds: float
    slots: int
    seed: int


def run(search: Search, table: Path) -> Record:
    """Searches, and only then judges.

    Returns:
        The search's fields; `evaluations` and how many of them were `distinct`; the last
        incumbent's `score` and `value` (None: no trial ended); the `curve` of incumbents as
        `[seconds of all devices, score, value]`; and the processor's seconds, `cpu_seconds`.
    """
    began = time.process_time()
    evaluations = simulate(
        load_problem(search.problem, table),
        Searcher.parse(search.searcher),
        search.seed,
        search.seconds / search.slots,
        search.slots,
    )
    spent = time.process_time() - began
    curve = incumbents(evaluations, load_judge(search.problem, table), search.slots)
    return {
        **vars(search),
        "evaluations": len(evaluations),
        "distinct": len({json.dumps(e.values, sort_keys=True) for e in evaluations}),
        "score": curve[-1][1] if curve else None,
        "value": curve[-1][2] if curve else None,
        "curve": curve,
        "cpu_seconds": round(spent, 3),
    }


def incumbents(evaluations: Iterable[Evaluation], judge: Judge, slots: int) -> list[list[float]]:
    """Each best by score so far: when all devices had spent how long, its score, its value."""
    curve: list[list[float]] = []
    for evaluation in evaluations:
        if not curve or evaluation.score > curve[-1][1]:
            spent, value = evaluation.ended * slots, judge.value(evaluation.values)
            curve.append([round(spent, 3), evaluation.score, value])
    return curve


class Results:
    """Records of searches in a JSON-lines file, which grows by one line a search.

    A line that a killed run left unfinished is dropped. One run may write it at a time. The file
    does not know the code: take a new one when an oracle has changed.

    Args:
        path: The file; None: nothing is kept.
    """

    def __init__(self, path: Path | None):
        self._path = path
        self._records: dict[Search, Record] = {}
        self._whole: int | None = None
        if path is not None and path.exists():
            written = path.read_bytes()
            self._whole = written.rfind(b"\n") + 1
            for line in written[: self._whole].splitlines():
                self._enter(json.loads(line))

    def __contains__(self, search: Search) -> bool:
        return search in self._records

    def __getitem__(self, search: Search) -> Record:
        return self._records[search]

    def add(self, record: Record) -> None:
        """Keeps a record."""
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                if self._whole is not None:
                    file.truncate(self._whole)
                    self._whole = None
                file.write(json.dumps(record).encode() + b"\n")
        self._enter(record)

    def _enter(self, record: Record) -> None:
        fields = {name: record[name] for name in Search.__dataclass_fields__}
        self._records[Search(**fields)] = record


def run_all(searches: Iterable[Search], table: Path, results: Results, jobs: int = 1) -> None:
    """Runs the searches that have no record yet.

    Args:
        searches: Which.
        table: The file of the published tables.
        results: Where their records are looked up and kept.
        jobs: Processes that search at once.
    """
    for record in _records_of([s for s in searches if s not in results], table, jobs):
        results.add(record)


def _records_of(searches: list[Search], table: Path, jobs: int) -> Iterator[Record]:
    """The records of searches, as they come."""
    if jobs == 1 or len(searches) < 2:
        yield from (run(search, table) for search in searches)
        return
    # Processes are what runs side by side; threads within them would only get in the way.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # TensorFlow, which KerasTuner imports, does not survive a fork.
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(jobs, mp_context=context) as pool:
        futures = [pool.submit(run, search, table) for search in searches]
        try:
            for future in concurrent.futures.as_completed(futures):
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)

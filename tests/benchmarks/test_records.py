import json
import math

import pytest
from nas_bench.problem import Judge
from nas_bench.records import Results, Search, incumbents, run, run_all
from nas_bench.simulation import Evaluation


def search(seed, searcher="random", seconds=20.0, slots=1):
    return Search("noise", searcher, seconds, slots, seed)


def unclocked(record):
    return {name: value for name, value in record.items() if name != "cpu_seconds"}


def test_record_tells_of_the_best_by_score(tmp_path):
    record = run(search(0), tmp_path)
    assert record["evaluations"] == record["distinct"] == pytest.approx(20, abs=5)
    last_time, score, value = record["curve"][-1]
    assert (record["score"], record["value"]) == (score, value)
    assert 0 < last_time <= 20 and value in [k / 16 for k in range(17)]


def test_budget_is_shared_between_slots(tmp_path):
    one, four = (run(search(0, seconds=200.0, slots=slots), tmp_path) for slots in (1, 4))
    assert four["evaluations"] == pytest.approx(one["evaluations"], abs=25)
    assert four["curve"][-1][0] <= 200.0


def test_search_without_a_trial_has_no_value(tmp_path):
    record = run(search(0, seconds=0.1), tmp_path)
    assert (record["evaluations"], record["value"], record["curve"]) == (0, None, [])


def test_incumbent_changes_with_a_better_score_alone():
    worth = {1: 0.5, 2: 0.9, 3: 0.7}
    ended = [
        Evaluation({"a": a}, score, float(t))
        for t, (a, score) in enumerate([(1, 10.0), (2, 9.0), (3, 10.0), (3, 11.0)], start=1)
    ]
    judge = Judge(lambda values: worth[values["a"]], 0.9)
    assert incumbents(ended, judge, slots=2) == [[2.0, 10.0, 0.5], [8.0, 11.0, 0.7]]
    assert incumbents([], judge, slots=1) == []


def test_file_holds_what_was_run_and_nothing_runs_twice(tmp_path):
    path = tmp_path / "new" / "results.jsonl"
    run_all([search(0), search(1)], tmp_path, Results(path))
    before = path.read_text()
    results = Results(path)
    assert search(0) in results and search(2) not in results
    assert search(0, slots=2) not in results and search(0, seconds=21.0) not in results
    run_all([search(0), search(1), search(2)], tmp_path, results)
    assert path.read_text().startswith(before)
    assert [json.loads(line)["seed"] for line in path.read_text().splitlines()] == [0, 1, 2]
    assert unclocked(Results(path)[search(1)]) == unclocked(run(search(1), tmp_path))


@pytest.mark.parametrize("lost", [1, 30])
def test_torn_line_is_run_again(tmp_path, lost):
    path = tmp_path / "results.jsonl"
    run_all([search(0), search(1)], tmp_path, Results(path))
    whole = path.read_bytes()
    path.write_bytes(whole[:-lost])
    results = Results(path)
    assert search(0) in results and search(1) not in results
    run_all([search(0), search(1)], tmp_path, results)
    again = Results(path)
    assert unclocked(again[search(1)]) == unclocked(results[search(1)])


def test_without_a_file_records_are_kept_in_memory(tmp_path):
    results = Results(None)
    run_all([search(0)], tmp_path, results)
    assert math.isfinite(results[search(0)]["value"]) and not list(tmp_path.iterdir())


@pytest.mark.slow
def test_processes_give_what_one_process_gives(tmp_path):
    searches = [search(seed, "regularized_evolution") for seed in range(4)]
    alone, shared = Results(None), Results(None)
    run_all(searches, tmp_path, alone)
    run_all(searches, tmp_path, shared, jobs=2)
    assert [unclocked(shared[s]) for s in searches] == [unclocked(alone[s]) for s in searches]

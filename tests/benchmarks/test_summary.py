import math

import numpy as np
import pytest
from nas_bench.summary import half_interval, markdown, plot, regret_curves


def record(value, curve=None, evaluations=10):
    return {
        "seconds": 100.0,
        "evaluations": evaluations,
        "distinct": evaluations - 1,
        "score": None if value is None else value - 0.1,
        "value": value,
        "curve": [[10.0, 0.0, value]] if curve is None else curve,
        "cpu_seconds": 0.25,
    }


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_interval_is_students():
    """Of (1, 2, 3): deviation 1, error 1/sqrt(3), t of two degrees 4.3027."""
    assert half_interval(np.array([1.0, 2.0, 3.0])) == pytest.approx(4.302653 / math.sqrt(3))
    assert half_interval(np.array([1.0])) == math.inf
    both = half_interval(np.array([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]]))
    assert both == pytest.approx([4.302653 / math.sqrt(3), 0.0])


def test_row_says_mean_spread_interval_and_regret():
    lines = markdown({"random": [record(v) for v in (1.0, 2.0, 3.0)]}, best=4.0).splitlines()
    assert cells(lines[2]) == [
        "random", "3", "10 (9)", "1.90", "2.00", "1.00", "-0.48 to 4.48", "2.00", "0.25",
    ]  # fmt: skip
    assert len({line.count("|") for line in lines}) == 1


def test_single_seed_claims_no_spread():
    row = cells(markdown({"random": [record(1.0)]}, best=4.0).splitlines()[2])
    assert row[4:7] == ["1.00", "", ""]


def test_seeds_in_which_nothing_ended_are_told():
    row = cells(markdown({"slow": [record(1.0), record(None, [], 0)]}, best=4.0).splitlines()[2])
    assert row[3] == "no trial ended in 1" and not any(row[4:])


def test_published_figures_stand_in_rows_of_their_own():
    text = markdown({"random": [record(1.0)]}, 4.0, {"their random": (1.5, 0.5)})
    assert cells(text.splitlines()[-1]) == [
        "published: their random", "", "", "", "1.50", "0.50", "", "2.50", "",
    ]  # fmt: skip


def test_regret_falls_when_an_incumbent_ends():
    of = record(3.0, [[10.0, 0.1, 1.0], [50.0, 0.2, 3.0]])
    curves = regret_curves([of], best=4.0, seconds=np.array([5.0, 10.0, 49.0, 50.0, 100.0]))
    assert np.isnan(curves[0, 0])
    assert curves[0, 1:].tolist() == [3.0, 3.0, 1.0, 1.0]


def test_picture_is_drawn(tmp_path):
    records = {
        "random": [record(v) for v in (1.0, 2.0, 3.0)],
        "evolution:size=3": [record(4.0)],
        "nothing": [record(None, [], 0)],
    }
    plot(records, 4.0, "a title", tmp_path / "regret.png")
    assert (tmp_path / "regret.png").read_bytes().startswith(b"\x89PNG")

from __future__ import annotations

from autokeras_nas.costs import Costs
from autokeras_nas.search.pace import Pace


def pace(seconds=60.0, flops=None):
    made = Pace(lambda values: Costs(1, 1, flops if flops else values["flops"], 4))
    made.seconds = seconds
    return made


def test_nothing_is_refused_before_a_trial_has_ended():
    assert pace().check({"flops": 10**15}) is None


def test_networks_must_come_to_five_epochs():
    known = pace(seconds=60.0)
    known.note(flops=1000, epochs=12, seconds=60.0)  # 200 a second: 12,000 in a trial.
    assert known.check({"flops": 2400}) is None
    assert "4.8 epochs in the 60 s" in known.check({"flops": 2500})


def test_the_fastest_trial_counts():
    known = pace(seconds=10.0)
    known.note(flops=100, epochs=10, seconds=10.0)
    known.note(flops=1000, epochs=10, seconds=10.0)
    known.note(flops=10, epochs=10, seconds=10.0)
    assert known.check({"flops": 2000}) is None


def test_no_more_epochs_are_asked_for_than_trials_have():
    known = pace(seconds=10.0)
    known.note(flops=100, epochs=10, seconds=10.0)
    assert known.check({"flops": 500}) is not None
    known.cap_epochs(2)
    assert known.check({"flops": 500}) is None


def test_what_is_not_known_is_not_refused():
    unlimited = pace(seconds=None)
    unlimited.note(flops=100, epochs=10, seconds=10.0)
    assert unlimited.check({"flops": 10**9}) is None
    unknown = Pace(lambda values: None)
    unknown.seconds = 1.0
    unknown.note(flops=100, epochs=10, seconds=10.0)
    assert unknown.check({}) is None


def test_after_some_counting_the_largest_networks_are_no_longer_built():
    counted = []

    def costs(values):
        counted.append(values)
        return Costs(1, 1, 10 ** values["digits"], 4)

    known = Pace(costs)
    known.seconds = 10.0
    known.note(flops=1000, epochs=10, seconds=10.0)  # 2,000 FLOPs in five epochs.
    answers = [known.check({"digits": 1 + k % 9}) for k in range(90)]
    assert len(counted) < 60
    fits = [k % 9 < 3 for k in range(90)]
    assert [answer is None for answer in answers] == fits


def test_where_nothing_is_fast_enough_fewer_epochs_will_do():
    known = pace(seconds=10.0)
    known.note(flops=1000, epochs=1, seconds=10.0)
    answers = [known.check({"flops": 1000}) for _ in range(151)]
    assert answers[149] is not None and answers[150] is None
    assert known.least_epochs == 5 / 8
    assert known.check({"flops": 1000}) is not None  # The next must be fast again.

import pytest

from autokeras_nas.search.budget import (
    allotment,
    expected_trials,
    finalists_for,
    parse_seconds,
    seconds_per_trial,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("10m", 600), ("1.5h", 5400), ("1h30m", 5400), ("2 min", 120), ("45", 45),
     (12, 12), (0.5, 0.5), (None, None), ("1d", 86400)],
)  # fmt: skip
def test_budgets_are_read(text, seconds):
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("bad", ["soon", "", "10x", "-5m", -1, 0, float("nan"), True, "10m!", []])
def test_unreadable_budget_says_what_came(bad):
    with pytest.raises(ValueError, match="time_budget"):
        parse_seconds(bad)


def test_more_time_gives_more_and_longer_trials():
    shares = [seconds_per_trial(budget, None) for budget in (120, 600, 3600)]
    trials = [budget / share for budget, share in zip((120, 600, 3600), shares, strict=True)]
    assert shares == sorted(shares) and trials == sorted(trials)


def test_a_number_of_trials_shares_the_budget_evenly():
    assert seconds_per_trial(100.0, 4) == 25.0
    assert seconds_per_trial(None, 4) is None


def test_workers_side_by_side_have_more_trials_not_shorter_ones():
    assert seconds_per_trial(600, None, workers=4) == seconds_per_trial(600, None)
    assert expected_trials(600, None, workers=4) == 20
    assert seconds_per_trial(100.0, 4, workers=2) == 50.0
    assert seconds_per_trial(100.0, 1, workers=2) == 100.0


def test_the_number_of_trials_follows_from_number_or_time():
    assert expected_trials(600, 4) == expected_trials(None, 4) == 4
    assert [expected_trials(b, None) for b in (None, 1, 600, 3600)] == [0, 2, 5, 13]


def test_only_long_searches_have_finalists():
    assert [finalists_for(trials) for trials in (0, 59, 60, 1000)] == [0, 0, 3, 3]


def test_an_allotment_is_an_even_share_of_what_is_left():
    assert allotment(100.0, 20.0, clock=lambda: 0.0) == 20.0
    assert allotment(100.0, 20.0, clock=lambda: 10.0) == 22.5
    assert allotment(100.0, 20.0, clock=lambda: 91.0) == 0.0
    assert allotment(100.0, None, clock=lambda: 30.0) == 70.0
    assert allotment(100.0, None, clock=lambda: 130.0) == 0.0
    assert allotment(100.0, 20.0, least_share=0.0, clock=lambda: 91.0) == 9.0
    assert allotment(None, 20.0) == 20.0 and allotment(None, None) is None


@pytest.mark.parametrize(("share_used", "trials"), [(1.0, 10), (0.7, 13), (0.5, 20)])
def test_time_that_trials_leave_makes_for_more_of_them(share_used, trials):
    used: list[float] = []
    durations = []
    while seconds := allotment(100.0, 10.0, clock=lambda: sum(used)):
        durations.append(seconds)
        used.append(share_used * seconds)
    assert len(durations) == trials and max(durations) < 15.0

from __future__ import annotations

import functools
import pickle

import keras
import pytest

from autokeras_nas.training import (
    PROGRESS,
    STOPPING_RULES,
    MedianRule,
    StopHopeless,
    SuccessiveHalving,
)


def curve(*rewards, epochs=4):
    """A training so far, of so many epochs in full."""
    return tuple(((k + 1) / epochs, float(reward)) for k, reward in enumerate(rewards))


FINISHED = (curve(1, 3, 5, 9), curve(2, 4, 6, 8), curve(0, 1, 2, 3))
"""Running averages: 1, 2, 3, 4.5; 2, 3, 4, 5; 0, 0.5, 1, 1.5. Medians: 1, 2, 3, 4.5."""

median = functools.partial(MedianRule, FINISHED, least_trials=3, least_share=0.0)
halving = functools.partial(SuccessiveHalving, least_trials=3, least_share=0.25)


# ---- The median rule ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rewards", "stops"),
    [
        ((1,), False),  # Strictly worse than 1 it is not.
        ((0.9,), True),
        ((0.9, 2), False),
        ((0, 1.9), True),
        ((2.5, 1), False),  # Its best counts, not its last.
        ((2.5, 1, 1), True),
    ],
)
def test_the_best_is_compared_with_the_median_of_running_averages(rewards, stops):
    assert (median().reason(curve(*rewards)) is not None) is stops


def test_the_reason_tells_the_comparison():
    assert median().reason(curve(0, 1)) == "below the median of 3 trials at 50% of the training"


def test_of_a_stopped_trial_counts_what_it_had_reported():
    # Averages at 0.75: 3, 4, 0.5 (to the half); with the last as it stands: median 3.
    rule = MedianRule((*FINISHED[:2], curve(0, 1)), least_trials=3, least_share=0.0)
    assert rule.reason(curve(0, 0, 2.9)) and not rule.reason(curve(0, 0, 3))


def test_trainings_are_compared_at_the_same_share_and_not_the_same_epoch():
    slow = curve(4, 8, epochs=2)
    rule = MedianRule((slow,) * 3, least_trials=3, least_share=0.0)
    fast = curve(1, 2, 3, 3.9, 5, 5, 5, epochs=8)
    assert rule.reason(fast[:3]) is None  # Nobody has reported anything yet.
    assert rule.reason(fast[:4]) is not None
    assert rule.reason(fast[:7]) is None  # Against 4 still: the next comes at the end.


def test_few_trials_stop_nobody():
    assert MedianRule(FINISHED, least_share=0.0).least_trials == 5
    assert MedianRule(FINISHED, least_trials=4, least_share=0.0).reason(curve(-9)) is None
    assert MedianRule().reason(curve(-9, -9)) is None


def test_nobody_is_stopped_before_the_least_share():
    rule = MedianRule(FINISHED, least_trials=3, least_share=0.5)
    assert rule.reason(curve(-9)) is None and rule.reason(curve(-9, -9))


# ---- Successive halving ---------------------------------------------------------------------


RUNG = tuple(curve(reward, 9, 9, 9) for reward in (1, 2, 3, 4, 5))


@pytest.mark.parametrize(
    ("eta", "places"),
    [(2.0, 3), (3.0, 2), (6.0, 1), (50.0, 1)],  # Of six, this one included.
)
def test_the_best_share_of_what_reached_the_rung_goes_on(eta, places):
    rule = halving(RUNG, eta=eta)
    going_on = [
        reward for reward in (0.5, 1.5, 2.5, 3.5, 4.5, 5.5) if not rule.reason(curve(reward))
    ]
    assert going_on == [0.5, 1.5, 2.5, 3.5, 4.5, 5.5][-places:]


def test_a_draw_goes_on():
    assert halving(RUNG, eta=6.0).reason(curve(5)) is None


def test_it_judges_at_rungs_alone():
    # Rungs at 1/8, 1/4 and 1/2 of eight epochs.
    others = tuple(curve(*[reward] * 8, epochs=8) for reward in (1, 2, 3, 4, 5))
    rule = SuccessiveHalving(others, least_trials=3, least_share=0.125, eta=2.0)
    hopeless = curve(*[0] * 8, epochs=8)
    judged = [k for k in range(1, 9) if rule.reason(hopeless[:k])]
    assert judged == [1, 2, 4]


def test_an_epoch_that_passes_several_rungs_is_judged_at_the_highest():
    stopped = [curve(9)] * 3  # They reached a quarter and no more.
    rule = halving((*stopped, *RUNG), eta=2.0)
    slow = curve(8, epochs=2)
    # At a half the others' best is 9: not among the best 3 of 6, and not of 9.
    assert "best 3 of 6 trials at 50%" in rule.reason(slow)


def test_who_was_stopped_below_a_rung_is_not_counted_there():
    rule = halving((curve(1), curve(2), curve(3), *[curve(9, 9, 9, 9)] * 2), eta=2.0)
    assert rule.reason(curve(0, 0)) is None  # Only two have come so far.
    assert rule.reason(curve(0)) is not None


def test_a_rung_between_two_epochs_is_judged_at_the_second():
    others = tuple(curve(0, reward, epochs=4) for reward in (1, 2, 3, 4, 5))
    rule = halving(others, least_share=0.3, eta=2.0)
    assert rule.reason(curve(9)) is None
    assert "best 3 of 6 trials at 50%" in rule.reason(curve(0.5, 0.5))


def test_few_trials_on_a_rung_stop_nobody():
    assert SuccessiveHalving(RUNG[:4], least_share=0.25).reason(curve(-9)) is None
    assert SuccessiveHalving(RUNG, least_share=0.25).reason(curve(-9)) is not None


# ---- Both -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STOPPING_RULES)
def test_rules_are_made_of_curves_alone_and_travel(name):
    rule = STOPPING_RULES[name](FINISHED)
    assert pickle.loads(pickle.dumps(rule)) == rule
    with pytest.raises(AttributeError):
        rule.least_trials = 1


@pytest.mark.parametrize("name", STOPPING_RULES)
@pytest.mark.parametrize("bad", [{"least_trials": 0}, {"least_share": 1.0}, {"least_share": -0.1}])
def test_settings_out_of_range_are_refused(name, bad):
    with pytest.raises(ValueError, match=f"{next(iter(bad))}={next(iter(bad.values()))}"):
        STOPPING_RULES[name](FINISHED, **bad)


@pytest.mark.parametrize("bad", [{"eta": 1.0}, {"least_share": 0.0}])
def test_halving_without_rungs_is_refused(bad):
    with pytest.raises(ValueError, match="Successive halving needs"):
        SuccessiveHalving(FINISHED, **bad)


# ---- The callback ---------------------------------------------------------------------------


class Patience:
    """Ends a training after so many epochs; remembers what it was shown."""

    def __init__(self, epochs=99):
        self.epochs, self.seen = epochs, []

    def reason(self, curve):
        self.seen.append(list(curve))
        return "enough" if len(curve) >= self.epochs else None


def train(rule, scores, epochs=None):
    """A callback after epochs with these scores, and how many there were."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    judge = StopHopeless(rule, lambda logs: logs.get("score"))
    judge.set_model(model)
    model.stop_training = False
    judge.on_train_begin()
    for epoch, score in enumerate(scores):
        logs = {} if score is None else {"score": score}
        judge.on_epoch_end(epoch, {**logs, PROGRESS: (epoch + 1) / (epochs or len(scores))})
        if model.stop_training:
            break
    return judge, epoch + 1


def test_a_hopeless_training_ends_and_tells_what_it_saved():
    judge, epochs = train(Patience(2), [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
    assert (epochs, judge.stopped, judge.saved) == (2, "enough", 0.75)
    assert judge.rule.seen[-1] == [(0.125, 0.1), (0.25, 0.2)]


def test_epochs_without_a_reward_are_not_judged():
    judge, epochs = train(Patience(), [0.1, None, 0.3, 0.4])
    assert epochs == 4 and judge.rule.seen == [[(0.25, 0.1)], [(0.25, 0.1), (0.75, 0.3)]]
    assert (judge.stopped, judge.saved) == (None, 0.0)


def test_the_last_epoch_is_not_judged():
    judge, epochs = train(Patience(2), [0.1, 0.2])
    assert (epochs, judge.stopped) == (2, None)


def test_who_ends_for_another_reason_is_not_judged():
    judge = StopHopeless(Patience(1), lambda logs: 0.0)
    judge.set_model(keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]))
    judge.model.stop_training = True
    judge.on_epoch_end(0, {PROGRESS: 0.5})
    assert judge.stopped is None


def test_without_a_rule_or_progress_nothing_is_judged():
    assert train(None, [0.1, 0.2])[1] == 2
    judge = StopHopeless(Patience(1), lambda logs: 0.0)
    judge.on_epoch_end(0, {"score": 0.1})
    assert judge.curve == []

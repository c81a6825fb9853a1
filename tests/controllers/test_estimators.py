"""Baselines and the surrogate of PPO, by hand."""

import math

import numpy as np
import pytest

from autokeras_nas.controllers.estimators import baselines, moved, surrogate_slopes


def test_the_baseline_is_the_average_of_before():
    np.testing.assert_array_equal(baselines(np.array([1.0, 9.0]), 0.5), [0.5, 0.5])


def test_the_first_batch_is_measured_against_its_other_children():
    np.testing.assert_allclose(baselines(np.array([1.0, 2.0, 6.0]), None), [4.0, 3.5, 1.5])
    np.testing.assert_array_equal(baselines(np.array([3.0]), None), [3.0])


def test_no_baseline_depends_on_the_childs_own_reward():
    for average in (0.3, None):
        before = baselines(np.array([1.0, 2.0, 6.0]), average)
        after = baselines(np.array([1.0, 2.0, 60.0]), average)
        assert after[2] == pytest.approx(before[2])


def test_moving_average_by_hand():
    average = moved(None, np.array([0.2, 0.4]), 0.75)
    assert average == pytest.approx(0.3)
    average = moved(average, np.array([0.7, 0.1]), 0.75)
    # 0.75 * 0.3 + 0.25 * 0.7 = 0.4, then 0.75 * 0.4 + 0.25 * 0.1.
    assert average == pytest.approx(0.325)


def test_slopes_at_ratio_one_are_the_policy_gradients():
    logs, advantages = np.array([-3.0, -1.0, -2.0]), np.array([0.5, -0.2, 0.0])
    np.testing.assert_array_equal(surrogate_slopes(logs, logs, advantages, 0.2), advantages)


@pytest.mark.parametrize(
    "ratio, advantage, slope",
    [
        (1.1, 2.0, 2.2),
        (1.3, 2.0, 0.0),  # Good, and by more than the clip more probable.
        (0.5, 2.0, 1.0),  # Good, and to be made more probable again.
        (0.9, -2.0, -1.8),
        (0.7, -2.0, 0.0),  # Bad, and by more than the clip less probable.
        (1.5, -2.0, -3.0),
    ],
)
def test_slopes_by_hand(ratio, advantage, slope):
    slopes = surrogate_slopes(
        np.array([math.log(ratio)]), np.zeros(1), np.array([advantage]), clip=0.2
    )
    assert slopes[0] == pytest.approx(slope)


def test_slopes_equal_finite_differences_of_the_surrogate():
    rng = np.random.default_rng(0)
    old, advantages = rng.normal(size=40), rng.normal(size=40)
    logs = old + rng.normal(scale=0.3, size=40)

    def surrogate(logs):
        ratio = np.exp(logs - old)
        return np.minimum(ratio * advantages, np.clip(ratio, 0.8, 1.2) * advantages)

    step = 1e-6
    by_difference = (surrogate(logs + step) - surrogate(logs - step)) / (2.0 * step)
    np.testing.assert_allclose(
        surrogate_slopes(logs, old, advantages, 0.2), by_difference, rtol=1e-6, atol=1e-8
    )


def test_without_a_clip_nothing_is_cut_off():
    slopes = surrogate_slopes(np.array([3.0, -3.0]), np.zeros(2), np.array([1.0, -1.0]), math.inf)
    np.testing.assert_allclose(slopes, [math.exp(3.0), -math.exp(-3.0)])

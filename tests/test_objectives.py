import json
import math

import keras
import keras_tuner
import pytest

from autokeras_nas.objectives import (
    ResourceReward,
    as_objective,
    direction_of,
    objective_config,
    objective_from,
)


@pytest.mark.parametrize(
    ("metric", "direction"),
    [
        ("accuracy", "max"),
        ("val_accuracy", "max"),
        ("val_auc", "max"),
        ("val_auc_1", "max"),
        ("auc_12", "max"),
        ("val_weighted_accuracy", "max"),
        ("val_f1_score", "max"),
        ("val_r2_score", "max"),
        ("r2", "max"),
        ("loss", "min"),
        ("val_loss", "min"),
        ("val_head_loss", "min"),
        ("val_mean_absolute_error", "min"),
        ("val_mse", "min"),
        ("false_positives_3", "min"),
        ("val_perplexity", "min"),
        ("val_happiness", None),
        ("", None),
    ],
)
def test_direction_follows_from_the_metrics_name(metric, direction):
    assert direction_of(metric) == direction


@pytest.mark.parametrize(
    ("metric", "direction"),
    [
        (keras.metrics.R2Score, "max"),
        (keras.metrics.F1Score, "max"),
        (keras.metrics.AUC, "max"),
        (keras.metrics.SparseCategoricalAccuracy, "max"),
        (keras.metrics.CosineSimilarity, "max"),
        (keras.metrics.RootMeanSquaredError, "min"),
        (keras.metrics.KLDivergence, "min"),
        (keras.metrics.LogCoshError, "min"),
        (keras.metrics.FalseNegatives, "min"),
    ],
)
def test_names_that_keras_gives_its_metrics_are_known(metric, direction):
    assert direction_of(f"val_{metric().name}") == direction


def test_name_becomes_an_objective_with_its_direction():
    assert as_objective("val_auc") == keras_tuner.Objective("val_auc", "max")


def test_users_direction_stands_against_ours():
    mine = keras_tuner.Objective("val_accuracy", "min")
    assert as_objective(mine) is mine


def test_list_becomes_a_joint_objective_that_adds_losses_and_takes_gains_away():
    joint = as_objective(["val_loss", keras_tuner.Objective("val_gain", "max")])
    assert [o.direction for o in joint.objectives] == ["min", "max"]
    assert joint.get_value({"val_loss": 3.0, "val_gain": 1.0}) == 2.0


def test_nothing_becomes_keras_tuners_default():
    assert as_objective(None).name == "default_objective"
    assert as_objective(None).direction == "min"


def test_name_without_a_known_direction_asks_for_one():
    with pytest.raises(ValueError, match=r"Received: 'val_happiness'.*keras_tuner\.Objective\("):
        as_objective("val_happiness")


def test_misspelt_name_is_answered_with_the_metric_meant():
    with pytest.raises(ValueError, match=r"known metric: 'val_accuracy'"):
        as_objective("val_acuracy")


@pytest.mark.parametrize("wrong", [3, ("val_loss",), {"name": "val_loss"}, len])
def test_objective_of_another_type_is_refused(wrong):
    with pytest.raises(TypeError, match=r"Received: .* of type"):
        as_objective(wrong)


def test_a_reward_is_its_score_at_the_target():
    reward = ResourceReward("val_accuracy", "flops", target=100)
    assert (reward.name, reward.direction) == ("nas/reward", "max")
    assert reward.of(0.8, 100) == 0.8
    assert reward.of(0.8, 200) < 0.8 < reward.of(0.8, 50)


def test_twice_the_cost_ties_with_a_twentieth_more_score():
    exact = -math.log(1.05) / math.log(2)
    reward = ResourceReward("val_accuracy", "latency", target=0.01, exponent=exact)
    assert reward.of(1.05 * 0.7, 0.06) == pytest.approx(reward.of(0.7, 0.03), rel=1e-12)


def test_an_exponent_of_zero_gives_no_bonus_below_the_target():
    reward = ResourceReward("val_accuracy", "flops", 100, exponent=0.0, exponent_above=-1.0)
    assert reward.of(0.8, 10) == reward.of(0.8, 100) == 0.8
    assert reward.of(0.8, 200) == pytest.approx(0.4)


def test_units_of_cost_cancel():
    small, large = (ResourceReward("val_accuracy", "flops", t) for t in (10, 10_000))
    assert small.of(0.6, 30) == pytest.approx(large.of(0.6, 30_000))


def test_a_negative_score_earns_nothing():
    assert ResourceReward("val_r2", "flops", 10).of(-3.0, 5) == 0.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("val_loss", "flops", 10), "more is better"),
        (("val_accuracy", "watts", 10), "latency"),
        (("val_accuracy", "flops", 0), "positive"),
        (("val_accuracy", "flops", 10, 0.07), "at most 0"),
    ],
)
def test_rewards_that_make_no_sense_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ResourceReward(*arguments)


def test_objectives_survive_json():
    for objective in (
        keras_tuner.Objective("val_f1", "max"),
        ResourceReward("val_accuracy", "flops", 1e6, exponent_above=-1.0),
    ):
        again = objective_from(json.loads(json.dumps(objective_config(objective))))
        assert objective_config(again) == objective_config(objective)
        assert type(again) is type(objective)

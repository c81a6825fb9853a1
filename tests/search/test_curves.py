from __future__ import annotations

import keras
import keras_tuner
import numpy as np
import pytest
from keras_tuner import errors as kt_errors

from autokeras_nas.search.curves import curve_of, mean_curve, spread

OBJECTIVE = keras_tuner.Objective("val_accuracy", "max")


def history(**metrics):
    returned = keras.callbacks.History()
    returned.history = metrics
    return returned


@pytest.mark.parametrize(
    ("returned", "curve"),
    [
        (history(a=[1, 2], b=[3]), [{"a": 1.0, "b": 3.0}, {"a": 2.0}]),
        (history(), []),
        ({"a": np.float32(2.0), "note": "text", "gap": None}, [{"a": 2.0}]),
        (np.float64(0.5), [{"val_accuracy": 0.5}]),
        ([0.25, {"val_accuracy": 0.75, "other": 1}], [{"val_accuracy": 0.5}]),
    ],
)
def test_whatever_keras_tuner_allows_becomes_a_curve(returned, curve):
    assert curve_of(returned, OBJECTIVE) == curve


def test_what_is_not_finite_is_left_out():
    assert curve_of(history(a=[1.0, float("nan"), float("inf")]), OBJECTIVE) == [{"a": 1.0}, {}, {}]


def test_an_epoch_whose_loss_is_not_finite_has_measured_nothing():
    measured = history(loss=[1.0, float("nan"), float("inf")], val_accuracy=[0.5, 0.9, 0.9])
    assert curve_of(measured, OBJECTIVE) == [{"loss": 1.0, "val_accuracy": 0.5}, {}, {}]


def test_a_curve_of_nothing_known_is_refused():
    with pytest.raises(kt_errors.FatalTypeError, match="str"):
        curve_of("good", OBJECTIVE)


def test_the_mean_goes_as_far_as_the_shortest():
    curves = [[{"a": 1.0}, {"a": 2.0}], [{"a": 3.0, "b": 1.0}]]
    assert mean_curve(curves) == [{"a": 2.0}]


def test_the_spread_is_that_of_the_best_scores():
    curves = [[{"val_accuracy": 0.2}, {"val_accuracy": 0.5}], [{"val_accuracy": 0.7}, {}], [{}]]
    assert spread(curves, OBJECTIVE) == pytest.approx(0.1)
    assert spread([[{"val_accuracy": 0.2}]], OBJECTIVE) == spread([], OBJECTIVE) == 0.0

import types

import keras
import pytest
import tensorflow as tf

from autokeras_nas.training import FlatAdamW, Recipe, Schedule


def test_rate_rises_peaks_and_falls_to_zero_along_a_cosine():
    recipe = Recipe(learning_rate=0.1, warmup=0.2)
    assert recipe.rate(0.1) == pytest.approx(0.05)
    assert recipe.rate(0.2) == pytest.approx(0.1)
    assert recipe.rate(0.6) == pytest.approx(0.05)
    assert recipe.rate(1.0) == pytest.approx(0.0, abs=1e-12)


def test_schedule_goes_by_steps_or_time_whichever_is_further():
    now = [0.0]
    schedule = Schedule(Recipe(), steps=10, seconds=100.0, clock=lambda: now[0])
    schedule._step = 2
    assert schedule.progress == pytest.approx(0.2)
    now[0] = 50.0
    assert schedule.progress == pytest.approx(0.5)
    now[0] = 500.0
    assert schedule.progress == 1.0


def test_replicas_are_trained_by_the_optimizer_that_knows_of_them(monkeypatch):
    assert isinstance(Recipe().optimizer(), FlatAdamW)
    two = types.SimpleNamespace(num_replicas_in_sync=2)
    monkeypatch.setattr(tf.distribute, "get_strategy", lambda: two)
    assert isinstance(Recipe().optimizer(), keras.optimizers.AdamW)

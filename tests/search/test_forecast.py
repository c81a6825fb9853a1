"""Forecast: refuses what is safely too large, and lets everything else be counted."""

import numpy as np

from autokeras_nas.search.forecast import Forecast

WIDTHS = [8, 16, 32, 64]


def network(rng):
    """Widths of five layers, as choices; FLOPs multiply, as in a chain with equal layers."""
    values = {f"layer_{k}": f"C({rng.choice(WIDTHS)})" for k in range(5)}
    return values, float(np.prod([int(choice[2:-1]) for choice in values.values()]))


def learned(counted=40):
    rng = np.random.default_rng(0)
    forecast = Forecast()
    for _ in range(counted):
        forecast.note(*network(rng))
    return forecast


def test_nothing_is_refused_before_the_forecast_was_tested():
    rng = np.random.default_rng(0)
    forecast = Forecast()
    for _ in range(20):
        values, flops = network(rng)
        assert not forecast.exceeds(values, 1.0)
        forecast.note(values, flops)


def test_what_is_far_too_large_is_refused_and_what_fits_is_not():
    rng = np.random.default_rng(1)
    forecast = learned()
    networks = [network(rng) for _ in range(200)]
    limit = float(np.median([flops for _, flops in networks]))
    refused = [flops for values, flops in networks if forecast.exceeds(values, limit)]
    assert len(refused) > 50
    assert min(refused) > limit
    fitting = [values for values, flops in networks if flops <= limit / 4]
    assert not any(forecast.exceeds(values, limit) for values in fitting)


def test_after_many_refusals_one_is_counted_all_the_same():
    forecast = learned()
    values = {f"layer_{k}": "C(64)" for k in range(5)}
    answers = [forecast.exceeds(values, 10.0) for _ in range(60)]
    assert answers.count(False) == 1


def test_numbers_and_flags_are_features_too():
    rng = np.random.default_rng(2)
    forecast = Forecast()
    for _ in range(60):
        units, wide = int(rng.integers(1, 9)), bool(rng.random() < 0.5)
        forecast.note({"units": units, "wide": wide}, np.exp(units) * (50.0 if wide else 1.0))
    assert forecast.exceeds({"units": 8, "wide": True}, np.exp(6))
    assert not forecast.exceeds({"units": 4, "wide": False}, np.exp(6))

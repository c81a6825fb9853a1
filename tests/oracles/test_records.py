"""Records: what goes into the journal comes back as it was."""

import json
import math

import keras_tuner
import pytest
import toys
from hypothesis import given
from hypothesis import strategies as st
from keras_tuner.src.engine import metrics_tracking
from keras_tuner.src.engine import trial as kt_trial

from autokeras_nas.oracles.records import (
    best_values,
    check_record,
    compact,
    end_record,
    entries_of,
    entry_records,
    expanded,
    restore_end,
)

FLOATS = st.floats(width=64)
HISTORIES = st.lists(st.tuples(st.integers(0, 500), FLOATS), min_size=1, max_size=8)
METRICS = st.dictionaries(
    st.text(max_size=12), st.tuples(st.sampled_from(["min", "max"]), HISTORIES)
)


def tracker(**histories):
    """Metrics, each a direction and pairs of a step and a value."""
    metrics = metrics_tracking.MetricsTracker()
    for name, (direction, observations) in histories.items():
        metrics.register(name, direction=direction)
        for step, value in observations:
            metrics.metrics[name].update(value, step)
    return metrics


def on_disk(record):
    """A record as the journal gives it back."""
    return json.loads(json.dumps(record))


def there_and_back(metrics):
    return expanded(on_disk(compact(metrics)))


def text(metrics):
    """All there is to metrics; NaN equals NaN."""
    return json.dumps(metrics.get_config())


# ---- Metrics --------------------------------------------------------------------------------


def test_metrics_are_direction_then_steps_with_values():
    metrics = tracker(
        val_accuracy=("max", [(0, 0.5), (3, 0.75)]), val_loss=("min", [(0, 2.0), (0, 4.0)])
    )
    assert compact(metrics) == {
        "val_accuracy": ["max", [[0, [0.5]], [3, [0.75]]]],
        "val_loss": ["min", [[0, [2.0, 4.0]]]],
    }


@given(histories=METRICS)
def test_metrics_come_back_as_they_were(histories):
    metrics = tracker(**histories)
    again = there_and_back(metrics)
    assert text(again) == text(metrics)
    assert list(again.metrics) == list(metrics.metrics)


@pytest.mark.parametrize("direction, best, step", [("max", 0.9, 2), ("min", 0.1, 7)])
def test_best_of_several_steps_is_found_after_the_round_trip(direction, best, step):
    again = there_and_back(tracker(metric=(direction, [(0, 0.5), (7, 0.1), (2, 0.9)])))
    assert again.get_direction("metric") == direction
    assert again.get_best_value("metric") == best
    assert again.get_best_step("metric") == step
    assert [o.step for o in again.get_history("metric")] == [0, 2, 7]


def test_executions_of_one_step_stay_apart():
    again = there_and_back(tracker(metric=("min", [(1, 2.0), (1, 4.0)])))
    (observation,) = again.get_history("metric")
    assert observation.value == [2.0, 4.0]
    assert again.get_best_value("metric") == 3.0


def test_restored_metrics_take_further_values():
    again = there_and_back(tracker(metric=("max", [(0, 0.5)])))
    again.update("metric", 0.75, step=1)
    assert again.get_best_value("metric") == 0.75


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_value_that_is_not_finite_comes_back(value):
    again = there_and_back(tracker(metric=("max", [(0, value), (1, 0.5)])))
    first = again.get_history("metric")[0].value
    assert str(first) == str([value])


@pytest.mark.parametrize("direction, best", [("max", 0.5), ("min", 0.25)])
def test_best_value_passes_over_nan(direction, best):
    metrics = tracker(metric=(direction, [(0, math.nan), (1, 0.5), (2, 0.25)]))
    assert best_values(metrics) == {"metric": best} == best_values(there_and_back(metrics))


def test_best_values_are_plain_and_in_the_metrics_direction():
    metrics = tracker(up=("max", [(0, 1.0), (1, 3.0)]), down=("min", [(0, 1.0), (1, 3.0)]))
    values = best_values(metrics)
    assert values == {"up": 3.0, "down": 1.0}
    assert {type(v) for v in values.values()} == {float}


def test_no_metrics_come_back_as_none():
    assert there_and_back(tracker()).metrics == {} == best_values(tracker())


# ---- Ends -----------------------------------------------------------------------------------


def ended(status, **attributes):
    trial = kt_trial.Trial(keras_tuner.HyperParameters(), "0007", status)
    for name, value in attributes.items():
        setattr(trial, name, value)
    return trial


ENDED = {
    "completed": ended(
        "COMPLETED",
        score=0.75,
        best_step=3,
        metrics=tracker(val_accuracy=("max", [(0, 0.5), (3, 0.75)]), loss=("min", [(3, 1.0)])),
    ),
    "worst": ended("COMPLETED", score=0.0, metrics=tracker(val_accuracy=("max", [(0, 0.0)]))),
    "failed": ended("FAILED", message="Traceback\nno such layer"),
    "diverged": ended(
        "FAILED", message="not finite: nan", metrics=tracker(val_loss=("min", [(0, math.nan)]))
    ),
    "retried": ended("COMPLETED", score=-1.5, message="failed at first", best_step=1),
}


@pytest.mark.parametrize("name", ENDED)
def test_end_of_a_trial_comes_back(name):
    trial = ENDED[name]
    again = kt_trial.Trial(keras_tuner.HyperParameters(), "0007")
    restore_end(again, on_disk(end_record(trial)))
    assert json.dumps(again.get_state()) == json.dumps(trial.get_state())
    assert text(again.metrics) == text(trial.metrics)


def test_end_names_its_kind_and_trial():
    record = end_record(ENDED["completed"])
    assert (record["kind"], record["trial"]) == ("end", "0007")
    assert (record["status"], record["score"], record["best_step"]) == ("COMPLETED", 0.75, 3)


def test_message_travels_only_where_there_is_one():
    assert "message" not in end_record(ENDED["completed"])
    assert end_record(ENDED["failed"])["message"] == "Traceback\nno such layer"


def test_end_replaces_what_an_earlier_attempt_left():
    trial = ended("RUNNING", score=1.0, message="old", metrics=tracker(old=("min", [(0, 1.0)])))
    restore_end(trial, on_disk(end_record(ENDED["worst"])))
    assert (trial.status, trial.score, trial.message) == ("COMPLETED", 0.0, None)
    assert list(trial.metrics.metrics) == ["val_accuracy"]


# ---- Entries --------------------------------------------------------------------------------


def every_entry():
    """One entry of each type and sampling, some under conditions, some under two."""
    hp = keras_tuner.HyperParameters()
    hp.Choice("text", ["plain", "wide"], default="wide")
    hp.Choice("number", [8, 16, 32], ordered=True)
    hp.Choice("share", [0.25, 0.5])
    hp.Choice("unordered", [3, 1, 2], ordered=False)
    hp.Int("int", 2, 9)
    hp.Int("int_step", 8, 64, step=8, default=16)
    hp.Int("int_log", 1, 1024, sampling="log")
    hp.Int("int_log_step", 1, 1024, step=2, sampling="log")
    hp.Float("float", -1.0, 1.0)
    hp.Float("float_step", 0.0, 0.5, step=0.1)
    hp.Float("float_log", 1e-4, 1e-1, sampling="log", default=1e-3)
    hp.Float("float_reverse_log", 0.1, 0.9, sampling="reverse_log")
    hp.Boolean("boolean", default=True)
    for name, value in {"f_int": 3, "f_float": 0.5, "f_text": "x", "f_boolean": True}.items():
        hp.Fixed(name, value)
    with hp.conditional_scope("text", ["wide"]):
        hp.Int("width", 1, 200)
        with hp.conditional_scope("width", [2, 3]):
            hp.Fixed("inner", "deep")
            hp.Boolean("inner_boolean")
    with hp.conditional_scope("boolean", [True]):
        hp.Float("rate", 0.0, 1.0)
    return hp


SPACE = every_entry()


@pytest.mark.parametrize("entry", SPACE.space, ids=lambda entry: entry.name)
def test_entry_comes_back_as_it_was(entry):
    (again,) = entries_of(on_disk(entry_records([entry]))).space
    assert type(again) is type(entry)
    assert again.get_config() == entry.get_config()
    assert again.default == entry.default
    assert type(again.default) is type(entry.default)
    assert again.conditions == entry.conditions
    for share in (0.0, 0.3, 0.5, 0.99):
        assert again.prob_to_value(share) == entry.prob_to_value(share)


@pytest.mark.parametrize("space", [SPACE, toys.mixed_space()], ids=["every entry", "mixed"])
def test_entries_come_back_in_their_order(space):
    again = entries_of(on_disk(entry_records(space.space)))
    assert again.get_config()["space"] == space.get_config()["space"]


def test_restored_conditions_decide_what_is_active():
    again = entries_of(on_disk(entry_records(SPACE.space)))
    by_name = {entry.name: entry for entry in again.space}
    for kind, width in [("wide", 2), ("wide", 9), ("plain", 2)]:
        again.values = {"text": kind, "width": width, "boolean": False}
        assert again.is_active(by_name["width"]) == (kind == "wide")
        assert again.is_active(by_name["inner"]) == (kind == "wide" and width == 2)
        assert not again.is_active(by_name["rate"])


def test_one_name_under_two_conditions_stays_two_entries():
    hp = keras_tuner.HyperParameters()
    hp.Choice("kind", ["wide", "deep"])
    for kind, most in (("wide", 8), ("deep", 3)):
        with hp.conditional_scope("kind", [kind]):
            hp.Int("size", 1, most)
    again = entries_of(on_disk(entry_records(hp.space)))
    assert [e.max_value for e in again.space if e.name == "size"] == [8, 3]


def test_restored_entries_merge_into_a_space():
    hp = keras_tuner.HyperParameters()
    hp.Choice("text", ["plain", "wide"], default="wide")
    hp.merge(entries_of(on_disk(entry_records(SPACE.space))), overwrite=False)
    assert [entry.name for entry in hp.space] == [entry.name for entry in SPACE.space]


def test_no_entries_are_no_records():
    assert entry_records([]) == []
    assert entries_of([]).space == []


# ---- What no oracle writes ------------------------------------------------------------------

WHOLE = {
    "create": {"n": 2, "kind": "create", "trial": "0000", "values": {"x": 1}, "seconds": 0.5},
    "retry": {"n": 3, "kind": "retry", "trial": "0000"},
    "end": {"n": 4, **end_record(ENDED["completed"])},
    "failure": {"n": 4, **end_record(ENDED["failed"])},
    "diverged": {"n": 4, **end_record(ENDED["diverged"])},
    "of a later version": {"n": 5, "kind": "note"},
}
WRONG = [
    ("create", "trial", "../elsewhere"),
    ("create", "trial", "00/0"),
    ("create", "values", {"x": [1]}),
    ("create", "values", None),
    ("create", "seconds", math.nan),
    ("create", "n", "2"),
    ("retry", "trial", 0),
    ("end", "status", "RUNNING"),
    ("end", "score", None),
    ("end", "score", math.inf),
    ("end", "score", 10**400),
    ("end", "metrics", {"loss": ["up", []]}),
    ("end", "metrics", {"loss": ["min", [[0, []]]]}),
    ("end", "message", 7),
]


@pytest.mark.parametrize("name", WHOLE)
def test_a_record_that_was_written_is_whole(name):
    check_record(on_disk(WHOLE[name]))


@pytest.mark.parametrize(("name", "part", "value"), WRONG)
def test_a_record_with_a_part_that_is_never_written_is_none(name, part, value):
    with pytest.raises(ValueError, match=part if value is not None else "its|score"):
        check_record({**on_disk(WHOLE[name]), part: value})

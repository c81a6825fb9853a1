"""Trials as journal records, and back."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

import keras_tuner
from keras_tuner.src.engine import metrics_tracking
from keras_tuner.src.engine import trial as kt_trial

from autokeras_nas.architecture import plain_values


def end_record(trial: kt_trial.Trial) -> dict[str, Any]:
    """How a trial ended, as JSON."""
    record = {
        "kind": "end",
        "trial": trial.trial_id,
        "status": trial.status,
        "score": trial.score,
        "best_step": trial.best_step,
        "metrics": compact(trial.metrics),
    }
    return {**record, "message": trial.message} if trial.message else record


def restore_end(trial: kt_trial.Trial, record: dict[str, Any]) -> None:
    """Gives a trial the end that a record tells of."""
    trial.status, trial.score = record["status"], record["score"]
    trial.best_step, trial.message = record["best_step"], record.get("message")
    trial.metrics = expanded(record["metrics"])


def entry_records(entries) -> list[dict[str, Any]]:
    """Hyperparameter entries as JSON."""
    return [{"class_name": type(h).__name__, "config": h.get_config()} for h in entries]


def entries_of(records: list[dict[str, Any]]) -> keras_tuner.HyperParameters:
    """The entries of `entry_records`."""
    return keras_tuner.HyperParameters.from_config({"space": records, "values": {}})


def best_values(metrics: metrics_tracking.MetricsTracker) -> dict[str, float]:
    """The best value of every metric, of those that have one."""
    best = {name: history.get_best_value() for name, history in metrics.metrics.items()}
    return {name: float(value) for name, value in best.items() if value is not None}


def compact(metrics: metrics_tracking.MetricsTracker) -> dict[str, Any]:
    """Metrics as JSON: direction, then steps with their values."""
    return {
        name: [history.direction, [[o.step, o.value] for o in history.get_history()]]
        for name, history in metrics.metrics.items()
    }


def expanded(metrics: dict[str, Any]) -> metrics_tracking.MetricsTracker:
    """The metrics of `compact`."""
    tracker = metrics_tracking.MetricsTracker()
    for name, (direction, observations) in metrics.items():
        tracker.register(name, direction=direction)
        tracker.metrics[name].set_history(
            [metrics_tracking.MetricObservation(value, step) for step, value in observations]
        )
    return tracker


def check_record(record: dict[str, Any]) -> None:
    """Raises a ValueError unless a record has the parts of its kind, each as it is written.

    A checksum tells what was damaged, not what was never written by this package.
    """
    needed = _PARTS.get(record.get("kind"), {})
    for name, is_whole in {**needed, **_ALWAYS, **_SOMETIMES}.items():
        if name in _SOMETIMES and name not in needed and name not in record:
            continue
        if not is_whole(record.get(name)):
            raise ValueError(f"its {name} is {str(record.get(name))[:_SHOWN]!r}")
    if record.get("kind") == "end" and record["status"] == "COMPLETED" and record["score"] is None:
        raise ValueError("it is completed without a score")


def is_count(value: Any) -> bool:
    """Whether it is a whole number from 0."""
    return type(value) is int and value >= 0


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) <= sys.float_info.max


def _is_id(value: Any) -> bool:
    """Whether it is a trial's number, which names a folder of the project and no other place."""
    return isinstance(value, str) and re.fullmatch("[0-9]{1,18}", value) is not None


def _are_values(value: Any) -> bool:
    try:
        return isinstance(value, dict) and plain_values(value) == value
    except TypeError:
        return False


def _are_metrics(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_history, value.values()))


def _is_history(value: Any) -> bool:
    try:
        direction, observations = value
        return direction in ("min", "max") and all(
            type(step) is int and values and all(map(_is_measured, values))
            for step, values in observations
        )
    except (TypeError, ValueError):
        return False


def _is_measured(value: Any) -> bool:
    return type(value) is float or _is_number(value)  # NaN and the infinities, too.


_SHOWN = 40
_ALWAYS: dict[str, Callable[[Any], bool]] = {
    "n": is_count,
    "kind": lambda value: isinstance(value, str),
}
_SOMETIMES: dict[str, Callable[[Any], bool]] = {
    "seconds": lambda value: _is_number(value) and value >= 0,
    "message": lambda value: isinstance(value, str),
    "values": _are_values,
    "space": lambda value: isinstance(value, list),
}
_PARTS: dict[Any, dict[str, Callable[[Any], bool]]] = {
    "header": {"space": _SOMETIMES["space"]},
    "create": {"trial": _is_id, "values": _are_values},
    "retry": {"trial": _is_id},
    "end": {
        "trial": _is_id,
        "status": ("COMPLETED", "FAILED").__contains__,
        "score": lambda value: value is None or _is_number(value),
        "best_step": lambda value: value is None or type(value) is int,
        "metrics": _are_metrics,
    },
}

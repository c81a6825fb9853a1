"""Trials as journal records, and back."""

from __future__ import annotations

from typing import Any

import keras_tuner
from keras_tuner.src.engine import metrics_tracking
from keras_tuner.src.engine import trial as kt_trial


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

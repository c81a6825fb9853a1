"""Toy spaces with a known best, and loops that stand in for a tuner."""

from __future__ import annotations

import keras_tuner
import numpy as np

from autokeras_nas.oracles import ORACLES


def ordinal_space(decisions=6, choices=4):
    """Choices of small ints; the score is highest at the last choice of each."""
    hp = keras_tuner.HyperParameters()
    for k in range(decisions):
        hp.Choice(f"c{k}", list(range(choices)))
    return hp


def mixed_space():
    """Choices, ints, a logarithmic float, a boolean and conditional entries."""
    hp = keras_tuner.HyperParameters()
    hp.Choice("kind", ["plain", "wide", "deep"])
    hp.Int("units", 8, 64, step=8)
    hp.Float("rate", 1e-4, 1e-1, sampling="log")
    hp.Boolean("norm")
    with hp.conditional_scope("kind", ["wide"]):
        hp.Int("width", 1, 200)
    with hp.conditional_scope("kind", ["deep"]):
        hp.Int("depth", 1, 5)
        hp.Float("drop", 0.0, 0.5, step=0.1)
    return hp


def score(values):
    """A deterministic score in [0, 1]: how large the numbers are, each by its own measure."""
    numbers = [float(v) for v in values.values() if not isinstance(v, str)]
    return sum(1.0 - 1.0 / (1.0 + abs(n)) for n in numbers) / max(1, len(numbers))


def make_oracle(name, folder=None, seed=0, space=None, **kwargs):
    """An oracle under its exam settings, in the project `folder/p` where a folder is given."""
    cls = ORACLES[name]
    settings = {"objective": "val_accuracy", "max_trials": 30, **cls.exam_settings, **kwargs}
    if "grammar" not in settings:
        settings["hyperparameters"] = mixed_space() if space is None else space
    oracle = cls(seed=seed, **settings)
    oracle.verbose = 0
    oracle.idle_seconds = 0
    if folder is not None:
        oracle._set_project_dir(str(folder), "p")
    return oracle


def finish(oracle, trial, value=None, status="COMPLETED", metrics=None):
    """Reports a trial as a tuner would; by default with the toy score."""
    if status == "COMPLETED":
        value = score(trial.hyperparameters.values) if value is None else value
        oracle.update_trial(trial.trial_id, {"val_accuracy": value, **(metrics or {})}, step=0)
    trial.status = status
    oracle.end_trial(trial)


def run(oracle, trials, tuner_id="tuner0", evaluate=None):
    """Runs so many trials in one slot; fewer where the oracle stops.

    Returns:
        The values of each trial, control names included.
    """
    proposed = []
    for _ in range(trials):
        trial = oracle.create_trial(tuner_id)
        if trial.status != "RUNNING":
            break
        proposed.append(dict(trial.hyperparameters.values))
        finish(oracle, trial, None if evaluate is None else evaluate(trial))
    return proposed


def run_overlapping(oracle, slots, rng: np.random.Generator, fate=None):
    """Runs until the oracle stops, with many trials under way that end in random order.

    Args:
        oracle: The oracle.
        slots: Trials under way at most.
        rng: Draws the order.
        fate: What becomes of a trial: a function of it that returns keyword arguments of
            `finish`, or None: it never returns.

    Returns:
        The values of each trial, in the order of their creation.
    """
    running, proposed, lost = {}, [], 0
    for _ in range(100_000):
        free = [k for k in range(slots) if k not in running]
        stopped = False
        for slot in free:
            trial = oracle.create_trial(f"slot{slot}")
            if trial.status == "RUNNING":
                running[slot] = trial
                proposed.append(dict(trial.hyperparameters.values))
            stopped |= trial.status == "STOPPED"
        live = [k for k, trial in running.items() if trial is not None]
        if not live:
            assert stopped or lost, "nothing runs and the oracle neither proposes nor stops"
            return proposed
        slot = live[rng.integers(len(live))]
        trial = running.pop(slot)
        outcome = {} if fate is None else fate(trial)
        if outcome is None:
            running[slot], lost = None, lost + 1
        else:
            finish(oracle, trial, **outcome)
    raise AssertionError("the search does not end")

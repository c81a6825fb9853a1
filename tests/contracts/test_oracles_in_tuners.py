"""Every oracle inside KerasTuner's own tuners: alone, resumed, and over chief and workers."""

from __future__ import annotations

import json

import chiefs
import keras
import keras_tuner
import numpy as np
import pytest
import toys

from autokeras_nas.oracles import ORACLES
from autokeras_nas.storage import Journal

pytestmark = pytest.mark.parametrize("name", list(ORACLES))

WORDS = {"plain", "wide", "deep"}


def build_conditional(hp):
    """A space that only building reveals, part of it under a condition."""
    kind = hp.Choice("kind", sorted(WORDS))
    hp.Float("rate", 1e-4, 1e-1, sampling="log")
    if kind == "wide":
        with hp.conditional_scope("kind", ["wide"]):
            hp.Int("width", 1, 200)
    if kind == "deep":
        with hp.conditional_scope("kind", ["deep"]):
            hp.Int("depth", 1, 50)


class ToyTuner(keras_tuner.Tuner):
    """Runs trials without training; `report` makes what `run_trial` returns of the score."""

    def __init__(self, *args, report=dict, **kwargs):
        self.report = report
        super().__init__(*args, **kwargs)

    def run_trial(self, trial):
        self.hypermodel.build(trial.hyperparameters)
        return self.report(val_accuracy=toys.score(trial.hyperparameters.values))


def as_float(val_accuracy):
    """The objective alone: KerasTuner then minimises its `default_objective`."""
    return val_accuracy


def new_oracle(name, max_trials, **settings):
    settings = {"objective": "val_accuracy", **ORACLES[name].exam_settings, **settings}
    oracle = ORACLES[name](max_trials=max_trials, seed=3, **settings)
    oracle.verbose = 0
    return oracle


def toy_tuner(name, folder, max_trials=12, report=dict, overwrite=False, **settings):
    return ToyTuner(
        new_oracle(name, max_trials, **settings),
        build_conditional,
        directory=folder,
        project_name="p",
        report=report,
        overwrite=overwrite,
    )


def ended(tuner):
    return [(t.trial_id, t.values, t.score) for t in tuner.oracle.finished()]


def test_conditional_space_is_searched(name, tmp_path):
    tuner = toy_tuner(name, tmp_path)
    tuner.search()
    assert [trial_id for trial_id, _, _ in ended(tuner)] == [f"{k:04d}" for k in range(12)]
    for _, values, _ in ended(tuner):
        expected = {"plain": set(), "wide": {"width"}, "deep": {"depth"}}[values["kind"]]
        assert set(values) == {"kind", "rate"} | expected


def test_float_is_taken_for_the_default_objective(name, tmp_path):
    tuner = toy_tuner(name, tmp_path, report=as_float, objective=None)
    tuner.search()
    scores = [score for _, _, score in ended(tuner)]
    assert len(scores) == 12
    assert tuner.oracle.get_best_trials()[0].score == min(scores)


def test_best_hyperparameters_are_those_of_the_best_trial(name, tmp_path, capsys):
    tuner = toy_tuner(name, tmp_path)
    tuner.search()
    best = max(ended(tuner), key=lambda trial: trial[2])
    proposed = tuner.get_best_hyperparameters()[0].values
    assert {n: v for n, v in proposed.items() if "/" not in n} == best[1]
    tuner.search_space_summary()
    tuner.results_summary()
    assert f"Trial {best[0]} summary" in capsys.readouterr().out


def test_search_goes_on_where_another_process_left_it(name, tmp_path):
    toy_tuner(name, tmp_path / "a").search()
    unbroken = ended(reloaded := toy_tuner(name, tmp_path / "a"))
    assert len(unbroken) == 12 and reloaded.remaining_trials == 0

    toy_tuner(name, tmp_path / "b", max_trials=5).search()
    resumed = toy_tuner(name, tmp_path / "b")
    assert len(ended(resumed)) == 5
    resumed.search()
    assert len(ended(resumed)) == 12
    assert ended(resumed)[:5] == unbroken[:5]


def test_overwrite_begins_anew(name, tmp_path):
    toy_tuner(name, tmp_path, max_trials=5).search()
    anew = toy_tuner(name, tmp_path, max_trials=3, overwrite=True)
    assert anew.oracle.trials == {}
    anew.search()
    assert len(ended(anew)) == 3
    journal = Journal(tmp_path / "p" / "journal.jsonl")
    assert sum(record["kind"] == "end" for record in journal.read()) == 3


def test_tuner_under_another_id_resumes(name, tmp_path, monkeypatch):
    toy_tuner(name, tmp_path, max_trials=5).search()
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "night_shift")
    resumed = toy_tuner(name, tmp_path)
    assert resumed.tuner_id == "night_shift"
    resumed.search()
    assert len(ended(resumed)) == 12
    again = toy_tuner(name, tmp_path)
    assert ended(again) == ended(resumed)


def test_trial_that_raises_fails_alone(name, tmp_path):
    def flaky(val_accuracy):
        if val_accuracy < 0.25:
            raise RuntimeError("too small to train")
        return {"val_accuracy": val_accuracy}

    tuner = toy_tuner(name, tmp_path, report=flaky)
    tuner.search()
    failed = [t for t in tuner.oracle.finished() if not t.completed]
    assert len(tuner.oracle.finished()) == 12
    assert all("too small to train" in t.message for t in failed)


def build_model(hp):
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(hp.Choice("units", [1, 2, 3, 4]), hp.Choice("act", ["relu", "elu"])),
            keras.layers.Dense(1),
        ]
    )
    model.compile("sgd", "mse")
    return model


def real_tuner(name, folder, max_trials=3):
    oracle = new_oracle(name, max_trials, objective="val_loss")
    return keras_tuner.Tuner(oracle, build_model, directory=folder, project_name="p")


@pytest.mark.slow
def test_stock_tuner_trains_reloads_and_goes_on(name, tmp_path, capsys):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(8, 3)), rng.normal(size=(8, 1))
    fit = {"x": x, "y": y, "validation_data": (x, y), "epochs": 1, "verbose": 0}
    tuner = real_tuner(name, tmp_path)
    tuner.search(**fit)
    best = tuner.oracle.get_best_trials()[0]
    model = tuner.get_best_models()[0]
    assert model.evaluate(x, y, verbose=0) == pytest.approx(best.score, rel=1e-4)
    assert tuner.get_best_hyperparameters()[0].values == best.hyperparameters.values
    tuner.results_summary()
    assert f"Trial {best.trial_id} summary" in capsys.readouterr().out

    again = real_tuner(name, tmp_path, max_trials=5)
    assert ended(again) == ended(tuner)
    assert again.get_best_models()[0].count_params() == model.count_params()
    again.search(**fit)
    assert len(ended(again)) == 5


SCRIPT = """
import os, pathlib, sys, time
import keras_tuner
from autokeras_nas.oracles import ORACLES

folder, name, max_trials = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])

def build(hp):
    for k in range(8):
        hp.Choice(f"c{k}", [0, 1, 2, 3])

class Tuner(keras_tuner.Tuner):
    def run_trial(self, trial):
        time.sleep(0.05)
        values = trial.hyperparameters.values
        return {"val_accuracy": sum(values[f"c{k}"] for k in range(8)) / 24}

    def on_search_begin(self):
        # Who comes once the search is over would wait for a chief that has left.
        (folder / f"{self.tuner_id}.ready").touch()
        while len(list(folder.glob("*.ready"))) < 2:
            time.sleep(0.05)

oracle = ORACLES[name](
    objective="val_accuracy", max_trials=max_trials, seed=0, **ORACLES[name].exam_settings
)
oracle.verbose = 0
Tuner(oracle, build, directory=folder, project_name="p").search()
"""


@pytest.mark.slow
def test_chief_and_two_workers_share_the_trials(name, tmp_path):
    max_trials = 24
    codes, logs = chiefs.run_chief_and_workers(SCRIPT, tmp_path, name, max_trials)
    assert codes == [0, 0, 0], logs

    records = list(Journal(tmp_path / "p" / "journal.jsonl").read())
    ids = [f"{k:04d}" for k in range(max_trials)]
    created = [r for r in records if r["kind"] == "create"]
    assert [r["trial"] for r in created] == ids
    ends = [r for r in records if r["kind"] == "end"]
    assert sorted(r["trial"] for r in ends) == ids
    assert {r["status"] for r in ends} == {"COMPLETED"}
    proposals = {json.dumps(r["values"], sort_keys=True) for r in created}
    assert len(proposals) == max_trials

from __future__ import annotations

import toys

from autokeras_nas.reports.progress import ProgressLines


def test_a_line_tells_the_score_and_the_best_so_far():
    oracle = toys.make_oracle("random")
    for value in (0.9, 0.5):
        trial = oracle.create_trial("tuner0")
        toys.finish(oracle, trial, value, metrics={"nas/parameters": 1234.0})
    line = ProgressLines().line(trial, oracle)
    assert line == "trial 0001  val_accuracy 0.5000  best 0.9000  1,234 parameters"


def test_one_is_singular():
    oracle = toys.make_oracle("random")
    trial = oracle.create_trial("tuner0")
    toys.finish(oracle, trial, 0.5, metrics={"nas/epochs": 1.0, "nas/seconds": 1.0})
    assert ProgressLines().line(trial, oracle).endswith("  1 epoch  1 s")


def test_a_trial_that_was_stopped_early_tells_what_that_saved():
    oracle = toys.make_oracle("random")
    trial = oracle.create_trial("tuner0")
    toys.finish(oracle, trial, 0.5, metrics={"nas/epochs": 2.0, "nas/saved": 0.75})
    assert ProgressLines().line(trial, oracle).endswith("2 epochs  stopped early, 75% saved")


def test_a_failure_tells_its_reason():
    oracle = toys.make_oracle("random")
    trial = oracle.create_trial("tuner0")
    trial.message = "Traceback\nno memory"
    toys.finish(oracle, trial, status="FAILED")
    assert ProgressLines().line(trial, oracle) == "trial 0000  failed: no memory"

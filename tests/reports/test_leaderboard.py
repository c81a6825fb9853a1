from __future__ import annotations

import toys

from autokeras_nas.reports.leaderboard import leaderboard, savings


def test_best_come_first_and_failures_last_with_their_reason():
    oracle = toys.make_oracle("random")
    toys.run(oracle, 5)
    trial = oracle.create_trial("tuner0")
    trial.message = "Traceback\nno memory"
    toys.finish(oracle, trial, status="FAILED")
    board = leaderboard(oracle)
    assert list(board["rank"].dropna()) == [1, 2, 3, 4, 5]
    assert board["score"].dropna().is_monotonic_decreasing
    assert board["status"].iloc[-1] == "FAILED" and board["reason"].iloc[-1] == "no memory"


def test_of_a_loss_the_least_is_best():
    oracle = toys.make_oracle("random", objective="val_loss")
    for loss in (0.3, 0.1, 0.2):
        trial = oracle.create_trial("tuner0")
        oracle.update_trial(trial.trial_id, {"val_loss": loss})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
    assert list(leaderboard(oracle)["score"]) == [0.1, 0.2, 0.3]


def test_what_was_not_measured_is_missing_and_not_zero():
    oracle = toys.make_oracle("random")
    toys.run(oracle, 1)
    row = leaderboard(oracle).iloc[0]
    measured = ["parameters", "flops", "zero_cost", "epochs", "saved", "seconds", "kwh"]
    assert row[measured].isna().all()


def test_the_best_mean_of_finalists_comes_first():
    oracle = toys.make_oracle("random", max_trials=4, finalists=2)
    for score in (0.9, 0.8, 0.5, 0.82):
        toys.finish(oracle, oracle.create_trial("tuner0"), score)
    board = leaderboard(oracle)
    assert list(board["trial"]) == ["0003", "0000", "0001", "0002"]
    assert list(board["run_of"]) == ["0001", "", "", "0000"]
    assert board["architecture"].iloc[0] == board["architecture"].iloc[2]


def test_savings_are_of_the_training_of_all_completed_trials():
    oracle = toys.make_oracle("random")
    toys.run(oracle, 2)
    assert savings(leaderboard(oracle)) is None
    for saved in (0.5, 0.7):
        toys.finish(oracle, oracle.create_trial("tuner0"), metrics={"nas/saved": saved})
    toys.finish(oracle, oracle.create_trial("tuner0"), status="FAILED")
    board = leaderboard(oracle)
    assert sorted(board["saved"].dropna()) == [0.5, 0.7]
    assert savings(board) == ("2 of 4 trials were stopped early, which saved 30% of all training.")

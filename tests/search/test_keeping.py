"""Keeping: weights of the result are never removed, others by their worth."""

import keras_tuner
import pytest
import toys

from autokeras_nas.search.keeping import Keeper

SIZE = 1000


def finished(tmp_path, *trials, **settings):
    """An oracle with trials of `(score, parameters)`, and their weights on the disk."""
    oracle = toys.make_oracle("random", max_trials=99, **settings)
    for score, parameters in trials:
        trial = oracle.create_trial("tuner")
        folder = tmp_path / f"trial_{trial.trial_id}"
        folder.mkdir()
        (folder / "checkpoint.weights.h5").write_bytes(bytes(SIZE))
        toys.finish(oracle, trial, score, metrics={"nas/parameters": parameters})
    return oracle


def kept(tmp_path):
    return sorted(path.parent.name[-4:] for path in tmp_path.glob("trial_*/*.h5"))


def test_the_best_and_the_front_are_kept(tmp_path):
    oracle = finished(tmp_path, (0.5, 10), (0.9, 90), (0.8, 80), (0.4, 40), (0.6, 60))
    Keeper(tmp_path, oracle, keep_best=1).clear()
    assert kept(tmp_path) == ["0000", "0001", "0002", "0004"]


def test_without_a_front_only_the_best_are_kept(tmp_path):
    oracle = finished(tmp_path, (0.9, 10), (0.5, 90), (0.8, 80), (0.4, 40))
    Keeper(tmp_path, oracle, keep_best=2).clear()
    assert kept(tmp_path) == ["0000", "0002"]


@pytest.mark.parametrize(
    ("room", "left"),
    [(4, ["0000", "0001", "0002", "0004"]), (3, ["0001", "0002", "0004"]), (1, ["0001"]),
     (0.5, ["0001"])],
)  # fmt: skip
def test_where_room_is_short_the_worst_go_but_never_the_result(tmp_path, room, left):
    oracle = finished(tmp_path, (0.5, 10), (0.9, 90), (0.8, 80), (0.4, 40), (0.6, 60))
    Keeper(tmp_path, oracle, keep_best=1, most_bytes=room * SIZE).clear()
    assert kept(tmp_path) == left


def test_what_the_oracle_needs_is_kept(tmp_path):
    oracle = finished(tmp_path, (0.9, 10), (0.5, 90), (0.4, 40))
    oracle.keep = lambda: {"0002"}
    Keeper(tmp_path, oracle, keep_best=1, most_bytes=1).clear()
    assert kept(tmp_path) == ["0000", "0002"]


def test_the_champion_of_the_finals_is_kept(tmp_path):
    oracle = toys.make_oracle("random", max_trials=4, finalists=2)
    for score in (0.9, 0.8, 0.5, 0.82):
        trial = oracle.create_trial("tuner")
        (tmp_path / f"trial_{trial.trial_id}").mkdir()
        (tmp_path / f"trial_{trial.trial_id}" / "checkpoint.weights.h5").touch()
        toys.finish(oracle, trial, score)
    Keeper(tmp_path, oracle, keep_best=1).clear()
    assert kept(tmp_path) == ["0000", "0003"]


def test_trials_of_a_foreign_oracle_are_kept_by_their_scores(tmp_path):
    oracle = keras_tuner.oracles.RandomSearchOracle(
        keras_tuner.Objective("val_loss", "min"),
        max_trials=3,
        hyperparameters=toys.ordinal_space(),
    )
    oracle.verbose = 0
    oracle._set_project_dir(str(tmp_path), "p")
    for loss in (0.3, 0.1, 0.2):
        trial = oracle.create_trial("tuner")
        (tmp_path / f"trial_{trial.trial_id}").mkdir()
        (tmp_path / f"trial_{trial.trial_id}" / "checkpoint.weights.h5").write_bytes(bytes(SIZE))
        oracle.update_trial(trial.trial_id, {"val_loss": loss})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
    Keeper(tmp_path, oracle, keep_best=2, most_bytes=SIZE).clear()
    assert len(kept(tmp_path)) == 1

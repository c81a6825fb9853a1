from __future__ import annotations

import functools

import cloudpickle
import keras
import keras_tuner
import pytest
import scripted
import toys

from autokeras_nas.architecture import Budget, Proposal, encode
from autokeras_nas.objectives import ResourceReward
from autokeras_nas.oracles import RandomSearch
from autokeras_nas.search import NasTuner
from autokeras_nas.search.stopping import Stopping, reward_curve
from autokeras_nas.training import PROGRESS, MedianRule, SuccessiveHalving

# The children of a search cannot import it by its name.
cloudpickle.register_pickle_by_value(scripted)

EAGER = functools.partial(MedianRule, least_trials=2, least_share=0.25)


def finish(oracle, scores, progress=None, status="COMPLETED"):
    """A trial with these scores by epoch; None: an epoch without one."""
    trial = oracle.create_trial("tuner0")
    for step, score in enumerate(scores):
        if score is not None:
            share = (step + 1) / len(scores) if progress is None else progress[step]
            oracle.update_trial(trial.trial_id, {"val_accuracy": score, PROGRESS: share}, step=step)
    trial.status = status
    oracle.end_trial(trial)
    return oracle.trials[trial.trial_id]


def tuner(tmp_path, stopping=EAGER, metric="val_accuracy", sign=1.0, objective=None, **kwargs):
    oracle = RandomSearch(
        objective=objective or keras_tuner.Objective(metric, "max" if sign > 0 else "min"),
        max_trials=kwargs.pop("max_trials", 5),
        initial_architectures=scripted.qualities(60, 80, 20, 90, 10),
        finalists=kwargs.pop("finalists", 0),
        seed=0,
    )
    return NasTuner(
        scripted.Scripted(metric, sign), oracle, directory=tmp_path, stopping=stopping, **kwargs
    )


def search(tuner, **kwargs):
    tuner.search(epochs=4, verbose=0, **kwargs)
    return list(tuner.oracle.trials.values())


def epochs(trials):
    return [len(trial.metrics.get_history(PROGRESS)) for trial in trials]


# ---- The curves -----------------------------------------------------------------------------


def test_the_curve_of_a_trial_is_read_from_its_metrics():
    oracle = toys.make_oracle("random")
    trial = finish(oracle, [0.1, None, 0.3, 0.2])
    assert reward_curve(trial, oracle.objective) == ((0.25, 0.1), (0.75, 0.3), (1.0, 0.2))


def test_trials_of_another_tuner_have_no_curve():
    oracle = toys.make_oracle("random")
    trial = oracle.create_trial("tuner0")
    toys.finish(oracle, trial, 0.5)
    assert reward_curve(trial, oracle.objective) == ()


def test_a_rule_is_made_of_completed_trials_so_far():
    oracle = toys.make_oracle("random")
    stopping = Stopping("median", oracle)
    assert stopping.rule_for(Proposal({}), 1) == MedianRule()
    finish(oracle, [0.1, 0.2])
    finish(oracle, [0.9, 0.9], status="FAILED")
    assert stopping.rule_for(Proposal({}), 1).finished == (((0.5, 0.1), (1.0, 0.2)),)
    finish(oracle, [0.3])
    assert stopping.rule_for(Proposal({}), 1).finished[1:] == (((1.0, 0.3),),)


def test_the_last_thousand_trials_count(monkeypatch):
    monkeypatch.setattr("autokeras_nas.search.stopping._MOST_CURVES", 2)
    oracle = toys.make_oracle("random")
    for score in (0.1, 0.2, 0.3):
        finish(oracle, [score])
    rule = Stopping("median", oracle).rule_for(Proposal({}), 1)
    assert rule.finished == (((1.0, 0.2),), ((1.0, 0.3),))


def test_trials_are_compared_with_those_of_their_budget():
    oracle = toys.make_oracle("random")
    for epochs in (3, 0, 3):
        trial = finish(oracle, [0.1])
        trial.hyperparameters.values.update(encode(Proposal({}, Budget(epochs=epochs))))
    stopping = Stopping("median", oracle)
    assert len(stopping.rule_for(Proposal({}, Budget(epochs=3)), 1).finished) == 2
    assert len(stopping.rule_for(Proposal({}), 1).finished) == 1


def test_measuring_once_more_is_never_stopped():
    stopping = Stopping("median", toys.make_oracle("random"))
    assert stopping.rule_for(Proposal({}, repeat=1), 1) is None


def test_trials_of_several_trainings_are_never_stopped_and_that_is_said():
    stopping = Stopping("median", toys.make_oracle("random"))
    with pytest.warns(UserWarning, match="several trainings are not stopped"):
        assert stopping.rule_for(Proposal({}), 2) is None


def test_nothing_is_stopped_unless_that_was_asked_for():
    assert Stopping(None, toys.make_oracle("random")).rule_for(Proposal({}), 2) is None


def test_an_unknown_rule_names_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'median'"):
        Stopping("medain", toys.make_oracle("random"))


# ---- In a search ----------------------------------------------------------------------------


@pytest.mark.parametrize(("metric", "sign"), [("val_accuracy", 1.0), ("val_loss", -1.0)])
def test_hopeless_trials_end_early_with_what_they_had(tmp_path, metric, sign):
    trials = search(tuner(tmp_path, metric=metric, sign=sign))
    # In the first epoch 0.15, 0.2, 0.05, 0.225, 0.025: the median of those before stops two.
    assert epochs(trials) == [4, 4, 1, 4, 1]
    assert all(trial.status == "COMPLETED" for trial in trials)
    assert [trial.score for trial in trials] == pytest.approx(
        [sign * score for score in (0.6, 0.8, 0.05, 0.9, 0.025)]
    )
    assert trials[2].message == (
        "stopped early: below the median of 2 trials at 25% of the training"
    )
    assert [trial.metrics.exists("nas/saved") for trial in trials] == [
        False, False, True, False, True
    ]  # fmt: skip
    assert trials[2].metrics.get_last_value("nas/saved") == 0.75


@pytest.mark.parametrize("rule", ["median", "successive_halving"])
def test_a_named_rule_lets_the_first_five_finish(tmp_path, rule):
    started = tuner(tmp_path, rule, max_trials=6)
    started.oracle.initial_architectures = scripted.qualities(60, 70, 80, 90, 95, 5)
    assert epochs(search(started))[:5] == [4] * 5
    assert epochs(search(started))[5] < 4


@pytest.mark.parametrize("oracle", ["hyperband", "grid"])
def test_oracles_of_keras_tuner_search_with_stopping(tmp_path, oracle):
    if oracle == "grid":
        stock = keras_tuner.oracles.GridSearchOracle(objective="val_accuracy", max_trials=6)
    else:
        stock = keras_tuner.oracles.HyperbandOracle(
            objective=keras_tuner.Objective("val_accuracy", "max"), max_epochs=4, seed=0
        )
    started = NasTuner(scripted.Scripted(), stock, directory=tmp_path, stopping=EAGER)
    trials = search(started)
    stopped = [trial for trial in trials if "stopped early" in (trial.message or "")]
    saved = [trial for trial in trials if trial.metrics.exists("nas/saved")]
    assert stopped and stopped == saved
    assert all(trial.status == "COMPLETED" for trial in trials)


def test_a_resumed_search_judges_by_the_trials_before(tmp_path):
    search(tuner(tmp_path, max_trials=2))
    trials = search(tuner(tmp_path))
    assert epochs(trials) == [4, 4, 1, 4, 1]


def test_rewards_weigh_what_is_compared(tmp_path):
    objective = ResourceReward("val_accuracy", "parameters", target=3, exponent=-1.0)

    class Costly(scripted.Scripted):
        def build(self, hp):
            super().build(hp)
            units = 9 if hp.get("quality") == 90 else 1
            return keras.Sequential([keras.Input((2,)), keras.layers.Dense(units)])

    started = tuner(tmp_path, objective=objective)
    started.hypermodel = started._runner.hypermodel = Costly()
    trials = search(started)
    # The best score costs nine times as much.
    assert epochs(trials) == [4, 4, 1, 1, 1]
    assert trials[3].score == pytest.approx(0.9 / 4 / 9)


def test_finalists_are_measured_in_full(tmp_path):
    trials = search(tuner(tmp_path, max_trials=8, finalists=2))
    assert [trial.hyperparameters.values.get("nas/repeat") for trial in trials[-2:]] == [1, 1]
    assert epochs(trials)[-2:] == [4, 4]


def test_a_trial_out_of_several_trainings_runs_in_full(tmp_path):
    with pytest.warns(UserWarning, match="not stopped early"):
        trials = search(tuner(tmp_path, executions_per_trial=2))
    assert epochs(trials) == [4] * 5


@pytest.mark.slow
def test_in_child_processes_the_same_trials_are_stopped(tmp_path):
    trials = search(tuner(tmp_path, executor="process"))
    assert epochs(trials) == [4, 4, 1, 4, 1]
    assert trials[2].metrics.get_last_value("nas/saved") == 0.75
    assert trials[2].message.startswith("stopped early: below the median of 2 trials")


@pytest.mark.slow
def test_two_slots_judge_by_what_had_finished_when_a_trial_began(tmp_path):
    rule = functools.partial(SuccessiveHalving, least_trials=1, least_share=0.25, eta=9.0)
    trials = search(tuner(tmp_path, rule, executor="process", workers=2))
    assert epochs(trials)[0] == epochs(trials)[1] == 4  # Neither knew of the other.
    assert epochs(trials)[4] == 1
    assert all(trial.status == "COMPLETED" for trial in trials)

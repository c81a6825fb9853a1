from __future__ import annotations

import itertools
import json
import subprocess
import sys

import keras
import keras_tuner
import numpy as np
import pandas as pd
import pytest
import scripted
from sklearn.datasets import load_digits

import autokeras_nas as nas
from autokeras_nas.data import memory
from autokeras_nas.errors import ProjectError, SearchFailedError

DIGITS = load_digits()
X, Y = DIGITS.images[:400].astype("float32"), DIGITS.target[:400]


def make(tmp_path, **kwargs):
    settings = {"oracle": "random", "max_trials": 1, "seed": 0, "directory": tmp_path, **kwargs}
    return nas.AutoModel(**settings)


def test_search_predicts_saves_and_goes_on(tmp_path):
    model = make(tmp_path, max_trials=2)
    history = model.fit(X, Y, epochs=2, time_budget=None)
    assert history.model is model.best_model
    probabilities = model.predict(X)
    assert probabilities.shape == (400, 10)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-5)
    accuracy = np.mean(model.predict_labels(X) == Y)
    assert model.evaluate(X, Y)["accuracy"] == pytest.approx(accuracy, abs=1e-6)

    board = model.leaderboard()
    assert list(board["rank"]) == [1, 2] and board["score"].is_monotonic_decreasing
    assert (board["parameters"] > 0).all() and (board["flops"] > 0).all()

    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(loaded.predict(X, verbose=0), probabilities, atol=1e-6)

    again = nas.AutoModel.load(tmp_path / "auto_model")
    np.testing.assert_allclose(again.predict(X), probabilities, atol=1e-6)
    np.testing.assert_array_equal(again.predict_labels(X), model.predict_labels(X))
    again.tuner.oracle.max_trials = 3
    again.fit(X, Y, epochs=2, time_budget=None)
    assert len(again.leaderboard()) == 3


def test_folds_train_each_architecture_once_for_each(tmp_path):
    model = make(tmp_path, repeats=2)
    history = model.fit(X, Y, folds=2, epochs=1, time_budget=None, verbose=0)
    board = model.leaderboard()
    assert len(board) == 1 and board["spread"].notna().all()
    assert history.history["val_accuracy"] == [board["score"][0]]
    assert model.predict(X[:3]).shape == (3, 10)
    again = nas.AutoModel.load(tmp_path / "auto_model")
    assert again.repeats == 2


def test_the_mean_of_the_folds_is_the_score(tmp_path):
    def fitted(hp, model, x, validation_data, **kwargs):
        seen.append({float(row[0]) for batch, _ in validation_data for row in batch})
        return {"val_accuracy": float(len(seen))}

    seen = []
    hypermodel = Linear()
    hypermodel.fit = fitted
    model = make(tmp_path, search_space=hypermodel, objective="val_accuracy")
    rows = np.arange(20.0)[:, None]
    model.fit(rows, np.arange(20) % 2, folds=4, time_budget=None, verbose=0)
    assert model.leaderboard()["score"].tolist() == [2.5]
    assert sorted(number for fold in seen for number in fold) == list(range(20))


class Linear(keras_tuner.HyperModel):
    """A line."""

    def build(self, hp):
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse", metrics=["accuracy"])
        return model


def test_finalists_are_measured_once_more(tmp_path):
    model = make(tmp_path, max_trials=4, finalists=2)
    model.fit(X, Y, epochs=1, time_budget=None, verbose=0)
    board = model.leaderboard()
    assert sorted(board["run_of"]) == ["", "", "0000", "0001"]
    again = nas.AutoModel.load(tmp_path / "auto_model")
    assert again.leaderboard()["trial"].tolist() == board["trial"].tolist()
    np.testing.assert_allclose(again.predict(X[:9]), model.predict(X[:9]), atol=1e-6)


@pytest.mark.parametrize("bad", [-1, 2.5, "many", 5])
def test_a_number_of_finalists_that_makes_no_sense_is_refused(tmp_path, bad):
    with pytest.raises(ValueError, match="`finalists` must be a whole number"):
        make(tmp_path, finalists=bad, max_trials=9)


def test_a_foreign_oracle_has_no_finalists(tmp_path):
    oracle = keras_tuner.oracles.RandomSearchOracle(
        keras_tuner.Objective("val_accuracy", "max"), max_trials=1
    )
    with pytest.raises(ValueError, match="Only our own oracles"):
        make(tmp_path, oracle=oracle, finalists=2, max_trials=9)


def test_screening_is_kept_with_the_project(tmp_path):
    model = make(tmp_path, max_trials=2, screening="synflow", screening_candidates=2)
    model.fit(X, Y, epochs=1, time_budget=None, verbose=0)
    again = nas.AutoModel.load(tmp_path / "auto_model")
    assert again.screening == "synflow" and again.tuner.oracle.screening.candidates == 2
    assert again.leaderboard()["zero_cost"].notna().all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"screening": "sinflow"}, "Did you mean 'synflow'"),
        ({"screening": "synflow", "screening_candidates": 1}, "at least two candidates"),
    ],
)
def test_what_cannot_be_screened_by_is_refused_at_once(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        make(tmp_path, **arguments)


def test_what_stopping_hopeless_trials_saved_is_told(tmp_path, capsys):
    model = make(
        tmp_path,
        search_space=scripted.Scripted(),
        objective="val_accuracy",
        max_trials=6,
        stopping="median",
        initial_architectures=scripted.qualities(60, 70, 80, 90, 95, 5),
    )
    model.fit(np.ones((20, 2)), np.arange(20) % 2, epochs=4, time_budget=None)
    board = model.leaderboard().set_index("trial")
    assert board["saved"].dropna().to_dict() == {"0005": 0.5}
    assert "stopped early: below the median of 5 trials" in board["reason"]["0005"]
    assert "1 of 6 trials were stopped early, which saved 8%" in capsys.readouterr().out
    assert json.loads((tmp_path / "auto_model/project.json").read_text())["stopping"] == "median"


def test_an_unknown_stopping_rule_is_refused_at_once(tmp_path):
    with pytest.raises(ValueError, match="Did you mean 'median'"):
        make(tmp_path, stopping="medain")


def test_models_of_the_pareto_front_are_kept(tmp_path):
    model = make(tmp_path, max_trials=5)
    model.fit(X, Y, epochs=1, time_budget=None, verbose=0)
    front = model.pareto_front()
    assert front["parameters"].is_monotonic_increasing and front["knee"].sum() == 1
    for _, row in front.iterrows():
        inner = model.model_of(row["trial"])
        assert inner.predict(X[:2], verbose=0).shape == (2, 10)
        assert inner.get_layer("network").count_params() == row["parameters"]


def test_weights_that_were_not_kept_are_said_to_be_missing(tmp_path):
    model = make(tmp_path)
    model.fit(X, Y, epochs=1, time_budget=None, verbose=0)
    next(tmp_path.glob("auto_model/trial_0000/*.weights.h5")).unlink()
    with pytest.raises(ProjectError, match="were not kept"):
        model.model_of("0000")
    with pytest.raises(ValueError, match="no trial of this name"):
        model.model_of("9999")


@pytest.mark.slow
def test_trials_can_run_in_processes_of_their_own(tmp_path, capsys):
    model = make(tmp_path, max_trials=3, workers=2)
    model.fit(X, Y, epochs=2, time_budget=None)
    assert "Executor: process. 2 workers were asked for." in capsys.readouterr().out
    assert model.leaderboard()["status"].tolist() == ["COMPLETED"] * 3
    assert model.predict(X[:3]).shape == (3, 10)
    assert not (tmp_path / "auto_model" / "workers" / "data").exists()


def test_an_executor_that_there_is_not_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no executor of this name"):
        make(tmp_path, executor="threads")


def test_overwrite_begins_anew(tmp_path):
    for _ in range(2):
        model = make(tmp_path, overwrite=True)
        model.fit(X, Y, epochs=1, time_budget=None, verbose=0)
        assert list(model.leaderboard()["trial"]) == ["0000"]


def test_a_quiet_search_prints_nothing(tmp_path, capsys):
    make(tmp_path).fit(X, Y, epochs=1, time_budget=None, verbose=0)
    nas.AutoModel.load(tmp_path / "auto_model")
    assert capsys.readouterr().out == ""


def test_each_trial_prints_a_line(tmp_path, capsys):
    model = make(tmp_path, max_trials=2, task="image_classification")
    model.fit(X, Y, epochs=1, time_budget=None)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["trial", "0000", "val_accuracy"],
        ["trial", "0001", "val_accuracy"],
    ]


def test_the_task_is_inferred_and_said(tmp_path, capsys):
    model = make(tmp_path)
    assert model.task is None and model.objective is None
    model.fit(X, Y, epochs=1, time_budget=None)
    assert isinstance(model.task, nas.tasks.ImageClassification)
    assert model.objective.name == "val_accuracy"
    assert isinstance(model.search_space, nas.search_spaces.ChainCnn)
    assert capsys.readouterr().out.startswith("Task: image_classification. The features are images")


@pytest.mark.parametrize(
    ("task", "space"),
    [("image_classification", "chain_cnn"), ("tabular_classification", "tabular_mlp")],
)
def test_the_task_decides_the_search_space(tmp_path, task, space):
    model = make(tmp_path, task=task)
    assert nas.search_spaces.SEARCH_SPACES.name_of(type(model.search_space)) == space


def test_tables_are_read_from_files(tmp_path):
    size = np.linspace(0, 1, 100)
    table = pd.DataFrame({"size": size, "odd": np.arange(100) % 4 < 2, "price": 3 * size})
    for name, part in (("train", table[::2]), ("valid", table[1::2])):
        part.to_csv(tmp_path / f"{name}.csv", index=False)
    train, valid = str(tmp_path / "train.csv"), str(tmp_path / "valid.csv")
    model = make(tmp_path)
    model.fit(train, "price", validation_data=valid, epochs=1, time_budget=None, verbose=0)
    assert isinstance(model.task, nas.tasks.TASKS["regression"])
    prices = model.predict_labels(valid)
    assert prices.shape == (50,)
    features = table.drop(columns="price")[1::2]
    np.testing.assert_allclose(model.predict_labels(features), prices, atol=1e-6)
    error = np.mean((prices - table["price"][1::2]) ** 2)
    assert model.evaluate(valid, "price")["mse"] == pytest.approx(error, rel=1e-4)
    again = nas.AutoModel.load(tmp_path / "auto_model")
    np.testing.assert_allclose(again.predict_labels(valid), prices, atol=1e-6)


def test_streams_are_searched_as_arrays_are(tmp_path):
    def batches():
        for start in range(0, len(X), 100):
            yield X[start : start + 100], Y[start : start + 100]

    model = make(tmp_path)
    model.fit(batches, epochs=1, time_budget=None, verbose=0)
    assert model.evaluate(batches) == pytest.approx(model.evaluate(X, Y), abs=1e-5)


def test_a_stream_too_large_for_memory_is_read_anew_each_epoch(tmp_path, monkeypatch):
    walks, read, rates = [], [], []

    def batches():
        walks.append(0)
        for start in range(0, len(X), 100):
            walks[-1] += 1
            yield X[start : start + 100], Y[start : start + 100]

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            rates.append(float(self.model.optimizer.learning_rate))

        def on_epoch_end(self, epoch, logs=None):
            read.append(sum(walks))

    monkeypatch.setattr(memory, "_LIMIT", 0)
    settings = {"epochs": 3, "time_budget": None, "verbose": 0, "callbacks": [Watch()]}
    make(tmp_path).fit(batches, validation_data=(X[:50], Y[:50]), **settings)
    assert [after - before for before, after in itertools.pairwise(read)] == [4, 4]
    # The schedule knows how long a stream is: half way, the rate is half its peak.
    assert rates[len(rates) // 2] == pytest.approx(max(rates) / 2, rel=0.2)


class Distance(keras.metrics.Metric):
    """A metric of one's own, of which less is better: the share of wrong answers."""

    def __init__(self, name="distance"):
        super().__init__(name=name)
        self.accuracy = keras.metrics.SparseCategoricalAccuracy()

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.accuracy.update_state(y_true, y_pred, sample_weight)

    def result(self):
        return 1.0 - self.accuracy.result()

    def reset_state(self):
        self.accuracy.reset_state()


def test_a_metric_of_ones_own_is_an_objective_in_the_direction_that_is_said(tmp_path):
    def build(hp):
        model = own_model(hp)
        model.compile("adam", "sparse_categorical_crossentropy", metrics=[Distance()])
        return model

    with pytest.raises(ValueError, match="direction"):
        make(tmp_path, search_space=build, objective="val_distance")
    objective = keras_tuner.Objective("val_distance", "min")
    model = make(tmp_path, search_space=build, objective=objective, max_trials=2)
    model.fit(X, Y, validation_data=(X[:99], Y[:99]), epochs=1, time_budget=None, verbose=0)
    board = model.leaderboard()
    assert board["score"][0] == board["score"].min()
    wrong = np.mean(model.predict(X[:99]).argmax(axis=1) != Y[:99])
    assert board["score"][0] == pytest.approx(wrong, abs=1e-6)


def test_labels_come_back_in_their_own_terms(tmp_path):
    names = np.array(["zero", "one"])[(Y > 4).astype(int)]
    model = make(tmp_path)
    model.fit(X, names, epochs=1, time_budget=None)
    assert set(model.predict_labels(X)) <= {"zero", "one"}


def test_the_result_is_the_best_validation_score(tmp_path):
    validation = DIGITS.images[400:600], DIGITS.target[400:600]
    model = make(tmp_path, max_trials=2)
    model.fit(X, Y, validation_data=validation, epochs=2, time_budget=None)
    best = model.leaderboard()["score"].max()
    assert model.evaluate(*validation)["accuracy"] == pytest.approx(best, abs=1e-6)


def test_a_time_budget_always_gives_a_model(tmp_path):
    model = make(tmp_path, max_trials=None)
    model.fit(X, Y, time_budget="8s")
    assert len(model.leaderboard()) >= 1
    assert model.predict(X[:2]).shape == (2, 10)


def own_model(hp):
    model = keras.Sequential([keras.Input((8, 8)), keras.layers.Flatten()])
    model.add(keras.layers.Dense(hp.Int("units", 8, 32, step=8), activation="relu"))
    model.add(keras.layers.Dense(10, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_a_model_of_ones_own_takes_the_data_as_they_are(tmp_path):
    model = make(tmp_path, search_space=own_model, objective="val_accuracy", max_trials=2)
    model.fit(X, Y, epochs=2, time_budget=None, verbose=0)
    accuracy = np.mean(model.predict(X).argmax(axis=1) == Y)
    assert model.evaluate(X, Y)["accuracy"] == pytest.approx(accuracy, abs=1e-6)
    assert set(model.leaderboard()["architecture"]) <= {"8", "16", "24", "32"}
    with pytest.raises(ValueError, match="no labels"):
        model.predict_labels(X)

    with pytest.raises(ProjectError, match="search_space"):
        nas.AutoModel.load(tmp_path / "auto_model")
    again = nas.AutoModel.load(tmp_path / "auto_model", search_space=own_model)
    np.testing.assert_allclose(again.predict(X), model.predict(X), atol=1e-6)


def test_a_task_compiles_and_names_the_labels_of_ones_own_model(tmp_path):
    def build(hp):
        x = inputs = keras.Input((8, 8, 1))
        x = keras.layers.Flatten()(x)
        x = keras.layers.Dense(hp.Choice("units", [8, 16]), activation="relu")(x)
        return keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(x))

    names = np.array(["zero", "one"])[(Y > 4).astype(int)]
    model = make(tmp_path, task="image_classification", search_space=build)
    model.fit(X, names, epochs=1, time_budget=None, verbose=0)
    assert set(model.predict_labels(X)) <= {"zero", "one"}


def test_a_model_of_ones_own_must_come_compiled_without_a_task(tmp_path):
    def build(hp):
        return keras.Sequential([keras.Input((8, 8)), keras.layers.Flatten()])

    with pytest.raises(ValueError, match="compiled"):
        make(tmp_path, search_space=build).fit(X, Y, epochs=1, time_budget=None)


@pytest.mark.parametrize("batch", [None, 50])
def test_datasets_are_searched_as_arrays_are(tmp_path, batch):
    import tensorflow as tf

    data = tf.data.Dataset.from_tensor_slices((X, Y))
    data = data if batch is None else data.batch(batch)
    model = make(tmp_path)
    model.fit(data, epochs=1, time_budget=None, verbose=0)
    assert model.predict(X).shape == (400, 10)
    assert model.evaluate(data) == pytest.approx(model.evaluate(X, Y), abs=1e-5)


def test_tfds_data_sets_are_searched_by_name(tmp_path):
    import tensorflow_datasets as tfds

    with tfds.testing.mock_data(num_examples=80):
        model = make(tmp_path)
        model.fit("mnist", epochs=1, time_budget=None, verbose=0)
    assert model.predict(np.zeros((2, 28, 28, 1))).shape[0] == 2


@pytest.mark.parametrize("weights", [{"class_weight": "balanced"}, {"sample_weight": Y + 1.0}])
def test_weights_are_split_along(tmp_path, weights):
    model = make(tmp_path)
    model.fit(X, Y, epochs=1, time_budget=None, verbose=0, **weights)
    assert list(model.leaderboard()["status"]) == ["COMPLETED"]


def test_there_is_no_report_yet(tmp_path):
    with pytest.raises(NotImplementedError, match="leaderboard"):
        make(tmp_path).report(tmp_path / "report.html")


@pytest.mark.slow
def test_saved_model_runs_without_this_package(tmp_path):
    model = make(tmp_path)
    model.fit(X, Y, epochs=1, time_budget=None)
    model.export(tmp_path / "saved")
    np.save(tmp_path / "x.npy", X[:16])
    script = (
        "import sys, numpy as np, tensorflow as tf\n"
        f"served = tf.saved_model.load({str(tmp_path / 'saved')!r})\n"
        f"x = np.load({str(tmp_path / 'x.npy')!r})\n"
        f"np.save({str(tmp_path / 'p.npy')!r}, served.serve(x).numpy())\n"
        "assert 'autokeras_nas' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=tmp_path)
    served = np.load(tmp_path / "p.npy")
    np.testing.assert_allclose(served, model.predict(X[:16]), atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"task": "image_clasification"}, "image_classification"),
        ({"search_space": "chain_cn"}, "chain_cnn"),
        ({"oracle": "randm"}, "random"),
        ({"objective": "val_quality"}, "Objective"),
        ({"max_trials": 0}, "max_trials"),
        ({"max_model_size": -1}, "max_model_size"),
        ({"search_space": 3}, "search space"),
        ({"screening": "synflo"}, "'synflow'"),
        ({"screening": max}, "zero-cost score"),
        ({"task": keras.Model}, "task"),
    ],
)
def test_bad_arguments_are_refused_at_once(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        make(tmp_path, **arguments)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X, Y[:-1], "length|number of|examples"),
        (X[:0], Y[:0], "empty"),
        (np.full_like(X, np.nan), Y, "finite|NaN"),
        (X, np.zeros_like(Y), "class"),
        (X[:, 0, 0], Y, "shape|images"),
        (X.astype(object), Y, "object"),
    ],
)
def test_bad_data_are_refused_before_any_training(tmp_path, x, y, message):
    with pytest.raises(ValueError, match=message):
        make(tmp_path).fit(x, y, time_budget="10m")


@pytest.mark.parametrize("budget", ["soon", -1, 0])
def test_bad_budgets_are_refused(tmp_path, budget):
    with pytest.raises(ValueError, match="time_budget"):
        make(tmp_path).fit(X, Y, time_budget=budget)


@pytest.mark.parametrize(
    "argument", [{"epochs": 0}, {"batch_size": 0}, {"epochs": 1.5}, {"validation_split": 1.0}]
)
def test_bad_settings_of_fit_are_refused(tmp_path, argument):
    with pytest.raises(ValueError, match=next(iter(argument))):
        make(tmp_path).fit(X, Y, **argument)


def test_project_of_another_search_is_refused(tmp_path):
    make(tmp_path).fit(X, Y, epochs=1, time_budget=None)
    with pytest.raises(ProjectError, match="another search"):
        make(tmp_path, objective="val_loss").fit(X, Y, epochs=1, time_budget=None)
    project = json.loads((tmp_path / "auto_model" / "project.json").read_text())
    assert project["objective"] == ["val_accuracy", "max"]


def test_a_folder_without_a_project_cannot_be_opened(tmp_path):
    with pytest.raises(ProjectError, match="no project"):
        nas.AutoModel.load(tmp_path)


def test_there_is_no_model_before_fit(tmp_path):
    with pytest.raises(RuntimeError, match="fit"):
        make(tmp_path).predict(X)


@pytest.mark.parametrize("arguments", [{"ensemble": "greedy"}])
def test_what_is_not_available_yet_says_so(tmp_path, arguments):
    with pytest.raises(NotImplementedError, match=next(iter(arguments))):
        make(tmp_path, **arguments)


def test_limits_hold_for_a_space_of_ours(tmp_path):
    with pytest.raises(ValueError, match="No architecture keeps"):
        make(tmp_path, max_model_size=50).fit(X, Y, epochs=1, time_budget=None)
    model = make(tmp_path, limits={"flops": 500_000}, max_trials=2, overwrite=True)
    model.fit(X, Y, epochs=1, time_budget=None, verbose=0)
    assert (model.leaderboard()["flops"] <= 500_000).all()


def test_a_size_limit_holds_for_an_oracle_that_is_not_ours(tmp_path):
    oracle = keras_tuner.oracles.RandomSearchOracle(
        objective=keras_tuner.Objective("val_accuracy", "max"), max_trials=2, seed=1
    )
    model = make(tmp_path, oracle=oracle, search_space=own_model, max_model_size=400)
    with pytest.raises(SearchFailedError, match="over the limit of 400"):
        model.fit(X, Y, epochs=1, time_budget=None, verbose=0)


def test_a_reward_of_score_and_cost_survives_opening(tmp_path):
    reward = nas.ResourceReward("val_accuracy", "flops", target=1e6)
    model = make(tmp_path, objective=reward)
    model.fit(X, Y, epochs=1, time_budget=None, verbose=0)
    board = model.leaderboard()
    again = nas.AutoModel.load(tmp_path / "auto_model")
    assert again.objective.get_config() == reward.get_config()
    assert board["score"][0] == again.leaderboard()["score"][0] > 0


def test_initial_architectures_are_tried_first(tmp_path):
    wanted = {"layer_00": "C(16,3)", "layer_01": "P(2,2)", "layer_02": "C(32,3)"}
    model = make(tmp_path, initial_architectures=[wanted])
    model.fit(X, Y, epochs=1, time_budget=None, verbose=0)
    assert model.leaderboard()["architecture"][0].startswith("C(16,3) P(2,2) C(32,3)")

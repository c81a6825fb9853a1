"""What `AutoModel` reaches on tables in a given time, beside gradient boosting on the same rows.

Adult comes split; of the other tables a random quarter is held out, another one with each seed.
Beside ours stands scikit-learn's HistGradientBoosting with default settings. Prints a Markdown
table: accuracy of classes, R2 of quantities, trials, and how long `fit` took.

    python benchmarks/tabular.py --time-budget 2m
    python benchmarks/tabular.py abalone wine --seeds 0 1 2 --time-budget 60s
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

import autokeras_nas as nas

DATA = Path(__file__).resolve().parents[2] / "shared/data/tabular"
# Name: task, target, and the files of training and test or of all.
TABLES = {
    "adult": ("tabular_classification", "income", ("adult_train", "adult_test")),
    "abalone": ("regression", "rings", ("abalone",)),
    "wine": ("regression", "quality", ("winequality_white",)),
    "autos": ("regression", "price", ("auto_imports",)),
}


def read(name: str, seed: int, folder: Path):
    """`(x_train, x_test, y_train, y_test)`, data frames and arrays."""
    _, target, files = TABLES[name]
    frames = [pd.read_csv(folder / f"{file}.csv.gz", na_values="?") for file in files]
    if len(frames) == 1:
        frames = train_test_split(frames[0], test_size=0.25, random_state=seed)
    features = [frame.drop(columns=[target]) for frame in frames]
    return *features, *(frame[target].to_numpy() for frame in frames)


def boosting(task: str, x_train, x_test, y_train, y_test) -> float:
    """Accuracy or R2 of HistGradientBoosting."""
    texts = make_column_selector(dtype_exclude=np.number)
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2
    )
    boost = (
        HistGradientBoostingRegressor(random_state=0)
        if task == "regression"
        else HistGradientBoostingClassifier(random_state=0)
    )
    columns = make_column_transformer((codes, texts), remainder="passthrough")
    return make_pipeline(columns, boost).fit(x_train, y_train).score(x_test, y_test)


def search(task: str, data, seed: int, arguments: argparse.Namespace) -> dict[str, float]:
    """One search: accuracy or R2, finished trials, seconds of `fit`."""
    x_train, x_test, y_train, y_test = data
    with tempfile.TemporaryDirectory() as folder:
        model = nas.AutoModel(
            task=task,
            search_space="tabular_mlp",
            oracle=arguments.oracle,
            directory=folder,
            seed=seed,
        )
        began = time.monotonic()
        model.fit(x_train, y_train, time_budget=arguments.time_budget)
        seconds = time.monotonic() - began
        measures = model.evaluate(x_test, y_test)
        return {
            "score": measures["r2" if task == "regression" else "accuracy"],
            "trials": len(model.leaderboard()),
            "seconds": seconds,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*", default=list(TABLES), metavar="table")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--time-budget", default="2m")
    parser.add_argument("--oracle", default="regularized_evolution")
    parser.add_argument("--folder", type=Path, default=DATA, help="Where the tables lie.")
    arguments = parser.parse_args()
    if unknown := set(arguments.tables) - set(TABLES):
        parser.error(f"no such table: {', '.join(sorted(unknown))}. Known: {', '.join(TABLES)}")
    lines = []
    for name in arguments.tables:
        task = TABLES[name][0]
        for seed in arguments.seeds:
            data = read(name, seed, arguments.folder)
            ours, theirs = search(task, data, seed, arguments), boosting(task, *data)
            measure = "R2" if task == "regression" else "accuracy"
            lines.append(
                f"| {name} | {measure} | {seed} | {ours['score']:.4f} | {theirs:.4f} "
                f"| {ours['trials']} | {ours['seconds']:.0f} |"
            )
    print("| table | measure | seed | ours | boosting | trials | seconds |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    print("\n".join(lines))


if __name__ == "__main__":
    main()

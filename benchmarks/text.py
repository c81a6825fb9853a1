"""What `AutoModel` reaches on texts in a given time, beside TF-IDF with logistic regression.

The data lie in `shared/data/text` beside the checkout, whose README names their sources. A fifth
of each set is held out, anew with each seed, and is the same for both. Prints a Markdown table of
test accuracies.

    python benchmarks/text.py sms_spam rt_polarity --seeds 0 1 2 --time-budget 2m
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

import autokeras_nas as nas

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "text"
GOALS = {"sms_spam": 0.980, "rt_polarity": 0.778}
"""Accuracies of TF-IDF with logistic regression, as the README of the data gives them."""


def load(name: str, seed: int):
    """`(x_train, x_test, y_train, y_test)` of a set, a stratified fifth for the test."""
    path = DATA / f"{name}.tsv.gz"
    frame = pd.read_csv(path, sep="\t", quoting=3, keep_default_na=False)
    texts, labels = frame["text"].to_numpy(str), frame["label"].to_numpy(str)
    return train_test_split(texts, labels, test_size=0.2, stratify=labels, random_state=seed)


def regression(x_train, x_test, y_train, y_test) -> float:
    """Test accuracy of logistic regression on TF-IDF of words."""
    model = make_pipeline(TfidfVectorizer(), LogisticRegression(C=10.0, max_iter=1000))
    return model.fit(x_train, y_train).score(x_test, y_test)


def search(x_train, x_test, y_train, y_test, seed: int, arguments) -> dict[str, float]:
    """One search: test accuracy, trials, seconds of `fit`."""
    with tempfile.TemporaryDirectory() as folder:
        model = nas.AutoModel(
            task="text_classification", search_space="text", directory=folder, seed=seed
        )
        began = time.monotonic()
        model.fit(x_train, y_train, time_budget=arguments.time_budget)
        seconds = time.monotonic() - began
        board = model.leaderboard()
        columns = ["trial", "score", "parameters", "epochs", "seconds", "architecture"]
        print(board[columns].to_string(index=False), flush=True)
        accuracy = float(np.mean(model.predict_labels(x_test) == y_test))
        return {"accuracy": accuracy, "trials": len(board), "seconds": seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="+", choices=list(GOALS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--time-budget", default="2m")
    arguments = parser.parse_args()
    rows = []
    for name in arguments.data:
        for seed in arguments.seeds:
            parts = load(name, seed)
            rows.append((name, seed, regression(*parts), search(*parts, seed, arguments)))
    print("| data | seed | AutoModel | TF-IDF + regression | goal | trials | seconds |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, seed, baseline, row in rows:
        print(
            f"| {name} | {seed} | {row['accuracy']:.4f} | {baseline:.4f} | {GOALS[name]:.3f} "
            f"| {row['trials']} | {row['seconds']:.0f} |"
        )


if __name__ == "__main__":
    main()

"""What `AutoModel` reaches on a data set in a given time, seed by seed.

Digits are scikit-learn's, split anew with each seed; of Fashion-MNIST the first training images
are taken, and all of its test images. Prints a Markdown table: test accuracy, trials, and how long
`fit` took beside its budget.

    python benchmarks/accuracy.py digits --seeds 0 1 2 3 4 --time-budget 2m
    python benchmarks/accuracy.py fashion_mnist --seeds 0 --time-budget 10m
"""

from __future__ import annotations

import argparse
import gzip
import tempfile
import time
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import autokeras_nas as nas
from autokeras_nas.search.budget import parse_seconds

FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")


def digits(seed: int, examples: int | None):
    """`(x_train, x_test, y_train, y_test)` of scikit-learn's digits, a fifth for the test."""
    data = load_digits()
    split = train_test_split(
        data.images, data.target, test_size=0.2, stratify=data.target, random_state=seed
    )
    return split[0][:examples], split[1], split[2][:examples], split[3]


def fashion_mnist(seed: int, examples: int | None):
    """`(x_train, x_test, y_train, y_test)` of Fashion-MNIST, from Debian's package."""

    def read(name: str, offset: int) -> np.ndarray:
        raw = gzip.decompress((FASHION_MNIST / f"{name}-ubyte.gz").read_bytes())
        return np.frombuffer(raw, np.uint8, offset=offset)

    def images(part: str) -> np.ndarray:
        return read(f"{part}-images-idx3", 16).reshape(-1, 28, 28)

    labels = [read(f"{part}-labels-idx1", 8) for part in ("train", "t10k")]
    return images("train")[:examples], images("t10k"), labels[0][:examples], labels[1]


DATA = {"digits": digits, "fashion_mnist": fashion_mnist}
EXAMPLES = {"digits": None, "fashion_mnist": 10_000}


def measure(data: str, seed: int, arguments: argparse.Namespace) -> dict[str, float]:
    """One search: test accuracy, finished trials, seconds of `fit`."""
    x_train, x_test, y_train, y_test = DATA[data](seed, arguments.examples or EXAMPLES[data])
    with tempfile.TemporaryDirectory() as folder:
        model = nas.AutoModel(
            search_space=arguments.search_space,
            oracle=arguments.oracle,
            directory=folder,
            seed=seed,
        )
        began = time.monotonic()
        model.fit(x_train, y_train, time_budget=arguments.time_budget)
        seconds = time.monotonic() - began
        columns = ["trial", "score", "parameters", "epochs", "seconds", "architecture"]
        print(model.leaderboard()[columns].to_string(index=False), flush=True)
        return {
            "accuracy": model.evaluate(x_test, y_test)["accuracy"],
            "trials": len(model.leaderboard()),
            "seconds": seconds,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", choices=list(DATA))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--time-budget", default="10m")
    parser.add_argument("--examples", type=int, default=None, help="Training images at most.")
    parser.add_argument("--search-space", default="chain_cnn")
    parser.add_argument("--oracle", default="regularized_evolution")
    arguments = parser.parse_args()
    budget = parse_seconds(arguments.time_budget)
    rows = [(seed, measure(arguments.data, seed, arguments)) for seed in arguments.seeds]
    print("| seed | test accuracy | trials | seconds | over the budget |")
    print("| --- | --- | --- | --- | --- |")
    for seed, row in rows:
        over = max(0.0, row["seconds"] / budget - 1.0)
        print(
            f"| {seed} | {row['accuracy']:.4f} | {row['trials']} | {row['seconds']:.0f} "
            f"| {over:.1%} |"
        )
    accuracies = [row["accuracy"] for _, row in rows]
    print(f"Mean {np.mean(accuracies):.4f}, standard deviation {np.std(accuracies):.4f}.")


if __name__ == "__main__":
    main()

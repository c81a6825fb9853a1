"""What each part of the training recipe is worth, on a network that stays the same.

One setting at a time is changed in the recipe that images have by default; each run trains a
small network for a fixed number of epochs, so that a busy machine changes nothing, and measures
the test images with the last weights. Results are lines of a file, and a run that is there is not
made again. Prints Markdown tables: mean test accuracy, its difference from the default of the
same seeds with the standard error of that, and the seconds of a run.

    python benchmarks/recipe.py --seeds 0 1 2 --results recipe.jsonl
    python benchmarks/recipe.py --data digits --items shift mirror --results recipe.jsonl

With `--goal`, a plain network as one writes it by hand is trained for so many seconds twice: by
Keras with Adam at a constant rate, and by our trainer with the default recipe.

    python benchmarks/recipe.py --goal --seconds 600
"""

from __future__ import annotations

import argparse
import functools
import io
import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import accuracy
import keras
import numpy as np

from autokeras_nas.data import Pipeline, as_source
from autokeras_nas.search.preparation import default_batch_size
from autokeras_nas.tasks import ImageClassification
from autokeras_nas.training import Recipe, StopOnRequest
from autokeras_nas.training.trainer import train

CIFAR = Path(__file__).resolve().parents[2] / "shared/data/cifar10_small"
BASE = Recipe()


class Constant(Recipe):
    """The recipe without a schedule."""

    def rate(self, progress: float) -> float:
        return self.learning_rate


ITEMS: dict[str, dict[str, dict[str, Any]]] = {
    "default": {"default": {}},
    "rate": {f"rate {rate:g}": {"learning_rate": rate} for rate in (1e-3, 1e-2)},
    "schedule": {"constant rate": {"schedule": Constant}, "no warm-up": {"warmup": 0.0}},
    "decay": {f"decay {decay:g}": {"weight_decay": decay} for decay in (1e-5, 1e-2, 1e-1)},
    "smoothing": {"smoothing": {"label_smoothing": 0.1}},
    "clip": {"clip 1": {"clip_norm": 1.0}},
    "averaging": {"averaging": {"averaging": 0.99}},
    "batch": {f"batch x {factor:g}": {"batch_factor": factor} for factor in (0.5, 2, 4)},
    "augmentation": {
        "shift": {"shift": 0.1},
        "small shift": {"shift": 0.04},
        "mirror": {"mirror": True},
        "shift, mirror": {"shift": 0.1, "mirror": True},
        "shift, cover": {"shift": 0.1, "cover": 0.3},
    },
}


def digits(seed: int):
    """`(x_train, x_test, y_train, y_test)` of scikit-learn's digits, a fifth for the test."""
    return accuracy.digits(seed, None)


def fashion_mnist(seed: int, examples: int = 3000, tests: int = 4000):
    """The same of Fashion-MNIST, from Debian's package: other training images for each seed."""
    x, x_test, y, y_test = accuracy.fashion_mnist(0, None)
    part = slice(seed * examples, (seed + 1) * examples)
    return x[part], x_test[:tests], y[part], y_test[:tests]


def cifar10(seed: int, examples: int = 3000, tests: int = 4000):
    """The same of CIFAR-10, from files of JPEG images."""
    from PIL import Image

    def read(name: str, part: slice) -> tuple[np.ndarray, np.ndarray]:
        file = np.load(CIFAR / f"cifar10_{name}.npz")
        content, ends = file["jpeg"].tobytes(), file["offsets"]
        images = [
            np.asarray(Image.open(io.BytesIO(content[begin:end])).convert("RGB"))
            for begin, end in zip(ends[:-1][part], ends[1:][part], strict=True)
        ]
        return np.stack(images), file["labels"][part]

    name, place = ("train_a", "train_b")[seed % 2], seed // 2 * examples
    x, y = read(name, slice(place, place + examples))
    x_test, y_test = read("test", slice(tests))
    return x, x_test, y, y_test


def halved(data):
    """The same data with images reduced to means of two by two pixels."""

    def reduced(x: np.ndarray) -> np.ndarray:
        count, height, width = x.shape[:3]
        return x.reshape(count, height // 2, 2, width // 2, 2, *x.shape[3:]).mean(axis=(2, 4))

    x, x_test, y, y_test = data
    return reduced(x), reduced(x_test), y, y_test


DATA = {"digits": digits, "fashion_mnist": fashion_mnist, "cifar10": cifar10}
DATA["fashion_half"] = lambda seed: halved(fashion_mnist(seed))
DATA["cifar10_half"] = lambda seed: halved(cifar10(seed))
EPOCHS = {"digits": 30} | dict.fromkeys(list(DATA)[1:], 12)


def small_network(shape: tuple[int, ...], classes: int) -> keras.Model:
    """Three convolutions with batch normalization: few enough for many runs."""
    x = inputs = keras.Input(shape)
    for filters in (16, 32, 64):
        x = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = keras.layers.BatchNormalization(momentum=0.9)(x)
        x = keras.layers.Activation("relu")(x)
        x = keras.layers.MaxPooling2D(2)(x)
    x = keras.layers.Dropout(0.25)(keras.layers.Flatten()(x))
    return keras.Model(inputs, keras.layers.Dense(classes, activation="softmax")(x))


def plain_network(shape: tuple[int, ...], classes: int) -> keras.Model:
    """Three blocks of convolutions, as one writes them by hand."""
    return keras.Sequential(
        [
            keras.Input(shape),
            keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
            keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(64, 3, padding="same", activation="relu"),
            keras.layers.Conv2D(64, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(128, 3, padding="same", activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(classes, activation="softmax"),
        ]
    )


SIDES = ["keras", "ours"]
NETWORKS = {"small": small_network, "plain": plain_network}


def measure(
    network: str, data, epochs: int, seed: int, settings: dict, seconds=None
) -> dict[str, Any]:
    """One training by a recipe with `settings` changed: test accuracy, loss, epochs, seconds."""
    x, x_test, y, y_test = data
    settings = dict(settings)
    size = int(default_batch_size(len(x)) * settings.pop("batch_factor", 1))
    recipe = settings.pop("schedule", Recipe)(**{**vars(BASE), **settings})
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    task = ImageClassification()
    task.fit_targets(y)
    preprocess = task.preprocessor(x)
    sides = (as_source(x, y), size, True), (as_source(x_test, y_test), 256, False)
    train_data, test_data = (
        Pipeline(source, preprocess, task.targets, size, seed, shuffle=shuffle).dataset()
        for source, size, shuffle in sides
    )
    model = NETWORKS[network](tuple(preprocess.output_shape[1:]), len(task.classes))
    model.compile(recipe.optimizer(), **task.compile_options())
    began, cpu = time.monotonic(), time.process_time()

    def reason(rest: float) -> str | None:
        over = seconds is not None and time.monotonic() - began > seconds
        return "its time was used up" if over else None

    history = train(
        model,
        recipe,
        train_data,
        epochs=epochs,
        seconds=seconds,
        smoothed=task.smoothed,
        callbacks=[StopOnRequest(reason)],
        verbose=0,
    )
    wall, cpu = time.monotonic() - began, time.process_time() - cpu
    return {
        **model.evaluate(test_data, verbose=0, return_dict=True),
        "train_accuracy": history.history["accuracy"][-1],
        "epochs": len(history.history["loss"]),
        "seconds": round(wall, 1),
        "cpu_seconds": round(cpu, 1),
    }


def measure_plain(network: str, data, seconds: float, seed: int) -> dict[str, Any]:
    """The same network as Keras trains it: Adam, batches of 32, pixels in [0, 1]."""
    x, x_test, y, y_test = ((part / 255.0 if part.ndim > 1 else part) for part in data)
    x, x_test = (part.reshape(*part.shape, 1).astype("float32") for part in (x, x_test))
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    model = NETWORKS[network](x.shape[1:], int(y.max()) + 1)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    began = time.monotonic()
    stop = StopOnRequest(lambda rest: "late" if time.monotonic() - began > seconds else None)
    history = model.fit(x, y, epochs=_MOST_EPOCHS, callbacks=[stop], verbose=0)
    wall = time.monotonic() - began
    measured = model.evaluate(x_test, y_test, verbose=0, return_dict=True)
    return {**measured, "epochs": len(history.history["loss"]), "seconds": round(wall, 1)}


def runs(arguments: argparse.Namespace) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """What identifies each run that is asked for, and its settings."""
    items = ["default", *(item for item in arguments.items if item != "default")]
    for seed in arguments.seeds:
        for item in items:
            for name, settings in ITEMS[item].items():
                for data in arguments.data:
                    epochs = round(EPOCHS[data] * arguments.scale)
                    yield (
                        {
                            "network": arguments.network,
                            "data": data,
                            "epochs_asked": epochs,
                            "item": item,
                            "name": name,
                            "seed": seed,
                        },
                        settings,
                    )


def read(results: Path) -> list[dict[str, Any]]:
    """The lines so far."""
    if not results.exists():
        return []
    return [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]


def print_tables(lines: list[dict[str, Any]]) -> None:
    """One Markdown table for each network, data set and length."""
    kinds = sorted({(line["network"], line["data"], line["epochs_asked"]) for line in lines})
    for network, data, epochs in kinds:
        here = [
            x
            for x in lines
            if (x["network"], x["data"], x["epochs_asked"]) == (network, data, epochs)
        ]
        base = {x["seed"]: x["accuracy"] for x in here if x["name"] == "default"}
        print(f"\n{data}, {network} network, {epochs} epochs\n")
        print("| recipe | accuracy | against the default | loss | CPU seconds | seeds |")
        print("| --- | --- | --- | --- | --- | --- |")
        for name in dict.fromkeys(x["name"] for x in here):
            row = [x for x in here if x["name"] == name]
            gains = [x["accuracy"] - base[x["seed"]] for x in row if x["seed"] in base]
            error = np.std(gains, ddof=1) / math.sqrt(len(gains)) if len(gains) > 1 else math.nan
            print(
                f"| {name} | {np.mean([x['accuracy'] for x in row]):.4f} "
                f"| {np.mean(gains):+.4f} ± {error:.4f} "
                f"| {np.mean([x['loss'] for x in row]):.3f} "
                f"| {np.mean([x['cpu_seconds'] for x in row]):.0f} | {len(row)} |"
            )


def ablate(arguments: argparse.Namespace) -> None:
    """Makes the runs that are not in the results yet, and prints the tables."""
    lines = read(arguments.results)
    done = [{key: line[key] for key in line if key in _KEYS} for line in lines]
    load = functools.lru_cache(maxsize=8)(lambda data, seed: DATA[data](seed))
    for key, settings in runs(arguments):
        if key in done:
            continue
        data, seed = load(key["data"], key["seed"]), key["seed"]
        measured = measure(key["network"], data, key["epochs_asked"], seed, settings)
        lines.append({**key, **measured})
        with arguments.results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(lines[-1]) + "\n")
        print(lines[-1], flush=True)
    print_tables(lines)


_MOST_EPOCHS = 10**6
_KEYS = ("network", "data", "epochs_asked", "item", "name", "seed")


def goal(arguments: argparse.Namespace) -> None:
    """So many seconds of 10,000 images of Fashion-MNIST each: Keras alone, and our trainer."""
    print("| seed | trained by | test accuracy | epochs | seconds |")
    print("| --- | --- | --- | --- | --- |")
    data = fashion_mnist(0, 10_000, 10_000)
    for seed in arguments.seeds:
        for name in arguments.sides:
            if name == "keras":
                row = measure_plain("plain", data, arguments.seconds, seed)
            else:
                row = measure("plain", data, _MOST_EPOCHS, seed, {}, arguments.seconds)
            numbers = f"{row['accuracy']:.4f} | {row['epochs']} | {row['seconds']:.0f}"
            print(f"| {seed} | {name} | {numbers} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", choices=list(DATA), default=list(DATA))
    parser.add_argument("--items", nargs="+", choices=list(ITEMS), default=list(ITEMS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--network", choices=list(NETWORKS), default="small")
    parser.add_argument("--scale", type=float, default=1.0, help="Of the numbers of epochs.")
    parser.add_argument("--results", type=Path, default=Path("recipe.jsonl"))
    parser.add_argument("--goal", action="store_true")
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=SIDES, help="Of the goal.")
    parser.add_argument("--seconds", type=float, default=600.0, help="Of each side of the goal.")
    arguments = parser.parse_args()
    goal(arguments) if arguments.goal else ablate(arguments)


if __name__ == "__main__":
    main()

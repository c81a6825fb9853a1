"""What each part of the training recipe is worth, on a network that stays the same.

One part at a time is switched off or on in the recipe that images have by default. Each run trains
a small network for a fixed number of epochs, so that a busy machine changes nothing, and measures
the test images with the weights that the training leaves. Prints a Markdown table for each data
set: test accuracy, and what it gains over the default of the same seed, both as mean ± standard
deviation over the seeds. A part that is by default as asked for has no row.

    python benchmarks/recipe.py --results recipe.jsonl --seeds 0 1 2
    python benchmarks/recipe.py --results recipe.jsonl --data digits --parts "averaging on"

With `--hand`, a plain network as one writes it by hand is trained for so many seconds on 10,000
images of Fashion-MNIST: by Keras with Adam at a constant rate, by our trainer with the default
recipe, and with each part that is named.

    python benchmarks/recipe.py --results hand.jsonl --hand --seconds 600 --seeds 0 1 2

Each run is a line of the results, and is not made again: it is known by its data, its length, its
seed and its whole recipe, so that results outlive a change of the defaults.
"""

from __future__ import annotations

import argparse
import functools
import io
import itertools
import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import accuracy
import keras
import numpy as np

from autokeras_nas.data import Pipeline, as_source
from autokeras_nas.search.preparation import default_batch_size
from autokeras_nas.tasks import ImageClassification
from autokeras_nas.training import Recipe, StopOnRequest, mixed_precision, train

CIFAR = Path(__file__).resolve().parents[2] / "shared" / "data" / "cifar10_small"
TESTS = 5000
_EXAMINED = 1000
_MOST_EPOCHS = 10**6


class ConstantRate(Recipe):
    """The recipe without a schedule."""

    def rate(self, progress: float) -> float:
        return self.learning_rate


PARTS: dict[str, dict[str, Any]] = {
    "schedule off": {"kind": ConstantRate},
    "warm-up off": {"warmup": 0.0},
    "decay off": {"weight_decay": 0.0},
    "clipping off": {"clip_norm": None},
    "clipping on": {"clip_norm": 1.0},
    "averaging off": {"averaging": None},
    "averaging on": {"averaging": 0.99},
    "smoothing off": {"label_smoothing": 0.0},
    "smoothing on": {"label_smoothing": 0.1},
    "shift off": {"shift": 0.0},
    "shift on": {"shift": 0.1},
    "mirror off": {"mirror": False},
    "mirror on": {"mirror": True},
    "cover off": {"cover": 0.0},
    "cover on": {"cover": 0.3},
    "augmentation off": {"shift": 0.0, "mirror": False, "cover": 0.0},
    "mixed precision off": {"mixed_precision": False},
    "mixed precision on": {"mixed_precision": True},
}
"""What each changes in the default; mixed precision does so on GPUs alone."""


def digits(seed: int, examples: int | None):
    """`(x_train, x_test, y_train, y_test)` of scikit-learn's digits, a fifth for the test."""
    return accuracy.digits(seed, examples)


def fashion_mnist(seed: int, examples: int | None):
    """The same of Fashion-MNIST, from Debian's package: other training images for each seed."""
    examples = examples or 10_000
    x, x_test, y, y_test = accuracy.fashion_mnist(0, None)
    part = _part(seed, examples, len(x))
    return x[part], x_test[:TESTS], y[part], y_test[:TESTS]


def cifar10(seed: int, examples: int | None):
    """The same of CIFAR-10, from files of JPEG images: other training images for each seed."""
    examples = examples or 5000
    files = [np.load(CIFAR / f"cifar10_{name}.npz") for name in ("train_a", "train_b")]
    images = [image for file in files for image in _jpegs(file)]
    labels = np.concatenate([file["labels"] for file in files])
    test = np.load(CIFAR / "cifar10_test.npz")
    part = _part(seed, examples, len(images))
    x, x_test = _decoded(images[part]), _decoded(_jpegs(test)[:TESTS])
    return x, x_test, labels[part], test["labels"][:TESTS]


def _part(seed: int, examples: int, available: int) -> slice:
    place = seed % (available // examples) * examples
    return slice(place, place + examples)


def _jpegs(file) -> list[bytes]:
    content, ends = file["jpeg"].tobytes(), file["offsets"]
    return [content[begin:end] for begin, end in itertools.pairwise(ends)]


def _decoded(images: list[bytes]) -> np.ndarray:
    from PIL import Image

    return np.stack([np.asarray(Image.open(io.BytesIO(image)).convert("RGB")) for image in images])


DATA = {"digits": digits, "fashion_mnist": fashion_mnist, "cifar10": cifar10}
EPOCHS = {"digits": 30, "fashion_mnist": 10, "cifar10": 20}


@functools.lru_cache(maxsize=1)
def load(data: str, seed: int, examples: int | None):
    """Data, and the recipe that images have by default, as a search would find it."""
    x, x_test, y, y_test = DATA[data](seed, examples)
    task = ImageClassification()
    rows = np.random.default_rng(seed).permutation(len(x))[:_EXAMINED]
    task.examine(x[rows], y[rows])
    return (x, x_test, y, y_test), task.recipe()


def small_network(shape: tuple[int, ...], classes: int) -> keras.Model:
    """Three convolutions with batch normalization: few enough for many runs."""
    x = inputs = keras.Input(shape)
    for filters in (16, 32, 64):
        x = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = keras.layers.BatchNormalization(momentum=0.9)(x)
        x = keras.layers.Activation("relu")(x)
        x = keras.layers.MaxPooling2D(2)(x)
    x = keras.layers.Dropout(0.25)(keras.layers.Flatten()(x))
    outputs = keras.layers.Dense(classes, activation="softmax", dtype="float32")(x)
    return keras.Model(inputs, outputs)


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
            keras.layers.Dense(classes, activation="softmax", dtype="float32"),
        ]
    )


def measure(network: Callable, data, recipe: Recipe, length: dict, seed: int) -> dict[str, Any]:
    """One training by a recipe: test accuracy and loss, epochs, seconds.

    Args:
        network: Of a shape and a number of classes.
        data: As `load` gives them.
        recipe: How.
        length: `epochs`, or `seconds`.
        seed: Of the weights, the order and what is drawn.
    """
    x, x_test, y, y_test = data
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    task = ImageClassification()
    task.fit_targets(y)
    preprocess = task.preprocessor(x)
    size = default_batch_size(len(x))
    batches = Pipeline(as_source(x, y), preprocess, task.targets, size, seed).dataset()
    tests = Pipeline(as_source(x_test, y_test), preprocess, task.targets, 256, seed, shuffle=False)
    with mixed_precision(recipe.mixed_precision):
        model = network(tuple(preprocess.output_shape[1:]), len(task.classes))
    model.compile(recipe.optimizer(), **task.compile_options())
    stop, began, cpu = _stop(length), time.monotonic(), time.process_time()
    history = train(
        model,
        recipe,
        batches,
        epochs=length.get("epochs", _MOST_EPOCHS),
        seconds=length.get("seconds"),
        smoothed=task.smoothed,
        callbacks=[stop],
        verbose=0,
    )
    return _measured(model, (tests.dataset(),), history, began, cpu)


def measure_keras(network: Callable, data, length: dict, seed: int) -> dict[str, Any]:
    """The same network as one trains it with Keras: Adam, batches of 32, pixels in [0, 1]."""
    x, x_test, y, y_test = data
    x, x_test = (part[..., None].astype("float32") / 255.0 for part in (x, x_test))
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    model = network(x.shape[1:], int(y.max()) + 1)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    stop, began, cpu = _stop(length), time.monotonic(), time.process_time()
    history = model.fit(x, y, epochs=_MOST_EPOCHS, callbacks=[stop], verbose=0)
    return _measured(model, (x_test, y_test), history, began, cpu)


def _stop(length: dict) -> StopOnRequest:
    end = time.monotonic() + length.get("seconds", float("inf"))
    return StopOnRequest(lambda rest: "time is up" if time.monotonic() > end else None)


def _measured(model, tests, history, began: float, cpu: float) -> dict[str, Any]:
    wall, cpu = time.monotonic() - began, time.process_time() - cpu
    return {
        **model.evaluate(*tests, verbose=0, return_dict=True),
        "train_accuracy": history.history["accuracy"][-1],
        "epochs": len(history.history["loss"]),
        "wall_seconds": round(wall, 1),
        "cpu_seconds": round(cpu, 1),
    }


class Results:
    """Lines of a file, one for each run that was made."""

    def __init__(self, path: Path):
        self.path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self._measured = {_text(line["run"]): line["measured"] for line in map(json.loads, lines)}

    def get(self, run: dict[str, Any], make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What a run has measured; makes it unless it was made before."""
        if _text(run) not in self._measured:
            measured = make()
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"run": run, "measured": measured}) + "\n")
            self._measured[_text(run)] = measured
            print(json.dumps({"run": run, "measured": measured}), flush=True)
        return self._measured[_text(run)]


def _text(run: dict[str, Any]) -> str:
    return json.dumps(run, sort_keys=True)


def recipes(default: dict[str, Any], parts: Iterable[str]) -> dict[str, Recipe]:
    """The default recipe and those in which a part differs, by name."""
    found = {"default": Recipe(**default)}
    for name in parts:
        changes = dict(PARTS[name])
        recipe = changes.pop("kind", Recipe)(**{**default, **changes})
        if recipe != found["default"]:
            found[name] = recipe
    return found


def described(recipe: Recipe) -> dict[str, Any]:
    """A recipe as JSON."""
    return {"kind": type(recipe).__name__, **vars(recipe)}


def ablate(arguments: argparse.Namespace, results: Results) -> None:
    """Makes the runs that are missing, seed by seed, and prints a table for each data set."""
    rows: dict[str, dict[str, dict[int, dict]]] = {data: {} for data in arguments.data}
    for seed in arguments.seeds:
        for data in arguments.data:
            length = {"epochs": arguments.epochs or EPOCHS[data]}
            content, default = load(data, seed, arguments.examples)
            for name, recipe in recipes(default, arguments.parts).items():
                run = {
                    "network": "small",
                    "data": data,
                    "examples": len(content[0]),
                    "length": length,
                    "seed": seed,
                    "recipe": described(recipe),
                }
                make = functools.partial(measure, small_network, content, recipe, length, seed)
                rows[data].setdefault(name, {})[seed] = results.get(run, make)
    for data, table in rows.items():
        epochs = arguments.epochs or EPOCHS[data]
        print(f"\n{data}, {epochs} epochs\n")
        print_table(table, "default")


def by_hand(arguments: argparse.Namespace, results: Results) -> None:
    """So many seconds of 10,000 images of Fashion-MNIST each: Keras alone, and our trainer."""
    rows: dict[str, dict[int, dict]] = {}
    length = {"seconds": arguments.seconds}
    for seed in arguments.seeds:
        content, default = load("fashion_mnist", seed, arguments.examples)
        sides: dict[str, Recipe | None] = {"Keras, Adam": None}
        sides |= recipes(default, arguments.parts)
        for name, recipe in sides.items():
            run = {
                "network": "plain",
                "data": "fashion_mnist",
                "examples": len(content[0]),
                "length": length,
                "seed": seed,
                "recipe": described(recipe) if recipe else name,
            }
            if recipe is None:
                make = functools.partial(measure_keras, plain_network, content, length, seed)
            else:
                make = functools.partial(measure, plain_network, content, recipe, length, seed)
            rows.setdefault(name, {})[seed] = results.get(run, make)
    print(f"\nfashion_mnist, {arguments.seconds:g} seconds\n")
    print_table(rows, "Keras, Adam")


def print_table(rows: dict[str, dict[int, dict]], base: str) -> None:
    """A Markdown table of what was measured, by name and seed, and of gains over one row."""
    print(f"| recipe | accuracy | gain over {base} | loss | epochs | CPU seconds | seeds |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, by_seed in rows.items():
        gains = [x["accuracy"] - rows[base][seed]["accuracy"] for seed, x in by_seed.items()]
        columns = {key: [x[key] for x in by_seed.values()] for key in next(iter(by_seed.values()))}
        gain = "" if name == base else _spread(gains, "+.4f")
        print(
            f"| {name} | {_spread(columns['accuracy'], '.4f')} | {gain} "
            f"| {_spread(columns['loss'], '.3f')} | {np.mean(columns['epochs']):.0f} "
            f"| {np.mean(columns['cpu_seconds']):.0f} | {len(by_seed)} |"
        )


def _spread(values: list[float], form: str) -> str:
    deviation = f"{np.std(values, ddof=1):{form.lstrip('+')}}" if len(values) > 1 else "?"
    return f"{np.mean(values):{form}} ± {deviation}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, required=True, help="A file of JSON lines.")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--parts", nargs="*", choices=list(PARTS), help="Default: those for CPUs.")
    parser.add_argument("--data", nargs="+", choices=list(DATA), default=list(DATA))
    parser.add_argument("--epochs", type=int, help="Default: 10 to 30, by the data.")
    parser.add_argument("--examples", type=int, help="Default: by the data.")
    parser.add_argument("--hand", action="store_true")
    parser.add_argument("--seconds", type=float, default=600.0, help="Of each side, by hand.")
    arguments = parser.parse_args()
    if arguments.parts is None:
        all_parts = [name for name in PARTS if "precision" not in name]
        arguments.parts = [] if arguments.hand else all_parts
    results = Results(arguments.results)
    by_hand(arguments, results) if arguments.hand else ablate(arguments, results)


if __name__ == "__main__":
    main()

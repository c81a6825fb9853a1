"""Where the time of one trial goes: a network of cells beside a chain of layers.

Trains the default architecture of each space on the first CIFAR-10 images of
`shared/data/cifar10_small` beside the checkout, whose README names their source, and prints a
Markdown table of seconds: building the model; the first step, in which it is traced and compiled;
all other steps; the first validation, which is traced as well; the other validations; saving.

    python benchmarks/cell_trial.py --examples 2000 --epochs 3
"""

from __future__ import annotations

import argparse
import io
import itertools
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import keras
import keras_tuner
import numpy as np
import PIL.Image

from autokeras_nas.architecture import Proposal, encode
from autokeras_nas.search import NasHyperModel
from autokeras_nas.search.preparation import Prepared, prepare
from autokeras_nas.search_spaces import SEARCH_SPACES
from autokeras_nas.tasks import ImageClassification

DATA = Path(__file__).resolve().parents[2] / "shared/data/cifar10_small"
SPACES = ("chain_cnn", "nasnet_cell")
PHASES = (
    "building",
    "first step",
    "other steps",
    "first validation",
    "other validations",
    "saving",
)


class Phases(keras.callbacks.Callback):
    """Seconds of each phase of a training."""

    def __init__(self):
        super().__init__()
        self.seconds: dict[str, float] = defaultdict(float)
        self.steps = 0
        self._since = time.perf_counter()

    def end(self, phase: str) -> None:
        """What has passed since the last phase was this one."""
        now = time.perf_counter()
        self.seconds[phase] += now - self._since
        self._since = now

    def on_train_batch_end(self, batch, logs=None):
        self.end("other steps" if self.steps else "first step")
        self.steps += 1

    def on_test_begin(self, logs=None):
        self.end("other steps")  # What Keras does at the end of an epoch.

    def on_test_end(self, logs=None):
        first = "first validation" not in self.seconds
        self.end("first validation" if first else "other validations")


def images(path: Path, examples: int) -> tuple[np.ndarray, np.ndarray]:
    """The first images `(n, 32, 32, 3)` and labels `(n,)` of a file."""
    with np.load(path) as archive:
        blob, offsets = archive["jpeg"].tobytes(), archive["offsets"]
        labels = archive["labels"][:examples]
    files = (io.BytesIO(blob[a:b]) for a, b in itertools.pairwise(offsets[: examples + 1]))
    return np.stack([np.asarray(PIL.Image.open(file).convert("RGB")) for file in files]), labels


def trial(space: str, task: ImageClassification, data: Prepared, epochs: int) -> dict[str, str]:
    """One trial of a space's default: a row of the table."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    hypermodel = NasHyperModel(SEARCH_SPACES[space](), task, data.input_spec)
    hp = keras_tuner.HyperParameters()
    hp.values = dict(encode(Proposal(hypermodel.grammar.default())))
    phases = Phases()
    model = hypermodel.build(hp)
    phases.end("building")
    hypermodel.fit(
        hp,
        model,
        data.train,
        validation_data=data.validation,
        epochs=epochs,
        callbacks=[phases],
        verbose=0,
    )
    phases.end("other steps")
    with tempfile.TemporaryDirectory() as folder:
        model.save_weights(Path(folder) / "checkpoint.weights.h5")
    phases.end("saving")
    total = sum(phases.seconds.values())
    return {
        "space": space,
        "parameters": f"{model.count_params():,}",
        "layers": str(len(model.layers)),
        "steps": str(phases.steps),
        **{phase: f"{phases.seconds[phase]:.2f}" for phase in PHASES},
        "total": f"{total:.2f}",
        "not training": f"{1 - phases.seconds['other steps'] / total:.0%}",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the data set")
    arguments = parser.parse_args()
    x, y = images(arguments.data / "cifar10_train_a.npz", arguments.examples)
    task = ImageClassification()
    data = prepare(task, x, y)
    trial(SPACES[0], task, data, epochs=1)  # The first trial of a process loads code, too.
    rows = [trial(space, task, data, arguments.epochs) for space in SPACES]
    print("| " + " | ".join(rows[0]) + " |")
    print("| " + " | ".join("---" for _ in rows[0]) + " |")
    for row in rows:
        print("| " + " | ".join(row.values()) + " |")


if __name__ == "__main__":
    main()

"""How well do cheap proxies rank architectures as full training does, and at what cost?

Draws architectures from `chain_cnn` and `nasnet_cell` (one cell a stage, eight filters), those
within a limit of FLOPs, trains each in full on Fashion-MNIST from Debian's package, and measures
it by every proxy: fewer epochs, less data, smaller images, fewer filters, its size, and scores of
the untrained network. Scores come from held-out images of the training file. Full training once
more, from the seed of the proxies, shows what any of them could reach.

Prints a Markdown table: rank correlations with full training, 95 % intervals over bootstraps of
the architectures, and processor seconds as a share of those of full training, building included.
Each measurement is one line of JSON in the file of results, written when it is made. What is there
is not measured again, so that a benchmark goes on where it was stopped or killed.

    python benchmarks/proxies.py --results proxies.jsonl --most 10
"""

from __future__ import annotations

import argparse
import re
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import results
from accuracy import fashion_mnist
from scipy.stats import kendalltau, spearmanr

from autokeras_nas.architecture import Features, Proposal, Values, encode
from autokeras_nas.costs import count
from autokeras_nas.errors import summary
from autokeras_nas.search import NasHyperModel
from autokeras_nas.search.preparation import Prepared, prepare
from autokeras_nas.search_spaces import ChainCnn, NasnetCell, SearchSpace
from autokeras_nas.search_spaces.chain_modern import Modern
from autokeras_nas.tasks import ImageClassification
from autokeras_nas.training.zero_cost import SCORES


class NarrowChain(ChainCnn):
    """Chains of which each convolution has half its filters."""

    def trunk(self, values, inputs, input_spec, interface) -> Features:
        tokens = self.grammar(input_spec, interface).tokens_of(values)
        halved = (
            re.sub(r"^([CR])\((\d+)", lambda m: f"{m[1]}({int(m[2]) // 2}", t) for t in tokens
        )
        return Features(Modern.build(tuple(halved), inputs))


SPACES: dict[str, tuple[SearchSpace, SearchSpace]] = {
    "chain_cnn": (ChainCnn(), NarrowChain()),
    "nasnet_cell": (
        NasnetCell(cell_repeats=1, filters=8),
        NasnetCell(cell_repeats=1, filters=4),
    ),
}
"""Each space, and the same with half the filters."""
HELD_OUT = 2_000
BOOTSTRAPS = 2_000
FULL_SEED, PROXY_SEED = 0, 1


@dataclass(frozen=True)
class Fidelity:
    """A training that is cheaper than the full one.

    Attributes:
        epochs: As a budget's; 0: all of them.
        data_share: As a budget's.
        halved: Whether images have half the height and width.
        narrow: Whether networks have half the filters.
    """

    epochs: int = 0
    data_share: float = 1.0
    halved: bool = False
    narrow: bool = False


TRAININGS = {
    "1 epoch, its own schedule": Fidelity(epochs=1),
    "2 epochs, their own schedule": Fidelity(epochs=2),
    "20 % of the data": Fidelity(data_share=0.2),
    "50 % of the data": Fidelity(data_share=0.5),
    "half the image size": Fidelity(halved=True),
    "half the filters": Fidelity(narrow=True),
    "full, another seed": Fidelity(),
}
FULL = "full"
FIRST_EPOCHS = {1: "1 epoch of the full schedule", 2: "2 epochs of the full schedule"}
SIZES = ("parameters", "flops")


class Smaller(NasHyperModel):
    """Builds architectures for images of one size on images of another.

    Args:
        side: Height and width of the images.
        **kwargs: Passed to `NasHyperModel`.
    """

    def __init__(self, side: int, **kwargs):
        super().__init__(**kwargs)
        self.side = side

    def network(self, values: Mapping) -> keras.Model:
        inputs = keras.Input((self.side, self.side, self.input_spec.shape[-1]))
        interface = self.task.interface()
        features: Features = self.search_space.trunk(values, inputs, self.input_spec, interface)
        return keras.Model(inputs, self.task.head(features))


class Clock(keras.callbacks.Callback):
    """Processor seconds at the end of each epoch, since the training was begun."""

    def __init__(self):
        super().__init__()
        self.seconds: list[float] = []
        self._began = time.process_time()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.process_time() - self._began)


@cache
def data(examples: int, share: float, halved: bool) -> tuple[ImageClassification, Prepared]:
    """A task, and a share of the training images with the held-out ones."""
    images, _, labels, _ = fashion_mnist(seed=0, examples=examples + HELD_OUT)
    if halved:
        side = images.shape[1] // 2
        images = images.reshape(-1, side, 2, side, 2).mean(axis=(2, 4)).astype("uint8")
    few = round(examples * share)
    task = ImageClassification()
    held_out = (images[examples:], labels[examples:])
    prepared = prepare(task, images[:few], labels[:few], validation_data=held_out, batch_size=64)
    return task, prepared


def hypermodel_of(space: SearchSpace, examples: int, halved: bool = False) -> NasHyperModel:
    """Builds the architectures that a space has for images of full size."""
    task, full = data(examples, 1.0, False)
    parts: dict[str, Any] = {"search_space": space, "task": task, "input_spec": full.input_spec}
    if halved:
        return Smaller(full.input_spec.shape[0] // 2, **parts)
    return NasHyperModel(**parts)


def hyperparameters(values: Values) -> keras_tuner.HyperParameters:
    """An architecture as a hypermodel takes it."""
    hp = keras_tuner.HyperParameters()
    hp.values = dict(encode(Proposal(values)))
    return hp


def train(
    space: SearchSpace, values: Values, fidelity: Fidelity, seed: int, settings: Mapping
) -> tuple[list[float], list[float]]:
    """Validation accuracies by epoch, and the processor seconds until then."""
    _, prepared = data(settings["examples"], fidelity.data_share, fidelity.halved)
    hypermodel = hypermodel_of(space, settings["examples"], fidelity.halved)
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    clock = Clock()
    hp = hyperparameters(values)
    history = hypermodel.fit(
        hp,
        hypermodel.build(hp),
        prepared.train,
        validation_data=prepared.validation,
        epochs=fidelity.epochs or settings["epochs"],
        callbacks=[clock],
        verbose=0,
    )
    return history.history["val_accuracy"], clock.seconds


Measures = dict[str, dict[str, Any]]
"""A score and the processor seconds that it took, by what was measured."""


def full_training(space_name: str, values: Values, settings: Mapping) -> Measures:
    """Full training, and what its first epochs said."""
    accuracies, seconds = train(SPACES[space_name][0], values, Fidelity(), FULL_SEED, settings)
    ends = {FULL: len(accuracies)} | {name: epochs for epochs, name in FIRST_EPOCHS.items()}
    return {
        name: {"score": max(accuracies[:epochs]), "seconds": seconds[:epochs][-1]}
        for name, epochs in ends.items()
    }


def proxy_training(space_name: str, values: Values, name: str, settings: Mapping) -> Measures:
    """The best score of a cheaper training."""
    fidelity = TRAININGS[name]
    space = SPACES[space_name][1 if fidelity.narrow else 0]
    accuracies, seconds = train(space, values, fidelity, PROXY_SEED, settings)
    return {name: {"score": max(accuracies), "seconds": seconds[-1]}}


def untrained(space_name: str, values: Values, name: str, settings: Mapping) -> Measures:
    """A size, or a score of the untrained network."""
    hypermodel = hypermodel_of(SPACES[space_name][0], settings["examples"])
    x, y = next(iter(data(settings["examples"], 1.0, False)[1].train.unbatch().batch(128)))
    keras.utils.clear_session()
    keras.utils.set_random_seed(PROXY_SEED)
    began = time.process_time()
    if name in SCORES:
        score = SCORES[name](hypermodel.build(hyperparameters(values)), x, y)
    else:
        score = getattr(count(lambda: hypermodel.network(values)), name)
    return {name: {"score": score, "seconds": time.process_time() - began}}


def steps(space_name: str, values: Values, settings: Mapping) -> dict[str, Callable[[], Measures]]:
    """All that an architecture is measured by; a step may give more than what it is named by."""
    given = (space_name, values)
    return (
        {FULL: partial(full_training, *given, settings)}
        | {name: partial(proxy_training, *given, name, settings) for name in TRAININGS}
        | {name: partial(untrained, *given, name, settings) for name in (*SIZES, *SCORES)}
    )


def measure(
    space_name: str, index: int, values: Values, done: set[str], settings: Mapping, path: Path
) -> None:
    """Measures what is missing of an architecture, and writes each line at once."""
    # The first training of a process loads code, too, and so does the first score.
    chain = SPACES["chain_cnn"][0]
    default = hypermodel_of(chain, settings["examples"]).grammar.default() or {}
    train(chain, default, Fidelity(epochs=1), 0, {**settings, "examples": 256})
    for name in SCORES:
        untrained("chain_cnn", default, name, settings)
    for name, step in steps(space_name, values, settings).items():
        if name in done:
            continue
        parent = parent_process()
        if parent is None or not parent.is_alive():
            return
        try:
            measures = step()
        except Exception as error:
            measures = {name: {"score": None, "seconds": None, "reason": summary(error)}}
        place = {"space": space_name, "index": index}
        lines = [{**place, "proxy": name, **measured} for name, measured in measures.items()]
        results.append(path, settings, lines)


def architectures(space_name: str, number: int, settings: Mapping) -> list[Values]:
    """Different architectures that are not too slow, the same ones in every run."""
    hypermodel = hypermodel_of(SPACES[space_name][0], settings["examples"])
    grammar = hypermodel.grammar
    rng = np.random.default_rng(settings["seed"])
    drawn: dict[str, Values] = {}
    while len(drawn) < number:
        values = grammar.sample(rng)
        if count(partial(hypermodel.network, values)).flops <= settings["most_mflops"] * 1e6:
            drawn.setdefault(grammar.canonical(values), values)
    return list(drawn.values())


Results = dict[tuple[str, int], Measures]
"""What is known of each architecture, by its space and number."""


def known(path: Path, settings: Mapping) -> Results:
    """What a file of results says of measurements under the same settings."""
    found: Results = defaultdict(dict)
    for line in results.read(path, settings):
        found[line["space"], line["index"]][line["proxy"]] = line
    return found


def correlations(full: np.ndarray, proxy: np.ndarray) -> list[str]:
    """Spearman's and Kendall's coefficients of two rankings, each with its interval."""
    rng = np.random.default_rng(0)
    rows = rng.integers(len(full), size=(BOOTSTRAPS, len(full)))
    cells = []
    for statistic in (spearmanr, kendalltau):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Of draws in which all are equal.
            drawn = [statistic(full[row], proxy[row])[0] for row in rows]
            low, high = np.nanpercentile(drawn, [2.5, 97.5])
            cells.append(f"{statistic(full, proxy)[0]:.2f} ({low:.2f} to {high:.2f})")
    return cells


def table(found: Results) -> list[str]:
    """The rows of the table, the cheapest proxies first."""
    rows = []
    for space in SPACES:
        measured = [of for (name, _), of in sorted(found.items()) if name == space]
        measured = [of for of in measured if of.get(FULL, {}).get("score") is not None]
        for proxy in dict.fromkeys(name for of in measured for name in of if name != FULL):
            pairs = [(of[FULL], of[proxy]) for of in measured if proxy in of]
            pairs = [pair for pair in pairs if pair[1]["score"] is not None]
            if len(pairs) < 3:
                continue
            share = sum(p["seconds"] for _, p in pairs) / sum(f["seconds"] for f, _ in pairs)
            scores = np.array([(full["score"], other["score"]) for full, other in pairs])
            cells = [space, proxy, str(len(pairs)), *correlations(*scores.T), f"{share:.2%}"]
            rows.append((space, share, f"| {' | '.join(cells)} |"))
    return [text for _, _, text in sorted(rows, key=lambda row: row[:2])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, required=True, help="File of JSON lines.")
    parser.add_argument("--spaces", nargs="+", default=list(SPACES), choices=list(SPACES))
    parser.add_argument("--architectures", type=int, default=30, help="Of each space.")
    parser.add_argument("--most", type=int, default=None, help="To be measured in this run.")
    parser.add_argument("--examples", type=int, default=5_000, help="Of full training.")
    parser.add_argument("--epochs", type=int, default=5, help="Of full training.")
    parser.add_argument("--seed", type=int, default=0, help="Of the architectures.")
    parser.add_argument("--most-mflops", type=float, default=60.0, help="Of an architecture.")
    arguments = parser.parse_args()
    names = ("examples", "epochs", "seed", "most_mflops")
    settings = {name: getattr(arguments, name) for name in names}
    done = known(arguments.results, settings)
    missing = {
        (space, index): values
        for space in arguments.spaces
        for index, values in enumerate(architectures(space, arguments.architectures, settings))
        if not steps(space, values, settings).keys() <= done[space, index].keys()
    }
    # Spaces in turn, so that a benchmark that was stopped tells of both.
    waiting = sorted(missing, key=lambda key: (key[1], key[0]))[: arguments.most]
    # A process for each: what a training leaves behind would add up.
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as processes:
        for key in waiting:
            began = time.monotonic()
            names, path = set(done[key]), arguments.results
            processes.submit(measure, *key, missing[key], names, settings, path).result()
            print(f"{key[0]} {key[1]}: {time.monotonic() - began:.0f} s", flush=True)
    header = "space, proxy, architectures, Spearman, Kendall, share of the seconds".split(", ")
    print(f"| {' | '.join(header)} |\n| {' | '.join('---' for _ in header)} |")
    print("\n".join(table(known(arguments.results, settings))))


if __name__ == "__main__":
    main()

"""Does it pay to stop trials early that look hopeless?

Trains random chains in full on the first images of Fashion-MNIST, at half their height and width,
and keeps their validation accuracy by epoch, a line for each in `--results`; what is there already
under the same settings is not trained again.
Then replays searches over these curves, in many random orders, with each rule, which sees of the
trials before what it left of them. Prints two Markdown tables. In the first, all networks are
tried: what share of the training was saved, how often the best was lost, and how much worse the
best found is (in points of accuracy). In the second, a search has the time of so many trainings
in full, and with what a rule saves it tries further networks: how far its best is from the best of
all.

    python benchmarks/stopping.py --results curves.jsonl --networks 30 --epochs 8
"""

from __future__ import annotations

import argparse
import functools
import time
from collections.abc import Iterator
from pathlib import Path

import keras
import keras_tuner
import numpy as np
import results
from accuracy import fashion_mnist

from autokeras_nas.costs import count
from autokeras_nas.search import NasHyperModel
from autokeras_nas.search.preparation import prepare
from autokeras_nas.search_spaces import SEARCH_SPACES
from autokeras_nas.tasks import TASKS
from autokeras_nas.training import PROGRESS, MedianRule, SuccessiveHalving

SCORE = "val_accuracy"
BUDGET_SHARE = 1 / 3
Curve = tuple[tuple[float, float], ...]


def sampled(hypermodel: NasHyperModel, most_flops: float) -> Iterator[tuple[int, dict]]:
    """Random architectures that are not too slow, numbered."""
    for number in range(100_000):
        values = hypermodel.grammar.sample(np.random.default_rng([0, number]))
        if count(functools.partial(hypermodel.network, values)).flops <= most_flops:
            yield number, values


def record(arguments: argparse.Namespace) -> list[dict]:
    """Trains what is missing among the results, and gives them all."""
    settings = {name: getattr(arguments, name) for name in ("epochs", "examples", "most_mflops")}
    done = results.read(arguments.results, settings)
    if len(done) >= arguments.networks:
        return done[: arguments.networks]
    x, _, y, _ = fashion_mnist(0, arguments.examples)
    x = x.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).round().astype("uint8")
    task = TASKS["image_classification"]()
    data = prepare(task, x, y, seed=0)
    hypermodel = NasHyperModel(SEARCH_SPACES["chain_cnn"](), task, data.input_spec)
    known = {result["number"] for result in done}
    for number, values in sampled(hypermodel, arguments.most_mflops * 1e6):
        if len(done) >= arguments.networks:
            break
        if number in known:
            continue
        keras.utils.clear_session()
        keras.utils.set_random_seed(number)
        hp = keras_tuner.HyperParameters()
        hp.values = dict(values)
        began = time.process_time()
        history = hypermodel.fit(
            hp,
            hypermodel.build(hp),
            data.train,
            validation_data=data.validation,
            epochs=arguments.epochs,
            verbose=0,
        ).history
        seconds = round(time.process_time() - began, 1)
        result = {"number": number, "values": values, "cpu_seconds": seconds, "history": history}
        results.append(arguments.results, settings, [result])
        done.append(result)
        print(f"{number}: {max(history[SCORE]):.4f} in {seconds:.0f} s of processors", flush=True)
    return done


def rules(arguments: argparse.Namespace) -> dict:
    """What makes each rule of the curves before, by the rule's name; None: no rule."""
    named: dict = {"none": None}
    for share in arguments.shares:
        common = {"least_trials": arguments.least_trials, "least_share": share}
        named[f"median from {share:g}"] = functools.partial(MedianRule, **common)
        for eta in arguments.etas:
            name = f"halving from {share:g}, eta {eta:g}"
            named[name] = functools.partial(SuccessiveHalving, eta=eta, **common)
    return named


def search(curves: list[Curve], make, order: np.ndarray, budget: float) -> tuple[int, float, float]:
    """Tries networks in an order, while the budget holds a whole training.

    Returns:
        How many networks were tried, what training that took (1: one in full), and the best score.
    """
    finished: list[Curve] = []
    used = best = 0.0
    for number in order:
        if used + 1.0 > budget + 1e-9:
            break
        curve = curves[number]
        rule = None if make is None else make(tuple(finished))
        ends = (k for k in range(1, len(curve)) if rule is not None and rule.reason(curve[:k]))
        finished.append(curve[: next(ends, len(curve))])
        used += finished[-1][-1][0]
        best = max(best, *(score for _, score in finished[-1]))
    return len(finished), used, best


def replay(curves: list[Curve], arguments: argparse.Namespace) -> None:
    """Prints both tables."""
    bests = sorted((max(score for _, score in curve) for curve in curves), reverse=True)
    print(f"{len(curves)} networks, best first: {', '.join(f'{b:.4f}' for b in bests)}\n")
    rng = np.random.default_rng(0)
    orders = [rng.permutation(len(curves)) for _ in range(arguments.orders)]
    print("| rule | saved | best lost | regret, points |")
    print("| --- | --- | --- | --- |")
    for name, make in rules(arguments).items():
        runs = [search(curves, make, order, np.inf) for order in orders]
        saved = 1.0 - np.mean([used for _, used, _ in runs]) / len(curves)
        regrets = bests[0] - np.array([best for *_, best in runs])
        lost = np.mean(regrets > 0)
        print(f"| {name} | {saved:.1%} | {lost:.1%} | {100 * regrets.mean():.3f} |", flush=True)
    budget = round(BUDGET_SHARE * len(curves))
    print(f"\nIn the time of {budget} trainings:\n")
    print("| rule | networks tried | regret, points |")
    print("| --- | --- | --- |")
    for name, make in rules(arguments).items():
        runs = [search(curves, make, order, budget) for order in orders]
        tried = np.mean([count for count, *_ in runs])
        regrets = bests[0] - np.array([best for *_, best in runs])
        print(f"| {name} | {tried:.1f} | {100 * regrets.mean():.3f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=Path("curves.jsonl"))
    parser.add_argument("--networks", type=int, default=30)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--examples", type=int, default=3000)
    parser.add_argument("--most-mflops", type=float, default=8.0)
    parser.add_argument("--orders", type=int, default=1000)
    parser.add_argument("--shares", nargs="+", type=float, default=[0.125, 0.25, 0.5])
    parser.add_argument("--etas", nargs="+", type=float, default=[2.0, 3.0])
    parser.add_argument("--least-trials", type=int, default=5)
    arguments = parser.parse_args()
    histories = [result["history"] for result in record(arguments)]
    curves = [tuple(zip(one[PROGRESS], one[SCORE], strict=True)) for one in histories]
    replay(curves, arguments)


if __name__ == "__main__":
    main()

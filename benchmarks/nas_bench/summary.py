"""What many seeds of a searcher amount to, as a table and as a picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
import numpy as np
import scipy.stats

from nas_bench.records import Record

matplotlib.use("Agg")
from matplotlib import pyplot

CONFIDENCE = 0.95
_POINTS = 300
_LEAST = 1e-3
HEADER = (
    "searcher",
    "seeds",
    "evaluations (distinct)",
    "score",
    "value",
    "std",
    f"{CONFIDENCE:.0%} interval of the mean",
    "regret",
    "CPU s a seed",
)


def half_interval(sample: np.ndarray, axis: int = 0) -> np.ndarray:
    """Half the confidence interval of a mean, by Student's t; infinite for a single one."""
    count = sample.shape[axis]
    if count < 2:
        return np.full(np.delete(sample.shape, axis), math.inf)
    error = sample.std(axis=axis, ddof=1) / math.sqrt(count)
    return scipy.stats.t.ppf((1 + CONFIDENCE) / 2, count - 1) * error


def markdown(
    records: Mapping[str, Sequence[Record]],
    best: float,
    published: Mapping[str, tuple[float, float]] | None = None,
    digits: int = 2,
) -> str:
    """A row for each searcher: its seeds' mean and what is known of it.

    Args:
        records: Each searcher's, one a seed.
        best: The optimum's value.
        published: Means and standard deviations that others report, for rows of their own.
        digits: Decimal places of scores and values.
    """
    rows = [list(HEADER), ["---"] * len(HEADER)]
    rows += [_row(name, of, best, digits) for name, of in records.items()]
    for name, (mean, spread) in (published or {}).items():
        regret = f"{best - mean:.{digits}f}"
        cells = ["", "", "", f"{mean:.{digits}f}", f"{spread:.{digits}f}", "", regret, ""]
        rows.append([f"published: {name}", *cells])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(name: str, records: Sequence[Record], best: float, digits: int) -> list[str]:
    ended = [record for record in records if record["value"] is not None]
    counts = [np.mean([r[key] for r in records]) for key in ("evaluations", "distinct")]
    cells = [name, str(len(records)), f"{counts[0]:.0f} ({counts[1]:.0f})"]
    if len(ended) < len(records):
        return [*cells, f"no trial ended in {len(records) - len(ended)}", *[""] * 5]
    values, scores = (np.array([r[key] for r in records]) for key in ("value", "score"))
    mean, half = values.mean(), float(half_interval(values))
    known = len(values) > 1
    return [
        *cells,
        f"{scores.mean():.{digits}f}",
        f"{mean:.{digits}f}",
        f"{values.std(ddof=1):.{digits}f}" if known else "",
        f"{mean - half:.{digits}f} to {mean + half:.{digits}f}" if known else "",
        f"{best - mean:.{digits}f}",
        f"{np.mean([r['cpu_seconds'] for r in records]):.2f}",
    ]


def regret_curves(records: Sequence[Record], best: float, seconds: np.ndarray) -> np.ndarray:
    """Regret of the incumbent by score, `(seeds, times)`; NaN before the first trial ends."""
    curves = np.full((len(records), len(seconds)), np.nan)
    for curve, record in zip(curves, records, strict=True):
        for ended, _, value in record["curve"]:
            curve[seconds >= ended] = best - value
    return curves


def plot(
    records: Mapping[str, Sequence[Record]], best: float, title: str, path: Path, unit: str = ""
) -> None:
    """Draws regret over simulated time, and how far seeds lie apart at the end.

    Args:
        records: Each searcher's, one a seed.
        best: The optimum's value.
        title: What was searched.
        path: The picture's file.
        unit: Of the regret.
    """
    height = max(4.5, 1.5 + 0.45 * len(records))
    figure, (over_time, at_end) = pyplot.subplots(
        1, 2, figsize=(13, height), width_ratios=(3, 2), layout="constrained"
    )
    _draw_means(over_time, records, best)
    over_time.set(
        title=title,
        xlabel="simulated seconds of all devices",
        ylabel=f"mean regret {unit}, {CONFIDENCE:.0%} interval",
        yscale="log",
    )
    _draw_spreads(at_end, records, best)
    at_end.set(title="seeds at the end", xlabel=f"regret {unit}")
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def _draw_means(axes, records: Mapping[str, Sequence[Record]], best: float) -> None:
    """Mean regret and its confidence interval, from when every seed has an incumbent."""
    for k, (name, of) in enumerate(records.items()):
        seconds = np.linspace(0, of[0]["seconds"], _POINTS)
        regrets = regret_curves(of, best, seconds)
        known = ~np.isnan(regrets).any(axis=0)
        seconds, regrets = seconds[known], regrets[:, known]
        mean, half = regrets.mean(axis=0), half_interval(regrets)
        axes.plot(seconds, mean, color=f"C{k}", label=f"{name} ({len(of)} seeds)")
        # A logarithmic axis has no zero.
        low = np.maximum(mean - half, _LEAST * mean)
        axes.fill_between(seconds, low, mean + half, color=f"C{k}", alpha=0.2, lw=0)
    axes.legend(fontsize="small")
    axes.grid(alpha=0.3, which="both")


def _draw_spreads(axes, records: Mapping[str, Sequence[Record]], best: float) -> None:
    """A line from the 5th to the 95th percentile, a bar between quartiles; median and mean."""
    for k, of in enumerate(records.values()):
        last = [best - record["value"] for record in of if record["value"] is not None]
        if not last:
            continue
        low, lower, median, upper, high = np.percentile(last, [5, 25, 50, 75, 95])
        axes.hlines(k, low, high, color="k", lw=1)
        axes.barh(k, upper - lower, left=lower, height=0.5, color=f"C{k}", alpha=0.6, zorder=2)
        axes.plot(median, k, "k|", markersize=14, label=None if k else "median")
        axes.plot(np.mean(last), k, "ko", markersize=4, label=None if k else "mean")
    axes.set_yticks(range(len(records)), [name.replace(":", ":\n") for name in records])
    axes.invert_yaxis()
    axes.legend(fontsize="small", title="5 25 75 95 %")
    axes.grid(alpha=0.3, axis="x")

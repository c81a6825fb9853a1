"""Columns: what training taught about each column of a table, as JSON can hold it."""

from __future__ import annotations

import dataclasses
import keyword
import re
import statistics
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

_SKEWED = 1.0
_MOST_LEVELS = 1000
_FEW_NUMBERS = 16
_ROWS_A_NUMBER = 20
_CLIP = 10.0
_MOST_TIED = 32
_NORMAL = statistics.NormalDist()
# Equally far apart as ranks and, so that tails get their share of knots, on the normal scale.
_SHARES = sorted(
    {0.0, 1.0, *np.arange(1, 128) / 128, *(_NORMAL.cdf(z / 5) for z in range(-15, 16))}
)
#: Names of layers in the exported model, and what a signature of Python cannot hold.
_RESERVED = {"preprocessor", "network", "core", "self", "features"}


@dataclasses.dataclass(frozen=True)
class Column:
    """One column of a table as networks see it: a number, a category, both, or nothing.

    Numbers run through a curve: `z = (x - center) / scale`, then linear from knot to knot, and
    constant beyond the last. Where they are not skewed, the curve is `z` itself, cut off at 10
    deviations. Where their skewness exceeds 1, the values at the knots are the normal
    quantiles of their ranks (ties share the middle one), so that neither outliers nor a long
    tail decide the scale. No value counts for more than 1/32 of the rows in this: of a column
    that is mostly 0, what is not 0 fills most of the scale, and not its last bit. A missing
    number is 0, and an indicator column says so where training had some. Gorishniy et al., 2021
    (https://arxiv.org/abs/2106.11959, Section 4.2), transform all columns to normal quantiles;
    columns that are nearly normal lose by it that they can be continued beyond what was seen.

    Texts are categories. So are, beside being numbers, whole numbers of 3 to 16 different
    values with 20 rows for each: codes hide among them, and the order of the others is kept
    by the number. A category is one of `levels`, numbered from 1; what was rare in
    training, is new or missing is 0. Rare is below `min(10, max(2, rows / 5000))` rows.

    Attributes:
        name: As the table has it.
        key: As the model's input is called; see `keys_of`.
        text: Whether it holds texts.
        center: Mean or, of skewed numbers, median.
        scale: Deviation or, of skewed numbers, quartile distance.
        knots: Where the curve bends, ascending, of `z`; empty: it is no number.
        values: The curve at the knots.
        missing: Whether training had some numbers and missed some.
        levels: The categories, sorted, at most the 1000 most frequent; empty: it is none.
    """

    name: str
    key: str
    text: bool
    center: float = 0.0
    scale: float = 1.0
    knots: tuple[float, ...] = ()
    values: tuple[float, ...] = ()
    missing: bool = False
    levels: tuple[str, ...] | tuple[float, ...] = ()

    @property
    def kind(self) -> str:
        """What it holds, in words."""
        return "text" if self.text else "numbers"

    @classmethod
    def learned(cls, name: str, key: str, values: np.ndarray) -> Column:
        """A column of training.

        Args:
            name: As the table has it.
            key: As the model's input is to be called.
            values: Texts or float numbers `(n,)`; missing ones are `""` or NaN.
        """
        if values.dtype.kind == "U":
            return cls(name, key, True, levels=_levels(values, values != ""))
        # As the model will see them.
        values = values.astype("float32").astype("float64")
        known = values[~np.isnan(values)]
        if not len(known):
            return cls(name, key, False)
        missing = len(known) < len(values)
        curve: dict[str, Any] = _curve(known) if missing or np.ptp(known) > 0 else {}
        levels: tuple = _levels(values, ~np.isnan(values)) if _are_codes(known) else ()
        return cls(name, key, False, missing=missing, levels=levels, **curve)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Column:
        """The column that `dataclasses.asdict` gave, after JSON."""
        tuples = {name: tuple(config[name]) for name in ("knots", "values", "levels")}
        return cls(**{**config, **tuples})

    def get_config(self) -> dict[str, Any]:
        """Plain lists and numbers, for JSON."""
        config = dataclasses.asdict(self)
        return {k: list(v) if isinstance(v, tuple) else v for k, v in config.items()}


def keys_of(names: Collection[str]) -> list[str]:
    """A name for the model's input of each column: its own, where SavedModels can hold it.

    TensorFlow's signatures take Python identifiers and tell no capitals from small letters.
    Other characters become `_`; names taken already, or by a layer, get a number.
    """
    keys: list[str] = []
    taken = {*_RESERVED, *map(str.lower, keyword.kwlist)}
    for name in names:
        stem = re.sub(r"[^A-Za-z0-9_]", "_", name)
        if not stem[:1].isalpha() or stem.startswith("prepare_"):
            stem = f"column_{stem}"
        key, number = stem, 2
        while key.lower() in taken:
            key, number = f"{stem}_{number}", number + 1
        taken.add(key.lower())
        keys.append(key)
    return keys


def _curve(known: np.ndarray) -> dict[str, Any]:
    """Center, scale, knots and values for numbers `(n,)`."""
    mean, deviation = float(known.mean()), _positive(float(known.std()), known)
    z = (known - mean) / deviation
    if abs(float((z**3).mean())) <= _SKEWED:
        ends = (-_CLIP, _CLIP)
        return {"center": mean, "scale": deviation, "knots": ends, "values": ends}
    low, median, high = np.quantile(known, [0.25, 0.5, 0.75]).tolist()
    scale = _positive(high - low, known) if high > low else deviation
    levels, counts = np.unique(known, return_counts=True)
    shares = _ranks(counts)
    chosen = np.unique(np.searchsorted(shares, _SHARES).clip(max=len(levels) - 1))
    knots = (levels[chosen] - median) / scale
    normal = tuple(_NORMAL.inv_cdf(share) for share in shares[chosen])
    return {"center": median, "scale": scale, "knots": tuple(knots.tolist()), "values": normal}


def _ranks(counts: np.ndarray) -> np.ndarray:
    """The middle rank of each of the ascending values, as a share, where ties are cut short."""
    weights = np.minimum(counts, max(1.0, counts.sum() / _MOST_TIED))
    ends = np.cumsum(weights)
    return (ends - weights / 2) / ends[-1]


def _positive(spread: float, known: np.ndarray) -> float:
    """A spread to divide by; 1 where float32 cannot tell it from none."""
    return spread if spread > 1e-6 * float(np.abs(known).max()) else 1.0


def _are_codes(known: np.ndarray) -> bool:
    """Whether numbers are few and whole enough to be categories as well."""
    if (known != np.round(known)).any():
        return False
    distinct = len(np.unique(known))
    return 3 <= distinct <= min(_FEW_NUMBERS, len(known) // _ROWS_A_NUMBER)


def _levels(values: np.ndarray, known: np.ndarray) -> tuple:
    """The values that are frequent enough to be categories; none where all are one."""
    levels, counts = np.unique(values[known], return_counts=True)
    frequent = counts >= min(10, max(2, len(values) // 5000))
    order = np.argsort(-counts[frequent], kind="stable")[:_MOST_LEVELS]
    kept = np.sort(levels[frequent][order])
    tells = len(kept) > 1 or (len(kept) == 1 and counts[frequent][0] < len(values))
    return tuple(kept.tolist()) if tells else ()

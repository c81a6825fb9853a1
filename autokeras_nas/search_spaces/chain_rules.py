"""The rules of a chain: which layers may follow, and what they make of an image."""

from __future__ import annotations

import abc
import re
from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import ClassVar

from autokeras_nas.architecture.chain import Tokens

GAP, SM = "GAP", "SM"
"""The ends: global average pooling, and flattening."""
SMALLEST_SIDE = 4
"""Of an image, in pixels."""
_MOST_FC = 2


@dataclass(frozen=True)
class FeatureMap:
    """What a beginning has made of the input.

    Attributes:
        height: True rows of the feature map, not binned.
        width: True columns.
        channels: Its channels.
        pools: Poolings so far.
        dense: Consecutive FC layers, so far the last ones.
        last: The last token; empty at the start.
    """

    height: int
    width: int
    channels: int
    pools: int = 0
    dense: int = 0
    last: str = ""

    @property
    def side(self) -> int:
        """The shorter side."""
        return min(self.height, self.width)

    @property
    def bin(self) -> int:
        """The size as MetaQNN bins it: 8 and up, 4 to 7, 1 to 3."""
        return 8 if self.side > 7 else 4 if self.side > 3 else 1

    @property
    def features(self) -> int:
        """The features of the flattened map."""
        return self.height * self.width * self.channels

    def after(self, token: str) -> FeatureMap:
        """The map behind one more layer."""
        kind, numbers = parse(token)
        if kind in ("C", "R"):
            return replace(self, channels=numbers[0], last=token)
        if kind == "P":
            height, width = (_pooled(n, *numbers) for n in (self.height, self.width))
            return replace(self, height=height, width=width, pools=self.pools + 1, last=token)
        return replace(self, dense=self.dense + (kind == "FC"), last=token)


class Rules(abc.ABC):
    """What is legal in a style, and how it is built.

    Args:
        shape: `(height, width, channels)` of the input.
        max_depth: The most layers, the terminal included.
    """

    usual_depth: ClassVar[int]
    tokens: ClassVar[Tokens]

    def __init__(self, shape: tuple[int, int, int], max_depth: int):
        self.start = FeatureMap(*shape)
        self.max_depth = max_depth

    def map_after(self, tokens: Tokens) -> FeatureMap:
        """The feature map behind the tokens."""
        reached = self.start
        for token in tokens:
            reached = reached.after(token)
        return reached

    @abc.abstractmethod
    def legal(self, tokens: Tokens) -> Tokens:
        """The tokens that may follow, ends included."""

    @abc.abstractmethod
    def state(self, tokens: Tokens) -> Hashable:
        """What a tabular learner may know, and all that legality rests on."""

    @abc.abstractmethod
    def default(self) -> Tokens:
        """A sound network."""

    @staticmethod
    @abc.abstractmethod
    def build(tokens: Tokens, x):
        """Features `(batch, features)` of images `(batch, height, width, channels)`."""


def parse(token: str) -> tuple[str, tuple[int, ...]]:
    """The kind and the numbers of a token: `C(32,3)` is `("C", (32, 3))`."""
    return token.partition("(")[0], tuple(map(int, re.findall(r"\d+", token)))


def _pooled(size: int, kernel: int, stride: int) -> int:
    """The size after unpadded pooling, `ceil((n - f + 1) / l)`."""
    return -(-(size - kernel + 1) // stride)


def narrower(widths: tuple[int, ...], reached: FeatureMap) -> tuple[str, ...]:
    """The FC layers that may follow an FC layer: no wider, and at most two in all."""
    if reached.dense >= _MOST_FC:
        return ()
    (last,) = parse(reached.last)[1]
    return tuple(f"FC({width})" for width in widths if width <= last)

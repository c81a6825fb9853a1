"""Chain: the grammar of architectures that are one layer after the other."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

import keras_tuner
import numpy as np

from autokeras_nas.architecture.decision import Decision
from autokeras_nas.architecture.grammar import Grammar
from autokeras_nas.architecture.values import Value, Values

Tokens = tuple[str, ...]

_REDRAWS = 100
_DEPTH, _END = "depth", "end"


def place(position: int) -> str:
    """The name of the decision at a position, `layer_00` for the first."""
    return f"layer_{position:02d}"


class Chain(Grammar):
    """Architectures that are a row of layers with a terminal at its end.

    Each layer is a token, a short text such as `"C(32,3)"`; the decisions are `layer_00`,
    `layer_01` and so on up to the one that takes a terminal. Which token may follow depends on
    all tokens before it, so sizes can be tracked exactly.

    Args:
        legal: Says which tokens may follow those so far, terminals included. Where it lists
            layers that shrink the map last, declared chains come to an end sooner.
        terminals: The tokens that end a chain.
        longest: The most layers of a chain, the terminal included. In the last place only
            terminals are offered: `legal` must name one there.
        default: The tokens of a sound chain, its terminal included.
        tokens: All tokens that are no terminals; only `declare` needs them.
        state: What a tabular learner may know after the tokens so far. If given, it must settle
            what can follow, the lengths of legal ends included: `grow` prunes by it. None:
            the name of the decision and the last token.

    Raises:
        ValueError: If `longest` is below 2, there are no terminals, or the default is not legal.
    """

    def __init__(
        self,
        legal: Callable[[Tokens], Sequence[str]],
        terminals: Iterable[str],
        longest: int,
        default: Sequence[str] | None = None,
        tokens: Sequence[str] = (),
        state: Callable[[Tokens], Hashable] | None = None,
    ):
        self.legal = legal
        self.terminals = frozenset(terminals)
        self.longest = longest
        self.tokens = tuple(tokens)
        self.state = state
        if longest < 2:
            raise ValueError(
                "`longest` must be at least 2: a layer and a terminal. "
                f"Received: {longest=}. Raise it."
            )
        if not self.terminals:
            raise ValueError(
                "`terminals` must name at least one token, or no chain ends. "
                f"Received: {terminals!r}."
            )
        self._default = None if default is None else self.values_of(default)
        if self._default is not None and not self.is_legal(self._default):
            raise ValueError(
                "`default` must be a legal chain that ends in a terminal. "
                f"Received: {tuple(default or ())}. Leave it out, or correct it."
            )

    def options(self, prefix: Mapping[str, Value], progress: float = 1.0) -> Decision | None:
        tokens = self.tokens_of(prefix)
        if tokens and tokens[-1] in self.terminals:
            return None
        name = place(len(tokens))
        last = tokens[-1] if tokens else None
        state = (name, last) if self.state is None else self.state(tokens)
        return Decision.among(name, self._offered(tokens), state=state)

    def default(self) -> Values | None:
        """The default given, if one was."""
        return None if self._default is None else dict(self._default)

    def mutate(
        self, values: Mapping[str, Value], rng: np.random.Generator, rate: float | None = None
    ) -> Values:
        """A neighbour of a chain: one layer replaced, inserted or deleted.

        Which of the three and where is drawn uniformly; a terminal is replaced by a terminal.
        What follows stays, shifted where needed, and is sampled where it became illegal.

        Args:
            values: A complete chain.
            rng: The source of chance.
            rate: None: one change, as above. Else redraw each place with this probability.

        Returns:
            A legal chain; where a hundred draws give nothing new, a sampled one.
        """
        if rate is not None:
            return super().mutate(values, rng, rate)
        parent = self.tokens_of(values)
        for _ in range(_REDRAWS):
            child = self._neighbour(parent, rng)
            if child is not None and child != parent:
                return self.values_of(child)
        return self.sample(rng)

    def grow(self, values: Mapping[str, Value] | None = None) -> Iterator[Values]:
        """Complete chains one layer longer, or the shortest ones.

        The layers before the terminal stay, each legal layer is appended in turn, and the
        first legal terminal closes the chain; a layer after which none is legal is left out.

        Args:
            values: The chain to grow; None: yields the shortest chains.
        """
        if values is None:
            yield from map(self._closed, self._shortest())
            return
        layers = self._split(self.tokens_of(values))[0]
        for layer in self._layers(layers):
            if self._ends(longer := (*layers, layer)):
                yield self._closed(longer)

    def declare(self, hp: keras_tuner.HyperParameters) -> None:
        """Enters a depth, one choice per place that is active from its depth on, and the end.

        Raises:
            NotImplementedError: If the grammar was made without `tokens`.
        """
        if not self.tokens:
            super().declare(hp)
        layers, end = self._split(self.tokens_of(self._default or {}))
        hp.Int(_DEPTH, 1, self.longest - 1, default=max(1, len(layers)))
        hp.Choice(_END, sorted(self.terminals), default=end)
        for position in range(self.longest - 1):
            likely = layers[position] if position < len(layers) else self.tokens[0]
            with hp.conditional_scope(_DEPTH, list(range(position + 1, self.longest))):
                hp.Choice(place(position), list(self.tokens), default=likely)

    def declared(self, values: Mapping[str, Value]) -> Values:
        """The legal chain that declared values stand for.

        An illegal layer becomes the legal one at the same share of the list, so that every legal
        layer stands for about as many declared ones. Where no terminal is legal at the wanted
        depth, the chain goes on with the last legal layer of each list until one is.
        """
        depth = int(values.get(_DEPTH, self.longest - 1))
        layers, end = self._split(self.tokens_of(values))
        wanted = [values.get(place(k)) for k in range(depth)] if _DEPTH in values else layers
        tokens = self._follow((), wanted, values.get(_END, end), self._alike, _last)
        return self.values_of(tokens)

    def tokens_of(self, values: Mapping[str, Value]) -> Tokens:
        """The tokens of values, up to the first place that is missing."""
        tokens: list = []
        while (name := place(len(tokens))) in values:
            tokens.append(values[name])
        return tuple(tokens)

    @staticmethod
    def values_of(tokens: Iterable[str]) -> Values:
        """The values that tokens are."""
        return {place(position): token for position, token in enumerate(tokens)}

    def _offered(self, tokens: Tokens) -> Tokens:
        """The legal tokens; in the last place terminals alone."""
        offered = tuple(self.legal(tokens))
        if len(tokens) >= self.longest - 1:
            offered = tuple(token for token in offered if token in self.terminals)
        if not offered:
            raise ValueError(
                "`legal` must offer a token after every legal beginning that has no terminal, "
                f"and a terminal in the last place. Received none after: {tokens}."
            )
        return offered

    def _layers(self, tokens: Tokens) -> Tokens:
        return tuple(token for token in self._offered(tokens) if token not in self.terminals)

    def _ends(self, tokens: Tokens) -> Tokens:
        return tuple(token for token in self._offered(tokens) if token in self.terminals)

    def _closed(self, layers: Tokens) -> Values:
        return self.values_of((*layers, self._ends(layers)[0]))

    def _split(self, tokens: Tokens) -> tuple[Tokens, str | None]:
        """The layers before the terminal, and the terminal."""
        if tokens and tokens[-1] in self.terminals:
            return tokens[:-1], tokens[-1]
        return tokens, None

    def _neighbour(self, parent: Tokens, rng: np.random.Generator) -> Tokens | None:
        """One change at a place drawn uniformly; None: nothing can change there."""
        layers, end = self._split(parent)

        def draw(offered, instead_of=None):
            return offered[rng.integers(len(offered))]

        kind = draw(("replace", "insert", "delete"))
        places = len(layers) if kind == "delete" else len(layers) + 1
        if not places:
            return None
        cut = int(rng.integers(places))
        head, tail = layers[:cut], layers[cut + (kind != "insert") :]
        if kind == "replace" and cut == len(layers):
            ends = tuple(token for token in self._ends(head) if token != end)
            return (*head, draw(ends)) if ends else None
        if kind != "delete":
            offered = tuple(
                token for token in self._layers(head) if kind == "insert" or token != layers[cut]
            )
            if not offered:
                return None
            head = (*head, draw(offered))
        return self._follow(head, tail, end, draw, draw)

    def _follow(self, tokens: Tokens, wanted, end, pick, close) -> Tokens:
        """Goes on with the wanted layers while they fit, then to the wanted end.

        Args:
            tokens: A legal beginning.
            wanted: The layers that should come next.
            end: The terminal that should come last.
            pick: Of what is legal, takes the place of a layer or terminal that is not.
            close: Chooses further layers until a terminal is legal.
        """
        for layer in wanted:
            if not (offered := self._layers(tokens)):
                break
            tokens = (*tokens, layer if layer in offered else pick(offered, layer))
        while not (ends := self._ends(tokens)):
            tokens = (*tokens, close(self._layers(tokens)))
        return (*tokens, end if end in ends else pick(ends, end))

    def _alike(self, offered: Tokens, wanted: str | None) -> str:
        """The legal token at the place that the wanted one has among all."""
        if wanted not in self.tokens:
            return offered[0]
        return offered[self.tokens.index(wanted) * len(offered) // len(self.tokens)]

    def _shortest(self) -> Iterator[Tokens]:
        """The shortest rows of layers that a terminal may follow."""
        for length in range(self.longest):
            found = False
            for layers in self._rows((), length, dead=set()):
                found = True
                yield layers
            if found:
                return

    def _rows(self, tokens: Tokens, more: int, dead: set) -> Iterator[Tokens]:
        """Beginnings with `more` further layers that may end there; `dead` are states that fail."""
        if more == 0:
            if self._ends(tokens):
                yield tokens
            return
        key = (tokens if self.state is None else self.state(tokens), more)
        if key in dead:
            return
        found = False
        for layer in self._layers(tokens):
            for row in self._rows((*tokens, layer), more - 1, dead):
                found = True
                yield row
        if not found:
            dead.add(key)


def _last(offered: Tokens) -> str:
    return offered[-1]

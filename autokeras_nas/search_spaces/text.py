"""Text: networks on the numbers of words, from bags to attention."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import keras_tuner

from autokeras_nas.architecture import (
    Features,
    FeatureSpec,
    HyperParameterGrammar,
    InputSpec,
    Value,
)
from autokeras_nas.search_spaces.base import (
    SEARCH_SPACES,
    SearchSpace,
    check_vector,
    legal_values,
)
from autokeras_nas.search_spaces.text_networks import NETWORKS


@SEARCH_SPACES.register("text")
class Text(SearchSpace):
    """Three kinds of networks on texts, each with decisions of its own.

    `bag` weighs words and pairs of words as TF-IDF does, and is the one to beat where there are
    thousands of examples or fewer; `convolution` sees phrases, `transformer` all words at once,
    which takes many examples to pay.

    Args:
        kinds: Those that exist, the default one first; None: all.

    Raises:
        ValueError: If there are none, or one is unknown.
    """

    def __init__(self, kinds: Iterable[str] | None = None):
        self.kinds = list(NETWORKS if kinds is None else kinds)
        if not self.kinds or not set(self.kinds) <= NETWORKS.keys():
            raise ValueError(
                f"`kinds` must be some of {', '.join(NETWORKS)}. Received: {self.kinds}. "
                "Leave it out for all."
            )

    def grammar(self, input_spec: InputSpec, interface: FeatureSpec) -> HyperParameterGrammar:
        _check(input_spec, interface)
        hp = keras_tuner.HyperParameters()
        hp.Choice("kind", self.kinds, default=self.kinds[0])
        for kind in self.kinds:
            with hp.conditional_scope("kind", [kind]):
                for name, (choices, default) in NETWORKS[kind].decisions.items():
                    hp.Choice(f"{kind}_{name}", list(choices), default=default)
        return HyperParameterGrammar(hp)

    def trunk(
        self,
        values: Mapping[str, Value],
        inputs: Any,
        input_spec: InputSpec,
        interface: FeatureSpec,
    ) -> Features:
        values = legal_values(self.grammar(input_spec, interface), values, input_spec)
        kind = str(values["kind"])
        own = {name.removeprefix(f"{kind}_"): value for name, value in values.items()}
        del own["kind"]
        network = NETWORKS[kind](**own)
        return Features(network.build(inputs, input_spec.vocabularies[0]))

    def recipe(self, values: Mapping[str, Value]) -> dict[str, float]:
        """The learning rate of the kind, and of a bag its weight decay."""
        return dict(NETWORKS[str(values["kind"])].recipe)


def _check(input_spec: InputSpec, interface: FeatureSpec) -> None:
    if len(input_spec.shape) != 1 or len(input_spec.vocabularies) != 1:
        raise ValueError(
            "`text` needs the numbers of words `(places,)`, of one vocabulary. "
            f"Received: {input_spec}. Use it for texts."
        )
    check_vector("text", interface)

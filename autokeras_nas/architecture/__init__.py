"""What an architecture is: values, decisions, grammars, proposals. Plain Python and NumPy."""

from autokeras_nas.architecture.decision import Choice, Decision, Exactly
from autokeras_nas.architecture.grammar import Grammar, size_at_most
from autokeras_nas.architecture.hyperparameter_grammar import HyperParameterGrammar
from autokeras_nas.architecture.proposal import Budget, Proposal, decode, encode
from autokeras_nas.architecture.specs import Features, FeatureSpec, InputSpec
from autokeras_nas.architecture.values import (
    Value,
    Values,
    canonical_text,
    plain,
    plain_values,
)

__all__ = [
    "Budget",
    "Choice",
    "Decision",
    "Exactly",
    "FeatureSpec",
    "Features",
    "Grammar",
    "HyperParameterGrammar",
    "InputSpec",
    "Proposal",
    "Value",
    "Values",
    "canonical_text",
    "decode",
    "encode",
    "plain",
    "plain_values",
    "size_at_most",
]

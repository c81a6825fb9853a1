"""Oracles: one published search algorithm a file, for any KerasTuner tuner."""

from autokeras_nas.oracles.base import ORACLES, NasOracle
from autokeras_nas.oracles.finished import FinishedTrial
from autokeras_nas.oracles.policy_gradient import PolicyGradient
from autokeras_nas.oracles.random_search import RandomSearch
from autokeras_nas.oracles.regularized_evolution import RegularizedEvolution
from autokeras_nas.oracles.screening import Screening

__all__ = [
    "ORACLES",
    "FinishedTrial",
    "NasOracle",
    "PolicyGradient",
    "RandomSearch",
    "RegularizedEvolution",
    "Screening",
]

"""The search: hypermodel, runner, executors and the tuner that joins them to an oracle."""

from autokeras_nas.search.executors import Executor, Inline
from autokeras_nas.search.hypermodel import NasHyperModel, OwnHyperModel
from autokeras_nas.search.runner import KerasRunner, TrialRunner
from autokeras_nas.search.spec import TrialResult, TrialSpec
from autokeras_nas.search.tuner import NasTuner

__all__ = [
    "Executor",
    "Inline",
    "KerasRunner",
    "NasHyperModel",
    "NasTuner",
    "OwnHyperModel",
    "TrialResult",
    "TrialRunner",
    "TrialSpec",
]

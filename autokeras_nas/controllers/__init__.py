"""Networks that oracles learn with, in NumPy: small, exact and deterministic."""

from autokeras_nas.controllers.learner import METHODS, Learner, Method
from autokeras_nas.controllers.policy import Policy
from autokeras_nas.controllers.traces import Trace

__all__ = ["METHODS", "Learner", "Method", "Policy", "Trace"]

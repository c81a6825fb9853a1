"""Networks that oracles learn with, in NumPy: small, exact and deterministic."""

from autokeras_nas.controllers.adam import Adam
from autokeras_nas.controllers.policy import Policy
from autokeras_nas.controllers.traces import Trace

__all__ = ["Adam", "Policy", "Trace"]

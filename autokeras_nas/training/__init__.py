"""How a network is trained: recipe, schedules, stopping."""

from autokeras_nas.training.callbacks import BestWeights, Schedule, StopOnRequest
from autokeras_nas.training.recipe import Recipe

__all__ = ["BestWeights", "Recipe", "Schedule", "StopOnRequest"]

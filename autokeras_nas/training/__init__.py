"""How a network is trained: recipe, schedules, stopping, memory."""

from autokeras_nas.training.auxiliary import AuxiliaryModel
from autokeras_nas.training.callbacks import (
    BestWeights,
    FailIfSlow,
    Schedule,
    StopOnRequest,
    has_finite_loss,
)
from autokeras_nas.training.members import MemberModel
from autokeras_nas.training.memory import is_out_of_memory, with_half_batch
from autokeras_nas.training.recipe import Recipe

__all__ = [
    "AuxiliaryModel",
    "BestWeights",
    "FailIfSlow",
    "MemberModel",
    "Recipe",
    "Schedule",
    "StopOnRequest",
    "has_finite_loss",
    "is_out_of_memory",
    "with_half_batch",
]

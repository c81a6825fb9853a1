"""How a network is trained: recipe, schedules, stopping, memory."""

from autokeras_nas.training.auxiliary import AuxiliaryModel
from autokeras_nas.training.callbacks import (
    BestWeights,
    FailIfSlow,
    Schedule,
    StopOnRequest,
    TimeIsUp,
    has_finite_loss,
)
from autokeras_nas.training.flat_adamw import FlatAdamW
from autokeras_nas.training.members import MemberModel
from autokeras_nas.training.memory import is_out_of_memory, with_half_batch
from autokeras_nas.training.progress import PROGRESS, LogProgress
from autokeras_nas.training.recipe import Recipe
from autokeras_nas.training.stopping import (
    STOPPING_RULES,
    MedianRule,
    StopHopeless,
    StoppingRule,
    SuccessiveHalving,
)
from autokeras_nas.training.variables import make_variables

__all__ = [
    "PROGRESS",
    "STOPPING_RULES",
    "AuxiliaryModel",
    "BestWeights",
    "FailIfSlow",
    "FlatAdamW",
    "LogProgress",
    "MedianRule",
    "MemberModel",
    "Recipe",
    "Schedule",
    "StopHopeless",
    "StopOnRequest",
    "StoppingRule",
    "SuccessiveHalving",
    "TimeIsUp",
    "has_finite_loss",
    "is_out_of_memory",
    "make_variables",
    "with_half_batch",
]

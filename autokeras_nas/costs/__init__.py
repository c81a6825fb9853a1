"""What a network costs: parameters, FLOPs, bytes."""

from autokeras_nas.costs.counting import Costs, count, count_model

__all__ = ["Costs", "count", "count_model"]

"""What a network costs: parameters, FLOPs, bytes, latency."""

from autokeras_nas.costs.counting import Costs, count, count_model
from autokeras_nas.costs.latency import latency

__all__ = ["Costs", "count", "count_model", "latency"]

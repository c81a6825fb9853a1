"""Objectives and their directions, which KerasTuner gets wrong for many Keras metrics."""

from __future__ import annotations

import functools

import keras_tuner
from keras_tuner.src.engine import objective as kt_objective

from autokeras_nas.errors import closest

_HIGHER_IS_BETTER = {
    "acc", "accuracy", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy",
    "top_k_categorical_accuracy", "sparse_top_k_categorical_accuracy", "balanced_accuracy",
    "auc", "roc_auc", "pr_auc", "average_precision", "precision", "recall", "precision_at_recall",
    "recall_at_precision", "sensitivity_at_specificity", "specificity_at_sensitivity",
    "true_positives", "true_negatives", "f1", "f1_score", "fbeta_score", "mcc", "r2", "r2_score",
    "cosine_similarity", "pearson_correlation", "concordance_correlation", "io_u", "iou",
    "mean_io_u", "mean_iou", "miou", "binary_io_u", "one_hot_io_u", "one_hot_mean_io_u", "dice",
    "mean_average_precision", "map", "ap", "bleu", "psnr", "ssim",
}  # fmt: skip
_LOWER_IS_BETTER = {
    "loss", "crossentropy", "ce", "binary_crossentropy", "categorical_crossentropy",
    "sparse_categorical_crossentropy", "categorical_focal_crossentropy",
    "binary_focal_crossentropy", "mse", "mean_squared_error", "mae", "mean_absolute_error",
    "mape", "mean_absolute_percentage_error", "msle", "mean_squared_logarithmic_error", "rmse",
    "root_mean_squared_error", "log_cosh", "logcosh", "huber", "poisson", "kl_divergence", "kld",
    "hinge", "squared_hinge", "categorical_hinge", "false_positives", "false_negatives",
    "error", "error_rate", "perplexity", "default_objective",
}  # fmt: skip


@functools.cache
def direction_of(metric: str) -> str | None:
    """Whether more or less of a metric is better.

    Args:
        metric: A metric's name as Keras logs it, such as `"val_accuracy"`.

    Returns:
        `"max"`, `"min"`, or None where the name does not tell.
    """
    name = metric.removeprefix("val_").removeprefix("weighted_")
    # Keras numbers metrics of one name: `auc_1`.
    stem = name.rstrip("0123456789").removesuffix("_")
    for candidate in (name, stem):
        if candidate in _HIGHER_IS_BETTER:
            return "max"
        if candidate in _LOWER_IS_BETTER:
            return "min"
    return "min" if name.endswith("loss") else None


def as_objective(objective) -> keras_tuner.Objective:
    """A KerasTuner objective with a direction that is known, not guessed.

    Args:
        objective: A metric's name, a `keras_tuner.Objective` or, as KerasTuner has it, a
            list of them; None: KerasTuner's default objective.

    Raises:
        ValueError: If nobody can know the direction of the name.
        TypeError: If it is none of these.
    """
    if isinstance(objective, list):
        return kt_objective.MultiObjective([as_objective(o) for o in objective])
    if objective is None:
        return kt_objective.DefaultObjective()
    if isinstance(objective, keras_tuner.Objective):
        return objective
    if not isinstance(objective, str):
        raise TypeError(
            "`objective` must be a metric's name or a `keras_tuner.Objective`. "
            f"Received: {objective!r} of type {type(objective).__name__}."
        )
    direction = direction_of(objective)
    if direction is None:
        near = closest(objective.removeprefix("val_"), _HIGHER_IS_BETTER | _LOWER_IS_BETTER)
        hint = f" If you meant a known metric: {'val_' + near!r}." if near else ""
        raise ValueError(
            "Nobody can tell from its name whether more or less of this objective is better. "
            f"Received: {objective!r}. Pass `keras_tuner.Objective({objective!r}, direction)` "
            f'with direction "max" or "min".{hint}'
        )
    return keras_tuner.Objective(objective, direction)


class ResourceReward(keras_tuner.Objective):
    """A score weighed by what the network costs, to be maximized.

        reward = score * (cost / target) ** w,   w = exponent up to the target, else exponent_above

    At the target the reward is the score. The default exponent buys 5 % of score for twice the
    cost: `w = -ln(1.05) / ln(2) = -0.0704`, rounded. With both exponents equal the target only
    scales the reward; `exponent=0.0, exponent_above=-1.0` comes near a hard limit. The best
    reward is always on the Pareto front of score and cost.

    Source: Tan et al., 2019, https://arxiv.org/abs/1807.11626, equations 2 and 3.

    Args:
        score: The metric, of which more is better and which is not negative.
        cost: `"parameters"`, `"flops"` or `"latency"` (seconds for one example).
        target: The cost at which the reward is the score.
        exponent: *w* up to the target; at most 0.
        exponent_above: *w* above it; None: the same.

    Raises:
        ValueError: If an argument is out of its range, or less of the score is better.
    """

    COSTS = ("parameters", "flops", "latency")

    def __init__(
        self,
        score: str | keras_tuner.Objective,
        cost: str,
        target: float,
        exponent: float = -0.07,
        exponent_above: float | None = None,
    ):
        super().__init__("nas/reward", "max")
        self.score = as_objective(score)
        if self.score.direction != "max":
            raise ValueError(
                "A reward needs a score of which more is better. "
                f"Received: {self.score.name!r}. Name for instance 'val_accuracy'."
            )
        if cost not in self.COSTS:
            raise ValueError(f"`cost` must be one of {', '.join(self.COSTS)}. Received: {cost!r}.")
        exponent_above = exponent if exponent_above is None else exponent_above
        if not target > 0 or max(exponent, exponent_above) > 0:
            raise ValueError(
                "`target` must be positive and the exponents at most 0: else a larger cost "
                f"would earn more. Received: {target=}, {exponent=}, {exponent_above=}."
            )
        self.cost, self.target = cost, target
        self.exponent, self.exponent_above = exponent, exponent_above

    def of(self, score: float, cost: float) -> float:
        """The reward of a score at a cost; a negative score counts as 0."""
        exponent = self.exponent if cost <= self.target else self.exponent_above
        return max(score, 0.0) * (cost / self.target) ** exponent

    def get_config(self) -> dict:
        """The constructor's arguments, as JSON."""
        return {
            "score": self.score.name,
            "cost": self.cost,
            "target": self.target,
            "exponent": self.exponent,
            "exponent_above": self.exponent_above,
        }


def objective_config(objective: keras_tuner.Objective) -> list | dict:
    """An objective as JSON, for `objective_from`."""
    if isinstance(objective, ResourceReward):
        return objective.get_config()
    return [objective.name, objective.direction]


def objective_from(config: list | dict) -> keras_tuner.Objective:
    """The objective of `objective_config`."""
    if isinstance(config, dict):
        return ResourceReward(**config)
    return keras_tuner.Objective(*config)

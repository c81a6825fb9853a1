"""The leaderboard: every trial of a search as a row."""

from __future__ import annotations

import keras_tuner
import pandas as pd

from autokeras_nas.architecture import decode
from autokeras_nas.errors import headline
from autokeras_nas.oracles import NasOracle

_MEASURED = ["spread", "parameters", "flops", "zero_cost", "epochs", "saved", "seconds", "kwh"]
_COLUMNS = ["rank", "trial", "score", *_MEASURED, "status", "reason", "run_of", "architecture"]


def leaderboard(oracle: keras_tuner.Oracle) -> pd.DataFrame:
    """Trials: the result, then the others by their scores, then those without one.

    The result is the best score, unless the oracle knows better: its finalists are measured
    once more, and the best mean wins.

    Args:
        oracle: Any KerasTuner oracle.

    Returns:
        One row a trial: rank, trial, score, its spread over several trainings, parameters,
        FLOPs of one example, the score by which it was screened, epochs, the share of its
        training that was saved by stopping it early, seconds, kWh (missing where it was not
        measured), status, reason, the trial that it measures once more, and the architecture.
    """
    sign = -1.0 if oracle.objective.direction == "max" else 1.0
    scored = [t for t in oracle.trials.values() if t.status == "COMPLETED"]
    result = oracle.incumbent() if isinstance(oracle, NasOracle) else None
    scored.sort(key=lambda t: (t.trial_id != result, sign * t.score, t.trial_id))
    others = [t for t in oracle.trials.values() if t.status != "COMPLETED"]
    rows = [_row(rank, trial) for rank, trial in enumerate(scored, start=1)]
    rows += [_row(None, trial) for trial in others]
    frame = pd.DataFrame(rows, columns=_COLUMNS)
    return frame.astype({"rank": "Int64", "parameters": "Int64", "flops": "Int64"})


def _row(rank, trial) -> dict:
    def measured(name):
        if not trial.metrics.exists(f"nas/{name}"):
            return None
        return float(trial.metrics.get_last_value(f"nas/{name}"))

    proposal = decode(trial.hyperparameters.values)
    return {
        "rank": rank,
        "trial": trial.trial_id,
        "score": trial.score,
        **{name: measured(name) for name in _MEASURED},
        "status": trial.status,
        "reason": headline(trial.message),
        "run_of": proposal.individual,
        "architecture": " ".join(str(value) for value in proposal.values.values()),
    }


def savings(board: pd.DataFrame) -> str | None:
    """One sentence: what stopping trials early has saved; None: none was stopped.

    Args:
        board: A `leaderboard`.
    """
    completed = board[board["status"] == "COMPLETED"]
    stopped = completed["saved"].dropna()
    if stopped.empty:
        return None
    share = stopped.sum() / len(completed)
    return (
        f"{len(stopped)} of {len(completed)} trials were stopped early, which saved {share:.0%} of "
        "all training."
    )

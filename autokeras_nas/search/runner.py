"""The runner: builds what a trial asks for, trains it and measures it."""

from __future__ import annotations

import functools
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

import keras
import keras_tuner
from keras_tuner import errors as kt_errors

from autokeras_nas.architecture.proposal import HONOURED
from autokeras_nas.costs import count_model, latency
from autokeras_nas.errors import ProjectError, summary
from autokeras_nas.objectives import ResourceReward
from autokeras_nas.search.checkpoints import save_checkpoint
from autokeras_nas.search.curves import Curve, curve_of, finite, mean_curve, spread
from autokeras_nas.search.rewards import reward_of, weighed
from autokeras_nas.search.spec import Training, TrialResult, TrialSpec, with_half_batches
from autokeras_nas.search.travel import opened
from autokeras_nas.storage import writing
from autokeras_nas.training import (
    PROGRESS,
    BestWeights,
    FailIfSlow,
    LogProgress,
    StopHopeless,
    StopOnRequest,
    TimeIsUp,
    is_out_of_memory,
)

_TIME_IS_UP = "its time was used up"
_OVERTIME = 0.1
_LEAST_OVERTIME = 1.0
"""Of a trial's time, and in seconds: what its last validation may take over it."""


class TrialRunner(Protocol):
    """Runs one trial; never raises for what a trial does."""

    def run(self, spec: TrialSpec) -> TrialResult: ...


class KerasRunner:
    """Trains Keras models that a hypermodel builds.

    A trial that runs out of memory is run again with half the batch, once.

    Args:
        hypermodel: A `keras_tuner.HyperModel`; its `fit` trains.
        objective: A `keras_tuner.Objective`, which the training must log.
        max_model_size: Parameters at most; a larger network fails its trial.
        build: Builds the model of hyperparameters; None: the hypermodel's own.
    """

    def __init__(
        self,
        hypermodel: keras_tuner.HyperModel,
        objective: keras_tuner.Objective,
        max_model_size: float | None = None,
        build: Callable[[keras_tuner.HyperParameters], keras.Model] | None = None,
    ):
        self.hypermodel = hypermodel
        self.objective = objective
        # Within a trial the cost is the same, and the score alone tells the best epoch.
        self.score = objective.score if isinstance(objective, ResourceReward) else objective
        self.max_model_size = max_model_size
        self.build = build or hypermodel.build

    def run(self, spec: TrialSpec) -> TrialResult:
        """Builds, trains and measures; what goes wrong is in the result's reason."""
        began = time.monotonic()
        result, out_of_memory = self._attempt(_with_data(spec), began)
        halved = with_half_batches(_with_data(spec)) if out_of_memory else None
        if halved is not None:
            result, _ = self._attempt(halved, began)
            result.reason = " ".join(filter(None, ["batch halved for memory;", result.reason]))
        result.measures["nas/seconds"] = time.monotonic() - began
        return result

    def _attempt(self, spec: TrialSpec, began: float) -> tuple[TrialResult, bool]:
        """The result, and whether memory ran out."""
        result, out_of_memory = TrialResult(spec.trial_id, "FAILED"), False
        try:
            with writing(spec.checkpoint.parent.parent):
                self._train(spec, result, began)
        except (kt_errors.FatalError, ProjectError):
            raise
        except kt_errors.FailedTrialError as error:
            result.reason = str(error)
        except Exception as error:
            out_of_memory = is_out_of_memory(error)
            result.status = "FAILED" if out_of_memory else "INVALID"
            result.reason = f"out of memory: {summary(error)}" if out_of_memory else _told(error)
        return result, out_of_memory

    def _train(self, spec: TrialSpec, result: TrialResult, began: float) -> None:
        best = BestWeights(self.score)
        curves = []
        for number, training in enumerate(spec.trainings):
            share = (number + 1) / len(spec.trainings)
            stopper = _stopper(spec, began, share)
            model = self._built(spec, spec.seed + number, result)
            judge = StopHopeless(spec.rule, functools.partial(self._reward, result))
            callbacks = [_progress(spec), *_slow(spec), stopper, judge, best]
            try:
                curves.append(self._fit(spec, training, model, callbacks))
            except TimeIsUp:
                stopper.stopped = _TIME_IS_UP
                curves.append(finite(stopper.epochs))
            if spec.stop():
                break
        result.curve = curves[0] if len(curves) == 1 else mean_curve(curves)
        if len(curves) > 1:
            result.measures["nas/spread"] = spread(curves, self.score)
        if model.built:
            result.measures.setdefault("nas/parameters", float(model.count_params()))
        result.measures["nas/epochs"] = float(len(result.curve))
        result.measures[HONOURED] = float(_honours(spec.proposal))
        result.reason = stopper.stopped or ""
        if not any(self.score.has_value(logs) for logs in result.curve):
            logged = sorted({name for logs in result.curve for name in logs} - {PROGRESS})
            raise kt_errors.FailedTrialError(
                f"No epoch logged a finite {self.score.name}"
                + (f": {stopper.stopped}. " if stopper.stopped else ". ")
                + f"Logged: {', '.join(logged) or 'nothing'}."
            )
        self._add_reward(result)
        if judge.stopped:
            result.reason = f"stopped early: {judge.stopped}"
            result.measures["nas/saved"] = judge.saved
        if best.weights is not None:
            model.set_weights(best.weights)
        save_checkpoint(model, spec.checkpoint)
        result.status = "COMPLETED"

    def _built(self, spec: TrialSpec, seed: int, result: TrialResult) -> keras.Model:
        keras.utils.clear_session()  # Collects garbage, too.
        keras.utils.set_random_seed(seed)
        model = self.build(spec.hyperparameters)
        if not isinstance(model, keras.Model):
            raise kt_errors.FatalTypeError(
                "A hypermodel must build a `keras.Model`. "
                f"Received: {type(model).__name__}. Return the model from `build`."
            )
        self._measure_size(model, result)
        return model

    def _fit(self, spec: TrialSpec, training: Training, model: keras.Model, callbacks) -> Curve:
        kwargs = dict(training.kwargs)
        if spec.proposal.budget.epochs:
            kwargs["epochs"] = spec.proposal.budget.epochs
            kwargs["initial_epoch"] = spec.proposal.budget.initial_epoch
        if "seconds" in kwargs:
            kwargs["seconds"] /= len(spec.trainings)
        kwargs["callbacks"] = [*(kwargs.pop("callbacks", None) or []), *callbacks]
        returned = self.hypermodel.fit(spec.hyperparameters, model, *training.args, **kwargs)
        return curve_of(returned, self.score)

    def _reward(self, result: TrialResult, logs: Mapping[str, float]) -> float | None:
        """What an epoch of a running trial is worth; None: nothing finite, or nobody knows."""
        return reward_of(self.objective, weighed(self.objective, logs, result.measures))

    def _add_reward(self, result: TrialResult) -> None:
        """Weighs the score of each epoch by the cost, where the objective asks for it."""
        reward = self.objective
        if isinstance(reward, ResourceReward) and f"nas/{reward.cost}" not in result.measures:
            raise kt_errors.FailedTrialError(
                f"The reward needs the network's {reward.cost}, which nobody can know: its "
                "inputs are not. Begin it with `keras.Input`."
            )
        result.curve = [weighed(reward, logs, result.measures) for logs in result.curve]

    def _measure_size(self, model: keras.Model, result: TrialResult) -> None:
        try:
            costs = count_model(model)
        except ValueError:
            return  # Its shapes come with the data, and its size with them.
        result.measures["nas/parameters"] = float(costs.parameters)
        if costs.flops is not None:
            result.measures["nas/flops"] = float(costs.flops)
        if getattr(self.objective, "cost", None) == "latency":
            result.measures["nas/latency"] = latency(model)
        if self.max_model_size and costs.parameters > self.max_model_size:
            raise kt_errors.FailedTrialError(
                f"The model has {costs.parameters:,} parameters, over the limit of "
                f"{self.max_model_size:,}."
            )


def _with_data(spec: TrialSpec) -> TrialSpec:
    """A trial whose trainings have their data, in an order that its own seeds give."""
    trainings = []
    for number, training in enumerate(spec.trainings):
        keras.utils.set_random_seed(spec.seed + number)  # `tf.data` begins to shuffle from it.
        trainings.append(opened(training))
    return replace(spec, trainings=tuple(trainings))


def _progress(spec: TrialSpec) -> LogProgress:
    return LogProgress(None if spec.seconds is None else spec.seconds / len(spec.trainings))


def _told(error: Exception) -> str:
    """Where an error arose, and last of all what was wrong."""
    where, what = traceback.format_exc().rstrip(), summary(error)
    return where if where.endswith(what) else f"{where}\n{what}"


def _stopper(spec: TrialSpec, began: float, share: float) -> StopOnRequest:
    """Ends a training at its share of the trial's time, cleanly if it can be."""
    reason = functools.partial(_reason_to_stop, spec, began, share)
    if spec.seconds is None:
        return StopOnRequest(reason)
    latest = began + share * spec.seconds + max(_LEAST_OVERTIME, _OVERTIME * spec.seconds)
    return StopOnRequest(reason, lambda: time.monotonic() > latest, spec.dispensable)


def _slow(spec: TrialSpec) -> list[keras.callbacks.Callback]:
    if spec.seconds is None or not spec.least_epochs:
        return []
    return [FailIfSlow(spec.seconds / len(spec.trainings), spec.least_epochs)]


def _honours(proposal) -> bool:
    return proposal.measure == "train" and not proposal.budget.steps and not proposal.payload


def _reason_to_stop(spec: TrialSpec, began: float, share: float, rest: float) -> str | None:
    """Why a training should end: it was asked to, or its share of the trial's time is up.

    Args:
        spec: The trial.
        began: When it began.
        share: Of the trial's time, at which this training ends.
        rest: Seconds of what must still be done.
    """
    if spec.seconds is not None and time.monotonic() - began >= share * spec.seconds - rest:
        return spec.stop() or _TIME_IS_UP
    return spec.stop()

"""Commands: what each does, over `AutoModel`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from autokeras_nas.auto_model import AutoModel
from autokeras_nas.data import read_image_folder
from autokeras_nas.errors import SearchFailedError
from autokeras_nas.search.manifest import read_manifest

_SHOWN = 10
_BOARD = ["rank", "trial", "score", "parameters", "epochs", "seconds", "status", "reason"]


def search(options) -> None:
    """Searches, shows the best trials, and exports the result where that was asked for."""
    model = AutoModel(
        task=options.task,
        search_space=options.search_space,
        oracle=options.oracle,
        objective=options.objective,
        max_trials=options.max_trials,
        max_model_size=options.max_model_size,
        repeats=options.repeats,
        finalists="auto" if options.finalists is None else options.finalists,
        screening=None if options.screening == "none" else options.screening,
        screening_candidates=options.screening_candidates,
        stopping=None if options.stopping == "none" else options.stopping,
        workers=options.workers,
        directory=options.directory,
        project_name=options.project_name,
        overwrite=options.overwrite,
        seed=options.seed,
    )
    if (model.project_dir / "project.json").exists() and not options.overwrite:
        print(f"Going on with the project in {model.project_dir}; --overwrite begins anew.")
    _fit(model, _data(options), options)
    _say_next(model)
    if options.export:
        _write(model, options.export)


def resume(options) -> None:
    """Goes on with a search, with the data that it began with or others like them."""
    manifest = read_manifest(Path(options.project))
    for name in ("target", "validation_data", "validation_split", "folds"):
        if getattr(options, name) is None:
            setattr(options, name, manifest.get(name))
    if options.data is None and options.tfds is None:
        options.data = manifest.get("data")
    if options.data is None and options.tfds is None:
        raise ValueError(
            "The search did not begin with a file, so its data are not known. Received: neither "
            "--data nor --tfds. Pass one of them."
        )
    x = _data(options)
    model = _opened(options, allow_unfinished=True)
    model.workers = options.workers
    if options.max_trials is not None and model.tuner is not None:
        model.max_trials = model.tuner.oracle.max_trials = options.max_trials
    _fit(model, x, options)
    _say_next(model)


def leaderboard(options) -> None:
    """Shows all trials."""
    model = _opened(options, allow_unfinished=True)
    print(_table(model.leaderboard()))


def predict(options) -> None:
    """Writes a table of predictions, with the probability of each class where there are any."""
    model = _opened(options)
    place, columns = Path(options.input), {}
    x: Any = place
    if place.is_dir():
        found = read_image_folder(place, model.best_model.input_shape[1:])
        columns["file"] = found.paths
        x = found.images if isinstance(found.images, np.ndarray) else found.images.dataset()
    table = pd.DataFrame({**columns, **_predicted(model, x)})
    output = Path(options.output)
    output.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(output, index=False)
    print(f"{len(table)} predictions: {output}")


def export(options) -> None:
    """Writes the best model."""
    _write(_opened(options), options.output, options.format)


RUN: dict[str, Callable] = {
    command.__name__: command for command in (search, resume, leaderboard, predict, export)
}


def _opened(options, **kwargs) -> AutoModel:
    """The project that the options name."""
    return AutoModel.load(options.project, **kwargs)


def _data(options) -> Path | str:
    """The data that the options name."""
    if options.tfds is not None:
        return f"tfds:{options.tfds.removeprefix('tfds:')}"
    return _place(options.data)


def _place(name: str) -> Path | str:
    """A path; but the name of a TFDS data set, which a project may tell, as it is."""
    path = Path(name)
    return path if path.is_absolute() or path.exists() else name


def _fit(model: AutoModel, x, options) -> None:
    model.fit(
        x,
        options.target,
        validation_data=options.validation_data and _place(options.validation_data),
        validation_split=options.validation_split,
        folds=options.folds,
        epochs=options.epochs,
        time_budget=options.time_budget,
    )


def _say_next(model: AutoModel) -> None:
    """Shows the best trials, and what can be done with them."""
    print()
    print(_table(model.leaderboard().head(_SHOWN)))
    print()
    print(f"The best network is kept. To use it: --project={model.project_dir}")


def _table(board: pd.DataFrame) -> str:
    if board.empty:
        raise SearchFailedError("No trial has ended yet. Go on with `autokeras-nas resume`.")
    shown = board[_BOARD] if board["reason"].any() else board[_BOARD[:-1]]
    return shown.to_string(index=False, na_rep="", float_format="{:.4g}".format)


def _predicted(model: AutoModel, x) -> dict[str, np.ndarray]:
    """Predictions by column: the label, then the probability of each class."""
    outputs = model.predict(x)
    labels = np.asarray(model.task.labels(outputs)) if model.task else outputs
    if labels.ndim > 1:
        return {f"prediction_{k}": column for k, column in enumerate(labels.T)}
    columns = {"prediction": labels}
    for k, name in enumerate(getattr(model.task, "classes", None) or ()):
        columns[f"probability_{name}"] = outputs[:, k]
    return columns


def _write(model: AutoModel, output: str, format: str | None = None) -> None:
    """Writes the best model in the format asked for, or that the name tells."""
    path = Path(output)
    path.parent.mkdir(parents=True, exist_ok=True)
    by_suffix = {".keras": "keras", ".onnx": "onnx", ".tflite": "litert"}
    format = format or by_suffix.get(path.suffix, "tf_saved_model")
    if format == "keras":
        if path.suffix != ".keras":
            raise ValueError(
                "A file in Keras' own format ends in .keras. "
                f"Received: {output!r}. Rename the output."
            )
        model.save(path)
    else:
        model.export(path, format=format)
    print(f"Exported: {path}")

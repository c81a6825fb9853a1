"""Options: the commands, and what each can be told."""

from __future__ import annotations

import functools

from absl import flags

from autokeras_nas_cli.parsing import Command, Existing, OneOf, Option, Share, Whole

# What the package knows; asking it would load Keras. A test holds both equal.
TABLES = (".csv", ".csv.gz", ".parquet")
TASKS = (
    "image_classification",
    "tabular_classification",
    "regression",
    "text_classification",
)
SEARCH_SPACES = ("chain_cnn", "nasnet_cell", "tabular_mlp", "text")
ORACLES = ("policy_gradient", "random", "regularized_evolution")
STOPPING_RULES = ("median", "successive_halving")
SCORES = ("naswot", "synflow", "grad_norm")
_EXPORT_FORMATS = ("keras", "tf_saved_model", "onnx", "litert")

_KEPT = "What had finished is kept: `autokeras-nas resume` goes on."

_PROJECT = Option(
    "project", "Folder of the search, directory/project_name.", define=Existing(), required=True
)
_TRACEBACK = Option(
    "traceback", "Show where in the program an error arose.", False, flags.DEFINE_boolean
)
_TARGET = Option("target", "Column of the table to be predicted.")
_VALIDATION_DATA = Option(
    "validation_data",
    "A file as for --data to score networks by; else a part of the data, split off.",
    define=Existing(),
)
_VALIDATION_SPLIT = Option("validation_split", "Share to split off.", 0.2, Share())
_FOLDS = Option(
    "folds",
    "For small data: so many parts take turns as validation; else one split.",
    define=Whole(2),
)
_WORKERS = Option("workers", "Trials at once, each in a process of its own.", 1, define=Whole(1))
_BUDGET = Option("time_budget", "Time of the whole command, such as 90s, 5m or 1h.", "10m")
_EPOCHS = Option(
    "epochs",
    "Epochs of a trial at most; else as many as the time allows.",
    define=Whole(1),
)


def _check_source(values: flags.FlagValues, needed: bool = False) -> None:
    """Raises unless data come from one place, or from none where they are not needed.

    Resuming needs neither data nor target, since the project tells them.
    """
    if values.data is not None and values.tfds is not None:
        raise flags.Error(
            "Data come from one place. Received: both --data and --tfds. Leave one of them out."
        )
    if needed and values.data is None and values.tfds is None:
        raise flags.Error(
            "A search needs data. Received: neither --data nor --tfds. "
            "Pass for instance --data=train.csv --target=price, or --tfds=mnist."
        )
    if needed and values.target is None and str(values.data).lower().endswith(TABLES):
        raise flags.Error(
            f"--target is missing. Received: the table {values.data} and no --target. "
            "Name the column to be predicted, for instance --target=price."
        )


COMMANDS = (
    Command(
        "search",
        "Searches for a network for your data, and keeps the best.",
        "autokeras-nas search --data=train.csv --target=price --time_budget=5m",
        (
            Option(
                "data",
                "A table (.csv, .csv.gz, .parquet), an archive .npz of arrays x and y, or a "
                "folder with a subfolder of images for each class.",
                define=Existing(),
            ),
            _TARGET,
            Option("tfds", "Instead of --data: name of a TensorFlow data set, such as mnist."),
            _VALIDATION_DATA,
            _VALIDATION_SPLIT,
            _FOLDS,
            _BUDGET,
            Option("task", "What to learn; else the data tell.", define=OneOf(TASKS)),
            Option(
                "search_space",
                "Which networks exist; auto: the task decides.",
                "auto",
                OneOf(("auto", *SEARCH_SPACES)),
            ),
            Option(
                "oracle",
                "How the search proposes networks.",
                "auto",
                OneOf(("auto", *ORACLES)),
            ),
            Option("objective", "What to improve, such as val_accuracy; else the task's own."),
            Option(
                "max_trials",
                "Networks to try at most; else as many as the time allows.",
                define=Whole(1),
            ),
            Option(
                "max_model_size",
                "Parameters of a network at most; a larger one is not tried.",
                define=Whole(1),
            ),
            Option("repeats", "Trainings of each network; its score is their mean.", 1, Whole(1)),
            Option(
                "finalists",
                "How many of the best are trained once more before the winner is named; else "
                "some in a long search.",
                define=Whole(),
            ),
            Option(
                "screening",
                "Score of untrained networks, by which the best of some is trained; none: none.",
                "none",
                OneOf(("none", *SCORES)),
            ),
            Option("screening_candidates", "Networks to choose from by it.", 8, Whole(2)),
            Option(
                "stopping",
                "Rule that ends hopeless trials early; auto: as suits the search; none: none.",
                "auto",
                OneOf(("auto", "none", *STOPPING_RULES)),
            ),
            _EPOCHS,
            _WORKERS,
            Option("directory", "Folder of projects.", "nas_results"),
            Option("project_name", "The project's folder in it.", "auto_model"),
            Option("seed", "Seed of everything that is drawn.", 0, Whole()),
            Option(
                "overwrite",
                "Begin anew where the project exists; else it is gone on with.",
                False,
                flags.DEFINE_boolean,
            ),
            Option("export", "Where to put the result: a folder, or a file .keras."),
            _TRACEBACK,
        ),
        functools.partial(_check_source, needed=True),
        _KEPT,
    ),
    Command(
        "resume",
        "Goes on with a search that has stopped.",
        "autokeras-nas resume --project=nas_results/auto_model --time_budget=5m",
        (
            _PROJECT,
            Option(
                "data",
                "As for search; else the file that the search began with.",
                define=Existing(),
            ),
            _TARGET,
            Option("tfds", "As for search."),
            Option("validation_data", "As for search; else as before.", define=Existing()),
            Option("validation_split", "As for search; else as before.", define=Share()),
            _BUDGET,
            Option(
                "max_trials",
                "Trials at most, those before included; else as before.",
                define=Whole(1),
            ),
            _EPOCHS,
            _FOLDS,
            _WORKERS,
            _TRACEBACK,
        ),
        _check_source,
        _KEPT,
    ),
    Command(
        "leaderboard",
        "Shows all networks that a search has tried, best first.",
        "autokeras-nas leaderboard --project=nas_results/auto_model",
        (_PROJECT, _TRACEBACK),
    ),
    Command(
        "predict",
        "Predicts with the best network.",
        "autokeras-nas predict --project=nas_results/auto_model --input=test.csv "
        "--output=predictions.csv",
        (
            _PROJECT,
            Option(
                "input",
                "Examples in a form that search takes, without their labels.",
                define=Existing(),
                required=True,
            ),
            Option("output", "Table to write, a row for each example.", "predictions.csv"),
            _TRACEBACK,
        ),
    ),
    Command(
        "export",
        "Writes the best network, preprocessing inside, to use elsewhere.",
        "autokeras-nas export --project=nas_results/auto_model --output=saved_model/",
        (
            _PROJECT,
            Option("output", "A folder, or a file such as best.keras.", required=True),
            Option("format", "Else the name of the output tells.", define=OneOf(_EXPORT_FORMATS)),
            _TRACEBACK,
        ),
    ),
)


def overview() -> str:
    """The help of the whole command line."""
    lines = ["autokeras-nas: searches neural networks for your data.", ""]
    for command in COMMANDS:
        lines += [f"{command.name}: {command.summary}", f"  {command.example}"]
    lines += ["", "autokeras-nas COMMAND --help lists the options of a command."]
    return "\n".join(lines)

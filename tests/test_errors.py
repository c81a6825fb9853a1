import keras
import keras_tuner
import pytest

from autokeras_nas import errors


class SometimesUnbuildable(keras_tuner.HyperModel):
    """Three architectures, of which the middle one cannot be built."""

    def build(self, hp):
        if hp.Choice("units", [1, 2, 3]) == 2:
            raise errors.InvalidArchitectureError("two units cannot be had")
        return keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])

    def fit(self, hp, model, *args, **kwargs):
        return float(hp.get("units"))


def test_invalid_architecture_fails_its_trial_alone_and_is_not_retried(tmp_path):
    tuner = keras_tuner.GridSearch(
        SometimesUnbuildable(), directory=tmp_path, max_retries_per_trial=3
    )
    tuner.search(verbose=0)
    trials = tuner.oracle.trials.values()
    statuses = {trial.hyperparameters.get("units"): trial.status for trial in trials}
    assert statuses == {1: "COMPLETED", 2: "FAILED", 3: "COMPLETED"}
    assert len(tuner.oracle.trials) == 3


@pytest.mark.parametrize("error", [errors.SearchFailedError, errors.ProjectError])
def test_errors_of_a_whole_search_are_not_failed_trials(error):
    assert issubclass(error, RuntimeError)
    assert not issubclass(error, keras_tuner.errors.FailedTrialError)


def test_closest_forgives_a_typing_mistake():
    assert errors.closest("acuracy", ["loss", "accuracy", "auc"]) == "accuracy"


@pytest.mark.parametrize("known", [[], ["loss", "auc"]])
def test_closest_prefers_silence_to_a_wild_guess(known):
    assert errors.closest("zzz", known) is None


def test_unknown_name_says_what_came_and_what_is_known():
    error = errors.unknown_name("oracle", "rndom", ["random", "evolution"])
    assert isinstance(error, ValueError)
    assert "no oracle" in str(error)
    assert "Received: 'rndom'" in str(error)
    assert "Did you mean 'random'?" in str(error)
    assert "Known names: 'evolution', 'random'." in str(error)


@pytest.mark.parametrize("name", ["zzz", "", None, 3])
def test_unknown_name_makes_no_suggestion_where_nothing_comes_near(name):
    error = errors.unknown_name("task", name, ["regression"])
    assert f"Received: {name!r}." in str(error)
    assert "Did you mean" not in str(error)


def test_unknown_name_admits_that_nothing_is_known():
    assert str(errors.unknown_name("task", "any", [])).endswith("Known names: none.")


GRAPH_ERROR = """Graph execution error:

Detected at node PyFunc defined at (most recent call last):
<stack traces unavailable>
RuntimeError: my source broke
Traceback (most recent call last):

  File "script_ops.py", line 269, in __call__
    ret = func(*args)

RuntimeError: my source broke


\t [[{{node PyFunc}}]]
\t [[IteratorGetNext]] [Op:__inference_multi_step_on_iterator_1777]
"""
TWO_ROOTS = """Graph execution error:

2 root error(s) found.
  (0) UNKNOWN:  OSError: cannot read
\t [[{{node PyFunc}}]]
  (1) CANCELLED:  Function was cancelled
"""
LAYER_ERROR = """Exception encountered when calling Lambda.call().

\x1b[1mdivision by zero\x1b[0m

Arguments received by Lambda.call():
  • training=True"""
ANNOUNCED = "Could not infer the shape. Error encountered:\n\nbad shapes"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (RuntimeError(GRAPH_ERROR), "RuntimeError: my source broke"),
        (RuntimeError(TWO_ROOTS), "RuntimeError: UNKNOWN:  OSError: cannot read"),
        (
            RuntimeError("{{function_node __wrapped__Fill}} OOM [Op:Fill] name: "),
            "RuntimeError: OOM",
        ),
        (ZeroDivisionError(LAYER_ERROR), "ZeroDivisionError: division by zero"),
        (
            ValueError(ANNOUNCED),
            "ValueError: Could not infer the shape. Error encountered: bad shapes",
        ),
        (ValueError("first\nsecond"), "ValueError: first"),
        (KeyError("name"), "KeyError: 'name'"),
        (ValueError(), "ValueError"),
        (ValueError("\n  indented\n"), "ValueError"),
    ],
)
def test_an_error_comes_down_to_the_line_that_says_what_was_wrong(error, line):
    assert errors.summary(error) == line


@pytest.mark.parametrize(
    ("message", "line"),
    [("Traceback\n  File\nValueError: no\n", "ValueError: no"), ("", ""), ("\n", ""), (None, "")],
)
def test_the_headline_of_a_failure_is_its_last_line(message, line):
    assert errors.headline(message) == line

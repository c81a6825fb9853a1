"""Image classification: labels of every kind, preprocessing, and the model that comes out."""

import json
import subprocess
import sys
import textwrap
import warnings

import keras
import numpy as np
import pytest

from autokeras_nas.architecture.specs import Features
from autokeras_nas.data import as_source
from autokeras_nas.tasks import TASKS, Classification, ImageClassification
from autokeras_nas.tasks import image_classification as module


def grey_images(n=20, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 6, 5), "uint8")


def tiny_core(task, preprocessor):
    x = keras.Input(preprocessor.output_shape[1:])
    y = keras.layers.Conv2D(4, 3, activation="relu")(x)
    y = keras.layers.GlobalAveragePooling2D()(y)
    return keras.Model(x, task.head(Features(y)), name="core")


@pytest.fixture
def fitted():
    """A task that has seen images and labels, its core, and the images."""
    task, x = ImageClassification(), grey_images()
    task.fit_targets(["cat", "dog"] * 10)
    return task, tiny_core(task, task.preprocessor(x)), x


def test_it_is_registered():
    assert TASKS["image_classification"] is ImageClassification
    assert issubclass(ImageClassification, Classification)


def test_hooks_out_of_order_say_which_comes_first(fitted):
    fresh = ImageClassification()
    features = Features(keras.Input((3,)))
    for hook, argument in [
        (fresh.targets, [1]),
        (fresh.labels, [[1]]),
        (fresh.head, features),
    ]:
        with pytest.raises(RuntimeError, match="Call `fit_targets"):
            hook(argument)
    with pytest.raises(RuntimeError, match="Call `preprocessor"):
        fresh.exported(fitted[1])


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float16", "float64"])
@pytest.mark.parametrize("shape", [(40, 6, 5), (40, 6, 5, 1), (40, 6, 5, 3)])
def test_training_images_come_out_with_zero_mean_and_unit_variance(shape, dtype):
    x = (np.random.default_rng(0).random(shape) * 200).astype(dtype)
    x[..., -1] //= 3  # Channels, or columns of a grey image, that differ.
    y = ImageClassification().preprocessor(x).predict(x, verbose=0)
    assert y.shape == (*shape[:3], shape[3] if len(shape) == 4 else 1)
    assert y.dtype == "float32"
    np.testing.assert_allclose(y.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(y.std(axis=(0, 1, 2)), 1, atol=1e-4)


def test_boolean_images_are_numbers():
    task = ImageClassification()
    task.preprocessor(np.array([[[True, False]], [[True, False]]]))
    assert task.statistics == {"shape": [1, 2], "mean": [0.5], "std": [0.5]}


@pytest.mark.parametrize("value", [0, 255, 0.1, 1e-20, 1e20])
def test_constant_images_become_zero(value):
    x = np.full((3, 4, 4, 2), value, "float32")
    y = ImageClassification().preprocessor(x).predict(x, verbose=0)
    np.testing.assert_allclose(y, 0, atol=1e-6 * max(1, value))


def test_statistics_do_not_depend_on_chunks(monkeypatch):
    x = np.random.default_rng(1).normal(1000, 1, (17, 4, 3, 2))
    monkeypatch.setattr(module, "_CHUNK", 50)
    task = ImageClassification()
    task.preprocessor(x)
    np.testing.assert_allclose(task.statistics["mean"], x.mean(axis=(0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(task.statistics["std"], x.std(axis=(0, 1, 2)), rtol=1e-9)


@pytest.mark.parametrize("channels", [(), (3,)])
def test_a_stream_gives_the_statistics_of_its_images(channels):
    x = np.random.default_rng(1).integers(0, 256, (300, 4, 3, *channels)).astype("uint8")
    whole, stream = ImageClassification(), ImageClassification()
    whole.preprocessor(x)
    stream.preprocessor_of_stream(as_source(x, np.arange(300) % 2))
    for name, values in whole.statistics.items():
        np.testing.assert_allclose(stream.statistics[name], values, rtol=1e-9)


def test_a_stream_of_what_are_no_images_is_refused_before_it_is_read():
    with pytest.raises(ValueError, match="one image"):
        ImageClassification().preprocessor_of_stream(as_source(np.zeros((4, 3)), [0, 1, 0, 1]))


def test_the_exported_model_carries_no_optimizer_of_the_search(tmp_path):
    task = ImageClassification()
    task.fit_targets([0, 1])
    task.preprocessor(np.zeros((2, 4, 4)))
    core = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten()])
    core.add(keras.layers.Dense(2, activation="softmax"))
    core.compile("adam", "categorical_crossentropy")
    task.exported(core).save(tmp_path / "m.keras")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        loaded = keras.models.load_model(tmp_path / "m.keras")
    assert isinstance(loaded.optimizer, keras.optimizers.SGD)


def test_images_are_read_in_chunks(monkeypatch):
    class File:
        """Slices like an array and never gives all."""

        dtype, shape = np.dtype("uint8"), (10, 4, 4)

        def __getitem__(self, index):
            assert len(range(*index.indices(10))) <= 3
            return grey_images(10)[index, :4, :4]

    monkeypatch.setattr(module, "_CHUNK", 48)
    task = ImageClassification()
    task.preprocessor(File())
    assert task.statistics["mean"] == pytest.approx([grey_images(10)[:, :4, :4].mean()])


def test_statistics_of_a_stream_give_the_same_preprocessor():
    x = grey_images()
    learned = ImageClassification().preprocessor(x)
    given = ImageClassification().preprocessor_from_statistics((6, 5), x.mean(), x.std())
    np.testing.assert_allclose(
        given.predict(x, verbose=0), learned.predict(x, verbose=0), atol=1e-6
    )


def test_colour_images_may_be_of_any_size():
    preprocessor = ImageClassification().preprocessor_from_statistics(
        (None, None, 3), [1, 2, 3], [1, 2, 4]
    )
    out = preprocessor(np.full((1, 2, 2, 3), 5, "float32"))
    np.testing.assert_allclose(out[0, 0, 0], [4, 1.5, 0.5])


def test_preprocessing_keeps_its_precision_under_a_mixed_policy():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        task = ImageClassification()
        task.fit_targets([0, 1])
        x = 10_000 + grey_images().astype("float32")
        preprocessor = task.preprocessor(x)
        core = tiny_core(task, preprocessor)
        assert core.output.dtype == task.exported(core).output.dtype == "float32"
        # Half precision would round all of these pixels to a few values.
        expected = (x - x.mean(dtype="float64")) / x.std(dtype="float64")
        np.testing.assert_allclose(preprocessor(x)[..., 0], expected, atol=1e-3)
    finally:
        keras.config.set_dtype_policy(before)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.array([["a"]]), "real numbers"),
        (np.zeros((3, 4, 4), complex), "real numbers"),
        (np.zeros((4, 4)), "add the first axis"),
        (np.zeros((2, 2, 4, 4, 3)), "Received: "),
        (np.zeros((0, 4, 4)), "none of them 0"),
        (np.full((2, 4, 4), np.nan), "finite numbers"),
        (np.full((2, 4, 4), np.inf), "finite numbers"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_what_is_no_image_is_refused(x, message):
    with pytest.raises(ValueError, match=message):
        ImageClassification().preprocessor(x)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((4,), 0, 1), "one image"),
        (((4, None), 0, 1), "one image"),
        (((4, 4, None), 0, 1), "one image"),
        (((4, 4, 3), [0, 0], [1, 1]), "3 channels"),
        (((4, 4), np.nan, 1), "finite number"),
    ],
)
def test_statistics_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ImageClassification().preprocessor_from_statistics(*arguments)


def test_a_reopened_task_is_the_same(fitted):
    task, core, x = fitted
    again = ImageClassification.from_config(json.loads(json.dumps(task.get_config())))
    assert again.get_config() == task.get_config()
    np.testing.assert_array_equal(again.targets(["dog"]), task.targets(["dog"]))
    np.testing.assert_array_equal(
        again.exported(core).predict(x, verbose=0), task.exported(core).predict(x, verbose=0)
    )


def test_exported_model_is_the_core_behind_its_preprocessor(fitted):
    task, core, x = fitted
    preprocessor = task.preprocessor(x)
    expected = core(preprocessor(x.astype("float32")))
    model = task.exported(core)
    assert type(model).__name__ == "Functional"
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, atol=1e-6)


def test_exported_model_comes_back_from_disk(fitted, tmp_path):
    task, core, x = fitted
    model = task.exported(core)
    model.save(tmp_path / "model.keras")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    assert again.evaluate(x, task.targets(["cat"] * 20), verbose=0) is not None


def test_score_is_the_share_of_right_labels(fitted):
    task, core, x = fitted
    model = task.exported(core)
    right = task.labels(model.predict(x, verbose=0))
    wrong = np.where(right == "cat", "dog", "cat")
    mixed = np.concatenate([right[:15], wrong[15:]])
    assert task.score(model, (x, right)) == {"accuracy": 1.0}
    assert task.score(model, (x, mixed)) == {"accuracy": 0.75}
    _, logged = model.evaluate(x, task.targets(mixed), verbose=0)
    assert logged == pytest.approx(0.75)


@pytest.mark.slow
def test_tiny_core_learns_bright_from_dark():
    rng = np.random.default_rng(0)
    dark = rng.integers(0, 100, (32, 6, 5), "uint8")
    x, y = np.concatenate([dark, dark + 150]), ["dark"] * 32 + ["light"] * 32
    keras.utils.set_random_seed(0)
    task = ImageClassification()
    targets = task.fit_targets(y)
    preprocessor = task.preprocessor(x)
    core = tiny_core(task, preprocessor)
    core.compile(keras.optimizers.Adam(0.05), **task.compile_options())
    core.fit(preprocessor.predict(x, verbose=0), targets, epochs=20, verbose=0)
    assert task.score(task.exported(core), (x, y))["accuracy"] > 0.95


@pytest.mark.slow
def test_saved_model_runs_in_a_process_without_this_package(fitted, tmp_path):
    task, core, x = fitted
    model = task.exported(core)
    model.export(tmp_path / "model", verbose=False)
    np.save(tmp_path / "x.npy", x.astype("float32"))
    program = f"""
        import sys
        import numpy as np
        import tensorflow as tf

        served = tf.saved_model.load({str(tmp_path / "model")!r})
        out = served.serve(tf.constant(np.load({str(tmp_path / "x.npy")!r})))
        np.save({str(tmp_path / "out.npy")!r}, out)
        assert not [name for name in sys.modules if name.startswith("autokeras_nas")]
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, cwd=tmp_path)
    np.testing.assert_allclose(
        np.load(tmp_path / "out.npy"), model.predict(x, verbose=0), atol=1e-5
    )


@pytest.mark.parametrize(
    ("x", "message"),
    [({"a": np.ones(3)}, r"table of the columns \['a'\]"), (np.ones((3, 4)), "one image")],
)
def test_what_is_no_image_is_refused_before_it_is_predicted(x, message):
    with pytest.raises(ValueError, match=message):
        ImageClassification().inputs(x)


def test_images_that_are_alike_in_a_mirror_may_be_mirrored():
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=200)
    facing = rng.normal(size=(3, 8, 8))[y] + 0.1 * rng.normal(size=(200, 8, 8))
    task = ImageClassification()
    assert task.recipe()["mirror"] is False
    task.examine(facing, y)
    assert task.recipe()["mirror"] is False
    task.examine(facing + facing[:, :, ::-1], y)
    assert task.recipe()["mirror"] is True
    again = ImageClassification.from_config(json.loads(json.dumps(task.get_config())))
    assert again.recipe() == task.recipe()


def test_images_that_are_alike_a_little_aside_may_be_moved():
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=200)
    fine = rng.normal(size=(3, 16, 16))
    coarse = np.kron(rng.normal(size=(3, 2, 2)), np.ones((8, 8)))
    task = ImageClassification()
    assert task.recipe()["shift"] == 0.0
    task.examine(coarse[y] + 0.1 * rng.normal(size=(200, 16, 16)), y)
    assert task.recipe()["shift"] == 0.1
    again = ImageClassification.from_config(json.loads(json.dumps(task.get_config())))
    assert again.recipe() == task.recipe()
    task.examine(fine[y] + 0.1 * rng.normal(size=(200, 16, 16)), y)
    assert task.recipe()["shift"] == 0.0

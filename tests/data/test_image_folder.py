from __future__ import annotations

import numpy as np
import PIL.Image
import pytest

import autokeras_nas as nas
from autokeras_nas.data import (
    ArraySource,
    Pipeline,
    as_source,
    load_features,
    load_file,
    memory,
    read_image_folder,
    split,
)
from autokeras_nas.data.image_files import ImageFiles
from autokeras_nas.data.row_sources import FileSource


def picture(path, size=(6, 4), mode="RGB", value=100):
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.new(mode, size, value if mode == "L" else (value,) * len(mode)).save(path)
    return path


def test_subfolders_name_the_classes(tmp_path):
    for name, mode in (("cat/1.png", "RGB"), ("dog/1.jpg", "L"), ("dog/2.gif", "L")):
        picture(tmp_path / name, mode=mode)
    picture(tmp_path / "dog/more/3.bmp")
    picture(tmp_path / ".hidden/4.png")
    folder = read_image_folder(tmp_path)
    assert folder.images.shape == (4, 4, 6, 3) and folder.images.dtype == np.uint8
    assert folder.labels.tolist() == ["cat", "dog", "dog", "dog"]
    assert folder.paths == ["cat/1.png", "dog/1.jpg", "dog/2.gif", "dog/more/3.bmp"]
    np.testing.assert_allclose(folder.images, 100, atol=2)


def test_grey_images_have_one_channel(tmp_path):
    for name in ("cat/1.png", "dog/1.png"):
        picture(tmp_path / name, mode="L")
    x, y = load_file(tmp_path)
    assert x.shape == (2, 4, 6, 1) and y.tolist() == ["cat", "dog"]


def test_sixteen_bits_become_eight(tmp_path):
    deep = np.full((4, 6), 257 * 200, "uint16")
    PIL.Image.fromarray(deep).save(tmp_path / "1.png")
    assert (read_image_folder(tmp_path).images == 200).all()


def test_odd_sizes_become_the_most_common(tmp_path):
    for name in ("cat/1.png", "dog/1.png"):
        picture(tmp_path / name)
    picture(tmp_path / "dog/2.png", size=(9, 9))
    with pytest.warns(UserWarning, match="1 of 3 images are resized to 6x4 pixels"):
        x, _ = load_file(tmp_path)
    assert x.shape == (3, 4, 6, 3) and (x == 100).all()


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 1), (8, 8, 3)])
def test_images_take_the_shape_of_a_model(tmp_path, shape):
    picture(tmp_path / "1.png")
    with pytest.warns(UserWarning, match="which the model takes"):
        x, y = load_file(tmp_path, shape=shape)
    assert x.shape == (1, *shape) and y is None


def test_what_is_no_image_is_named(tmp_path):
    picture(tmp_path / "cat/1.png")
    (tmp_path / "cat/notes.txt").write_text("no image")
    (tmp_path / "cat/broken.png").write_text("no image")
    with pytest.warns(UserWarning, match="cat/broken.png, cat/notes.txt"):
        assert len(load_file(tmp_path)[0]) == 1


def test_a_folder_needs_images(tmp_path):
    with pytest.raises(ValueError, match="no images.*one subfolder for each class"):
        load_file(tmp_path)


def test_images_lie_in_the_folder_or_below_but_not_both(tmp_path):
    picture(tmp_path / "cat/1.png")
    picture(tmp_path / "loose.png")
    with pytest.raises(ValueError, match="loose.png"):
        load_file(tmp_path)


@pytest.fixture
def animals(tmp_path):
    """A folder of 12 images, each of a value of its own."""
    for k in range(12):
        picture(
            tmp_path / "animals" / ("cat", "dog")[k % 2] / f"{k:02}.png", size=(8, 8), value=20 * k
        )
    return tmp_path / "animals"


@pytest.fixture
def no_memory(monkeypatch):
    monkeypatch.setattr(memory, "_LIMIT", 0)


def test_images_that_fit_in_memory_are_an_array_and_others_are_not(animals):
    size = 12 * 8 * 8 * 3
    array = read_image_folder(animals, memory_limit=size)
    files = read_image_folder(animals, memory_limit=size - 1)
    assert isinstance(array.images, np.ndarray) and isinstance(files.images, ImageFiles)
    assert files.images.shape == array.images.shape and files.paths == array.paths
    assert files.labels.tolist() == array.labels.tolist() == ["cat"] * 6 + ["dog"] * 6
    np.testing.assert_array_equal(files.images[:], array.images)


def test_broken_images_are_left_out_before_they_are_streamed(animals):
    broken = animals / "cat" / "02.png"
    broken.write_bytes(broken.read_bytes()[:-30])
    with pytest.warns(UserWarning, match="left out: cat/02.png"):
        folder = read_image_folder(animals, memory_limit=0)
    assert len(folder.images) == len(folder.labels) == len(folder.paths) == 11
    with pytest.warns(UserWarning, match="left out: cat/02.png"):
        np.testing.assert_array_equal(folder.images[:], read_image_folder(animals).images)


def test_streamed_folders_are_split_and_fed_as_arrays_are(animals, no_memory):
    source = as_source(animals)
    assert isinstance(source, FileSource) and not isinstance(source, ArraySource)
    train, validation = split(source, 0.5, 0)
    assert sorted(validation.labels) == ["cat"] * 3 + ["dog"] * 3
    pipeline = Pipeline(train, None, lambda y: (y == "dog") * 1, 2, 0)
    assert not pipeline.in_memory
    for _ in range(2):
        pairs = [pair for batch in pipeline.dataset() for pair in zip(*batch, strict=True)]
        values = {int(x.numpy()[0, 0, 0]) // 20: int(y) for x, y in pairs}
        assert len(values) == 6 and all(k % 2 == y for k, y in values.items())


def test_streamed_folders_are_predicted_in_their_order(animals, no_memory):
    batches = list(load_features(animals).as_numpy_iterator())
    values = np.concatenate(batches)[:, 0, 0, 0]
    assert values.tolist() == [20.0 * k for k in (*range(0, 12, 2), *range(1, 12, 2))]


def test_streamed_folders_are_searched_as_arrays_are(animals, no_memory, monkeypatch):
    model = nas.AutoModel(oracle="random", max_trials=1, seed=0, directory=animals.parent / "out")
    model.fit(animals, validation_data=animals, epochs=1, time_budget=None, verbose=0)
    streamed = model.predict(animals), model.evaluate(animals)
    monkeypatch.undo()
    array = read_image_folder(animals)
    np.testing.assert_allclose(streamed[0], model.predict(array.images), atol=1e-5)
    assert streamed[1] == pytest.approx(model.evaluate(array.images, array.labels), abs=1e-5)
    assert model.leaderboard()["score"][0] == pytest.approx(streamed[1]["accuracy"], abs=1e-6)

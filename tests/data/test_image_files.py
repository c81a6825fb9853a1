from __future__ import annotations

import numpy as np
import PIL.Image
import pytest

from autokeras_nas.data.image_files import Header, ImageFiles, read_header, read_image


@pytest.fixture
def files(tmp_path):
    for k in range(3):
        PIL.Image.new("L", (6, 4), 50 * k).save(tmp_path / f"{k}.png")
    return ImageFiles(np.array([str(tmp_path / f"{k}.png") for k in range(3)]), (4, 6, 1))


def test_files_are_indexed_as_an_array_is(files):
    assert (files.shape, files.nbytes, len(files)) == ((3, 4, 6, 1), 72, 3)
    for rows in (slice(None), slice(1, 3), np.array([2, 0, 2]), np.array([True, False, True])):
        expected = np.arange(3)[rows] * 50
        assert files[rows][:, 0, 0, 0].tolist() == expected.tolist()
    assert files.only(np.array([False, True, False]))[:].mean() == 50


def test_a_file_that_has_gone_is_named(files):
    ImageFiles(files.paths[:1], (4, 6, 1))[:]
    with pytest.raises(ValueError, match="no longer be read.*gone.png"):
        ImageFiles(np.array(["gone.png"]), (4, 6, 1))[:]


def test_a_header_tells_size_and_colour(tmp_path):
    PIL.Image.new("RGB", (6, 4)).save(tmp_path / "a.png")
    PIL.Image.new("LA", (6, 4)).save(tmp_path / "b.png")
    assert read_header(tmp_path / "a.png") == Header((4, 6), grey=False)
    assert read_header(tmp_path / "b.png") == Header((4, 6), grey=True)
    (tmp_path / "c.png").write_text("no image")
    assert read_header(tmp_path / "c.png") is None


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 1), (2, 3, 3)])
def test_an_image_is_brought_to_a_shape(tmp_path, shape):
    PIL.Image.new("RGBA", (6, 4), (90, 90, 90, 0)).save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png", shape)
    assert image.shape == shape and image.dtype == np.uint8 and (image == 90).all()


def test_a_truncated_image_cannot_be_read(tmp_path):
    path = tmp_path / "a.png"
    PIL.Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 9, 3), "uint8")).save(path)
    path.write_bytes(path.read_bytes()[:-40])
    assert read_header(path) is not None and read_image(path, (9, 9, 3)) is None

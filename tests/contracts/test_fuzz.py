"""Files with anything in them: each reader gives what it promises, or says which file is wrong.

What damage leaves of a file that this package wrote is the matter of `test_damage.py`. Here is
what none of its writers writes: bytes of any kind, JSON of another structure, and data files
that a few bytes are wrong in.
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import io
import json
import math
import re
import string
import tempfile
import zipfile
import zlib
from pathlib import Path
from unittest import mock

import hypothesis
import keras
import numpy as np
import pandas as pd
import PIL.Image
import pytest
import toys
from hypothesis import given
from hypothesis import strategies as st

import autokeras_nas as nas
from autokeras_nas.architecture import InputSpec, decode
from autokeras_nas.data.files import load_features, load_file
from autokeras_nas.data.image_files import read_header, read_image
from autokeras_nas.errors import ProjectError
from autokeras_nas.oracles import ORACLES
from autokeras_nas.search.checkpoints import load_checkpoint, save_checkpoint
from autokeras_nas.search.manifest import SCHEMA, read_manifest
from autokeras_nas.search_spaces import SEARCH_SPACES
from autokeras_nas.storage import Journal, read_snapshot
from autokeras_nas.storage.journal import decode_line, encode_line
from autokeras_nas.tasks import TASKS

# Pandas, Pillow and Keras warn of most of what comes here.
pytestmark = pytest.mark.filterwarnings("ignore")

HOSTILE = st.sampled_from(
    [
        *(None, True, False, 0, -1, 2**63, 10**400, 1e308, 0.5, math.nan, math.inf, -math.inf),
        *("", "\x00", "\ud800", "../../elsewhere", "/etc/passwd", "a" * 5000, "COMPLETED", "0001"),
        *([], {}, [[]], [None], {"": None}, [["max", []]], {"a": ["max", [[0, []]]]}),
        functools.reduce(lambda inner, _: [inner], range(300), 1),
    ]
)
JSON = st.recursive(
    HOSTILE | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
# A profile of more examples tries more.
EXAMPLES = hypothesis.settings.default.max_examples
QUICK = hypothesis.settings(max_examples=max(1, EXAMPLES // 8))
FEW = hypothesis.settings(max_examples=max(1, EXAMPLES // 16))
DEEP = b'{"n":1,"kind":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


def places(value, prefix=()):
    """Where in a JSON value another could stand, the whole included."""
    yield prefix
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in parts if isinstance(value, dict | list) else ():
        if isinstance(part, dict | list):
            yield from places(part, (*prefix, key))
        else:
            yield (*prefix, key)


def replaced(value, place, new):
    """A JSON value with another one at a place."""
    if not place:
        return new
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[place[0]] = replaced(value[place[0]], place[1:], new)
    return changed


def without(value, place):
    """A JSON value without what is at a place."""
    changed = dict(value) if isinstance(value, dict) else list(value)
    if len(place) == 1:
        del changed[place[0]]
    else:
        changed[place[0]] = without(value[place[0]], place[1:])
    return changed


@st.composite
def mutated_json(draw, whole):
    """A JSON value of which one part is another, or missing."""
    place = draw(st.sampled_from([p for p in places(whole) if p]))
    if draw(st.integers(0, 4)) == 0:
        return without(whole, place)
    return replaced(whole, place, draw(JSON))


@st.composite
def mutated_bytes(draw, whole):
    """Bytes of which some are others, missing or doubled."""
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, max(0, len(content) - 1)))
        end = min(len(content), start + draw(st.integers(0, 6)))
        content[start:end] = draw(st.binary(max_size=6))
    return bytes(content)


@contextlib.contextmanager
def folder():
    """A folder in which a reader must stay: beside it nothing comes to be or changes."""
    with tempfile.TemporaryDirectory() as outer:
        inner = Path(outer) / "a" / "b"
        inner.mkdir(parents=True)
        (Path(outer) / "elsewhere").write_text("untouched")
        with mock.patch("os.fsync"):
            yield inner
        beside = sorted(p.relative_to(outer).as_posix() for p in Path(outer).rglob("*"))
        assert [p for p in beside if not p.startswith("a/b")] == ["a", "elsewhere"]
        assert (Path(outer) / "elsewhere").read_text() == "untouched"


# ---- The journal and the snapshot -----------------------------------------------------------


@functools.cache
def journal_of(name):
    """The records of a search of each kind, with a failure and a retry."""
    with tempfile.TemporaryDirectory() as place, mock.patch("os.fsync"):
        oracle = toys.make_oracle(name, place, max_retries_per_trial=1)
        toys.run(oracle, 9)
        for status in ("INVALID", "FAILED"):
            trial = oracle.create_trial("t")
            trial.message = "why"
            toys.finish(oracle, trial, status=status)
        trial = oracle.create_trial("t")
        trial.hyperparameters.Choice("late", [1, 2])
        toys.finish(oracle, trial, metrics={"loss": math.nan})
        oracle.create_trial("t")
        oracle.close()
        return list(Journal(Path(place) / "p" / "journal.jsonl").read())


def opened(name, place, content, snapshot=None):
    """The oracle of a project with such a journal; None: it is refused."""
    (place / "p").mkdir()
    (place / "p" / "journal.jsonl").write_bytes(content)
    if snapshot is not None:
        (place / "p" / "oracle.snapshot").write_bytes(snapshot)
    oracle = toys.make_oracle(name, place, max_retries_per_trial=1)
    try:
        oracle.reload()
    except ProjectError as error:
        assert str(place / "p") in str(error)
        # Who was refused once is refused again.
        with pytest.raises(ProjectError):
            oracle.create_trial("t")
        assert (place / "p" / "journal.jsonl").read_bytes() == content
        return None
    return oracle


def check_goes_on(oracle):
    """What was opened is whole: its trials are what trials are, and the search goes on."""
    assert len(set(oracle.start_order)) == len(oracle.start_order) == len(oracle.trials)
    assert set(oracle.end_order) <= set(oracle.trials)
    for trial in oracle.finished():
        assert trial.status in ("COMPLETED", "FAILED") and isinstance(trial.message, str)
        assert math.isfinite(trial.score) if trial.completed else trial.reward == -math.inf
    for trial_id, trial in oracle.trials.items():
        assert re.fullmatch("[0-9]+", trial_id)
        decode(trial.hyperparameters.values)
        json.dumps(trial.get_state())
    scores = [trial.score for trial in oracle.get_best_trials(100)]
    assert scores == sorted(scores, reverse=True)
    before = len(oracle.finished())
    toys.run(oracle, 3)
    assert len(oracle.finished()) >= min(before + 1, 30) or oracle.stop_reason
    oracle.close()


each_oracle = pytest.mark.parametrize("name", list(ORACLES))


@each_oracle
@given(data=st.data())
@QUICK
def test_a_record_with_anything_in_it_is_taken_or_refused(name, data):
    records = journal_of(name)
    number = data.draw(st.integers(0, len(records) - 1))
    new = data.draw(mutated_json(records[number]) | JSON)
    lines = [encode_line(record) for record in records]
    lines[number] = encode_line(new)
    with folder() as place:
        oracle = opened(name, place, b"".join(lines))
        if oracle is not None:
            check_goes_on(oracle)


@each_oracle
@given(data=st.data())
@QUICK
def test_records_in_any_order_and_number_are_taken_or_refused(name, data):
    records = journal_of(name)
    some = data.draw(st.lists(st.sampled_from(records), max_size=12))
    with folder() as place:
        oracle = opened(name, place, b"".join(map(encode_line, [*records[:5], *some])))
        if oracle is not None:
            check_goes_on(oracle)


@each_oracle
@given(data=st.data())
@FEW
def test_a_snapshot_with_anything_in_it_is_taken_or_refused(name, data):
    parts = st.fixed_dictionaries({}, optional={"n": JSON, "state": JSON})
    snapshot = data.draw(st.binary(max_size=60) | (parts | JSON).map(encode_line))
    with folder() as place:
        oracle = opened(name, place, b"".join(map(encode_line, journal_of(name))), snapshot)
        if oracle is not None:
            check_goes_on(oracle)


@given(content=st.binary(max_size=200))
@QUICK
def test_bytes_are_no_records(content):
    with folder() as place:
        (place / "journal.jsonl").write_bytes(content)
        assert all(isinstance(record, dict) for record in Journal(place / "journal.jsonl").read())
        assert isinstance(read_snapshot(place / "journal.jsonl"), dict | None)


@given(value=JSON)
@QUICK
def test_a_line_is_a_record_or_damaged(value):
    record = decode_line(encode_line(value))
    assert isinstance(record, dict) == isinstance(value, dict)


def test_a_record_nested_without_end_is_a_damaged_one():
    assert decode_line(b"%08x %s\n" % (zlib.crc32(DEEP), DEEP)) is None


# ---- The manifest ---------------------------------------------------------------------------

TEXT = np.array(["a long way", "to the sea", "and back home", "once more today"])
ROWS = pd.DataFrame({"a": [1.0, 2.5, 3.0, 4.0], "b": ["x", "y", "x", "z"]})
LEARNED = {
    "image_classification": ("chain_cnn", np.zeros((4, 8, 8, 1), "uint8"), [0, 1, 0, 1]),
    "tabular_classification": ("tabular_mlp", ROWS, [True, False, True, False]),
    "text_classification": ("text", TEXT, ["no", "yes", "no", "yes"]),
}


@functools.cache
def manifest_of(name):
    """The manifest of a search with a task that has seen its data."""
    space, x, y = LEARNED[name]
    task = TASKS[name]()
    task.fit_targets(np.array(y))
    task.preprocessor(x)
    manifest = {
        "schema": SCHEMA,
        "task": name,
        "task_config": task.get_config(),
        "search_space": space,
        "search_space_config": SEARCH_SPACES[space]().get_config(),
        "oracle": "random",
        "objective": ["val_loss", "min"],
        "max_trials": 3,
        "repeats": 1,
        "finalists": 0,
        "screening": None,
        "screening_candidates": 8,
        "stopping": "median",
        "max_disk_gb": None,
        "limits": {"parameters": 1000.0},
        "seed": 0,
        "input_spec": {"shape": [8, 8, 1], "dtype": "float32", "vocabularies": []},
        "data": "digits.npz",
        "target": None,
        "validation_data": None,
        "validation_split": 0.2,
        "folds": None,
    }
    return json.loads(json.dumps(manifest))


def read(place, content):
    """A manifest with such a content and the model that it describes; None: it is refused."""
    (place / "project.json").write_bytes(content)
    try:
        manifest = read_manifest(place)
        assert manifest["schema"] == SCHEMA
        assert all(isinstance(manifest.get(k), str | None) for k in ("data", "target"))
        with nas.auto_model.malformed(place):
            return nas.AutoModel._described(place, manifest, None, None)
    except ProjectError as error:
        assert str(place) in str(error)
        return None


@pytest.mark.parametrize("name", LEARNED)
def test_the_manifest_that_is_fuzzed_is_a_whole_one(name):
    with folder() as place:
        model = read(place, json.dumps(manifest_of(name)).encode())
        assert model.project_dir == place
        assert model._input_spec == InputSpec((8, 8, 1))
        assert json.loads(json.dumps(model.task.get_config())) == manifest_of(name)["task_config"]


@pytest.mark.parametrize("name", LEARNED)
@given(data=st.data())
@QUICK
def test_a_manifest_with_anything_in_it_is_taken_or_refused(name, data):
    manifest = data.draw(mutated_json(manifest_of(name)) | JSON)
    with folder() as place:
        model = read(place, json.dumps(manifest).encode())
        if model is not None:
            assert model.project_dir == place
            assert isinstance(model._input_spec, InputSpec)


@given(data=st.data())
@QUICK
def test_bytes_are_no_manifest(data):
    whole = json.dumps(manifest_of("image_classification")).encode()
    content = data.draw(st.binary(max_size=100) | mutated_bytes(whole) | st.just(DEEP))
    with folder() as place:
        model = read(place, content)
        assert model is None or model.project_dir == place


# ---- Checkpoints ----------------------------------------------------------------------------


@functools.cache
def checkpoint():
    """The files of a checkpoint of a small model."""
    with tempfile.TemporaryDirectory() as place:
        save_checkpoint(small_model(), Path(place) / "checkpoint.weights.h5")
        return {path.name: path.read_bytes() for path in Path(place).iterdir()}


@functools.cache
def small_model():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])


def loaded(files, model):
    """Whether a model takes weights from such files."""
    with folder() as place:
        for name, content in files.items():
            (place / name).write_bytes(content)
        try:
            load_checkpoint(model, place / "checkpoint.weights.h5")
        except ProjectError as error:
            assert str(place) in str(error)
            return False
        assert [w.shape for w in model.get_weights()] == [(3, 2), (2,)]
        return True


@given(data=st.data(), is_known=st.booleans())
@QUICK
def test_weights_with_anything_in_them_are_taken_or_damaged(data, is_known):
    files = dict(checkpoint())
    weights = files["checkpoint.weights.h5"]
    cut = st.integers(0, len(weights)).map(lambda end: weights[:end])
    # HDF5's own code is not for us to try with wrong bytes where no checksum keeps them from it.
    new = data.draw(st.binary(max_size=100) | (mutated_bytes(weights) if is_known else cut))
    files["checkpoint.weights.h5"] = new
    if not is_known:
        del files["checkpoint.crc32"]
    assert loaded(files, small_model()) == (new == weights)


@given(checksum=st.binary(max_size=12))
@QUICK
def test_a_checksum_with_anything_in_it_is_taken_or_damaged(checksum):
    files = checkpoint()
    whole = loaded({**files, "checkpoint.crc32": checksum}, small_model())
    assert whole == (checksum == files["checkpoint.crc32"])


@given(shapes=JSON | mutated_json({"input_shape": [None, 3]}))
@hypothesis.example(shapes=None)
@FEW
def test_shapes_with_anything_in_them_build_a_model_or_are_damaged(shapes):
    files = {**checkpoint(), "build_config.json": json.dumps(shapes).encode()}
    assert loaded(files, keras.Sequential([keras.layers.Dense(2)])) in (True, False)


# ---- Data -----------------------------------------------------------------------------------

TABLE = pd.DataFrame(
    {
        "age": [31, 42, None, 7],
        "name": ["Ä b", "c,d", 'e"f', ""],
        "day": ["2024-01-01", "2024-02-29", None, "1999-12-31 10:00"],
        "price": [1.5, 2.5, 3.5, 4.5],
    }
)


def as_csv():
    return TABLE.to_csv(index=False).encode()


def as_parquet():
    return TABLE.to_parquet()


def as_csv_gz():
    return gzip.compress(as_csv(), mtime=0)


def as_npz(save=np.savez):
    buffer = io.BytesIO()
    save(buffer, x=np.arange(12.0).reshape(4, 3), y=np.array(["a", "b", "a", "b"]))
    return buffer.getvalue()


FILES = {
    "table.csv": as_csv,
    "table.csv.gz": as_csv_gz,
    "table.parquet": as_parquet,
    "data.npz": as_npz,
    "small.npz": functools.partial(as_npz, np.savez_compressed),
}
TEXTS = st.text(st.sampled_from(string.printable + "\x00\ufeffäÄ€"), max_size=60)


@functools.cache
def whole_file(name):
    return FILES[name]()


def check_reads(name, content, target):
    """Such a file is read as a table or arrays, or refused by its name."""
    with folder() as place:
        path = place / name
        path.write_bytes(content)
        for load in (functools.partial(load_file, target=target), load_features):
            try:
                found = load(path)
            except ValueError as error:
                assert name in str(error) and re.search("Received: ", str(error))
                continue
            x, y = found if isinstance(found, tuple) else (found, None)
            assert isinstance(x, np.ndarray | pd.DataFrame)
            assert isinstance(y, np.ndarray | None)
            assert y is None or name.endswith(".npz") or len(x) == len(y) > 0


@pytest.mark.parametrize("name", FILES)
@given(data=st.data())
@QUICK
def test_a_data_file_with_anything_in_it_is_read_or_refused(name, data):
    content = data.draw(
        mutated_bytes(whole_file(name)) | st.binary(max_size=80) | TEXTS.map(str.encode)
    )
    target = None if name.endswith(".npz") else data.draw(st.sampled_from([None, "price", "name"]))
    check_reads(name, content, target)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("other", FILES)
def test_a_data_file_of_another_kind_is_read_or_refused(name, other):
    check_reads(name, whole_file(other), None)


@given(rows=st.lists(st.lists(TEXTS, max_size=4), max_size=5), separator=st.sampled_from(",;\t"))
@FEW
def test_a_table_of_any_texts_is_read_or_refused(rows, separator):
    content = "\n".join(separator.join(row) for row in rows)
    check_reads("table.csv", content.encode(), None)


def npz_with(content):
    """An archive whose array `x` is a file of such a content."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x.npy", content)
    return buffer.getvalue()


def npy(header):
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


HEADERS = [
    "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000000, 9), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (-4,), }",
    "{'descr': '|O', 'fortran_order': False, 'shape': (4,), }",
    "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (), }",
    "{" * 9000,
    "(" * 300 + ")" * 300,
    "__import__('os').system('true')",
    "\x00",
    "",
]


@given(header=st.sampled_from(HEADERS) | TEXTS, rest=st.binary(max_size=16))
@FEW
def test_an_array_with_any_header_is_read_or_refused(header, rest):
    check_reads("data.npz", npz_with(npy(header.encode("latin-1", "replace")) + rest), None)
    check_reads("data.npz", npy(header.encode("latin-1", "replace")) + rest, None)


# ---- Images ---------------------------------------------------------------------------------

KINDS = ["png", "jpg", "gif", "bmp"]


@functools.cache
def picture(kind):
    buffer = io.BytesIO()
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (9, 7, 3)).astype("uint8")
    PIL.Image.fromarray(pixels).save(buffer, "jpeg" if kind == "jpg" else kind)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@QUICK
def test_an_image_with_anything_in_it_is_read_or_left_out(kind, data):
    content = data.draw(mutated_bytes(picture(data.draw(st.sampled_from(KINDS)))) | st.binary())
    with folder() as place, mock.patch("PIL.Image.MAX_IMAGE_PIXELS", 10**5):
        path = place / f"image.{kind}"
        path.write_bytes(content)
        header = read_header(path)
        assert header is None or (len(header.size) == 2 and min(header.size) > 0)
        for shape in ((4, 5), (4, 5, 3)):
            image = read_image(path, shape)
            assert image is None or (image.shape, image.dtype) == (shape, np.uint8)


@given(contents=st.lists(st.sampled_from(KINDS).flatmap(lambda k: mutated_bytes(picture(k)))))
@FEW
def test_a_folder_of_any_images_is_read_or_refused(contents):
    with folder() as place, mock.patch("PIL.Image.MAX_IMAGE_PIXELS", 10**5):
        for number, content in enumerate(contents):
            (place / "ab"[number % 2]).mkdir(exist_ok=True)
            (place / "ab"[number % 2] / f"{number}.png").write_bytes(content)
        try:
            x, y = load_file(place)
        except ValueError as error:
            assert str(place) in str(error)
        else:
            assert len(x) == len(y) and x.dtype == np.uint8 and set(y) <= {"a", "b"}

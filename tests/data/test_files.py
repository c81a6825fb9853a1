from __future__ import annotations

import gzip
import sys

import numpy as np
import pandas as pd
import pytest

from autokeras_nas.data import as_features, as_source, is_file, load_features, load_file

TABLE = pd.DataFrame({"size": [1.0, 2.0, 3.5], "town": ["a", "b", None], "price": [10, 20, 30]})


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet"])
def test_tables_lose_their_target(tmp_path, name):
    path = tmp_path / name
    TABLE.to_parquet(path) if name.endswith("parquet") else TABLE.to_csv(path, index=False)
    x, y = load_file(path, "price")
    assert list(x.columns) == ["size", "town"] and y.tolist() == [10, 20, 30]
    whole, nothing = load_file(path)
    assert list(whole.columns) == list(TABLE.columns) and nothing is None
    source = as_source(str(path), "price")
    assert source.num_examples == 3 and source.feature_shape == (2,)
    assert source.x["town"].tolist() == ["a", "b", ""]


def test_features_are_read_with_or_without_a_target(tmp_path):
    TABLE.to_csv(tmp_path / "t.csv", index=False)
    for target in ("town", "nowhere", None):
        kept = [name for name in TABLE.columns if name != target]
        assert list(load_features(tmp_path / "t.csv", without=target).columns) == kept
    pd.DataFrame({"text": ["a b", "c d"], "y": [0, 1]}).to_csv(tmp_path / "u.csv", index=False)
    assert load_features(tmp_path / "u.csv", without="y").tolist() == ["a b", "c d"]


def test_the_nearest_column_is_named(tmp_path):
    TABLE.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(ValueError, match=r"column in t.csv.*'prize'.*mean 'price'"):
        load_file(tmp_path / "t.csv", "prize")


def test_missing_targets_are_refused(tmp_path):
    TABLE.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(ValueError, match="'town'.*missing.*1 of 3, the first in row 2"):
        load_file(tmp_path / "t.csv", "town")


def test_a_target_needs_features_beside_it(tmp_path):
    TABLE[["price"]].to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(ValueError, match="only column"):
        load_file(tmp_path / "t.csv", "price")


def test_parquet_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    TABLE.to_parquet(tmp_path / "t.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match="pip install pyarrow"):
        load_file(tmp_path / "t.parquet", "price")


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet", "t.npz"])
@pytest.mark.parametrize("content", [b"", b'a,"b\n1,2,3\x00'])
def test_broken_files_are_named(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match="cannot be read.*" + name):
        load_file(tmp_path / name)


def test_a_table_of_nothing_but_sentences_is_an_array_of_texts(tmp_path):
    table = pd.DataFrame({"review": ["so good", None, "very bad"], "stars": [5, 3, 1]})
    table.to_csv(tmp_path / "t.csv", index=False)
    x, y = load_file(tmp_path / "t.csv", "stars")
    assert x.tolist() == ["so good", "", "very bad"] and y.tolist() == [5, 3, 1]
    TABLE[["town", "price"]].to_csv(tmp_path / "u.csv", index=False)
    assert list(load_file(tmp_path / "u.csv", "price")[0].columns) == ["town"]


@pytest.mark.parametrize("names", [("x", "y"), ("x_train", "y_train")])
def test_archives_hold_features_and_labels(tmp_path, names):
    arrays = dict(zip(names, (np.ones((3, 2, 2)), np.arange(3)), strict=True))
    np.savez(tmp_path / "a.npz", **arrays)
    x, y = load_file(tmp_path / "a.npz")
    assert x.shape == (3, 2, 2) and y.tolist() == [0, 1, 2]
    np.savez(tmp_path / "b.npz", **{names[0]: arrays[names[0]]})
    assert load_file(tmp_path / "b.npz")[1] is None


def test_archives_of_other_arrays_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", images=np.ones(3))
    with pytest.raises(ValueError, match="'images'"):
        load_file(tmp_path / "a.npz")


def test_only_tables_have_a_target(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.ones(3))
    with pytest.raises(ValueError, match="Only a table has a target"):
        load_file(tmp_path / "a.npz", "price")


def test_files_are_told_from_names_of_data_sets(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mnist").mkdir()
    assert all(map(is_file, ["a.csv", "b/a.CSV.GZ", "a.npz", "a.parquet", "mnist", tmp_path]))
    assert not any(map(is_file, ["tfds:mnist", "cifar10", "glue/sst2", np.ones(3), None]))


def test_missing_files_say_where_they_were_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=f"'train.csv'.*{tmp_path}"):
        as_source("train.csv", "price")


@pytest.mark.parametrize(("y", "message"), [(None, "Labels are missing"), ([1, 2, 3], "target")])
def test_sources_of_files_need_their_labels(tmp_path, y, message):
    TABLE.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(ValueError, match=message):
        as_source(tmp_path / "t.csv", y)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "t.xlsx").touch()
    with pytest.raises(ValueError, match=r"Known are .csv"):
        load_file(tmp_path / "t.xlsx")


@pytest.mark.parametrize(
    ("written", "days"),
    [
        (["1970-01-02", "", "1970-01-11"], [1.0, np.nan, 10.0]),
        (["1970-01-02 12:00", "1970-01-03T06:00:00", "1970-01-01"], [1.5, 2.25, 0.0]),
        (["1970-01-01T00:00Z", "1970-01-01T02:00+02:00", ""], [0.0, 0.0, np.nan]),
    ],
)
def test_dates_of_a_csv_are_dates(tmp_path, written, days):
    pd.DataFrame({"day": written, "y": 1}).to_csv(tmp_path / "t.csv", index=False)
    features = as_features(load_file(tmp_path / "t.csv", "y")[0])
    np.testing.assert_allclose(features["day"], days)


@pytest.mark.parametrize("odd", ["1970-02-30", "1970", "tomorrow", "1970-01-01 noon"])
def test_what_is_not_always_a_date_is_text(tmp_path, odd):
    pd.DataFrame({"day": ["1970-01-02", odd], "y": 1}).to_csv(tmp_path / "t.csv", index=False)
    features = as_features(load_file(tmp_path / "t.csv", "y")[0])
    assert features["day"].tolist() == ["1970-01-02", odd]


def test_broken_compressed_files_are_refused_by_name(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.ones(3))
    whole = gzip.compress(b"a,b\n1,2\n" * 100, mtime=0)
    (tmp_path / "cut.csv.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "wrong.csv.gz").write_bytes(whole[:12] + b"\xff" * 20 + whole[32:])
    (tmp_path / "wrong.npz").write_bytes(b"PK\x03\x04" + (tmp_path / "a.npz").read_bytes()[:40])
    np.save(tmp_path / "one.npy", np.ones(3))
    (tmp_path / "one.npy").rename(tmp_path / "one.npz")
    for name in ("cut.csv.gz", "wrong.csv.gz", "wrong.npz", "one.npz"):
        with pytest.raises(ValueError, match=f"cannot be read.*{name}"):
            load_file(tmp_path / name)

"""The journal loses no more than what was damaged, and never invents a record."""

import errno
import os
import time
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autokeras_nas.storage import Journal
from autokeras_nas.storage.journal import decode_line, encode_line

RECORDS = [
    {"n": 1, "kind": "header", "seed": 7},
    {"n": 2, "kind": "create", "values": {"units": 32, "rate": 1e-3, "name": "gr\u00fcn\n"}},
    {"n": 3, "kind": "end", "score": None, "metrics": {"loss": ["min", [[0, [0.5]]]]}},
    {"n": 4, "kind": "retry", "flags": [True, False]},
]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "project" / "journal.jsonl"


def write(path, records=RECORDS):
    journal = Journal(path)
    for record in records:
        journal.append(record)
    journal.close()


def read(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(Journal(path).read())


def lines(records=RECORDS):
    return b"".join(encode_line(record) for record in records)


def parse(data):
    """What a reader would keep of a file with these bytes."""
    decoded = (decode_line(line) for line in data.splitlines(keepends=True))
    return [record for record in decoded if record is not None]


def test_records_come_back_in_order(path):
    write(path)
    assert list(Journal(path).read()) == RECORDS


@given(record=st.dictionaries(st.text(), json_values, max_size=4))
def test_any_json_object_survives_a_line(record):
    line = encode_line(record)
    assert line.count(b"\n") == 1 and line.endswith(b"\n")
    assert decode_line(line) == record


def crc32(data):
    """CRC-32 by its definition, bit by bit."""
    remainder = 0xFFFFFFFF
    for byte in data:
        remainder ^= byte
        for _ in range(8):
            remainder = (remainder >> 1) ^ (0xEDB88320 * (remainder & 1))
    return remainder ^ 0xFFFFFFFF


def test_line_is_its_crc_then_its_json():
    assert crc32(b"123456789") == 0xCBF43926  # The check value of the standard.
    assert encode_line({"n": 1}) == b'%08x {"n":1}\n' % crc32(b'{"n":1}')
    assert encode_line({}) == b"a3a6bf43 {}\n"


@pytest.mark.parametrize(
    "line", [b"", b"\n", b"{}\n", b"a3a6bf43\n", b"a3a6bf44 {}\n", b"zzzzzzzz {}\n", b"\xff\xfe\n"]
)
def test_line_without_a_right_checksum_is_no_record(line):
    assert decode_line(line) is None


def test_json_that_is_no_object_is_no_record():
    assert decode_line(encode_line([1, 2])) is None


def test_file_is_opened_only_at_the_first_append(path):
    journal = Journal(path)
    assert list(journal.read()) == []
    journal.sync()
    journal.close()
    assert not path.parent.exists()
    journal.append(RECORDS[0])
    assert path.exists()


def test_reading_changes_nothing_on_disk(path):
    write(path)
    path.write_bytes(path.read_bytes()[:-5])
    before = path.read_bytes()
    read(path)
    assert path.read_bytes() == before


def test_record_is_readable_as_soon_as_it_is_appended(path):
    journal = Journal(path)
    for count, record in enumerate(RECORDS, start=1):
        journal.append(record)
        assert read(path) == RECORDS[:count]


def test_closed_journal_goes_on_at_the_next_append(path):
    journal = Journal(path)
    for record in RECORDS:
        journal.append(record)
        journal.close()
    assert read(path) == RECORDS


def test_records_are_forced_to_the_disk_once_a_second_and_when_closed(path, monkeypatch):
    now, synced, fsync = [100.0], [], os.fsync
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(os, "fsync", lambda fd: (synced.append(path.stat().st_size), fsync(fd)))
    journal, sizes = Journal(path), []
    for later in (0.0, 0.5, 0.4, 0.2, 5.0):
        now[0] += later
        journal.append({"later": later})
        sizes.append(path.stat().st_size)
    assert synced == [sizes[0], sizes[3], sizes[4]]
    journal.append({})
    journal.close()
    assert synced[3:] == [path.stat().st_size]


def test_torn_tail_is_dropped_without_a_warning(path):
    write(path)
    whole = path.read_bytes()
    # One byte less takes only the line's end: the record itself is whole.
    for lost in range(2, len(encode_line(RECORDS[-1]))):
        path.write_bytes(whole[:-lost])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert list(Journal(path).read()) == RECORDS[:-1]


@pytest.mark.parametrize("lost", [1, 2, 20])
def test_append_after_a_torn_tail_begins_a_line_of_its_own(path, lost):
    write(path)
    path.write_bytes(path.read_bytes()[:-lost])
    kept = read(path)
    write(path, [{"n": 9}])
    assert read(path) == [*kept, {"n": 9}]


def test_damaged_line_is_skipped_with_a_warning_that_names_it(path):
    write(path)
    damaged = path.read_bytes().replace(b'"create"', b'"crEate"')
    path.write_bytes(damaged)
    with pytest.warns(UserWarning, match="Line 2 of .* is damaged and was skipped"):
        kept = list(Journal(path).read())
    assert kept == [RECORDS[0], *RECORDS[2:]]


def test_file_of_rubbish_holds_no_records(path):
    path.parent.mkdir()
    path.write_bytes(bytes(range(256)) * 8)
    assert read(path) == []


@given(position=st.integers(0, len(lines()) - 1), byte=st.integers(0, 255))
def test_changed_byte_never_yields_a_wrong_record(position, byte):
    data = bytearray(lines())
    data[position] = byte
    kept = parse(bytes(data))
    assert [record for record in RECORDS if record in kept] == kept
    # A lost line end costs the two records that it parted.
    assert len(kept) >= len(RECORDS) - 2


@given(length=st.integers(0, len(lines())))
def test_cut_file_yields_a_prefix(length):
    kept = parse(lines()[:length])
    assert kept == RECORDS[: len(kept)]
    whole = [n for n in range(len(RECORDS) + 1) if len(lines(RECORDS[:n])) <= length]
    assert len(kept) >= max(whole)


@given(data=st.binary(max_size=200))
def test_arbitrary_bytes_never_raise(data):
    assert parse(data) == []


class Full:
    """A file on a disk that is full after so many bytes."""

    def __init__(self, file, room):
        self.file, self.room = file, room

    def write(self, content):
        written = self.file.write(content[: self.room])
        self.room -= written
        if not written:
            raise OSError(errno.ENOSPC, "No space left on device")
        return written

    def __getattr__(self, name):
        return getattr(self.file, name)


@pytest.mark.parametrize("room", [0, 5, 30])
def test_a_full_disk_tears_one_record_and_no_more(path, room):
    write(path, RECORDS[:2])
    journal = Journal(path)
    journal._file = Full(journal._open(), room)
    with pytest.raises(OSError, match="No space left"):
        journal.append(RECORDS[2])
    journal.append(RECORDS[3])
    assert read(path) == [*RECORDS[:2], RECORDS[3]]

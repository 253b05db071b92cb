"""Result files: atomic, recorded, verified. Every damage and mismatch is one sentence, never a wrong number (F3)."""

import contextlib
import fcntl
import io
import json
import os
import random
from pathlib import Path

import h5py
import numpy as np
import pytest

from chorus import store
from chorus.errors import FileError
from chorus.formats import FORMATS
from chorus.layout import FORMAT_VERSION, TEXT
from chorus.screening.cascade import read_table

FLIPS = 200
TABLE = b"index,view,kept,reason,weight\n" + b"".join(b"%d,0,1,,255\n" % i for i in range(200))
LENGTHS = {
    "image": 3, "detection": 5, "span": 7, "byte": 64, "dropped": 2, "voxel": 4, "group": 2, "bin": 12,
    "contact": 3, "entry": 4, "pair": 2, "row": 2, "term": 3,
}  # fmt: skip


def arrays_of(kind, lengths=LENGTHS, seed=0):
    """Random arrays of a kind with the given axis lengths."""
    rng = np.random.default_rng(seed)
    arrays = {}
    for name, item in FORMATS[kind].datasets.items():
        shape = [
            int(dim) if dim.isdigit() else lengths[dim.removesuffix("+1")] + dim.endswith("+1") for dim in item.dims
        ]
        if item.dtype == TEXT:
            arrays[name] = np.array([f"ü{i} ✓" for i in range(shape[0])], str).reshape(shape)
        elif np.dtype(item.dtype).kind == "f":
            arrays[name] = rng.normal(size=shape).astype(item.dtype)
        else:
            arrays[name] = rng.integers(0, 2, shape).astype(item.dtype)
    return arrays


def attributes_of(kind):
    return {name: f"{name} ä" for name in FORMATS[kind].attributes}


def written(folder: Path, kind: str, lengths=LENGTHS) -> Path:
    path = folder / f"{kind}.h5"
    store.write_recorded(path, store.encode_arrays(kind, arrays_of(kind, lengths), attributes_of(kind)), {})
    return path


def refusal(read, *arguments) -> str:
    """The one sentence of a refusal."""
    with pytest.raises(FileError) as caught:
        read(*arguments)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) > 20
    return message


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    "lengths", [LENGTHS, dict.fromkeys(LENGTHS, 0) | {"voxel": 4, "bin": 12}], ids=["some", "empty"]
)
def test_every_kind_comes_back_as_it_was(tmp_path, kind, lengths):
    path = written(tmp_path, kind, lengths)
    file = store.read_arrays(path, kind)
    expected = arrays_of(kind, lengths)
    assert file.arrays.keys() == expected.keys()
    for name, array in expected.items():
        assert file[name].shape == array.shape
        assert np.array_equal(file[name], array), name
        assert file[name].dtype == array.dtype or array.dtype.kind == "U"
    assert file.attributes.items() >= attributes_of(kind).items()


@pytest.mark.parametrize("kind", FORMATS)
def test_equal_arrays_give_equal_bytes(kind):
    first, second = (store.encode_arrays(kind, arrays_of(kind), attributes_of(kind)) for _ in range(2))
    assert first == second


def test_large_arrays_are_compressed_and_come_back():
    arrays = arrays_of("skinning", {"voxel": 48})
    arrays["weights"][:] = arrays["weights"][0, 0, 0]
    content = store.encode_arrays("skinning", arrays, attributes_of("skinning"))
    assert len(content) < arrays["weights"].nbytes / 10
    with h5py.File(io.BytesIO(content)) as file:
        assert np.array_equal(file["weights"][...], arrays["weights"])


def test_writing_is_atomic(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "a.bin"
    store.write_bytes(path, b"old")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert "No space left" in refusal(store.write_bytes, path, b"new")
    assert path.read_bytes() == b"old"
    assert [item.name for item in path.parent.iterdir()] == ["a.bin"], "no temporary file stays"


def test_a_file_in_the_place_of_a_folder_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    assert "cannot be written" in refusal(store.write_bytes, tmp_path / "file" / "a.bin", b"new")


def test_the_record_tells_digest_size_and_version(tmp_path):
    path = tmp_path / "a.csv"
    store.write_recorded(path, b"abc", {"stage": "screening"})
    record = store.read_record(path)
    assert store.SEAL not in record
    assert record == {
        "file": "a.csv",
        "format_version": FORMAT_VERSION,
        "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "size": 3,
        "stage": "screening",
    }
    assert store.sha256_of(path) == record["sha256"]


def test_json_has_no_nan_and_one_form():
    assert store.json_bytes({"b": 1, "a": "ü"}) == '{\n  "a": "ü",\n  "b": 1\n}\n'.encode()
    with pytest.raises(ValueError, match="JSON"):
        store.json_bytes({"a": float("nan")})


def test_what_a_killed_job_left_goes_when_the_job_writes_again_and_nothing_else(tmp_path):
    leftover, other = tmp_path / ".a.h5.123.tmp", tmp_path / ".b.h5.123.tmp"
    for path in (leftover, other):
        path.write_bytes(b"half")
    store.write_bytes(tmp_path / "a.h5", b"whole")
    assert sorted(item.name for item in tmp_path.iterdir()) == [".b.h5.123.tmp", "a.h5"]


def test_a_temporary_file_that_somebody_still_writes_stays(tmp_path):
    busy = tmp_path / ".a.h5.123.tmp"
    with busy.open("wb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        store.write_bytes(tmp_path / "a.h5", b"whole")
        assert busy.exists()


def test_a_record_without_its_file_does_not_stay_when_the_disk_is_full(tmp_path, monkeypatch):
    write_bytes = store.write_bytes

    def full(path, content):
        if not path.name.endswith(store.RECORD_SUFFIX):
            raise FileError(f"{path}: cannot be written (No space left on device); free disk space.")
        write_bytes(path, content)

    monkeypatch.setattr(store, "write_bytes", full)
    assert "No space left" in refusal(store.write_recorded, tmp_path / "a.csv", b"abc", {})
    assert list(tmp_path.iterdir()) == []


# --- what does not fit is refused ---------------------------------------------------------------------------------


def test_a_missing_file_and_a_missing_record(tmp_path):
    path = written(tmp_path, "votes")
    moved = path.rename(tmp_path / "other.h5")
    assert "record other.h5.record.json is missing" in refusal(store.read_arrays, moved, "votes")
    assert "no such file" in refusal(store.read_arrays, path, "votes")


def test_another_kind(tmp_path):
    path = written(tmp_path, "votes")
    assert "is a file of kind 'votes', expected 'voxels'" in refusal(store.read_arrays, path, "voxels")


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_version(tmp_path, version):
    path = written(tmp_path, "votes")
    sidecar = store.record_path(path)
    sidecar.write_text(json.dumps(json.loads(sidecar.read_text()) | {"format_version": version}))
    assert f"format version {version}, this program reads {FORMAT_VERSION}" in refusal(store.read_arrays, path, "votes")


@pytest.mark.parametrize(
    "content", [b"", b"null", b"[]", b"{}", b'{"size": "1", "sha256": 2}', b"\xff\xfe", b"[" * 100_000], ids=range(7)
)
def test_a_record_that_is_none(tmp_path, content):
    path = written(tmp_path, "votes")
    store.record_path(path).write_bytes(content)
    assert "is not a record of ours" in refusal(store.read_arrays, path, "votes")


@pytest.mark.parametrize(
    ("dataset", "value"),
    [
        ("index", np.zeros((3, 1), np.int64)),  # rank
        ("view", np.zeros(4, np.uint8)),  # length
        ("offset", np.zeros(3, np.int64)),  # image+1
        ("size", np.zeros((3, 3), np.int32)),  # fixed axis
        ("seed", np.array([-1, 0, 0])),  # does not fit the type
        ("view", np.array([0, 1, 256])),
        ("view", np.array([0.5, 1, 2])),
    ],
)  # fmt: skip
def test_arrays_of_another_shape_or_type_are_not_written(dataset, value):
    arrays = arrays_of("images") | {dataset: value}
    assert dataset in refusal(store.encode_arrays, "images", arrays, attributes_of("images"))


def test_missing_and_unknown_names_are_not_written():
    arrays, attributes = arrays_of("truth"), attributes_of("truth")
    assert "lacks ['phi']" in refusal(
        store.encode_arrays, "truth", {k: v for k, v in arrays.items() if k != "phi"}, attributes
    )
    assert "unknown ['psi']" in refusal(store.encode_arrays, "truth", arrays | {"psi": arrays["phi"]}, attributes)
    assert "lacks ['body']" in refusal(store.encode_arrays, "truth", arrays, {"category": "x"})


def rewritten(path: Path, change) -> Path:
    """The file with something changed inside and a record that agrees with it."""
    with h5py.File(path, "r+") as file:
        change(file)
    store.write_recorded(path, path.read_bytes(), {})
    return path


def _retype(file, name, dtype):
    array = file[name][...].astype(dtype)
    del file[name]
    file[name] = array


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda file: _retype(file, "phi", "float64"), "dataset phi is float64"),
        (lambda file: _retype(file, "group", "S4"), None),
        (lambda file: file.__delitem__("phi"), "lacks ['phi']"),
        (lambda file: file.__setitem__("more", [1]), "unknown ['more']"),
        (lambda file: file.attrs.__delitem__("kind"), "kind None"),
        (lambda file: file.attrs.__delitem__("body"), "lacks ['body']"),
        (lambda file: file.create_group("folder"), "folder"),
        (lambda file: file.__setitem__("link", h5py.ExternalLink("/etc/passwd", "/")), "link"),
        (lambda file: file.__setitem__("soft", h5py.SoftLink("/nowhere")), "soft"),
        (lambda file: file.create_dataset("raw", 8, "u1", external=[("/etc/passwd", 0, 8)]), "raw"),
    ],
)  # fmt: skip
def test_a_crafted_file_with_a_right_digest_is_still_checked(tmp_path, change, told):
    path = rewritten(written(tmp_path, "truth"), change)
    if told:
        assert told in refusal(store.read_arrays, path, "truth")
    else:
        store.read_arrays(path, "truth")


# --- damage is never silent (F3) ----------------------------------------------------------------------------------


def damaged(content: bytes, number: int) -> bytes:
    """The content with one bit flipped (even numbers) or its end cut off (odd ones)."""
    chance = random.Random(number)
    if number % 2:
        return content[: chance.randrange(len(content))]
    place = chance.randrange(len(content))
    return content[:place] + bytes([content[place] ^ 1 << chance.randrange(8)]) + content[place + 1 :]


def readers(tmp_path):
    table, report = tmp_path / "table.csv", tmp_path / "report.json"
    store.write_recorded(table, TABLE, {})
    store.write_recorded(report, store.json_bytes({"pap": [0.1] * 50}), {})
    return {"h5": (written(tmp_path, "people"), lambda path: store.read_arrays(path, "people")),
            "csv": (table, store.read_bytes), "json": (report, store.read_json)}  # fmt: skip


@pytest.mark.parametrize("kind", ["h5", "csv", "json"])
def test_no_bit_flip_and_no_truncation_is_silent(tmp_path, kind):
    path, read = readers(tmp_path)[kind]
    content = path.read_bytes()
    read(path)
    for number in range(2 * FLIPS):
        path.write_bytes(damaged(content, number))
        refusal(read, path)


@pytest.mark.parametrize("kind", ["h5", "csv", "json"])
def test_a_damaged_record_never_changes_what_is_read(tmp_path, kind):
    path, read = readers(tmp_path)[kind]
    sidecar = store.record_path(path)
    content, before = sidecar.read_bytes(), path.read_bytes()
    for number in range(FLIPS):
        sidecar.write_bytes(damaged(content, number))
        with contextlib.suppress(FileError):
            read(path)
    assert path.read_bytes() == before


def test_a_screening_table_of_another_form_is_one_sentence(tmp_path):
    path = tmp_path / "table.csv"
    for content in (TABLE, b"\xff", b"index\n1\n", b"a,b\n" + b'"' * 10):
        store.write_recorded(path, content, {})
        assert "is not a screening table" in refusal(read_table, path)


@pytest.mark.parametrize("rows", [slice(0, 1), slice(1, 2), slice(None), slice(2, 5)])
def test_rows_of_the_first_axis_are_read_alone(tmp_path, rows):
    arrays = arrays_of("votes")
    attributes = dict.fromkeys(FORMATS["votes"].attributes, "x")
    path = tmp_path / "votes.h5"
    store.write_recorded(path, store.encode_arrays("votes", arrays, attributes), {})
    found = store.read_arrays(path, "votes", ("group", "numerator"), rows)
    assert found.arrays.keys() == {"group", "numerator"}
    for name, array in found.arrays.items():
        assert np.array_equal(array, arrays[name][rows])


def test_no_byte_of_a_record_changes_in_silence(tmp_path):
    path = written(tmp_path, "votes")
    sidecar = store.record_path(path)
    sound, chance = sidecar.read_bytes(), random.Random(0)
    for _ in range(FLIPS):
        damaged = bytearray(sound)
        damaged[chance.randrange(len(sound))] ^= chance.randrange(1, 256)
        sidecar.write_bytes(damaged)
        refusal(store.read_bytes, path)
    sidecar.write_bytes(sound)
    store.check(path)


@pytest.mark.parametrize("change", [{"inputs": {"x": "\\ud800"}}, {"size": float("nan")}, {"stage": "other"}])
def test_an_edited_record_is_refused(tmp_path, change):
    path = written(tmp_path, "votes")
    sidecar = store.record_path(path)
    record = json.loads(sidecar.read_text())
    sidecar.write_text(json.dumps(record | change, sort_keys=True, indent=2).replace("\\\\", "\\") + "\n")
    refusal(store.read_record, path)

"""T3 and T4: files that would run code or fill the memory are refused from their headers, under a limit of 1 GB."""

import io
import os
import pickle
import resource
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest

from chorus import store
from chorus.body.loading import load_body
from chorus.errors import ChorusError, FileError, ModelError
from chorus.images import pixels

LIMIT = 2**30
ROOT = Path(__file__).parents[2]


def under_a_limit(code: str, path: Path) -> str:
    """What a fresh interpreter with 1 GB of address space beyond its start says about a file."""
    program = (
        "import resource, sys\n"
        "from chorus.errors import ChorusError\n"
        f"{code.splitlines()[0]}\n"
        f"used = int(open('/proc/self/statm').read().split()[0]) * {resource.getpagesize()}\n"
        f"resource.setrlimit(resource.RLIMIT_AS, (used + {LIMIT},) * 2)\n"
        "try:\n"
        f"    {code.splitlines()[1]}\n"
        "except ChorusError as error:\n"
        "    print('REFUSED', error)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def png_bomb(side: int) -> bytes:
    """A valid black PNG of side x side pixels, compressed a thousandfold."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    compress = zlib.compressobj(9)
    row = bytes(1 + 3 * side)
    packed = b"".join(compress.compress(row) for _ in range(side)) + compress.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def test_a_png_bomb_of_14000_pixels_a_side(tmp_path):
    path = tmp_path / "bomb.png"
    path.write_bytes(png_bomb(14_000))
    assert path.stat().st_size < 2_000_000
    said = under_a_limit(
        "from chorus.images import pixels\npixels.decode(open(sys.argv[1], 'rb').read(), 'bomb.png')", path
    )
    assert said.startswith("REFUSED bomb.png: ")


def test_a_picture_just_within_the_caps_is_read_under_the_limit(tmp_path):
    path = tmp_path / "large.png"
    path.write_bytes(png_bomb(5_600))
    said = under_a_limit(
        "from chorus.images import pixels\nprint(pixels.decode(open(sys.argv[1], 'rb').read(), 'x').shape)", path
    )
    assert said == "(5600, 5600, 3)\n"


def npz_bomb(path: Path, megabytes: int) -> None:
    """An .npz of zeros that unpacks to many megabytes."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("v_template.npy", "w") as member,
    ):
        header = io.BytesIO()
        shape = (megabytes * 2**20,)
        np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": shape})
        member.write(header.getvalue())
        for _ in range(megabytes // 50):
            member.write(bytes(50 * 2**20))


def test_an_npz_bomb_of_two_gigabytes(tmp_path):
    path = tmp_path / "body.npz"
    npz_bomb(path, 2000)
    assert path.stat().st_size < 10_000_000
    said = under_a_limit("from chorus.body.loading import load_body\nload_body(sys.argv[1])", path)
    assert said.startswith("REFUSED")
    assert "unpacks to 2000 MB" in said


def test_an_npz_whose_header_promises_more_than_it_holds(tmp_path):
    path = tmp_path / "body.npz"
    with zipfile.ZipFile(path, "w") as archive, archive.open("v_template.npy", "w") as member:
        np.lib.format.write_array_header_1_0(member, {"descr": "<f8", "fortran_order": False, "shape": (10**12, 3)})
    said = under_a_limit("from chorus.body.loading import load_body\nload_body(sys.argv[1])", path)
    assert said.startswith("REFUSED")


def test_an_hdf5_file_that_declares_terabytes(tmp_path):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs["kind"] = "truth"
        file.create_dataset("phi", (4, 10_000, 10_000, 10_000), "f4", chunks=(1, 100, 100, 100), compression="gzip")
    path = tmp_path / "truth.h5"
    store.write_recorded(path, buffer.getvalue(), {})
    said = under_a_limit(
        "from chorus import store, formats\nstore.read_arrays(__import__('pathlib').Path(sys.argv[1]), 'truth')", path
    )
    assert said.startswith("REFUSED")
    assert "declares 16000000000000 bytes" in said


def test_a_record_of_many_brackets_and_a_huge_yaml_are_refused(tmp_path):
    path = tmp_path / "a.h5"
    store.write_recorded(path, b"", {})
    store.record_path(path).write_bytes(b"[" * 10_000_000)
    with pytest.raises(FileError, match="is not a record"):
        store.read_record(path)


# --- object arrays (T3) -------------------------------------------------------------------------------------------


class Payload:
    """Runs a command when unpickled."""

    def __init__(self, canary: Path):
        self.canary = canary

    def __reduce__(self):
        return os.system, (f"touch {self.canary}",)


@pytest.mark.parametrize("name", ["v_template", "weights", "notes"])
def test_object_arrays_in_an_npz_never_run(tmp_path, name):
    canary, path = tmp_path / "canary", tmp_path / "SMPL_NEUTRAL.npz"
    np.savez(path, **{name: np.array([Payload(canary)], object)}, kintree_table=np.zeros((2, 24)))
    with pytest.raises(ModelError):
        load_body(path)
    assert not canary.exists()


def test_the_payload_would_have_run(tmp_path):
    """The attack is a real one: plain pickle falls for it."""
    canary = tmp_path / "canary"
    pickle.loads(pickle.dumps(Payload(canary)))
    assert canary.exists()


@pytest.mark.parametrize("read", [lambda path: store.read_arrays(path, "images"), store.read_json, load_body])
@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_a_pickle_in_the_place_of_any_file_never_runs(tmp_path, read, protocol):
    canary, path = tmp_path / "canary", tmp_path / "file.h5"
    store.write_recorded(path, pickle.dumps({"x": Payload(canary)}, protocol), {})
    with pytest.raises((ChorusError, ValueError)):
        read(path)
    assert not canary.exists()


def test_a_pickle_in_the_place_of_a_picture_never_runs(tmp_path):
    canary = tmp_path / "canary"
    with pytest.raises(FileError):
        pixels.decode(pickle.dumps(Payload(canary)), "x")
    assert not canary.exists()


def test_hdf5_objects_that_numpy_would_unpickle_do_not_exist(tmp_path):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs["kind"], file.attrs["category"], file.attrs["body"] = "truth", "", ""
        file["group"] = np.array([b"total"])
        file["draws"] = np.array([1], np.uint32)
        file["phi"] = np.array([b"cos\nsystem\n"], dtype=h5py.special_dtype(vlen=bytes))
    path = tmp_path / "truth.h5"
    store.write_recorded(path, buffer.getvalue(), {})
    with pytest.raises(FileError, match="phi"):
        store.read_arrays(path, "truth")

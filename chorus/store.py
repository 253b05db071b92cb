"""Reading and writing of result files: atomic, recorded, verified.

One module reads and writes them all. A file appears only complete (temporary name, fsync, rename) and is parsed only
after its SHA-256 agrees with the record beside it.
"""

from __future__ import annotations

import contextlib
import fcntl
import glob
import hashlib
import io
import json
import math
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from chorus.errors import FileError
from chorus.formats import FORMATS
from chorus.layout import FORMAT_VERSION, TEXT, Dataset, Format

RECORD_SUFFIX = ".record.json"
SEAL = "record_sha256"
MAX_FILE_BYTES = 8 * 2**30
MAX_ARRAY_BYTES = 4 * 2**30
_COMPRESS_FROM_BYTES = 4096
ALL_ROWS = slice(None)


@dataclass(frozen=True)
class ArrayFile:
    """The checked content of an HDF5 result file."""

    path: Path
    arrays: dict[str, np.ndarray]
    attributes: dict[str, str]

    def __getitem__(self, name: str) -> np.ndarray:
        return self.arrays[name]


def record_path(path: Path) -> Path:
    """Where the record of a result file lies."""
    return path.with_name(path.name + RECORD_SUFFIX)


def sha256_of(path: Path) -> str:
    """SHA-256 (hex) of a file."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file so that it is either absent, old or complete, whatever happens."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path)
        with open(temporary, "wb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise FileError(
            f"{path}: cannot be written ({error.strerror}); free disk space or choose another folder."
        ) from error


def _remove_leftovers(path: Path) -> None:
    # A killed job leaves its temporary file. Whoever still writes one holds its lock, whatever host or process it is.
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        with contextlib.suppress(OSError), open(leftover, "rb+") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            leftover.unlink()


def write_recorded(path: Path, content: bytes, record: Mapping[str, Any]) -> None:
    """Write a result file and its record. The record comes first: a file without one never exists."""
    head = {
        "file": path.name,
        "format_version": FORMAT_VERSION,
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
    }
    write_bytes(record_path(path), _sealed({**head, **record}))
    try:
        write_bytes(path, content)
    except FileError:
        if not path.exists():
            record_path(path).unlink(missing_ok=True)
        raise


def _sealed(record: Mapping[str, Any]) -> bytes:
    # The record carries the digest of itself without that digest, so that no damage to it is silent either.
    return json_bytes({**record, SEAL: hashlib.sha256(json_bytes(record)).hexdigest()})


def _is_sealed(record: dict[str, Any], content: bytes) -> bool:
    record.pop(SEAL, None)
    try:
        return _sealed(record) == content
    except ValueError:  # NaN, half a surrogate pair: nothing that we write
        return False


def check(path: Path) -> dict[str, Any]:
    """The record of a result file, after its size and SHA-256 were found to agree with it.

    Raises:
        FileError: the file or its record is missing, too large or damaged.
    """
    record = _checked_size(path)
    _check_digest(path, record, sha256_of(path))
    return record


def read_bytes(path: Path) -> bytes:
    """Content of a result file whose size and SHA-256 agree with its record.

    Raises:
        FileError: the file or its record is missing, too large or damaged.
    """
    record = _checked_size(path)
    content = path.read_bytes()
    _check_digest(path, record, hashlib.sha256(content).hexdigest())
    return content


def _checked_size(path: Path) -> dict[str, Any]:
    record = read_record(path)
    if not path.is_file():
        raise FileError(f"{path}: no such file; run the stage that makes it.")
    size = path.stat().st_size
    if size > MAX_FILE_BYTES or size != record["size"]:
        raise FileError(f"{path}: has {size} bytes, its record says {record['size']}; delete the file and run again.")
    return record


def _check_digest(path: Path, record: Mapping[str, Any], digest: str) -> None:
    if digest != record["sha256"]:
        raise FileError(f"{path}: content and record disagree (damaged or edited); delete the file and run again.")


def read_record(path: Path) -> dict[str, Any]:
    """The record beside a result file.

    Raises:
        FileError: missing, damaged, edited, or of another format version.
    """
    sidecar = record_path(path)
    try:
        content = sidecar.read_bytes()
        record = json.loads(content)
        valid = isinstance(record["size"], int) and isinstance(record["sha256"], str)
    except FileNotFoundError:
        raise FileError(
            f"{path}: the record {sidecar.name} is missing; copy it along or run the stage again."
        ) from None
    except (ValueError, KeyError, TypeError, RecursionError):
        valid = False
    if not valid:
        raise FileError(f"{sidecar}: is not a record of ours; delete it and its file and run again.")
    if record.get("format_version") != FORMAT_VERSION:
        raise FileError(
            f"{path}: has format version {record.get('format_version')}, this program reads {FORMAT_VERSION}; "
            "run the stage again or use the program version that wrote it."
        )
    if not _is_sealed(record, content):
        raise FileError(f"{sidecar}: is damaged or edited; delete it and its file and run again.")
    return record


def json_bytes(value: object) -> bytes:
    """A JSON file's bytes: sorted keys, two spaces, no NaN."""
    return (json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def read_json(path: Path) -> Any:
    """Parsed JSON of a recorded file."""
    return json.loads(read_bytes(path))


def encode_arrays(kind: str, arrays: Mapping[str, Any], attributes: Mapping[str, str]) -> bytes:
    """Bytes of an HDF5 file of a kind; arrays and attributes must be exactly those of `chorus.formats`."""
    layout = FORMATS[kind]
    prepared = {
        name: _prepared(kind, name, arrays[name], item) for name, item in layout.datasets.items() if name in arrays
    }
    _check_layout(Path(kind), layout, prepared, {**arrays, **prepared}.keys(), attributes)
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", libver="latest") as file:
        file.attrs["kind"] = kind
        file.attrs["format_version"] = FORMAT_VERSION
        for name in layout.attributes:
            file.attrs[name] = attributes[name]
        for name, array in prepared.items():
            stored = np.char.encode(array, "utf-8").astype(np.bytes_) if layout.datasets[name].dtype == TEXT else array
            packed = {"compression": "gzip", "compression_opts": 4, "shuffle": True, "chunks": _chunks(stored)}
            file.create_dataset(name, data=stored, **(packed if stored.nbytes >= _COMPRESS_FROM_BYTES else {}))
    return buffer.getvalue()


def _chunks(array: np.ndarray) -> tuple[int, ...]:
    # About 1 MB a chunk along the leading axes, so that deflate sees long runs and readers pay little overhead.
    shape, size = list(array.shape), array.nbytes
    for axis in range(len(shape)):
        if size <= 2**20:
            break
        keep = max(1, int(shape[axis] * 2**20 // size))
        size = size // shape[axis] * keep
        shape[axis] = keep
    return tuple(max(1, length) for length in shape)


def read_arrays(path: Path, kind: str, only: Collection[str] = (), rows: slice = ALL_ROWS) -> ArrayFile:
    """Read and check an HDF5 result file.

    Args:
        only: datasets to read, all when empty; the others are neither inflated nor checked.
        rows: of every dataset read, rows of its first axis; only meaningful where they share that axis.

    Raises:
        FileError: missing, damaged, of another kind or version, or with other datasets than `chorus.formats` says.
    """
    content = read_bytes(path)
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            found = file.attrs.get("kind")
            if found != kind:
                raise FileError(f"{path}: is a file of kind {found!r}, expected {kind!r}; give the right file.")
            datasets = {name: item for name, item in _datasets(path, file).items() if not only or name in only}
            declared = sum(_bytes_of(item, rows) for item in datasets.values())
            if declared > MAX_ARRAY_BYTES:
                raise FileError(f"{path}: declares {declared} bytes of arrays, at most {MAX_ARRAY_BYTES} are read.")
            arrays = {name: np.asarray(item[rows]) for name, item in datasets.items()}
            attributes = {name: str(value) for name, value in file.attrs.items()}
    except (OSError, KeyError, ValueError) as error:
        raise FileError(f"{path}: cannot be parsed as HDF5 ({error}); delete the file and run again.") from error
    layout = FORMATS[kind]
    if only:
        layout = replace(layout, datasets={name: layout.datasets[name] for name in only})
    for name, item in layout.datasets.items():
        if item.dtype == TEXT and name in arrays and arrays[name].dtype.kind == "S":
            arrays[name] = np.char.decode(arrays[name], "utf-8")
    _check_layout(path, layout, arrays, arrays.keys(), attributes)
    return ArrayFile(path, arrays, attributes)


def _bytes_of(item: h5py.Dataset, rows: slice) -> int:
    return item.dtype.itemsize * len(range(*rows.indices(len(item)))) * math.prod(item.shape[1:])


def _datasets(path: Path, file: h5py.File) -> dict[str, h5py.Dataset]:
    # HDF5 can also hold folders and point at other files; ours never do, and a reader must not follow.
    for name in file:
        item = file[name] if isinstance(file.get(name, getlink=True), h5py.HardLink) else None
        if not isinstance(item, h5py.Dataset) or item.external or item.is_virtual:
            raise FileError(f"{path}: {name} is no plain array of this file; delete the file and run again.")
    return dict(file.items())


def _prepared(kind: str, name: str, value: Any, item: Dataset) -> np.ndarray:
    array = np.asarray(value)
    if item.dtype == TEXT:
        return array.astype(str)
    wanted = np.dtype(item.dtype)
    with np.errstate(invalid="ignore"):
        cast = np.ascontiguousarray(array, wanted)
    # Floats may lose digits; whole numbers and truth values must stay what they are.
    if wanted.kind != "f" and not np.array_equal(cast, array):
        raise FileError(f"{kind}: dataset {name} holds {array.dtype} values that {wanted} cannot.")
    return cast


def _check_layout(
    path: Path, layout: Format, arrays: Mapping[str, np.ndarray], names: Any, attributes: Mapping
) -> None:
    missing = [n for n in layout.datasets if n not in arrays] + [n for n in layout.attributes if n not in attributes]
    unknown = sorted(set(names) - set(layout.datasets))
    if missing or unknown:
        raise FileError(f"{path}: a {layout.kind} file lacks {missing} and has unknown {unknown}; run its stage again.")
    lengths: dict[str, int] = {}
    for name, item in layout.datasets.items():
        array = arrays[name]
        right_type = array.dtype.kind == "U" if item.dtype == TEXT else array.dtype == np.dtype(item.dtype)
        if not right_type or array.ndim != len(item.dims):
            raise FileError(f"{path}: dataset {name} is {array.dtype}{array.shape}, expected {item.dtype}{item.dims}.")
        for dim, length in zip(item.dims, array.shape, strict=True):
            base, extra = (dim[:-2], 1) if dim.endswith("+1") else (dim, 0)
            expected = int(base) if base.isdigit() else lengths.setdefault(base, length - extra)
            if length != expected + extra:
                raise FileError(
                    f"{path}: axis {dim} of dataset {name} has length {length}, expected {expected + extra}."
                )

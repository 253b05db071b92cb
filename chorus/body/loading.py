"""Reads body models: the open body of this project (.npz) and a user's own licensed SMPL file (.pkl or .npz).

Sizes are checked from the file's headers before anything is decoded. Nothing in a file is ever executed: arrays are
read without pickle, and SMPL's pickles go through `chorus.pickled`.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array, issparse

from chorus.body.landmarks import SMPL_LANDMARK_VERTICES, find_landmarks
from chorus.body.model import LANDMARK_NAMES, N_BETAS, N_JOINTS, SMPL_VERTICES, BodyModel
from chorus.errors import FileError, ModelError
from chorus.pickled import plain_numbers, plain_value, read_pickle

if TYPE_CHECKING:
    from chorus.store import ArrayFile

OPEN_BODY = Path(__file__).parents[2] / "resources" / "body" / "open_body.npz"
MAX_BYTES = 512 * 2**20  # SMPL's largest file holds about 250 MB of arrays
OPEN_FORMAT = 1
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest date a zip knows: the same bytes on every day

_OPEN_KEYS = ("v_template", "faces", "shapedirs", "weight_joints", "weight_values", "regressor_entries",
              "regressor_values", "parents", "landmarks")  # fmt: skip
_SMPL_KEYS = ("v_template", "f", "shapedirs", "posedirs", "J_regressor", "kintree_table", "weights")
_DENSE_KEYS = ("v_template", "faces", "shapedirs", "posedirs", "J_regressor", "parents", "weights")


def load_body(path: str | Path) -> BodyModel:
    """Read a body model.

    Args:
        path: the open body (.npz), or a licensed SMPL file with SMPL's own keys (.npz or .pkl).

    Raises:
        FileError: if there is no such file.
        ModelError: if the file is too large, damaged, holds anything but arrays, or is no 24-joint body.
    """
    path = Path(path)
    if not path.is_file():
        raise FileError(f"{path}: no such body model file; give the path of an .npz or .pkl file.")
    if path.stat().st_size > MAX_BYTES:
        raise ModelError(f"{path}: the file is larger than {MAX_BYTES >> 20} MB; no body model is.")
    arrays = _read_npz(path) if zipfile.is_zipfile(path) else _read_pickle(path)
    try:
        if "weight_joints" in arrays:
            return _open_body(path.stem, _required(path, arrays, _OPEN_KEYS))
        if "kintree_table" in arrays:
            return _smpl_body(path.stem, _required(path, arrays, _SMPL_KEYS))
        return _dense_body(path.stem, _required(path, arrays, _DENSE_KEYS))
    except (ValueError, TypeError, IndexError, AttributeError) as error:
        raise ModelError(f"{path}: the arrays are no body model ({error}); use the original file.") from error


def check_made_with(body: BodyModel, *files: ArrayFile) -> None:
    """Refuse (FileError) result files whose attribute `body` is not the digest of this body model."""
    for file in files:
        if file.attributes["body"] != body.digest:
            raise FileError(f"{file.path}: was made with another body model; delete it and run again.")


def save_open_body(path: str | Path, body: BodyModel) -> None:
    """Write a body in the project's own layout: float32, sparse weights, no pickle, the same bytes every time."""
    used = int((body.weights > 0).sum(axis=1).max())
    order = np.argsort(-body.weights, axis=1, kind="stable")[:, :used]
    regressor = body.J_regressor.tocoo()
    arrays = {
        "format_version": np.array(OPEN_FORMAT, np.int32),
        "v_template": body.v_template.astype("<f4"),
        "faces": body.faces.astype("<i4"),
        "shapedirs": body.shapedirs.astype("<f4"),
        "weight_joints": order.astype("u1"),
        "weight_values": np.take_along_axis(body.weights, order, axis=1).astype("<f4"),
        "regressor_entries": np.stack(regressor.coords).astype("<i4"),
        "regressor_values": regressor.data.astype("<f4"),
        "parents": body.parents.astype("<i4"),
        "landmarks": np.array([body.landmark_vertices[name] for name in LANDMARK_NAMES], "<i4"),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, array, version=(1, 0), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", ZIP_EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, member.getvalue())


def _required(path: Path, arrays: Mapping[str, Any], keys: tuple[str, ...]) -> Mapping[str, Any]:
    missing = [key for key in keys if key not in arrays]
    if missing:
        raise ModelError(f"{path}: no {missing[0]!r} in this file; a body model holds {', '.join(keys)}.")
    return arrays


def _open_body(name: str, arrays: Mapping[str, np.ndarray]) -> BodyModel:
    if (version := int(arrays.get("format_version", 0))) != OPEN_FORMAT:
        raise ModelError(f"body model {name}: format version {version}; this program reads version {OPEN_FORMAT}.")
    n = len(arrays["v_template"])
    weights = np.zeros((n, N_JOINTS))
    np.put_along_axis(weights, arrays["weight_joints"].astype(np.intp), arrays["weight_values"], axis=1)
    entries = arrays["regressor_entries"]
    return BodyModel(
        name=name,
        v_template=arrays["v_template"],
        faces=arrays["faces"],
        shapedirs=arrays["shapedirs"],
        J_regressor=csr_array((arrays["regressor_values"], (entries[0], entries[1])), shape=(N_JOINTS, n)),
        weights=weights / weights.sum(axis=1, keepdims=True),  # float32 sums to one within 1e-7 only
        landmark_vertices=dict(zip(LANDMARK_NAMES, arrays["landmarks"], strict=True)),
        parents=arrays["parents"],
    )


def _smpl_body(name: str, arrays: Mapping[str, Any]) -> BodyModel:
    parents = np.array(arrays["kintree_table"])[0].astype(np.int64)
    parents[0] = -1  # SMPL marks the root with 2^32 - 1
    return _dense_body(name, {**arrays, "faces": arrays["f"], "parents": parents}, smpl=True)


def _dense_body(name: str, arrays: Mapping[str, Any], smpl: bool = False) -> BodyModel:
    v_template, weights = plain_numbers(arrays["v_template"]), plain_numbers(arrays["weights"])
    J_regressor = arrays["J_regressor"]
    if not issparse(J_regressor):
        J_regressor = csr_array(plain_numbers(J_regressor))
    published = smpl and len(v_template) == SMPL_VERTICES
    return BodyModel(
        name=name,
        v_template=v_template,
        faces=plain_numbers(arrays["faces"]).astype(np.int64),
        shapedirs=plain_numbers(arrays["shapedirs"])[:, :, :N_BETAS],
        posedirs=plain_numbers(arrays["posedirs"]),
        J_regressor=J_regressor,
        weights=weights,
        landmark_vertices=SMPL_LANDMARK_VERTICES
        if published
        else find_landmarks(v_template, weights, J_regressor @ v_template),
        parents=plain_numbers(arrays["parents"]),
    )


# --- .npz ---------------------------------------------------------------------------------------------------------


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    """Every array of an .npz that holds plain numbers; others (SMPL's notes on itself) are left out."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            declared = sum(member.file_size for member in members)
            if declared > MAX_BYTES:
                raise ModelError(f"{path}: unpacks to {declared >> 20} MB; more than {MAX_BYTES >> 20} MB is refused.")
            arrays = {m.filename.removesuffix(".npy"): _read_member(archive, m) for m in members}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise ModelError(f"{path}: damaged .npz file ({error}); use the original file.") from error
    return {key: array for key, array in arrays.items() if array is not None}


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray | None:
    """One array, or None for one of objects. The shape must fit the bytes: a header alone allocates nothing."""
    with archive.open(member) as stream:
        version = np.lib.format.read_magic(stream)
        read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        if version not in read_header:
            raise ValueError(f"{member.filename} is an array of an unknown version")
        shape, _, dtype = read_header[version](stream)
        if dtype.hasobject:
            return None
        if math.prod(shape) * dtype.itemsize != member.file_size - stream.tell():
            raise ValueError(f"{member.filename} announces more or fewer numbers than it holds")
    with archive.open(member) as stream:
        return np.lib.format.read_array(stream, allow_pickle=False)


# --- .pkl ---------------------------------------------------------------------------------------------------------


def _read_pickle(path: Path) -> dict[str, Any]:
    content = read_pickle(path)
    try:
        return {str(key): plain_value(str(key), value) for key, value in content.items() if key in _SMPL_KEYS}
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    except Exception as error:  # hostile contents can make scipy raise anything at all
        raise ModelError(f"{path}: no readable SMPL file ({error}); use the original .pkl or .npz.") from error

"""Reading body models: the open layout, SMPL's own layouts, and files that are no body."""

import io
import pickle
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csc_matrix, csr_matrix

from chorus.body.landmarks import SMPL_LANDMARK_VERTICES, find_landmarks
from chorus.body.loading import OPEN_BODY, load_body, save_open_body
from chorus.body.model import LANDMARK_NAMES, BodyModel, mirrored_name
from chorus.errors import FileError, ModelError


@pytest.fixture(scope="module")
def body() -> BodyModel:
    return load_body(OPEN_BODY)


@pytest.fixture
def smpl(body: BodyModel) -> dict:
    """The open body under SMPL's keys and types."""
    kintree = np.stack([body.parents, np.arange(24)]).astype(np.int64)
    kintree[0, 0] = 2**32 - 1
    return {
        "v_template": body.v_template,
        "f": body.faces.astype(np.uint32),
        "shapedirs": np.concatenate([body.shapedirs, np.ones((body.n_vertices, 3, 3))], axis=2),
        "posedirs": np.zeros((body.n_vertices, 3, 207), np.float32),
        "J_regressor": csc_matrix(body.J_regressor.toarray()),
        "kintree_table": kintree.astype(np.uint32),
        "weights": body.weights,
        "bs_style": "lbs",
    }


def assert_same_body(one: BodyModel, other: BodyModel) -> None:
    for name in ("v_template", "faces", "shapedirs", "weights", "parents"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert np.array_equal(one.J_regressor.toarray(), other.J_regressor.toarray())


def test_open_layout_keeps_the_body(body: BodyModel, tmp_path: Path) -> None:
    for name in ("one.npz", "two.npz"):
        save_open_body(tmp_path / name, body)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    again = load_body(tmp_path / "one.npz")
    assert np.allclose(again.weights, body.weights, atol=1e-7)
    assert again.landmark_vertices == body.landmark_vertices
    for name in ("v_template", "faces", "shapedirs"):
        assert np.array_equal(getattr(again, name), getattr(body, name))


def test_the_shipped_file_is_small_and_holds_plain_numbers() -> None:
    assert OPEN_BODY.stat().st_size < 4 * 2**20
    with np.load(OPEN_BODY, allow_pickle=False) as arrays:
        assert all(array.dtype.kind in "iuf" for array in arrays.values())


@pytest.mark.parametrize("protocol", range(6))
def test_smpl_pickle(smpl: dict, body: BodyModel, tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "basicModel.pkl"
    path.write_bytes(pickle.dumps(smpl, protocol=protocol))
    loaded = load_body(path)
    assert_same_body(loaded, body)
    assert loaded.posedirs is not None
    assert dict(loaded.landmark_vertices) == SMPL_LANDMARK_VERTICES


def test_smpl_pickle_with_dense_or_csr_regressor(smpl: dict, body: BodyModel, tmp_path: Path) -> None:
    for regressor in (body.J_regressor.toarray(), csr_matrix(body.J_regressor.toarray())):
        path = tmp_path / "smpl.pkl"
        path.write_bytes(pickle.dumps(smpl | {"J_regressor": regressor}, protocol=2))
        assert_same_body(load_body(path), body)


def test_smpl_npz(smpl: dict, body: BodyModel, tmp_path: Path) -> None:
    path = tmp_path / "SMPL_NEUTRAL.npz"
    np.savez(path, **(smpl | {"J_regressor": smpl["J_regressor"].toarray(), "notes": np.array([{"a": 1}])}))
    assert_same_body(load_body(path), body)


def test_chumpy_arrays_are_read_without_chumpy(
    smpl: dict, body: BodyModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chumpy, ch = types.ModuleType("chumpy"), types.ModuleType("chumpy.ch")
    ch.Ch = type("Ch", (), {"__module__": "chumpy.ch", "__qualname__": "Ch"})  # type: ignore[attr-defined]
    wrapped = ch.Ch()  # type: ignore[attr-defined]
    wrapped.__dict__ = {"x": smpl["shapedirs"], "_itr": 3}
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "chumpy", chumpy)
        patch.setitem(sys.modules, "chumpy.ch", ch)
        content = pickle.dumps(smpl | {"shapedirs": wrapped}, protocol=2)
        expression = ch.Ch()  # type: ignore[attr-defined]
        expression.__dict__ = {"a": 1}
        unresolved = pickle.dumps(smpl | {"weights": expression}, protocol=2)
    (tmp_path / "male.pkl").write_bytes(content)
    assert_same_body(load_body(tmp_path / "male.pkl"), body)
    assert "chumpy" not in sys.modules
    (tmp_path / "odd.pkl").write_bytes(unresolved)
    with pytest.raises(ModelError, match="chumpy expression"):
        load_body(tmp_path / "odd.pkl")


def test_other_meshes_get_landmarks_by_geometry(body: BodyModel, tmp_path: Path) -> None:
    path = tmp_path / "dense.npz"
    np.savez(
        path,
        v_template=body.v_template,
        faces=body.faces,
        shapedirs=body.shapedirs,
        posedirs=np.zeros((body.n_vertices, 3, 207), np.float32),
        J_regressor=body.J_regressor.toarray(),
        parents=body.parents,
        weights=body.weights,
    )
    found = load_body(path).landmark_vertices
    for name in LANDMARK_NAMES:
        distance = np.linalg.norm(body.v_template[found[name]] - body.v_template[body.landmark_vertices[name]])
        assert distance < 0.035, name


def test_found_landmarks_mirror_each_other(body: BodyModel) -> None:
    found = find_landmarks(body.v_template, body.weights, body.joints_at_rest())
    for name, vertex in found.items():
        twin = body.v_template[found[mirrored_name(name)]] * [-1.0, 1.0, 1.0]
        assert np.allclose(body.v_template[vertex], twin, atol=1e-6), name


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no such body model"):
        load_body(tmp_path / "nowhere.pkl")


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 cut", b"\x80\x04.", pickle.dumps([1, 2])])
def test_files_that_are_no_model(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.pkl"):
        load_body(path)


def test_a_missing_key_is_named(smpl: dict, tmp_path: Path) -> None:
    del smpl["weights"]
    (tmp_path / "smpl.pkl").write_bytes(pickle.dumps(smpl))
    with pytest.raises(ModelError, match="'weights'"):
        load_body(tmp_path / "smpl.pkl")
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(ModelError, match="'v_template'"):
        load_body(tmp_path / "other.npz")


def test_wrong_contents_are_named(smpl: dict, tmp_path: Path) -> None:
    for key, value in {"weights": "text", "f": np.zeros((3, 3), object), "v_template": np.zeros((5, 3))}.items():
        (tmp_path / "smpl.pkl").write_bytes(pickle.dumps(smpl | {key: value}))
        with pytest.raises(ModelError):
            load_body(tmp_path / "smpl.pkl")


def test_truncated_and_flipped_files_are_refused(tmp_path: Path) -> None:
    whole = OPEN_BODY.read_bytes()
    path = tmp_path / "open_body.npz"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError):
        load_body(path)
    flipped = bytearray(whole)
    flipped[len(whole) // 3] ^= 0x10
    path.write_bytes(flipped)
    with pytest.raises(ModelError):
        load_body(path)


def test_a_later_format_is_refused(tmp_path: Path) -> None:
    arrays = dict(np.load(OPEN_BODY)) | {"format_version": np.array(9)}
    np.savez(tmp_path / "later.npz", **arrays)
    with pytest.raises(ModelError, match="version 9"):
        load_body(tmp_path / "later.npz")


def test_a_header_alone_allocates_nothing(tmp_path: Path) -> None:
    """An array that announces a terabyte and holds eight bytes."""
    import zipfile

    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (2**37,)})
    with zipfile.ZipFile(tmp_path / "thin.npz", "w") as archive:
        archive.writestr("v_template.npy", header.getvalue() + bytes(8))
    with pytest.raises(ModelError, match="announces"):
        load_body(tmp_path / "thin.npz")

"""Hostile body model files: nothing runs, nothing is left behind, nothing large is unpacked."""

import os
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from chorus.body.loading import load_body
from chorus.errors import ModelError


class Calls:
    """Pickles into a call of `function(*arguments)`."""

    def __init__(self, function: object, *arguments: object, state: object = None):
        self.call = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self) -> tuple:
        return self.call


def global_call(module: str, name: str, argument: str) -> bytes:
    """Protocol 0 by hand: module.name(argument), for names this Python would not pickle itself."""
    return f"c{module}\n{name}\n(V{argument}\ntR.".encode()


def hostile_objects(canary: Path) -> dict[str, object]:
    shell, code = f"touch {canary}", f"__import__('pathlib').Path({str(canary)!r}).touch()"
    return {
        "os.system": Calls(os.system, shell),
        "eval": Calls(eval, code),
        "exec": Calls(exec, code),
        "getattr": Calls(getattr, Calls(__import__, "os"), "system"),
        "nested setstate": Calls(dict, state={"x": Calls(os.system, shell)}),
        "inside an array": np.array([Calls(os.system, shell)], dtype=object),
        "np.load": Calls(np.load, str(canary), None, True),
        "scalar of objects": {"weights": np.array([Calls(eval, code)], dtype=object)[0]},
        "sparse with a payload": Calls(scipy.sparse.csc_matrix, Calls(os.system, shell)),
        "pickle in pickle": Calls(pickle.loads, pickle.dumps(Calls(os.system, shell))),
    }


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("attack", list(hostile_objects(Path("canary"))))
def test_payloads_do_not_run(attack: str, protocol: int, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    path = tmp_path / "SMPL_NEUTRAL.pkl"
    path.write_bytes(pickle.dumps({"v_template": hostile_objects(canary)[attack]}, protocol=protocol))
    with pytest.raises(ModelError, match=r"SMPL_NEUTRAL\.pkl"):
        load_body(path)
    assert not canary.exists()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("posix", "system"),
        ("__builtin__", "eval"),
        ("builtins", "getattr"),
        ("builtins", "__import__"),
        ("subprocess", "check_output"),
        ("numpy", "load"),
        ("numpy", "os.system"),
        ("numpy.core.multiarray", "_reconstruct.__globals__"),
        ("numpy.testing._private.utils", "runstring"),
        ("scipy.sparse.csc", "np.load"),
        ("scipy.sparse._csc", "csc_array"),
        ("collections", "namedtuple"),
        ("functools", "partial"),
        ("chorus.body.loading", "load_body"),
    ],
)
def test_only_listed_names_are_resolved(module: str, name: str, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    path = tmp_path / "model.pkl"
    path.write_bytes(global_call(module, name, f"touch {canary}"))
    with pytest.raises(ModelError, match=f"{module}.{name}"):
        load_body(path)
    assert not canary.exists()


def test_listed_names_cannot_be_altered(tmp_path: Path) -> None:
    """BUILD with a slot state sets attributes on whatever is on the stack: no class of ours or scipy's may be there."""
    path = tmp_path / "model.pkl"
    before = (scipy.sparse.csc_matrix.__init__, vars(scipy.sparse.csc_matrix).copy())
    for module, name in [("scipy.sparse.csc", "csc_matrix"), ("chumpy.ch", "Ch"), ("numpy", "ndarray")]:
        slots = b"(N}V__init__\nc__builtin__\nset\nstb"  # (None, {"__init__": set}) set on the class itself
        path.write_bytes(f"c{module}\n{name}\n".encode() + slots + b".")
        with pytest.raises(ModelError):
            load_body(path)
    assert before == (scipy.sparse.csc_matrix.__init__, vars(scipy.sparse.csc_matrix).copy())
    from chorus import pickled

    assert pickled._Recorded.__init__.__qualname__ == "_Recorded.__init__"


def test_arbitrary_codecs_and_objects_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    for content in (
        b"c_codecs\nencode\n(Vabc\nVzlib\ntR.",
        b"ccopy_reg\n_reconstructor\n(c__builtin__\nset\nc__builtin__\nobject\nNtR.",
        b"Pexternal\n.",  # persistent id
        b"\x80\x02\x82\x01.",  # extension registry
    ):
        path.write_bytes(content)
        with pytest.raises(ModelError):
            load_body(path)


def test_deep_nesting_and_absurd_sizes_end_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    for content in (
        b"(" * 100_000 + b"l" * 100_000 + b".",
        b"\x80\x04\x8e" + struct.pack("<Q", 2**60) + b".",  # BINBYTES8 of an exabyte
        b"cnumpy\nndarray\n((L1000000000000000L\ntVf8\ntR.",
    ):
        path.write_bytes(content)
        with pytest.raises(ModelError):
            load_body(path)


def test_npz_with_objects_is_not_unpickled(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    path = tmp_path / "model.npz"
    np.savez(path, v_template=np.array([Calls(os.system, f"touch {canary}")], dtype=object))
    with pytest.raises(ModelError, match="v_template"):
        load_body(path)
    assert not canary.exists()


def declare_size(path: Path, size: int) -> None:
    """Write `size` as the unpacked size of the only member into both zip headers."""
    content = bytearray(path.read_bytes())
    local, central = content.index(b"PK\x03\x04"), content.index(b"PK\x01\x02")
    content[local + 22 : local + 26] = content[central + 24 : central + 28] = struct.pack("<I", size)
    path.write_bytes(content)


def test_npz_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("v_template.npy", bytes(1000))
    declare_size(path, 2 * 10**9)
    with pytest.raises(ModelError, match="1907 MB"):
        load_body(path)


def test_many_members_count_together(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for i in range(9):
            archive.writestr(f"a{i}.npy", bytes(60 * 2**20))
    with pytest.raises(ModelError, match="540 MB"):
        load_body(path)


def test_npz_that_declares_less_than_it_holds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "liar.npz"
    np.savez_compressed(path, v_template=np.zeros(10**6))
    declare_size(path, 500)
    with pytest.raises(ModelError):
        load_body(path)

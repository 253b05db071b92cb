"""Pickles of arrays, read without running anything: SMPL's files and detectron2's model zoo come as such.

Modules and classes that a pickle asks for are never imported: an allow-list knows numpy arrays, sparse matrices and
the arrays inside chumpy objects, and nothing else. This is the one module that uses `pickle`.
"""

from __future__ import annotations

import collections
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy._core.multiarray import _reconstruct, scalar  # the names under which numpy pickles its arrays
from scipy.sparse import csc_array, csr_array

from chorus.errors import ModelError


def read_pickle(path: Path) -> dict[Any, Any]:
    """The dictionary in a pickle; chumpy objects and sparse matrices in it are for `plain_value` to open.

    Raises:
        ModelError: it holds anything but arrays and plain values, or is damaged.
    """
    try:
        with path.open("rb") as stream:
            content = _ArrayUnpickler(stream, encoding="latin1").load()
        if not isinstance(content, dict):
            raise pickle.UnpicklingError("it is no dictionary of arrays")
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    except Exception as error:  # a hostile pickle can make the unpickler raise anything at all
        raise ModelError(f"{path}: no readable pickle of arrays ({error}); use the original file.") from error
    return content


def plain_value(key: str, value: Any) -> Any:
    """The array inside a chumpy object, or the sparse matrix inside scipy's."""
    if not isinstance(value, _Recorded):
        return value
    state = value.state
    if "x" in state:
        return state["x"]
    if {"data", "indices", "indptr", "_shape"} <= set(state):
        parts = tuple(plain_numbers(state[part]) for part in ("data", "indices", "indptr"))
        return (csr_array if value.kind == "csr_matrix" else csc_array)(parts, shape=tuple(state["_shape"]))
    raise ModelError(f"{key!r} is a chumpy expression, not an array; export the model with plain numpy arrays.")


def plain_numbers(values: Any) -> np.ndarray:
    """A numeric array, or a ModelError."""
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise ModelError(f"an array has type {array.dtype}; only plain numbers are allowed.")
    return array


class _Recorded:
    """Stands in for a chumpy object or a scipy matrix: keeps its attributes, does nothing."""

    kind = ""

    state: Mapping[str, Any] = {}

    def __init__(self, *_: Any) -> None:
        """Takes whatever the pickle passes."""

    def __setstate__(self, state: Any) -> None:
        self.state = dict(state) if isinstance(state, dict) else {}


class _ArrayUnpickler(pickle.Unpickler):
    """Resolves only the names listed here; modules and classes of the file are never imported.

    Every class that a pickle could alter (its attributes are writable) is made anew for each load, so that a hostile
    file leaves no trace in numpy, scipy or this module.
    """

    def find_class(self, module: str, name: str) -> Any:
        root = module.partition(".")[0]
        if root == "chumpy":
            return type("Chumpy", (_Recorded,), {})
        if root == "scipy" and module.startswith("scipy.sparse") and name in ("csc_matrix", "csr_matrix"):
            return type("Sparse", (_Recorded,), {"kind": name})
        if module in ("numpy.core.numeric", "numpy._core.numeric") and name == "_frombuffer":
            return self._frombuffer
        if (module, name) in (("copy_reg", "_reconstructor"), ("copyreg", "_reconstructor")):
            return self._reconstructor
        if (module, name) == ("_codecs", "encode"):
            return self._encode
        if (found := _ALLOWED.get((module, name))) is not None:
            return found
        raise ModelError(f"the pickle asks for {module}.{name}; only arrays are read, so this file is refused.")

    def _frombuffer(self, buffer: Any, dtype: np.dtype, shape: tuple[int, ...], order: str) -> np.ndarray:
        return np.frombuffer(buffer, dtype=dtype).reshape(shape, order="F" if order == "F" else "C")

    def _reconstructor(self, cls: type, *_: Any) -> Any:
        """Protocol 0 and 1 make plain objects so; only the recording stand-ins may be made."""
        if not (isinstance(cls, type) and issubclass(cls, _Recorded)):
            raise ModelError("the pickle makes an object that is no array; this file is refused.")
        return cls()

    def _encode(self, text: str, encoding: str = "latin1") -> bytes:
        if encoding != "latin1":
            raise ModelError(f"the pickle holds bytes in encoding {encoding!r}; only latin1 is read.")
        return text.encode("latin1")


_ALLOWED: dict[tuple[str, str], Callable[..., Any]] = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    **{(module, "set"): set for module in ("builtins", "__builtin__")},
    **{(module, "object"): object for module in ("builtins", "__builtin__")},
    **{("numpy", name): getattr(np, name) for name in ("ndarray", "dtype")},
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _reconstruct for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): scalar for core in ("core", "_core")},
}

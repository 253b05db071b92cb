"""Fields for other programs: .npz with everything, .ply as a cloud of voxels or as their surface, with values."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from chorus import store
from chorus.distribution.spatial import SpatialField
from chorus.errors import QueryError

SHOWN_FROM = 0.25  # share of the largest Phi from which a voxel is part of the cloud or surface
ARRAYS = ("phi", "low", "high", "n_eff", "directions", "pose")
_VERTEX = [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("value", "<f4"), ("red", "u1"), ("green", "u1"), ("blue", "u1")]
_PLY_NAMES = {"f4": "float", "u1": "uchar"}
# The six sides of a voxel: axis, direction, and the corners of the face, counter-clockwise seen from outside.
_SQUARE = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) / 2.0


def save(field: SpatialField, path: Path, surface: bool = False, threshold: float | None = None) -> None:
    """Write a field as `.npz` (all arrays) or `.ply` (voxel centres or their surface, with Phi and a colour).

    Args:
        surface: .ply: faces of the outer voxels instead of points.
        threshold: .ply: least Phi shown; a quarter of the largest by default.

    Raises:
        QueryError: another kind of file.
    """
    if path.suffix == ".npz":
        content = _npz(field)
    elif path.suffix == ".ply":
        shown = _shown(field, threshold)
        content = _ply(*(_surface(field, shown) if surface else _cloud(field, shown)))
    else:
        raise QueryError(f"{path}: cannot write {path.suffix or 'a file without ending'}; use .npz or .ply.")
    store.write_bytes(path, content)


def _npz(field: SpatialField) -> bytes:
    buffer = io.BytesIO()
    arrays = {name: getattr(field, name) for name in ARRAYS}
    np.savez_compressed(buffer, axis=field.grid.axis(), images=field.images, **arrays, **field.about)  # type: ignore[arg-type]
    return buffer.getvalue()


def _shown(field: SpatialField, threshold: float | None) -> np.ndarray:
    phi = np.where(field.known, field.phi, 0.0)
    least = SHOWN_FROM * phi.max() if threshold is None else threshold
    return (phi >= least) & (phi > 0)


def _cloud(field: SpatialField, shown: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return field.grid.centres()[shown.reshape(-1)], field.phi[shown], np.zeros((0, 4), np.int32)


def _surface(field: SpatialField, shown: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Corners (4 f, 3), their values and quadrilaterals (f, 4) between shown and other voxels."""
    padded = np.pad(shown, 1)
    centres = field.grid.centres().reshape(*shown.shape, 3)
    corners, values = [], []
    for axis in range(3):
        for sign in (1, -1):
            beyond = np.roll(padded, -sign, axis)[1:-1, 1:-1, 1:-1]
            outer = shown & ~beyond
            square = np.zeros((4, 3))
            square[:, axis] = sign / 2.0
            square[:, [(axis + 1) % 3, (axis + 2) % 3]] = _SQUARE[::sign]
            corners.append(centres[outer][:, None] + field.grid.voxel * square)
            values.append(np.repeat(field.phi[outer], 4))
    points, phi = np.concatenate(corners).reshape(-1, 3), np.concatenate(values)
    return points, phi, np.arange(len(points), dtype=np.int32).reshape(-1, 4)


def _ply(points: np.ndarray, values: np.ndarray, faces: np.ndarray) -> bytes:
    """Binary PLY; colour runs from yellow (low) to red (the largest value)."""
    vertex = np.zeros(len(points), _VERTEX)
    for axis, name in enumerate("xyz"):
        vertex[name] = points[:, axis]
    vertex["value"], vertex["red"] = values, 255
    vertex["green"] = np.rint(255 * (1 - values / values.max())) if len(values) else 0
    face = np.zeros(len(faces), [("count", "u1"), ("corner", "<i4", 4)])
    face["count"], face["corner"] = 4, faces
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {len(vertex)}"]
    header += [f"property {_PLY_NAMES[kind.strip('<')]} {name}" for name, kind in _VERTEX]
    header += [f"element face {len(face)}", "property list uchar int vertex_indices", "end_header\n"]
    return "\n".join(header).encode() + vertex.tobytes() + face.tobytes()

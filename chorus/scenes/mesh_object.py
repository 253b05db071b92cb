"""A user's own object: a closed triangle mesh from an OBJ file, with the same questions as a parametric solid."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from scipy.spatial.transform import Rotation

from chorus.errors import FileError, MissingExtraError
from chorus.scenes.solids import TriangleMesh

MAX_BYTES = 64 * 2**20  # of an OBJ file
MAX_FACES = 500_000
MAX_EXTENT = 10.0  # metres; a larger box means the file is not in metres
GREY = (0.35, 0.35, 0.36)

# Rays run along z of a frame turned by odd angles, so that they meet edges and corners of modelled things practically
# never.
_TURN = Rotation.from_euler("xyz", [0.5377, 0.7321, 0.4187]).as_matrix()


@dataclass(frozen=True)
class MeshObject:
    """A closed surface; `contains` counts how often a ray to infinity crosses it."""

    surface: TriangleMesh

    def contains(self, points: np.ndarray) -> np.ndarray:
        """(P,) bool: which points (P, 3), metres, lie inside."""
        low, high = self.bounds()
        near = np.flatnonzero(((points >= low) & (points <= high)).all(axis=1))
        inside = np.zeros(len(points), bool)
        turned, corners = points[near] @ _TURN.T, self.surface.vertices[self.surface.faces] @ _TURN.T
        order = np.argsort(turned[:, 0])  # a triangle is tested against the points of its own strip of x only
        inside[near] = _crossings(turned, corners, order, turned[order, 0]) % 2 == 1
        return inside

    def mesh(self) -> TriangleMesh:
        """The surface."""
        return self.surface

    def transformed(self, transform: np.ndarray) -> MeshObject:
        """The object moved by an affine (4, 4)."""
        return MeshObject(self.surface.transformed(transform))

    def bounds(self) -> np.ndarray:
        """(2, 3) lowest and highest corner, metres."""
        return np.stack([self.surface.vertices.min(axis=0), self.surface.vertices.max(axis=0)])


def load_mesh_object(path: str | Path) -> MeshObject:
    """Read a closed OBJ surface in metres, y up, z the object's front.

    Raises:
        FileError: if there is no such file, it is too large, holds no triangles, is not closed or not in metres.
        MissingExtraError: if trimesh is not installed.
    """
    path = Path(path)
    if path.suffix.lower() != ".obj" or not path.is_file():
        raise FileError(f"{path}: no such OBJ file; scenes.object_mesh takes the path of an .obj file.")
    if path.stat().st_size > MAX_BYTES:
        raise FileError(f"{path}: larger than {MAX_BYTES >> 20} MB; simplify the mesh first.")
    try:
        import trimesh
    except ImportError as error:
        raise MissingExtraError("Reading OBJ files needs trimesh: pip install trimesh.") from error
    try:
        loaded: Any = trimesh.load(path, file_type="obj", force="mesh", skip_materials=True, process=True)
        vertices, faces = np.asarray(loaded.vertices, np.float64), np.asarray(loaded.faces, np.int64)
    except Exception as error:  # a damaged file makes the reader raise anything at all
        raise FileError(f"{path}: cannot be read as OBJ ({type(error).__name__}: {error}).") from error
    if not 0 < len(faces) <= MAX_FACES or not np.isfinite(vertices).all():
        raise FileError(f"{path}: has {len(faces)} triangles; needed: 1 to {MAX_FACES} with finite corners.")
    if np.ptp(vertices, axis=0).max() > MAX_EXTENT:
        raise FileError(f"{path}: is larger than {MAX_EXTENT:g} m; scale it to metres.")
    if not loaded.is_watertight:
        raise FileError(f"{path}: the surface is not closed, so it has no inside; close its holes first.")
    trimesh.repair.fix_normals(loaded)
    faces = np.asarray(loaded.faces, np.int64)
    return MeshObject(TriangleMesh(vertices, faces, np.tile(GREY, (len(vertices), 1))))


@njit(cache=True)
def _crossings(points, corners, order, x_sorted):  # pragma: no cover - compiled
    """How often the ray along +z from each point (P, 3) crosses triangles (F, 3, 3)."""
    counts = np.zeros(len(points), np.int64)
    for f in range(len(corners)):
        a, b, c = corners[f, 0], corners[f, 1], corners[f, 2]
        area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])
        if area == 0.0:
            continue
        first = np.searchsorted(x_sorted, min(a[0], b[0], c[0]))
        last = np.searchsorted(x_sorted, max(a[0], b[0], c[0]), side="right")
        low, high = min(a[1], b[1], c[1]), max(a[1], b[1], c[1])
        for k in range(first, last):
            x, y, z = points[order[k]]
            if y < low or y > high:
                continue
            u = ((x - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (y - a[1])) / area
            v = ((b[0] - a[0]) * (y - a[1]) - (x - a[0]) * (b[1] - a[1])) / area
            if u >= 0.0 and v >= 0.0 and u + v < 1.0 and a[2] + u * (b[2] - a[2]) + v * (c[2] - a[2]) > z:
                counts[order[k]] += 1
    return counts

"""The five primitive shapes every parametric object is made of: closed-form inside tests, bounds and meshes.

Each primitive stands upright in its own frame (y is its axis) and is described by a kind and up to four sizes:

| kind      | sizes (metres, radians)                      | shape                                            |
|-----------|----------------------------------------------|--------------------------------------------------|
| BOX       | half extents x, y, z                         | cuboid                                           |
| FRUSTUM   | bottom radius, top radius, half height       | cone or cylinder along y                         |
| ELLIPSOID | radii x, y, z                                |                                                  |
| TORUS     | ring radius, tube radius                     | ring around y                                    |
| SHELL     | outer radius, thickness, half opening angle  | cap of a spherical shell around +y (a canopy)    |
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache

import numpy as np
from numba import njit


class Kind(IntEnum):
    """Kind of a primitive; see the module's table for the meaning of its sizes."""

    BOX = 0
    FRUSTUM = 1
    ELLIPSOID = 2
    TORUS = 3
    SHELL = 4


N_SIZES = 4
_AROUND = 20  # mesh segments around an axis
_ALONG = 10  # mesh segments along a curved profile
_BOX, _FRUSTUM, _ELLIPSOID, _TORUS = (int(kind) for kind in list(Kind)[:4])


@njit(cache=True)
def is_inside(kind: int, size: np.ndarray, x: float, y: float, z: float) -> bool:
    """Whether the point (x, y, z) of the primitive's frame lies inside it."""
    if kind == _BOX:
        return abs(x) <= size[0] and abs(y) <= size[1] and abs(z) <= size[2]
    if kind == _FRUSTUM:
        if abs(y) > size[2]:
            return False
        radius = size[0] + (size[1] - size[0]) * 0.5 * (y / size[2] + 1.0)
        return x * x + z * z <= radius * radius
    if kind == _ELLIPSOID:
        return (x / size[0]) ** 2 + (y / size[1]) ** 2 + (z / size[2]) ** 2 <= 1.0
    if kind == _TORUS:
        return (np.sqrt(x * x + z * z) - size[0]) ** 2 + y * y <= size[1] ** 2
    radius = np.sqrt(x * x + y * y + z * z)
    return size[0] - size[1] <= radius <= size[0] and y >= radius * np.cos(size[2])


def local_bounds(kind: int, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest corner (3,), (3,) of a primitive in its own frame."""
    a, b, c, _ = size
    if kind in (Kind.BOX, Kind.ELLIPSOID):
        half = np.array([a, b, c])
    elif kind == Kind.FRUSTUM:
        half = np.array([max(a, b), c, max(a, b)])
    elif kind == Kind.TORUS:
        half = np.array([a + b, b, a + b])
    else:
        widest = a * np.sin(min(c, np.pi / 2))
        rim = (a - b) * np.cos(c) if c <= np.pi / 2 else a * np.cos(c)
        return np.array([-widest, rim, -widest]), np.array([widest, a, widest])
    return -half, half


def mesh_of(kind: int, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (V, 3) and outward faces (F, 3) of a primitive in its own frame; sharp edges do not share vertices."""
    a, b, c, _ = size
    if kind == Kind.BOX:
        return _box_mesh(np.array([a, b, c]))
    if kind == Kind.FRUSTUM:
        side = np.array([[b, c], [a, -c]])
        return _join(_revolved(side), _revolved(np.array([[0, c], [b, c]])), _revolved(np.array([[a, -c], [0, -c]])))
    if kind == Kind.ELLIPSOID:
        angle = np.linspace(0.0, np.pi, _ALONG + 1)
        vertices, faces = _revolved(np.stack([np.sin(angle), np.cos(angle)], axis=1))
        return vertices * np.array([a, b, c]), faces
    if kind == Kind.TORUS:
        angle = np.linspace(0.0, -2.0 * np.pi, _ALONG + 1)
        return _revolved(np.stack([a + b * np.cos(angle), b * np.sin(angle)], axis=1), around=2 * _AROUND)
    angle = np.linspace(0.0, c, _ALONG + 1)
    arc = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    outer, inner = a * arc, (a - b) * arc[::-1]
    rim = np.stack([outer[-1], inner[0]])
    return _join(_revolved(outer), _revolved(rim), _revolved(inner))


def _box_mesh(half: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A cuboid with four vertices per side, so that its edges stay sharp when normals are smoothed."""
    vertices: list[np.ndarray] = []
    faces: list[np.ndarray] = []
    for axis in range(3):
        u, v = np.eye(3)[(axis + 1) % 3], np.eye(3)[(axis + 2) % 3]
        for sign in (1.0, -1.0):
            corners = [sign * np.eye(3)[axis] + p * u + sign * q * v for p, q in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
            faces += [np.array([0, 1, 2]) + 4 * len(vertices), np.array([0, 2, 3]) + 4 * len(vertices)]
            vertices.append(np.array(corners))
    return np.concatenate(vertices) * half, np.array(faces)


def _revolved(profile: np.ndarray, around: int = _AROUND) -> tuple[np.ndarray, np.ndarray]:
    """Surface of revolution about y of a profile (k, 2) of (radius, height), given with the outside on its left."""
    angle = 2.0 * np.pi * np.arange(around + 1) / around
    vertices = np.empty((len(profile), around + 1, 3))
    vertices[..., 0] = profile[:, :1] * np.sin(angle)
    vertices[..., 1] = profile[:, 1:]
    vertices[..., 2] = profile[:, :1] * np.cos(angle)
    starts_at_pole, ends_at_pole = bool(profile[0, 0] < 1e-9), bool(profile[-1, 0] < 1e-9)
    return vertices.reshape(-1, 3), _revolved_faces(len(profile), around, starts_at_pole, ends_at_pole)


@lru_cache(maxsize=64)
def _revolved_faces(n_profile: int, around: int, starts_at_pole: bool, ends_at_pole: bool) -> np.ndarray:
    """Faces (F, 3) between the rings of a surface of revolution; at a pole one triangle of each pair has no area."""
    k = np.arange(n_profile - 1)[:, None] * (around + 1)
    top = k + np.arange(around)[None, :]
    bottom = top + around + 1
    lower, upper = np.stack([top, bottom, bottom + 1], axis=-1), np.stack([top, bottom + 1, top + 1], axis=-1)
    lower, upper = lower[: -1 if ends_at_pole else None], upper[1 if starts_at_pole else 0 :]
    faces = np.concatenate([lower.reshape(-1, 3), upper.reshape(-1, 3)])
    faces.setflags(write=False)
    return faces


def _join(*parts: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """One mesh of several."""
    offsets = np.cumsum([0] + [len(vertices) for vertices, _ in parts[:-1]])
    return (
        np.concatenate([vertices for vertices, _ in parts]),
        np.concatenate([faces + offset for (_, faces), offset in zip(parts, offsets, strict=True)]),
    )

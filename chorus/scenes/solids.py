"""Solids of known inside: unions of primitives, the geometry whose occupancy is the scenes' truth.

A solid answers two questions exactly: which points lie inside it (the true occupancy) and what its surface looks like
(the mesh that is rendered). Parts thinner than the voxels of the grid (6.25 cm at N = 48) are seen by single voxel
centres only; they still count in the mean over many draws, because placement varies. A canopy or a panel should be at
least 2.5 cm thick: thinner ones are missed by nearly all voxel centres of a single draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

import numpy as np
from numba import njit
from scipy.spatial.transform import Rotation

from chorus.scenes.primitives import N_SIZES, Kind, is_inside, local_bounds, mesh_of

Colour = tuple[float, float, float]
Point = np.ndarray | tuple[float, float, float]


@dataclass(frozen=True)
class TriangleMesh:
    """A coloured surface.

    Attributes:
        vertices: (V, 3) metres.
        faces: (F, 3) int vertex ids, outward by the right-hand rule.
        colours: (V, 3) linear RGB in 0..1.
    """

    vertices: np.ndarray
    faces: np.ndarray
    colours: np.ndarray

    def transformed(self, transform: np.ndarray) -> TriangleMesh:
        """The mesh moved by an affine (4, 4); a reflection turns the faces round, so they stay outward."""
        faces = self.faces[:, ::-1] if np.linalg.det(transform[:3, :3]) < 0 else self.faces
        return TriangleMesh(moved(transform, self.vertices), faces, self.colours)


class SceneObject(Protocol):
    """What a scene needs of an object, parametric or from a user's file."""

    def contains(self, points: np.ndarray) -> np.ndarray:
        """(P,) bool: which points (P, 3) lie inside."""
        ...

    def mesh(self) -> TriangleMesh:
        """The surface."""
        ...

    def transformed(self, transform: np.ndarray) -> SceneObject:
        """The object moved by an affine (4, 4)."""
        ...

    def bounds(self) -> np.ndarray:
        """(2, 3) lowest and highest corner of a box around the object."""
        ...


@dataclass(frozen=True)
class Solid:
    """A union of primitives.

    Attributes:
        kind: (m,) uint8, `Kind`.
        transform: (m, 4, 4) affine, primitive frame to object frame.
        size: (m, 4) sizes, see chorus.scenes.primitives.
        colour: (m, 3) linear RGB in 0..1.
    """

    kind: np.ndarray
    transform: np.ndarray
    size: np.ndarray
    colour: np.ndarray

    def contains(self, points: np.ndarray) -> np.ndarray:
        """(P,) bool: which points (P, 3) of the object frame, metres, lie inside any primitive."""
        inverse = np.linalg.inv(self.transform)[:, :3]
        boxes = self._boxes()
        low, high = boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)
        near = np.flatnonzero(((points >= low) & (points <= high)).all(axis=1))
        inside = np.zeros(len(points), bool)
        inside[near] = _any_contains(
            np.ascontiguousarray(points[near], np.float64), self.kind, inverse, self.size, boxes
        )
        return inside

    def mesh(self) -> TriangleMesh:
        """The surfaces of all primitives (they may run through each other)."""
        vertices, faces, colours, count = [], [], [], 0
        for kind, transform, size, colour in zip(self.kind, self.transform, self.size, self.colour, strict=True):
            part_vertices, part_faces = mesh_of(kind, size)
            part = TriangleMesh(part_vertices, part_faces, np.tile(colour, (len(part_vertices), 1)))
            part = part.transformed(transform)
            vertices.append(part.vertices)
            faces.append(part.faces + count)
            colours.append(part.colours)
            count += len(part_vertices)
        return TriangleMesh(np.concatenate(vertices), np.concatenate(faces), np.concatenate(colours))

    def transformed(self, transform: np.ndarray) -> Solid:
        """The solid moved by an affine (4, 4): rotation, translation, scale or reflection."""
        return Solid(self.kind, transform @ self.transform, self.size, self.colour)

    def bounds(self) -> np.ndarray:
        """(2, 3) lowest and highest corner of a box around the solid, metres."""
        boxes = self._boxes()
        return np.stack([boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)])

    def _boxes(self) -> np.ndarray:
        """(m, 2, 3) box around each primitive, object frame."""
        local = np.array([local_bounds(kind, size) for kind, size in zip(self.kind, self.size, strict=True)])
        centre, half = local.mean(axis=1), 0.5 * (local[:, 1] - local[:, 0])
        R = self.transform[:, :3, :3]
        middle = np.einsum("mab,mb->ma", R, centre) + self.transform[:, :3, 3]
        reach = np.einsum("mab,mb->ma", np.abs(R), half)
        return np.stack([middle - reach, middle + reach], axis=1)


@njit(cache=True)
def _any_contains(points, kind, inverse, size, boxes):  # pragma: no cover - compiled
    inside = np.zeros(len(points), np.bool_)
    for p in range(len(points)):
        x, y, z = points[p]
        for m in range(len(kind)):
            low, high = boxes[m, 0], boxes[m, 1]
            if x < low[0] or x > high[0] or y < low[1] or y > high[1] or z < low[2] or z > high[2]:
                continue
            T = inverse[m]
            u = T[0, 0] * x + T[0, 1] * y + T[0, 2] * z + T[0, 3]
            v = T[1, 0] * x + T[1, 1] * y + T[1, 2] * z + T[1, 3]
            w = T[2, 0] * x + T[2, 1] * y + T[2, 2] * z + T[2, 3]
            if is_inside(kind[m], size[m], u, v, w):
                inside[p] = True
                break
    return inside


@dataclass
class SolidBuilder:
    """Builds a solid part by part; lengths in metres, angles in radians, colours linear RGB."""

    parts: list[tuple[Kind, np.ndarray, tuple[float, ...], Colour]] = field(default_factory=list)

    def box(self, centre: Point, half: Point, colour: Colour, rotation: Rotation | None = None) -> None:
        """A cuboid with half extents `half`."""
        self._add(Kind.BOX, _rigid(centre, rotation), half, colour)

    def ellipsoid(self, centre: Point, radii: Point, colour: Colour, rotation: Rotation | None = None) -> None:
        """An ellipsoid."""
        self._add(Kind.ELLIPSOID, _rigid(centre, rotation), radii, colour)

    def tube(
        self, start: Point, end: Point, radius: float | tuple[float, float], colour: Colour, depth: float = 1.0
    ) -> None:
        """A round bar from `start` to `end`; two radii make it a cone frustum, `depth` squeezes its z by that share."""
        start, end = np.asarray(start, float), np.asarray(end, float)
        at_start, at_end = radius if isinstance(radius, tuple) else (radius, radius)
        half_length = 0.5 * float(np.linalg.norm(end - start))
        transform = _rigid(0.5 * (start + end), turning_y_to(end - start))
        transform[:, 2] *= depth
        self._add(Kind.FRUSTUM, transform, (at_start, at_end, half_length), colour)

    def path(self, points: Sequence[Point], radius: float, colour: Colour) -> None:
        """A bent round bar through several points, with balls at the bends."""
        for start, end in pairwise(points):
            self.tube(start, end, radius, colour)
        for bend in points[1:-1]:
            self.ellipsoid(bend, (radius,) * 3, colour)

    def ring(self, centre: Point, axis: Point, radii: tuple[float, float], colour: Colour) -> None:
        """A torus around `axis`; radii of the ring and of its tube."""
        self._add(Kind.TORUS, _rigid(centre, turning_y_to(np.asarray(axis, float))), radii, colour)

    def canopy(self, centre: Point, axis: Point, size: tuple[float, float, float], colour: Colour) -> None:
        """A cap of a spherical shell around the sphere's `centre`: outer radius, thickness, half opening angle."""
        self._add(Kind.SHELL, _rigid(centre, turning_y_to(np.asarray(axis, float))), size, colour)

    def build(self) -> Solid:
        """The union of everything added so far."""
        size = np.zeros((len(self.parts), N_SIZES))
        for row, (_, _, sizes, _) in zip(size, self.parts, strict=True):
            row[: len(sizes)] = sizes
        return Solid(
            kind=np.array([part[0] for part in self.parts], np.uint8),
            transform=np.array([part[1] for part in self.parts]),
            size=size,
            colour=np.array([part[3] for part in self.parts], float),
        )

    def _add(self, kind: Kind, transform: np.ndarray, sizes: Point | tuple[float, ...], colour: Colour) -> None:
        self.parts.append((kind, transform, tuple(sizes), colour))


def vec(x: float, y: float, z: float) -> np.ndarray:
    """A point or direction (3,)."""
    return np.array([x, y, z], dtype=np.float64)


def moved(transform: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points (P, 3) moved by an affine (4, 4)."""
    return points @ transform[:3, :3].T + transform[:3, 3]


def turning_y_to(axis: np.ndarray) -> Rotation:
    """The shortest rotation that turns the y axis to `axis` (3,)."""
    direction = axis / np.linalg.norm(axis)
    quaternion = np.array([direction[2], 0.0, -direction[0], 1.0 + direction[1]])
    if quaternion[3] < 1e-9:  # straight down: any half turn about a horizontal axis
        quaternion = np.array([1.0, 0.0, 0.0, 0.0])
    return Rotation.from_quat(quaternion)


def _rigid(centre: Point, rotation: Rotation | None) -> np.ndarray:
    transform = np.eye(4)
    if rotation is not None:
        transform[:3, :3] = rotation.as_matrix()
    transform[:3, 3] = centre
    return transform

"""The field around a posed body: inverse warp and lookup (paper A.7)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy.ndimage import map_coordinates
from scipy.spatial import cKDTree

from chorus.body.model import BodyModel
from chorus.occupancy.grid import SIDE, Grid
from chorus.occupancy.skinning import skinning_planes, warp

OUTSIDE = -1
NEIGHBOURS = 4  # canonical voxels that a posed voxel takes its value from
REACH = 1.5  # voxels; what the forward warp brings no closer comes from nowhere


def canonical_index(grid: Grid, body: BodyModel, pose: np.ndarray) -> np.ndarray:
    """Where every voxel of posed space comes from in the canonical grid.

    The inverse warp is the inverse of the blended matrix, as the original code does; Eq. 11 blends inverses.

    Args:
        pose: (24, 3) axis-angle; the root is ignored, betas are 0.

    Returns:
        (N^3,) int32 flat canonical index, -1 where the voxel comes from outside the grid.
    """
    planes, bones = posed_skinning(grid, body, pose)
    index = np.empty(grid.shape, np.int32)
    fill_index(planes, bones, grid.axis(), index)
    return index.reshape(-1)


def canonical_points(grid: Grid, body: BodyModel, pose: np.ndarray) -> np.ndarray:
    """The point that every voxel centre of posed space comes from; `canonical_index` is the voxel that holds it.

    Args:
        pose: (24, 3) axis-angle; the root is ignored, betas are 0.

    Returns:
        (N^3, 3) metres, not finite where the blended matrix is singular.
    """
    planes, bones = posed_skinning(grid, body, pose)
    points = np.empty((*grid.shape, 3))
    fill_points(planes, bones, grid.axis(), points)
    return points.reshape(-1, 3)


def posed_skinning(grid: Grid, body: BodyModel, pose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Skinning weights (24, N, N, N) around the posed body and rows of its bones (24, 12), root rotation removed."""
    rooted = np.array(pose, float)
    rooted[0] = 0.0
    vertices = body.vertices(rooted[None], np.zeros((1, 10)))[0]
    planes = skinning_planes(grid, vertices, body.weights)
    return planes, np.ascontiguousarray(body.canonical_bones(rooted[None])[0][:, :3]).reshape(-1, 12)


@dataclass(frozen=True)
class Sources:
    """For every voxel of posed space the canonical voxels that it takes its value from.

    Attributes:
        index: (N^3, k) int64 flat canonical indices.
        share: (N^3, k) float64, how much each counts, adding up to 1; all 0 where the voxel comes from nowhere.
    """

    index: np.ndarray
    share: np.ndarray

    def closest(self) -> np.ndarray:
        """(N^3,) int32 flat canonical index of the largest share, -1 for nowhere: one source in place of several."""
        most = self.share.argmax(axis=1)
        rows = np.arange(len(most))
        return np.where(self.share[rows, most] > 0, self.index[rows, most], OUTSIDE).astype(np.int32)

    def values(self, field: np.ndarray, known: np.ndarray) -> np.ndarray:
        """(N^3,) float32 of a canonical field; NaN where less than half of the share is `known`, both (N, N, N)."""
        share = self.share * known.reshape(-1)[self.index]
        weight = share.sum(axis=1)
        total = (share * np.where(known, field, 0.0).reshape(-1)[self.index]).sum(axis=1)
        sure = weight >= 0.5
        return np.where(sure, total / np.where(sure, weight, 1.0), np.nan).astype(np.float32)


def forward_sources(grid: Grid, weights: np.ndarray, bones: np.ndarray) -> Sources:
    """The canonical voxels that the forward warp (Eq. 5) brings closest to every voxel: the inverse of what voted.

    A vote moves canonical voxels with the weights of the *canonical* body; A.7 moves space back with the weights of the
    *posed* body, which is another map wherever limbs come near each other (docs/distribution.md has both errors).

    Args:
        weights: (N^3, 24) of the canonical grid.
        bones: (24, 4, 4) canonical to posed.
    """
    centres = grid.centres()
    tree = cKDTree(warp(weights, bones, centres))
    distance, index = tree.query(centres, k=NEIGHBOURS, distance_upper_bound=REACH * grid.voxel)
    share = np.where(np.isfinite(distance), 1.0 / np.maximum(distance / grid.voxel, 1e-6) ** 2, 0.0)
    total = share.sum(axis=1, keepdims=True)
    return Sources(np.minimum(index, len(centres) - 1), share / np.where(total > 0, total, 1.0))


def nearest_sources(index: np.ndarray) -> Sources:
    """One source each: flat canonical indices (N^3,), -1 for nowhere."""
    found = index >= 0
    return Sources(np.where(found, index, 0).astype(np.int64)[:, None], found.astype(float)[:, None])


def interpolated(field: np.ndarray, points: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Values of a field at points, linear between voxel centres and constant beyond the outermost.

    Args:
        field: (N, N, N).
        points: (n, 3) metres.
        known: (N, N, N) bool, voxels that have a value; the others take no part in the mean.

    Returns:
        (n,) float32; NaN outside the cube and where less than half of the weight is known.
    """
    grid = Grid(len(field))
    inside = grid.flat_index(points) >= 0
    cells = (np.where(inside[:, None], points, 0.0).T + SIDE / 2) / grid.voxel - 0.5
    weight = map_coordinates(known.astype(float), cells, order=1, mode="nearest")
    total = map_coordinates(np.where(known, field, 0.0).astype(float), cells, order=1, mode="nearest")
    sure = inside & (weight >= 0.5)
    return np.where(sure, total / np.where(sure, weight, 1.0), np.nan).astype(np.float32)


def look_up(phi: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Values (N^3,) float32 of a canonical field (N, N, N) at flat indices; 0 outside the grid."""
    values = np.empty(len(index), np.float32)
    _look_up(np.ascontiguousarray(phi, np.float32).reshape(-1), index, values)
    return values


@njit(cache=True, error_model="numpy")
def fill_index(planes: np.ndarray, bones: np.ndarray, axis: np.ndarray, index: np.ndarray) -> None:
    """Canonical voxel (N, N, N) of each posed voxel, from weights (J, N, N, N) and bones (J, 12), rows of 3x4."""
    side = len(axis)
    blend = np.empty((12, side))
    for x in range(side):
        for y in range(side):
            _blend_column(planes, bones, x, y, blend)
            for z in range(side):
                index[x, y, z] = _voxel_of(unwarped(blend[:, z], (axis[x], axis[y], axis[z])), side)


@njit(cache=True, error_model="numpy")
def fill_points(planes: np.ndarray, bones: np.ndarray, axis: np.ndarray, points: np.ndarray) -> None:
    """Likewise the canonical points (N, N, N, 3), metres."""
    side = len(axis)
    blend = np.empty((12, side))
    for x in range(side):
        for y in range(side):
            _blend_column(planes, bones, x, y, blend)
            for z in range(side):
                points[x, y, z] = unwarped(blend[:, z], (axis[x], axis[y], axis[z]))


@njit(cache=True, error_model="numpy")
def _blend_column(planes: np.ndarray, bones: np.ndarray, x: int, y: int, blend: np.ndarray) -> None:
    """The blended matrices (12, N) of one column of voxels."""
    blend[:] = 0.0
    for joint in range(len(planes)):
        _add_weighted(blend, planes[joint, x, y], bones[joint])


@njit(cache=True, error_model="numpy")
def _add_weighted(blend: np.ndarray, weights: np.ndarray, bone: np.ndarray) -> None:
    weighted = 0
    for z in range(len(weights)):
        weighted += weights[z] != 0
    if weighted:
        for entry in range(12):
            row, value = blend[entry], bone[entry]
            for z in range(len(weights)):
                row[z] += value * weights[z]


@njit(cache=True, error_model="numpy")
def unwarped(matrix: np.ndarray, point: tuple[float, float, float]) -> tuple[float, float, float]:
    """Solve A x + b = point for a 3x4 matrix (A | b), 12 numbers, by its adjugate; not finite if A is singular."""
    a, b, c = matrix[0], matrix[1], matrix[2]
    d, e, f = matrix[4], matrix[5], matrix[6]
    g, h, i = matrix[8], matrix[9], matrix[10]
    u, v, w = point[0] - matrix[3], point[1] - matrix[7], point[2] - matrix[11]
    cofactor_a, cofactor_b, cofactor_c = e * i - f * h, f * g - d * i, d * h - e * g
    scale = 1.0 / (a * cofactor_a + b * cofactor_b + c * cofactor_c)
    return (
        scale * (cofactor_a * u + (c * h - b * i) * v + (b * f - c * e) * w),
        scale * (cofactor_b * u + (a * i - c * g) * v + (c * d - a * f) * w),
        scale * (cofactor_c * u + (b * g - a * h) * v + (a * e - b * d) * w),
    )


@njit(cache=True, error_model="numpy")
def _voxel_of(point: tuple[float, float, float], side: int) -> int:
    """Flat index of the voxel that holds a point, -1 outside the cube or not finite (as `Grid.flat_index`)."""
    flat = 0
    for coordinate in point:
        cell = (coordinate + SIDE / 2) / (SIDE / side)
        if not 0 <= cell < side:
            return OUTSIDE
        flat = flat * side + int(cell)
    return flat


@njit(cache=True, error_model="numpy")
def _look_up(phi: np.ndarray, index: np.ndarray, values: np.ndarray) -> None:
    for voxel in range(len(index)):
        source = index[voxel]
        values[voxel] = phi[source] if source >= 0 else np.float32(0.0)

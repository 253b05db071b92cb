"""Skinning weights of free space and the forward warp (paper 3.3 and A.5)."""

from __future__ import annotations

import numpy as np

from chorus.occupancy.grid import Grid
from chorus.occupancy.neighbours import unsmoothed_weights
from chorus.occupancy.smoothing import smooth

PELVIS = 0


def skinning_weights(grid: Grid, vertices: np.ndarray, vertex_weights: np.ndarray) -> np.ndarray:
    """Skinning weights of every voxel centre around a body (Eq. 4, 9, 10, then Laplace smoothing).

    Args:
        vertices: (V, 3) of the canonical or posed body, metres.
        vertex_weights: (V, 24).

    Returns:
        (N^3, 24) float32, rows sum to 1.
    """
    planes = skinning_planes(grid, vertices, vertex_weights)
    return np.ascontiguousarray(planes.reshape(len(planes), -1).T)


def skinning_planes(grid: Grid, vertices: np.ndarray, vertex_weights: np.ndarray) -> np.ndarray:
    """The same with one grid for each joint, as they are computed: (24, N, N, N) float32."""
    planes, near = unsmoothed_weights(grid, vertices, vertex_weights)
    smooth(planes, near)
    return planes


def rigid_weights(grid: Grid, joints: int = 24) -> np.ndarray:
    """All weight on the pelvis: the ablation without canonicalisation. (N^3, 24) float32."""
    weights = np.zeros((grid.resolution**3, joints), np.float32)
    weights[:, PELVIS] = 1.0
    return weights


def blended(weights: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """Blend one matrix per joint at every voxel: (V, 24) x (24, 3, 4) -> (V, 3, 4) float32."""
    flat = np.ascontiguousarray(matrices.reshape(len(matrices), 12), np.float32)
    return (weights @ flat).reshape(-1, 3, 4)


def transformed(matrices: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Apply matrices (V, 3, 4) to points (V, 3)."""
    x, y, z = (points[:, axis, None] for axis in range(3))
    return matrices[:, :, 0] * x + matrices[:, :, 1] * y + matrices[:, :, 2] * z + matrices[:, :, 3]


def warp(weights: np.ndarray, bones: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Canonical points to posed space, y = sum_j w_j B_j x (Eq. 5).

    Args:
        weights: (V, 24) of the points.
        bones: (24, 4, 4) B_j, canonical to posed.
        points: (V, 3) metres.

    Returns:
        (V, 3) metres.
    """
    return transformed(blended(weights, bones[:, :3]), points)

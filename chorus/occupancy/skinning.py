"""Skinning weights of free space and the forward warp (paper 3.3 and A.5)."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from chorus.occupancy.grid import Grid

NEIGHBOURS = 30  # k of Eq. 4
BANDWIDTH = 0.8  # tau of Eq. 10, metres; farther voxels follow the pelvis alone
SMOOTHNESS = 0.25  # s of Eq. 10
SMOOTHING_PASSES = 30
SMOOTHING_RATE = 0.3  # share of the six neighbours' mean in one pass, as the original code
PELVIS = 0


def skinning_weights(grid: Grid, vertices: np.ndarray, vertex_weights: np.ndarray) -> np.ndarray:
    """Skinning weights of every voxel centre around a body (Eq. 4, 9, 10, then Laplace smoothing).

    Args:
        vertices: (V, 3) of the canonical or posed body, metres.
        vertex_weights: (V, 24).

    Returns:
        (N^3, 24) float32, rows sum to 1.
    """
    centres = grid.centres()
    tree = cKDTree(vertices)
    nearest, _ = tree.query(centres, k=1)
    near = np.flatnonzero(nearest <= BANDWIDTH)
    weights = np.zeros((len(centres), vertex_weights.shape[1]), np.float32)
    weights[:, PELVIS] = 1.0
    weights[near] = _deweighted(_neighbour_mean(tree, centres[near], vertex_weights), nearest[near])
    return _smoothed(weights, nearest <= BANDWIDTH, grid)


def rigid_weights(grid: Grid, joints: int = 24) -> np.ndarray:
    """All weight on the pelvis: the ablation without canonicalisation. (N^3, 24) float32."""
    weights = np.zeros((grid.resolution**3, joints), np.float32)
    weights[:, PELVIS] = 1.0
    return weights


def _neighbour_mean(tree: cKDTree, points: np.ndarray, vertex_weights: np.ndarray) -> np.ndarray:
    # Eq. 4: inverse-distance mean over the 30 nearest vertices; on a vertex, that vertex alone.
    mean = np.empty((len(points), vertex_weights.shape[1]))
    table = np.ascontiguousarray(vertex_weights, np.float32)
    for begin in range(0, len(points), 8192):
        part = slice(begin, begin + 8192)
        distance, index = tree.query(points[part], k=min(NEIGHBOURS, len(table)))
        on_vertex = distance[:, 0] == 0
        inverse = 1.0 / np.where(on_vertex[:, None], 1.0, distance)
        inverse[on_vertex] = 0.0
        inverse[on_vertex, 0] = 1.0
        inverse /= inverse.sum(axis=1, keepdims=True)
        mean[part] = np.einsum("pk,pkj->pj", inverse.astype(np.float32), table[index])
    return mean


def _deweighted(weights: np.ndarray, nearest: np.ndarray) -> np.ndarray:
    # Eq. 9 and 10: far from the body the pelvis takes over.
    alpha = (np.maximum(BANDWIDTH - nearest, 0.0) / (BANDWIDTH + nearest)) ** SMOOTHNESS
    result = alpha[:, None] * weights
    result[:, PELVIS] += 1.0 - alpha
    return result / result.sum(axis=1, keepdims=True)


def _smoothed(weights: np.ndarray, near: np.ndarray, grid: Grid) -> np.ndarray:
    # Only interior voxels within the bandwidth change; each pass keeps the rows' sum, so joints are independent.
    n = grid.resolution
    inner = (slice(1, -1),) * 3
    active = near.reshape(grid.shape)[inner]
    for joint in range(weights.shape[1]):
        volume = weights[:, joint].reshape(grid.shape).copy()
        if not volume.any():
            continue
        for _ in range(SMOOTHING_PASSES):
            centre = volume[inner]
            neighbours = volume[2:, 1:-1, 1:-1] + volume[:-2, 1:-1, 1:-1]
            neighbours += volume[1:-1, 2:, 1:-1] + volume[1:-1, :-2, 1:-1]
            neighbours += volume[1:-1, 1:-1, 2:] + volume[1:-1, 1:-1, :-2]
            change = SMOOTHING_RATE * (neighbours / 6 - centre)
            volume[inner] = centre + np.where(active, change, 0)
        weights[:, joint] = volume.reshape(n**3)
    return weights / weights.sum(axis=1, keepdims=True)


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

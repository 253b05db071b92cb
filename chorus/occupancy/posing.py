"""The field around a posed body: inverse warp and lookup (paper A.7)."""

from __future__ import annotations

import numpy as np

from chorus.body.model import BodyModel
from chorus.occupancy.grid import Grid
from chorus.occupancy.skinning import blended, skinning_weights


def canonical_index(grid: Grid, body: BodyModel, pose: np.ndarray) -> np.ndarray:
    """Where every voxel of posed space comes from in the canonical grid.

    The inverse warp is the inverse of the blended matrix, as the original code does; Eq. 11 blends inverses.

    Args:
        pose: (24, 3) axis-angle; the root is ignored, betas are 0.

    Returns:
        (N^3,) int64 flat canonical index, -1 where the voxel comes from outside the grid.
    """
    rooted = np.array(pose, float)
    rooted[0] = 0.0
    vertices = body.vertices(rooted[None], np.zeros((1, 10)))[0]
    weights = skinning_weights(grid, vertices, body.weights)
    matrices = blended(weights, body.canonical_bones(rooted[None])[0][:, :3]).astype(np.float64)
    offset = grid.centres() - matrices[:, :, 3]
    return grid.flat_index(np.linalg.solve(matrices[:, :, :3], offset[:, :, None])[:, :, 0])


def look_up(phi: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Values (N^3,) of a canonical field (N, N, N) at flat indices; 0 outside the grid."""
    return np.where(index >= 0, phi.reshape(-1)[np.maximum(index, 0)], 0.0).astype(np.float32)

"""Fields that know nothing about the object: what a real field has to beat."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from chorus.body.model import STAR_POSE, BodyModel
from chorus.occupancy.grid import Grid

BLOB_RADIUS = 0.25  # metres at which the blob falls to 1/e


def body_blob(grid: Grid, body: BodyModel) -> np.ndarray:
    """A body-shaped blob: exp(-distance to the canonical body / 0.25 m), (N, N, N) float32."""
    vertices = body.vertices(STAR_POSE[None], np.zeros((1, 10)))[0]
    distance, _ = cKDTree(vertices).query(grid.centres())
    return np.exp(-distance / BLOB_RADIUS).astype(np.float32).reshape(grid.shape)


def turned(phi: np.ndarray) -> np.ndarray:
    """The same field turned by 180 degrees about the vertical axis."""
    return np.ascontiguousarray(phi[::-1, :, ::-1])

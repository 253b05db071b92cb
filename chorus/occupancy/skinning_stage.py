"""Stage `skinning`: weights of the canonical grid, computed once for all categories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chorus.body.loading import load_body
from chorus.body.model import STAR_POSE, BodyModel
from chorus.occupancy.grid import Grid
from chorus.occupancy.skinning import rigid_weights, skinning_weights

if TYPE_CHECKING:
    from chorus.job import Job


def run(job: Job) -> None:
    """Write the canonical skinning weights."""
    body, grid = load_body(job.one("body")), Grid(job.settings.grid.resolution)
    canonicalise = job.settings.occupancy.canonicalise
    weights = canonical_weights(grid, body) if canonicalise else rigid_weights(grid)
    attributes = {"body": body.digest, "canonicalise": str(canonicalise).lower()}
    job.write_arrays("skinning", {"weights": weights.reshape(*grid.shape, 24)}, attributes)


def canonical_weights(grid: Grid, body: BodyModel) -> np.ndarray:
    """Skinning weights (N^3, 24) float32 around the canonical (star) body."""
    vertices = body.vertices(STAR_POSE[None], np.zeros((1, 10)))[0]
    return skinning_weights(grid, vertices, body.weights)

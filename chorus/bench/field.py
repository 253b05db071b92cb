"""Benchmark of the skinning field around a body (docs/performance.md).

The reference takes half a minute a call and belongs to the tests: it comes as a function and is called once. Its cost
depends on what its process allocated before, so a figure for print is taken in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.spatial import cKDTree

from chorus.bench.timing import cpu_seconds, interleaved, record
from chorus.body.model import BodyModel
from chorus.occupancy.grid import Grid
from chorus.occupancy.neighbours import NEIGHBOURS
from chorus.occupancy.skinning import skinning_weights

SEED = 0
BEND = 0.3  # radians, standard deviation of a joint's axis-angle coordinates


def field_record(
    body: BodyModel, grid: Grid, reference: Callable[[], object] | None = None, rounds: int = 5
) -> dict[str, object]:
    """The field of a body in a chance pose; beside it SciPy's tree, which finds the neighbours and stops there.

    Args:
        reference: computes the same field once; None where it does not fit into memory.
    """
    vertices = posed_vertices(body, chance_pose())

    def ours() -> int:
        skinning_weights(grid, vertices, body.weights)
        return 1

    def tree() -> int:
        cKDTree(vertices).query(grid.centres(), k=NEIGHBOURS)
        return 1

    seconds = interleaved({"ours": ours, "ckdtree_neighbours": tree}, rounds)
    own = record("lbs_field", grid.resolution, reference and cpu_seconds(reference), seconds["ours"])
    return own | {"ckdtree_neighbours_s": seconds["ckdtree_neighbours"]}


def chance_pose() -> np.ndarray:
    """(24, 3) axis-angle, the root at rest."""
    pose = np.random.default_rng(SEED).normal(0, BEND, (24, 3))
    pose[0] = 0.0
    return pose


def posed_vertices(body: BodyModel, pose: np.ndarray) -> np.ndarray:
    """(V, 3) of the body in a pose (24, 3), betas 0, metres."""
    return body.vertices(pose[None], np.zeros((1, 10)))[0]

"""Stage `warps`: the inverse warp of every test image. It depends on no field, so all fields and variants share it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from chorus import store
from chorus.body.loading import load_body
from chorus.body.model import BodyModel
from chorus.occupancy.grid import Grid
from chorus.occupancy.posing import canonical_index, forward_sources
from chorus.occupancy.skinning_stage import canonical_weights
from chorus.progress import progress

if TYPE_CHECKING:
    from chorus.job import Job


def run(job: Job) -> None:
    """Write where each voxel around the body of a test image comes from in the canonical grid."""
    body, grid = load_body(job.one("body")), Grid(job.settings.grid.resolution)
    testset = store.read_arrays(job.one("testset"), "testset")
    index = np.empty((len(testset["id"]), *grid.shape), np.int32)
    lookup = job.settings.warps.lookup
    source_of = sources_by(lookup, grid, body)
    for image in progress(range(len(index)), "warps"):
        index[image] = source_of(testset["pose"][image]).reshape(grid.shape)
    attributes = {"category": job.names["category"], "body": body.digest, "testset": digest_of(testset)}
    attributes["lookup"] = lookup
    job.write_arrays("warps", {"id": testset["id"], "index": index}, attributes)


def sources_by(lookup: str, grid: Grid, body: BodyModel) -> Callable[[np.ndarray], np.ndarray]:
    """Function of a pose (24, 3): the flat canonical voxel (N^3,) int32 of every posed voxel, -1 for nowhere.

    `nearest` is A.7: the blended matrix of the posed body, inverted. `forward` inverts the warp that voted: the
    canonical voxel that Eq. 5 brings closest.
    """
    if lookup == "nearest":
        return lambda pose: canonical_index(grid, body, pose)
    weights = canonical_weights(grid, body)
    return lambda pose: forward_sources(grid, weights, body.canonical_bones(pose[None])[0]).closest()


def digest_of(file: store.ArrayFile) -> str:
    """SHA-256 of a result file, from its record."""
    return store.read_record(file.path)["sha256"]

"""Stage `warps`: the inverse warp of every test image. It depends on no field, so all fields and variants share it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chorus import store
from chorus.body.loading import load_body
from chorus.occupancy.grid import Grid
from chorus.occupancy.posing import canonical_index
from chorus.progress import progress

if TYPE_CHECKING:
    from chorus.job import Job


def run(job: Job) -> None:
    """Write where each voxel around the body of a test image comes from in the canonical grid."""
    body, grid = load_body(job.one("body")), Grid(job.settings.grid.resolution)
    testset = store.read_arrays(job.one("testset"), "testset")
    index = np.empty((len(testset["id"]), *grid.shape), np.int32)
    for image in progress(range(len(index)), "warps"):
        index[image] = canonical_index(grid, body, testset["pose"][image]).reshape(grid.shape)
    attributes = {"category": job.names["category"], "body": body.digest, "testset": digest_of(testset)}
    job.write_arrays("warps", {"id": testset["id"], "index": index}, attributes)


def digest_of(file: store.ArrayFile) -> str:
    """SHA-256 of a result file, from its record."""
    return store.read_record(file.path)["sha256"]

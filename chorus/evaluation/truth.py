"""Stage `truth`: the true canonical field of the scenes, from unrendered draws of the same interaction mix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chorus.body.loading import load_body
from chorus.naming import seed_of
from chorus.occupancy.grid import Grid
from chorus.occupancy.skinning import warp
from chorus.occupancy.skinning_stage import canonical_weights
from chorus.progress import progress
from chorus.scenes.interactions import draw
from chorus.scenes.stage import user_mesh

if TYPE_CHECKING:
    from chorus.job import Job


def run(job: Job) -> None:
    """Count, for every voxel, the draws whose object holds the voxel's warped centre."""
    body, grid = load_body(job.one("body")), Grid(job.settings.grid.resolution)
    category, mix = job.names["category"], job.names["interactions"].split(",")
    weights, centres, mesh = canonical_weights(grid, body), grid.centres(), user_mesh(job)
    names = sorted(set(mix))
    hits = {name: np.zeros(len(centres), np.int64) for name in names}
    draws = dict.fromkeys(names, 0)
    for number in progress(range(job.settings.truth.draws), "truth"):
        interaction = mix[number % len(mix)]
        seed = seed_of(job.settings.run.seed, "truth", category, interaction, number)
        placement = draw(category, interaction, np.random.default_rng(seed), body, mesh)
        bones = body.canonical_bones(placement.pose[None])[0]
        hits[interaction] += placement.object.contains(warp(weights, bones, centres))
        draws[interaction] += 1
    counts = np.stack([sum(hits.values()), *hits.values()])
    number_of = np.array([sum(draws.values()), *draws.values()])
    phi = counts / np.maximum(number_of, 1)[:, None]
    job.write_arrays(
        "truth",
        {"group": np.array(["total", *names]), "draws": number_of, "phi": phi.reshape(-1, *grid.shape)},
        {"category": category, "body": body.digest},
    )

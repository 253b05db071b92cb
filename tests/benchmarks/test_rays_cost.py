"""The estimator `rays` costs at most twenty votes of an image (docs/rays.md).

pytest -m slow tests/benchmarks/test_rays_cost.py
"""

from dataclasses import replace

import numpy as np
import pytest

from chorus.bench.timing import interleaved
from chorus.bench.votes import ballots_of
from chorus.bench.workload import workload
from chorus.occupancy.grid import Grid
from chorus.occupancy.rays import RayCounter, Start
from chorus.occupancy.skinning_stage import canonical_weights
from chorus.occupancy.votes import VoteCounter

pytestmark = pytest.mark.slow
MOST = 20


@pytest.mark.parametrize("resolution", [48, 96])
def test_an_image_costs_at_most_twenty_votes(open_body, resolution):
    """Half of the images' masks stand in for the people's."""
    load, grid = workload(128, np.random.default_rng(0)), Grid(resolution)
    ballots = ballots_of(load, open_body)
    ballots = replace(ballots, person=np.roll(ballots.mask, 1))
    weights = canonical_weights(grid, open_body)
    votes = VoteCounter(grid, weights)
    votes.add_all(ballots)
    rays = RayCounter(grid, weights, Start.of(votes.votes, votes.votes))

    def counted(counter) -> int:
        counter.add_all(ballots)
        return len(load)

    seconds = interleaved({"vote": lambda: counted(votes), "rays": lambda: counted(rays)}, 3)
    assert seconds["rays"] < MOST * seconds["vote"], seconds

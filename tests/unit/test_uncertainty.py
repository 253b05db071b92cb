"""Intervals of a field: they hold the large-sample value as often as they say, and nobody looked is no certainty."""

import numpy as np
import pytest

from chorus.camera import AZIMUTH_BINS
from chorus.occupancy.field import Field, field_of
from chorus.occupancy.grid import Grid
from chorus.occupancy.skinning import rigid_weights
from chorus.occupancy.uncertainty import interval
from chorus.occupancy.votes import Ballots, Votes
from tests.reference.balls import counted, images_of_a_ball, some_of

GRID = Grid(12)
POPULATION, SAMPLES = 6000, 40
WEIGHTS = rigid_weights(GRID)


def votes_of(ballots: Ballots) -> Votes:
    return counted(GRID, WEIGHTS, ballots).votes


@pytest.fixture(scope="module")
def everyone():
    return images_of_a_ball(np.random.default_rng(1), POPULATION)


def coverage(everyone: Ballots, images: int, ends) -> float:
    """Share of sure voxels (0.05 < Phi < 0.95, n_eff >= 20), over many samples, whose interval holds the value."""
    rng, true = np.random.default_rng(images), field_of(votes_of(everyone)).phi
    held = []
    for _ in range(SAMPLES):
        votes = votes_of(some_of(everyone, rng.integers(0, POPULATION, images)))
        field = field_of(votes)
        low, high = ends(votes, field)
        sure = (true > 0.05) & (true < 0.95) & (field.n_eff >= 20)
        held.append(((low <= true) & (true <= high))[sure])
    return float(np.concatenate(held).mean())


def wilson(votes: Votes, field: Field):
    return interval(field.phi, field.n_eff)


@pytest.mark.parametrize("images", [60, 120, 300])
def test_ninety_percent_intervals_hold_the_large_sample_value(everyone, images):
    assert 0.85 <= coverage(everyone, images, wilson) <= 0.95


def test_nobody_looked_means_anything_is_possible():
    low, high = interval(np.zeros(2), np.array([0.0, 50.0]))
    assert low.tolist() == [0.0, 0.0]
    assert high[0] == 1.0
    assert 0.01 < high[1] < 0.1, "never seen occupied in 50 images is not never"


def test_the_interval_holds_the_estimate_and_shrinks_with_evidence():
    phi = np.linspace(0, 1, 21)
    few, many = interval(phi, np.full(21, 10.0)), interval(phi, np.full(21, 1000.0))
    for low, high in (few, many):
        assert ((low <= phi) & (phi <= high + 1e-7)).all()
    assert ((many[1] - many[0]) < (few[1] - few[0])).all()


def test_directions_are_the_bins_that_saw_the_voxel(everyone):
    votes = votes_of(some_of(everyone, np.arange(40)))
    assert np.array_equal(field_of(votes).directions, (votes.denominator > 0).sum(0))
    assert field_of(votes).directions.max() <= AZIMUTH_BINS

"""Intervals of a field: they hold the large-sample value as often as they say, and nobody looked is no certainty."""

from dataclasses import replace

import numpy as np
import pytest

from chorus.camera import AZIMUTH_BINS, Camera, azimuth_bin, azimuth_degrees
from chorus.masks import encode_all
from chorus.occupancy.field import Field, field_of
from chorus.occupancy.grid import Grid
from chorus.occupancy.skinning import rigid_weights
from chorus.occupancy.uncertainty import interval
from chorus.occupancy.votes import Ballots, VoteCounter, Votes

GRID = Grid(12)
SIZE = (48, 48)
POPULATION, SAMPLES = 6000, 60
COUNTER_WEIGHTS = rigid_weights(GRID)


def cameras(rng: np.random.Generator, n: int) -> Camera:
    """Cameras around the body, more in front than behind, at several heights, distances and focal lengths."""
    azimuth = np.where(rng.random(n) < 0.5, rng.normal(np.pi / 2, 0.8, n), rng.uniform(0, 2 * np.pi, n))
    elevation, distance = rng.uniform(-0.1, 0.6, n), rng.uniform(2.5, 4.0, n)
    level = np.cos(elevation)
    towards = np.stack([level * np.cos(azimuth), np.sin(elevation), level * np.sin(azimuth)], axis=1)
    right = np.cross([0.0, -1.0, 0.0], -towards)
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    R = np.stack([right, np.cross(-towards, right), -towards], axis=1)
    K = np.zeros((n, 3, 3))
    K[:, 0, 0] = K[:, 1, 1] = rng.uniform(40, 70, n)
    K[:, :2, 2], K[:, 2, 2] = 24.0, 1.0
    return Camera(K, R, -np.einsum("nij,nj->ni", R, distance[:, None] * towards))


def population(rng: np.random.Generator, n: int) -> Ballots:
    """Images of a ball at one of two places, as discs."""
    camera = cameras(rng, n)
    centre = np.where(rng.random((n, 1)) < 0.6, [[0.5, 0.1, 0.3]], [[-0.4, -0.5, 0.1]]) + rng.normal(0, 0.12, (n, 3))
    seen = np.einsum("nij,nj->ni", camera.R, centre) + camera.t
    focal = camera.K[:, 0, 0]
    u, v = 24 + focal * seen[:, 0] / seen[:, 2], 24 + focal * seen[:, 1] / seen[:, 2]
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]] + 0.5
    inside = (columns - u[:, None, None]) ** 2 + (rows - v[:, None, None]) ** 2
    masks = inside < (0.3 * focal / seen[:, 2])[:, None, None] ** 2
    still = np.broadcast_to(np.eye(4), (n, 24, 4, 4))
    bins = azimuth_bin(azimuth_degrees(camera.centre))
    size = np.tile(SIZE, (n, 1))
    return Ballots(camera, still, size, encode_all(list(masks)), np.arange(n), np.full(n, 255), bins)


def part(ballots: Ballots, rows: np.ndarray) -> Ballots:
    names = ("bones", "size", "mask", "weight", "azimuth_bin")
    return replace(ballots, camera=ballots.camera[rows], **{name: getattr(ballots, name)[rows] for name in names})


def counted(ballots: Ballots) -> Votes:
    counter = VoteCounter(GRID, COUNTER_WEIGHTS)
    counter.add_all(ballots)
    return counter.votes


@pytest.fixture(scope="module")
def everyone():
    return population(np.random.default_rng(1), POPULATION)


def coverage(everyone: Ballots, images: int, ends) -> float:
    """Share of sure voxels (0.05 < Phi < 0.95, n_eff >= 20), over many samples, whose interval holds the value."""
    rng, true = np.random.default_rng(images), field_of(counted(everyone)).phi
    held = []
    for _ in range(SAMPLES):
        votes = counted(part(everyone, rng.integers(0, POPULATION, images)))
        field = field_of(votes)
        low, high = ends(votes, field)
        sure = (true > 0.05) & (true < 0.95) & (field.n_eff >= 20)
        held.append(((low <= true) & (true <= high))[sure])
    return float(np.concatenate(held).mean())


def wilson(votes: Votes, field: Field):
    return interval(field.phi, field.n_eff)


@pytest.mark.parametrize("images", [60, 120, 400])
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
    votes = counted(part(everyone, np.arange(40)))
    assert np.array_equal(field_of(votes).directions, (votes.denominator > 0).sum(0))
    assert field_of(votes).directions.max() <= AZIMUTH_BINS

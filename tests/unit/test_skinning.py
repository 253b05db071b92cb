"""Skinning weights of free space: smoothing pass by pass, sums, and what the pelvis gets."""

import numpy as np
import pytest

from chorus.occupancy.grid import Grid
from chorus.occupancy.skinning import rigid_weights, skinning_planes, skinning_weights
from chorus.occupancy.smoothing import PASSES, RATE, smooth, support


def smoothed(weights: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Thirty plain passes over (J, N, N, N) float64, all joints at once."""
    for _ in range(PASSES):
        six = sum(np.roll(weights, shift, axis) for axis in (1, 2, 3) for shift in (-1, 1))
        inner = np.zeros_like(near)
        inner[1:-1, 1:-1, 1:-1] = near[1:-1, 1:-1, 1:-1]
        weights = np.where(inner, weights + RATE * (six / 6 - weights), weights)
    return weights


def shares(joints: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Chance weights (J, N, N, N) float32 whose sum over the joints is 1."""
    return np.ascontiguousarray(np.moveaxis(rng.dirichlet(np.ones(joints), (n, n, n)), -1, 0), np.float32)


@pytest.mark.parametrize("shape", ["everywhere", "a corner", "one voxel", "nowhere", "outer layer"])
def test_smoothing_is_thirty_plain_passes(shape, rng):
    n = 40
    near = rng.random((n, n, n)) < 0.8
    where = {
        "everywhere": np.ones((n, n, n), bool),
        "a corner": np.indices((n, n, n)).max(0) < 4,
        "one voxel": np.indices((n, n, n)).sum(0) == 3 * (n // 2),
        "nowhere": np.zeros((n, n, n), bool),
        "outer layer": np.indices((n, n, n)).min(0) == 0,
    }[shape]
    near &= np.indices((n, n, n)).max(0) < 36
    planes = shares(5, n, rng)
    planes[1:] *= where & near
    planes[0] = 1 - planes[1:].sum(0)
    expected = smoothed(planes.astype(float), near)
    planes[0] = 7  # whatever was there before
    smooth(planes, near)
    assert np.allclose(planes, expected, atol=2e-6)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_grid_without_inner_voxels_or_with_one_is_smoothed_alike(n, rng):
    planes = shares(3, n, rng)
    near = np.ones((n, n, n), bool)
    expected = smoothed(planes.astype(float), near)
    smooth(planes, near)
    assert np.allclose(planes, expected, atol=2e-6)


def test_support_is_the_box_of_what_is_not_zero():
    plane = np.zeros((6, 6, 6), np.float32)
    assert support(plane) == (6, 0, 6, 0)
    plane[1, 3, 0] = plane[4, 2, 5] = 0.1
    assert support(plane) == (1, 5, 2, 4)


@pytest.mark.parametrize("resolution", [9, 16, 30])
def test_weights_of_a_voxel_sum_to_one_and_are_not_negative(open_body, resolution):
    vertices = open_body.vertices(np.zeros((1, 24, 3)))[0]
    weights = skinning_weights(Grid(resolution), vertices, open_body.weights)
    assert weights.shape == (resolution**3, 24)
    assert weights.dtype == np.float32
    assert weights.flags.c_contiguous
    assert weights.min() >= 0
    assert np.allclose(weights.sum(1), 1, atol=1e-6)


def test_far_voxels_follow_the_pelvis_alone(open_body):
    grid = Grid(16)
    vertices = open_body.vertices(np.zeros((1, 24, 3)))[0]
    distance = np.linalg.norm(grid.centres()[:, None] - vertices[None, ::10], axis=2).min(1)
    far = distance > 0.95
    assert far.sum() > 500
    assert np.array_equal(skinning_weights(grid, vertices, open_body.weights)[far], rigid_weights(grid)[far])


def test_the_order_of_the_vertices_does_not_matter_without_ties(open_body, rng):
    vertices, order = open_body.vertices(np.zeros((1, 24, 3)))[0], rng.permutation(open_body.n_vertices)
    planes = skinning_planes(Grid(12), vertices + 1e-3, open_body.weights)
    shuffled = skinning_planes(Grid(12), vertices[order] + 1e-3, open_body.weights[order])
    assert np.allclose(planes, shuffled, atol=1e-6)


def test_twice_is_the_same_bytes(open_body):
    vertices = open_body.vertices(np.zeros((1, 24, 3)))[0]
    first, second = (skinning_planes(Grid(12), vertices, open_body.weights) for _ in range(2))
    assert first.tobytes() == second.tobytes()

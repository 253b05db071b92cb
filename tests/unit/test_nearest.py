"""The search for the nearest vertices: every step by brute force, and the whole of it too, ties included."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chorus.occupancy.grid import Grid
from chorus.occupancy.nearest import (
    count_within,
    indices_within,
    lowest_zero,
    possible_neighbours,
    square_radius,
    squared_distances,
    without_farthest,
)
from chorus.occupancy.neighbours import BANDWIDTH, NEIGHBOURS, unsmoothed_weights

SEEDS = st.integers(0, 2**32 - 1)


def brute_force(grid: Grid, vertices: np.ndarray, vertex_weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eq. 4, 9, 10 voxel by voxel, the nearest by (distance, index)."""
    weights, near = np.zeros((grid.resolution**3, vertex_weights.shape[1])), []
    for row, centre in zip(weights, grid.centres(), strict=True):
        squared = ((vertices - centre) ** 2) @ np.ones(3)
        order = np.argsort(squared, kind="stable")[:NEIGHBOURS]
        distance = np.sqrt(squared[order])
        near.append(distance[0] <= BANDWIDTH)
        if near[-1]:
            share = 1 / distance if distance[0] > 0 else np.eye(len(order))[0]
            mean = share @ vertex_weights[order] / share.sum()
            alpha = ((BANDWIDTH - distance[0]) / (BANDWIDTH + distance[0])) ** 0.25
            row[:] = alpha * mean
            row[0] += 1 - alpha
            row /= row.sum()
    return weights, np.array(near)


def random_weights(count: int, rng: np.random.Generator) -> np.ndarray:
    weights = rng.random((count, 24)) * (rng.random((count, 24)) < 0.2)
    weights[:, 3] += 0.1
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32).astype(float)


def check(grid: Grid, vertices: np.ndarray, vertex_weights: np.ndarray) -> None:
    planes, near = unsmoothed_weights(grid, vertices, vertex_weights)
    expected, expected_near = brute_force(grid, vertices, vertex_weights)
    assert np.array_equal(near.ravel(), expected_near)
    assert np.allclose(planes[1:].reshape(23, -1).T, expected[:, 1:], atol=1e-6)
    assert not planes[0].any()


@pytest.mark.parametrize("resolution", [1, 2, 3, 7, 8, 12])
@pytest.mark.parametrize("count", [1, 5, 29, 30, 31, 300])
def test_weights_are_those_of_brute_force(resolution, count, rng):
    vertices = rng.normal(0, 0.4, (count, 3))
    check(Grid(resolution), vertices, random_weights(count, rng))


@pytest.mark.parametrize("shape", ["lattice", "all in one", "on voxels", "far outside", "line"])
def test_ties_and_strange_clouds(shape, rng):
    """On a lattice many vertices are equally far and the lower index decides."""
    lattice = np.stack(np.meshgrid(*(np.arange(-4, 5) / 8,) * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    clouds = {
        "lattice": rng.permutation(lattice),
        "all in one": np.tile([[0.1, 0.2, 0.3]], (50, 1)),
        "on voxels": np.repeat(Grid(8).centres()[200:240], 2, axis=0),
        "far outside": np.concatenate([rng.normal(0, 0.2, (40, 3)), rng.normal(50, 20, (40, 3))]),
        "line": np.linspace([-1.4, -1.4, -1.4], [1.4, 1.4, 1.4], 200),
    }
    vertices = clouds[shape]
    check(Grid(8), vertices, random_weights(len(vertices), rng))


def test_nobody_near():
    planes, near = unsmoothed_weights(Grid(8), np.full((40, 3), 9.0), np.full((40, 24), 1 / 24))
    assert not planes.any()
    assert not near.any()


def test_a_posed_body_against_brute_force_at_chance_voxels(open_body):
    """The full size, on a part of the voxels."""
    from scipy.spatial import cKDTree

    grid = Grid(48)
    pose = np.random.default_rng(1).normal(0, 0.3, (1, 24, 3))
    vertices = open_body.vertices(pose)[0]
    planes, near = unsmoothed_weights(grid, vertices, open_body.weights)
    distance, index = cKDTree(vertices).query(grid.centres()[::7], k=NEIGHBOURS)
    mean = np.einsum("pk,pkj->pj", 1 / distance / (1 / distance).sum(1, keepdims=True), open_body.weights[index])
    first = distance[:, 0]
    alpha = (np.maximum(BANDWIDTH - first, 0) / (BANDWIDTH + first)) ** 0.25
    expected = alpha[:, None] * mean / (alpha * mean.sum(1) + 1 - alpha)[:, None]
    assert np.array_equal(near.ravel()[::7], first <= BANDWIDTH)
    assert np.allclose(planes.reshape(24, -1)[1:, ::7].T, expected[:, 1:], atol=1e-6)


@given(SEEDS, st.integers(1, 200), st.sampled_from([0.0, 0.1, 0.5]))
def test_no_neighbour_of_any_place_in_the_cube_is_left_out(seed, count, half):
    rng = np.random.default_rng(seed)
    points = np.ascontiguousarray(rng.normal(rng.normal(0, 1, 3), rng.uniform(0.01, 0.5), (count, 3)).T)
    k = min(NEIGHBOURS, count)
    squared, chosen = np.empty(count), np.empty(count + 1, np.int32)
    squared_distances(points, 0.0, 0.0, 0.0, squared)
    found = indices_within(squared, square_radius(squared, k, -math.inf, math.inf), chosen)
    kept = set(chosen[: possible_neighbours(points, squared, chosen, found, half)].tolist())
    for place in rng.uniform(-half, half, (20, 3)):
        distance = np.linalg.norm(points.T - place, axis=1)
        assert set(np.argsort(distance)[:k].tolist()) <= kept


def test_few_are_kept_far_from_a_surface(rng):
    """The law that makes the search fast: at 0.4 m from a plane of points a cube of 6 cm keeps a third of the shell."""
    count = 4000
    points = np.ascontiguousarray(np.stack([rng.uniform(-1, 1, count), rng.uniform(-1, 1, count), np.full(count, 0.4)]))
    squared, chosen = np.empty(count), np.empty(count + 1, np.int32)
    squared_distances(points, 0.0, 0.0, 0.0, squared)
    shell = ((np.sqrt(np.sort(squared)[NEIGHBOURS - 1]) + 2 * math.sqrt(3) * 0.03) ** 2 >= squared).sum()
    found = indices_within(squared, square_radius(squared, NEIGHBOURS, -math.inf, math.inf), chosen)
    assert possible_neighbours(points, squared, chosen, found, 0.03) < 0.4 * shell


@given(SEEDS, st.integers(30, 300), st.floats(-1, 2), st.floats(0, 3))
def test_a_radius_holds_enough_and_hardly_more_whatever_the_bracket(seed, count, low, width):
    squared = np.random.default_rng(seed).random(count) ** 2
    high = math.inf if width == 0 else low + width
    if count_within(squared, high * abs(high)) >= 30:
        limit = square_radius(squared, 30, low, high)
        assert 30 <= count_within(squared, limit) <= 33


def test_equal_distances_all_count():
    assert count_within(np.full(100, 0.25), square_radius(np.full(100, 0.25), 30, -math.inf, math.inf)) == 100


@given(SEEDS, st.integers(1, 60), st.integers(1, 30))
def test_the_farthest_go_first_and_of_equal_ones_the_last(seed, count, k):
    squared = np.random.default_rng(seed).integers(0, 5, count).astype(float)
    chosen = np.arange(count + 1, dtype=np.int32)
    left = without_farthest(squared, chosen, count, k)
    assert left == min(k, count)
    assert sorted(chosen[:left].tolist()) == sorted(np.argsort(squared, kind="stable")[:k].tolist())


def test_the_first_vertex_of_several_at_a_voxel():
    assert lowest_zero(np.array([1.0, 0.0, 2.0, 0.0]), np.array([3, 2, 1], np.int32)) == 1

"""The field around a posed body: the star pose is itself, what comes from outside the cube is empty."""

import numpy as np
import pytest

from chorus.body.model import JOINT_NAMES, STAR_POSE
from chorus.occupancy.grid import Grid
from chorus.occupancy.posing import canonical_index, fill_index, look_up, unwarped
from chorus.occupancy.skinning import skinning_weights, warp
from chorus.occupancy.skinning_stage import canonical_weights

GRID = Grid(16)


def test_grid_centres_and_indices():
    grid = Grid(4)
    centres = grid.centres()
    assert centres[0].tolist() == [-1.125, -1.125, -1.125]
    assert centres[1].tolist() == [-1.125, -1.125, -0.375], "z runs fastest"
    assert np.array_equal(grid.flat_index(centres), np.arange(64))
    assert grid.flat_index(np.array([[-1.5, -1.5, -1.5], [1.4999, 1.4999, 1.4999]])).tolist() == [0, 63]
    outside = [[1.5, 0, 0], [0, -1.5001, 0], [np.nan, 0, 0], [0, np.inf, 0], [0, 0, -np.inf], [1e300, 0, 0]]
    assert (grid.flat_index(np.array(outside)) == -1).all()


def test_the_star_pose_is_itself(open_body):
    assert np.array_equal(canonical_index(GRID, open_body, STAR_POSE), np.arange(16**3))


def test_the_root_does_not_matter(open_body):
    pose = np.random.default_rng(0).normal(0, 0.3, (24, 3))
    turned = pose.copy()
    pose[0], turned[0] = 0, [0.3, 2.0, -1.0]
    before = turned.copy()
    assert np.array_equal(canonical_index(GRID, open_body, turned), canonical_index(GRID, open_body, pose))
    assert np.array_equal(turned, before), "the caller's pose stays as it was"


def test_a_raised_arm_carries_its_voxels_and_some_come_from_outside(open_body):
    pose = STAR_POSE.copy()
    pose[JOINT_NAMES.index("left_shoulder"), 2] = np.pi / 4
    grid = Grid(32)
    index = canonical_index(grid, open_body, pose)
    assert ((index >= -1) & (index < 32**3)).all()
    assert (index == -1).any()
    hand = open_body.joints(pose[None], np.zeros(10))[0, JOINT_NAMES.index("left_hand")]
    there = open_body.joints(STAR_POSE[None], np.zeros(10))[0, JOINT_NAMES.index("left_hand")]
    at_hand = grid.flat_index(hand[None])[0]
    assert np.linalg.norm(grid.centres()[index[at_hand]] - there) < 0.15
    feet = grid.centres()[:, 1] < -0.9
    assert np.mean(index[feet] == np.flatnonzero(feet)) > 0.9


@pytest.mark.parametrize("seed", range(3))
def test_there_and_back(open_body, seed):
    pose = np.random.default_rng(seed).normal(0, 0.15, (24, 3))
    pose[0] = 0
    bones = open_body.canonical_bones(pose[None])[0]
    posed = GRID.flat_index(warp(canonical_weights(GRID, open_body), bones, GRID.centres()))
    back = canonical_index(GRID, open_body, pose)
    inside = posed >= 0
    returned = back[posed[inside]]
    home = np.linalg.norm(GRID.centres()[returned] - GRID.centres()[inside], axis=1)
    assert np.median(home[returned >= 0]) <= GRID.voxel * 1.01


def test_looking_up():
    phi = np.arange(8, dtype=np.float32).reshape(2, 2, 2) / 8
    assert look_up(phi, np.array([7, -1, 0, 3])).tolist() == [0.875, 0, 0, 0.375]
    assert look_up(phi, np.array([7])).dtype == np.float32


def test_the_closed_form_inverse_is_that_of_linear_algebra(rng):
    for _ in range(50):
        matrix, point = (
            np.column_stack([np.eye(3) + rng.normal(0, 0.5, (3, 3)), rng.normal(0, 1, 3)]),
            rng.normal(0, 1, 3),
        )
        expected = np.linalg.solve(matrix[:, :3], point - matrix[:, 3])
        assert np.allclose(unwarped(matrix.reshape(12), tuple(point)), expected, rtol=1e-8, atol=1e-10)


def test_a_singular_blend_comes_from_nowhere():
    for matrix in (np.zeros(12), np.ones(12), np.array([1.0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0.5])):
        assert not np.isfinite(unwarped(matrix, (0.1, 0.2, 0.3))).all()
    weights, axis = np.ones((1, 2, 2, 2), np.float32), Grid(2).axis()
    index = np.zeros((2, 2, 2), np.int32)
    fill_index(weights, np.zeros((1, 12)), axis, index)
    assert (index == -1).all()


def test_indices_are_those_of_the_grid_and_the_blend(open_body):
    """The kernel against blending, inverting and `flat_index` in NumPy."""
    pose = np.random.default_rng(5).normal(0, 0.4, (24, 3))
    pose[0] = 0
    bones = open_body.canonical_bones(pose[None])[0][:, :3]
    weights = skinning_weights(GRID, open_body.vertices(pose[None], np.zeros((1, 10)))[0], open_body.weights)
    matrices = np.einsum("vj,jab->vab", weights.astype(float), bones)
    points = np.linalg.solve(matrices[:, :, :3], (GRID.centres() - matrices[:, :, 3])[:, :, None])[:, :, 0]
    assert (canonical_index(GRID, open_body, pose) != GRID.flat_index(points)).sum() <= 1

"""Cameras against closed forms; a point behind a camera never counts (F8)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.transform import Rotation

from chorus.camera import (
    AZIMUTH_BINS,
    Camera,
    WeakCamera,
    azimuth_bin,
    azimuth_degrees,
    field_of_view_intrinsics,
)
from chorus.occupancy.grid import Grid
from chorus.occupancy.skinning import rigid_weights
from chorus.occupancy.votes import Ballot, VoteCounter

K = np.array([[100.0, 0, 64], [0, 100.0, 48], [0, 0, 1]])
TURNED = np.diag([1.0, -1.0, -1.0])  # the body's y up, z front -> y down, z forward: a camera in front looks at it
FRONT = Camera(K, TURNED, np.array([0.0, 0.0, 2.0]))
COORDINATES = st.floats(-5, 5, allow_nan=False)


def looking_from(centre) -> Camera:
    """A camera at a centre that looks at the origin, the body's up being up."""
    forward = -np.asarray(centre, float) / np.linalg.norm(centre)
    right = np.cross([0, -1.0, 0], forward)
    right /= np.linalg.norm(right)
    R = np.stack([right, np.cross(forward, right), forward])
    return Camera(K, R, -R @ np.asarray(centre, float))


def test_the_origin_falls_on_the_principal_point_and_sides_are_right():
    points = np.array([[0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 1.0], [0.5, 0, 1.0]])
    pixels, depth = FRONT.project(points)
    assert depth.tolist() == [2, 2, 2, 1, 1]
    # The person's left is on the right of the picture, up is up, and what is nearer is larger.
    assert pixels.tolist() == [[64, 48], [89, 48], [64, 23], [64, 48], [114, 48]]
    assert FRONT.centre.tolist() == [0, 0, 2]


@given(hnp.arrays(float, (3, 3), elements=COORDINATES), hnp.arrays(float, (5, 3), elements=COORDINATES))
def test_projection_is_the_textbook_matrix(parameters, points):
    camera = Camera(K, Rotation.from_rotvec(parameters[0]).as_matrix(), parameters[1])
    homogeneous = np.concatenate([points, np.ones((5, 1))], axis=1) @ camera.matrix.T
    pixels, depth = camera.project(points)
    assert np.allclose(depth, homogeneous[:, 2])
    clear = homogeneous[:, 2] > 1e-3
    assert np.allclose(pixels[clear], homogeneous[clear, :2] / homogeneous[clear, 2:])
    assert np.allclose(camera.R @ camera.centre + camera.t, 0, atol=1e-9)


def test_batches_agree_with_single_cameras(rng):
    n = 4
    batch = Camera(np.tile(K, (n, 1, 1)), Rotation.random(n, random_state=0).as_matrix(), rng.normal(size=(n, 3)))
    points = rng.normal(size=(n, 6, 3))
    pixels, depth = batch.project(points)
    shared, _ = batch.project(points[0])
    assert len(batch) == n
    assert batch.matrix.shape == (n, 3, 4)
    for i in range(n):
        assert np.array_equal(batch[i].project(points[i])[0], pixels[i], equal_nan=True)
        assert np.array_equal(batch[i].project(points[i])[1], depth[i])
        assert np.array_equal(batch[i].project(points[0])[0], shared[i], equal_nan=True)
        assert np.allclose(batch[i].centre, batch.centre[i])


@given(st.floats(-10, 0), COORDINATES, COORDINATES)
def test_a_point_behind_the_camera_has_no_pixel(depth, x, y):
    camera = Camera(K, np.eye(3), np.zeros(3))
    pixels, found = camera.project(np.array([[x, y, depth]]))
    assert np.isnan(pixels).all()
    assert found[0] <= 0


@pytest.mark.parametrize(
    "centre", [(0.03, 0.03, 0.03), (0.0, 0.4, 0.9), (0.1, 0.2, -4.0)], ids=["inside", "near", "far"]
)
def test_voxels_behind_a_camera_never_count(centre):
    grid, camera = Grid(16), looking_from(centre)
    counter = VoteCounter(grid, rigid_weights(grid))
    bones = np.tile(np.eye(4), (24, 1, 1))
    counter.add(Ballot(camera, bones, np.ones((96, 128), bool), 255, 0))
    depth = camera.project(grid.centres())[1]
    seen = counter.votes.denominator.sum(0).reshape(-1) > 0
    assert not seen[depth <= 0].any()
    assert seen.any()
    behind = 2 * camera.centre - grid.centres()  # what a test without depth would also have seen
    assert not seen[(camera.project(behind)[1] > 0)].any()


def test_scaling_an_image_scales_its_pixels():
    points = np.array([[0.1, 0.2, 0.3], [0.5, -0.5, 0.0]])
    assert np.allclose(FRONT.scaled(0.25).project(points)[0], 0.25 * FRONT.project(points)[0])
    assert FRONT.K[0, 0] == 100, "the original camera stays"


def test_field_of_view():
    K = field_of_view_intrinsics((100, 200), 90.0)
    assert np.allclose(K, [[100, 0, 100], [0, 100, 50], [0, 0, 1]])
    edge = Camera(K, np.eye(3), np.zeros(3)).project(np.array([[1.0, 0, 1.0]]))[0]
    assert np.allclose(edge, [[200, 50]])


def test_a_weak_camera_adds_after_scaling():
    weak = WeakCamera(np.array([100.0]), np.array([[10.0, 20.0]]))
    assert weak.project(np.array([[[1.0, 2.0, 55.0]]])).tolist() == [[[110, 220]]]


def test_a_weak_camera_is_the_limit_of_a_far_one():
    points = np.random.default_rng(0).uniform(-1, 1, (20, 3))
    far, focal = 1e4, 1e6
    strong = Camera(np.diag([focal, focal, 1.0]), np.eye(3), np.array([0, 0, far]))
    weak = WeakCamera(np.array([focal / far]), np.zeros((1, 2)))
    assert np.allclose(strong.project(points)[0], weak.project(points[None])[0], atol=0.03)


@pytest.mark.parametrize(
    ("centre", "azimuth"),
    [((2, 0, 0), 0), ((0, 0, 2), 90), ((-2, 0, 0), 180), ((0, 0, -2), 270), ((1, 5, 1), 45), ((1, -3, -1), 315)],
)
def test_azimuth_of_the_four_sides(centre, azimuth):
    """Left of the person 0, in front 90, right 180, behind 270; the height does not matter."""
    assert np.allclose(azimuth_degrees(looking_from(centre).centre), azimuth)


def test_mirrored_cameras_have_mirrored_azimuths(rng):
    centres = rng.normal(size=(50, 3))
    sum_of_both = azimuth_degrees(centres) + azimuth_degrees(centres * [-1, 1, 1])
    assert np.allclose(sum_of_both % 360, 180)


@given(hnp.arrays(float, 3, elements=st.floats(-1e3, 1e3)))
def test_every_finite_centre_has_an_azimuth_and_a_bin(centre):
    degrees = azimuth_degrees(centre)
    assert 0 <= degrees < 360
    assert 0 <= azimuth_bin(degrees) < AZIMUTH_BINS


def test_azimuth_never_rounds_up_to_360():
    assert azimuth_degrees(np.array([1.0, 0, -1e-20])) == 0
    assert azimuth_degrees(np.array([1.0, 0, -0.0])) == 0


def test_bins_are_thirty_degrees_wide_and_start_at_zero():
    degrees = np.array([0, 29.999, 30, 89.999, 90, 119.999, 359.999])
    assert azimuth_bin(degrees).tolist() == [0, 0, 1, 2, 3, 3, 11]
    assert np.bincount(azimuth_bin(np.arange(360.0))).tolist() == [30] * 12

"""Left-right symmetry: the field of mirrored input is the mirrored field, and a field of both is symmetric."""

from dataclasses import replace

import numpy as np
import pytest

from chorus import masks
from chorus.body.kinematics import mirror_pose
from chorus.body.model import JOINT_MIRROR
from chorus.body.parts import MIRROR, PART_NAMES
from chorus.camera import Camera, azimuth_bin, azimuth_degrees
from chorus.occupancy.field import field_of
from chorus.occupancy.gates import part_regions
from chorus.occupancy.grid import Grid
from chorus.occupancy.mirroring import mirrored, mirrored_camera
from chorus.occupancy.skinning_stage import canonical_weights
from tests.reference.balls import SIZE, counted, images_of_a_ball

GRID = Grid(24)
SAME = 0.97  # of the voxels; pixel borders may flip


@pytest.fixture(scope="module")
def ballots(open_body):
    """Images of moving people; the principal point is off the centre."""
    rng = np.random.default_rng(0)
    poses = rng.normal(0, 0.2, (40, 24, 3))
    poses[:, 0] = 0
    plain = replace(images_of_a_ball(rng, 40), bones=open_body.canonical_bones(poses))
    K = np.array(plain.camera.K)
    K[:, 0, 2] += 3.7
    return replace(plain, camera=Camera(K, plain.camera.R, plain.camera.t))


@pytest.fixture(scope="module")
def counters(ballots, open_body):
    weights, regions = canonical_weights(GRID, open_body), part_regions(GRID, open_body)
    return [counted(GRID, weights, item, regions) for item in (ballots, mirrored(ballots))]


def test_a_mirrored_camera_sees_the_mirrored_point_in_the_mirrored_pixel(ballots, rng):
    points = rng.normal(0, 0.5, (7, 3))
    other = mirrored_camera(ballots.camera, ballots.size[:, 1])
    for number in range(5):
        (u, v), (mirrored_u, mirrored_v) = (
            camera[number].project(x)[0].T for camera, x in ((ballots.camera, points), (other, points * [-1, 1, 1]))
        )
        assert np.allclose(mirrored_u, SIZE[1] - u)
        assert np.allclose(mirrored_v, v)
    assert np.allclose(np.linalg.det(other.R), 1), "still a rotation"


def test_masks_are_flipped_pixel_by_pixel(ballots):
    other = mirrored(ballots)
    for number in range(len(ballots)):
        before, after = masks.decode(ballots.spans[number], SIZE), masks.decode(other.spans[number], SIZE)
        assert np.array_equal(after, before[:, ::-1])


def test_spans_beyond_the_edge_are_cut_before_they_are_flipped(ballots):
    one = replace(ballots, spans=masks.Ragged(np.array([[3, 40, 60]], np.uint16), np.array([0, 1] + [1] * 39)))
    assert mirrored(one).spans[0].tolist() == [[3, 0, 8]]


def test_bones_are_those_of_the_mirrored_pose(ballots, open_body):
    pose = np.random.default_rng(1).normal(0, 0.3, (1, 24, 3))
    pose[:, 0] = 0
    one = replace(ballots, bones=np.repeat(open_body.canonical_bones(pose), len(ballots), axis=0))
    expected = open_body.canonical_bones(mirror_pose(pose, JOINT_MIRROR))[0]
    assert np.abs(mirrored(one).bones[0] - expected).max() < 2e-3, "the open body is symmetric to a millimetre"


def test_twice_mirrored_is_the_same(ballots):
    again = mirrored(mirrored(ballots))
    for name in ("K", "R", "t"):
        assert np.allclose(getattr(again.camera, name), getattr(ballots.camera, name))
    assert np.allclose(again.bones, ballots.bones)
    assert np.array_equal(again.spans.values, ballots.spans.values)
    assert np.array_equal(again.azimuth_bin, azimuth_bin(azimuth_degrees(ballots.camera.centre)))


def test_the_field_of_mirrored_input_is_the_mirrored_field(counters):
    plain, flipped = (field_of(counter.votes) for counter in counters)
    assert np.mean(np.abs(plain.phi[::-1] - flipped.phi) < 0.02) > SAME
    assert np.corrcoef(plain.phi[::-1].ravel(), flipped.phi.ravel())[0, 1] > 0.998
    assert np.abs(plain.phi - plain.phi[::-1]).max() > 0.2, "this input is not symmetric by itself"


def test_body_parts_change_sides(counters):
    plain, flipped = counters
    touched = {part: int(plain.of_group(part).images.sum()) for part in PART_NAMES}
    assert len(set(touched.values())) > 3
    for part in PART_NAMES:
        assert abs(int(flipped.of_group(MIRROR[part]).images.sum()) - touched[part]) <= 1


def test_both_together_are_symmetric(counters):
    plain, flipped = counters
    both = field_of(plain.votes + flipped.votes)
    assert np.mean(np.abs(both.phi - both.phi[::-1]) < 0.02) > SAME
    assert both.images.sum() == 80

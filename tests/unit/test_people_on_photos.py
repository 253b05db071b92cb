"""People of the annotated photographs: how well the fit meets keypoints, which poses are kept; and the metrics."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from chorus.body.model import BodyModel
from chorus.perception.bodyfit import People
from chorus.perception.posescore import PoseSigns
from tests.benchmarks.measured_people import (
    MODEL,
    PHOTOS,
    THRESHOLD,
    Estimates,
    PhotoRow,
    TruePeople,
    photo_rows,
    photo_subjects,
    scene_errors,
)
from tests.benchmarks.pose_metrics import (
    OKS_SIGMAS,
    angles_between,
    auc,
    azimuth_and_elevation,
    mpjpe,
    oks,
    pa_mpjpe,
    signed_angle,
)

GOOD = ("234748", "261888", "343937", "253956", "547336")  # bodies that lie on their people, by eye
FAILED = ("160012", "519208", "311303", "491525", "501760")  # bodies that have nothing to do with their people
# In neither: 168974 (lies on its person, but the network doubts itself: of such poses one in three is right), 357888
# and 401416 (legs not in the picture), 404484 (legs hidden, body squeezed into the rest), and 165518, a rider in fog
# whom BlazePose finds or misses when his box moves by one pixel.
ENOUGH_KEYPOINTS = 6

needs_photos = pytest.mark.skipif(not PHOTOS.is_dir(), reason="no folder ../shared/photos")
needs_model = pytest.mark.skipif(not MODEL.is_file(), reason=f"no model file {MODEL}; set CHORUS_BLAZEPOSE")


# --- photographs --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rows(open_body: BodyModel) -> dict[str, PhotoRow]:
    """Figures of each photograph by the last six digits of its name."""
    from chorus.perception.blazepose import BlazePose

    subjects = photo_subjects(PHOTOS)
    return {row.name[-6:]: row for row in photo_rows(BlazePose(MODEL), open_body, subjects)}


@needs_photos
@needs_model
def test_the_fit_meets_annotated_keypoints(rows):
    """Median residual at most 2 % of the person's box; every person is reported."""
    annotated = {name: row for name, row in rows.items() if row.annotated >= ENOUGH_KEYPOINTS}
    report = {name: f"{100 * row.residual_annotated:.1f} %" for name, row in annotated.items()}
    print(f"residual of the fit to annotated keypoints: {report}")
    assert len(annotated) == 4
    assert np.median([row.residual_annotated for row in annotated.values()]) <= 0.02, report
    assert max(row.residual_annotated for row in annotated.values()) <= 0.03, report


@needs_photos
@needs_model
@pytest.mark.parametrize("name", FAILED)
def test_a_failed_pose_is_rejected(rows, name):
    """Although its residual is as small as that of a good one: the score has to tell."""
    assert rows[name].score < THRESHOLD
    assert rows[name].residual_blazepose < 0.02


@needs_photos
@needs_model
@pytest.mark.parametrize("name", GOOD)
def test_a_good_pose_is_kept(rows, name):
    assert rows[name].score >= THRESHOLD


@needs_photos
@needs_model
def test_wherever_blazepose_fails_the_pose_is_rejected(rows):
    """Of the people with annotated keypoints; on the one whom it finds well the median error is below 3 %."""
    for name, row in rows.items():
        if row.annotated and row.blazepose_error > 0.08:
            assert not row.kept, f"{name}: off by {100 * row.blazepose_error:.1f} % and kept"


@needs_photos
@needs_model
def test_silhouettes_of_kept_bodies_cover_more(rows):
    kept = [row.overlap for row in rows.values() if row.kept]
    rejected = [row.overlap for row in rows.values() if not row.kept]
    assert np.median(kept) > 0.5 > np.median(rejected)


# --- metrics ------------------------------------------------------------------------------------------------------


def test_a_similarity_costs_nothing_after_alignment(rng):
    truth = rng.normal(size=(5, 24, 3))
    turn, scale, shift = Rotation.random(5, rng=rng).as_matrix(), rng.uniform(0.5, 2.0, (5, 1, 1)), rng.normal(size=3)
    moved = scale * np.einsum("nab,nkb->nka", turn, truth) + shift
    np.testing.assert_allclose(pa_mpjpe(moved, truth), 0.0, atol=1e-12)
    assert (mpjpe(moved, truth) > 0.1).all()


def test_a_mirror_image_is_not_aligned_away(rng):
    truth = rng.normal(size=(3, 24, 3))
    assert (pa_mpjpe(truth * [-1.0, 1.0, 1.0], truth) > 0.1).all()


def test_a_moved_joint_counts_by_its_share():
    """One of 24 joints 24 cm off: 1 cm; a moved pelvis moves all the others away from it."""
    truth = np.random.default_rng(0).normal(size=(1, 24, 3))
    moved = truth.copy()
    moved[0, 7] += [0.0, 0.0, 0.24]
    np.testing.assert_allclose(mpjpe(moved, truth), 0.01)
    moved = truth.copy()
    moved[0, 0, 1] += 0.24
    np.testing.assert_allclose(mpjpe(moved, truth), 0.24 * 23 / 24)


def test_alignment_is_never_worse_in_the_least_squares_sense(rng):
    truth = rng.normal(size=(8, 24, 3))
    noisy = truth + rng.normal(0.0, 0.1, truth.shape)
    assert (pa_mpjpe(noisy, truth) < mpjpe(noisy, truth)).all()


def test_angles():
    quarter = np.array([[0.0, np.pi / 2, 0.0]])
    np.testing.assert_allclose(angles_between(quarter, np.zeros((1, 3))), 90.0)
    np.testing.assert_allclose(angles_between(quarter, quarter), 0.0, atol=1e-6)
    np.testing.assert_allclose(signed_angle(np.array([350.0, -350.0, 10.0])), [-10.0, 10.0, 10.0])


def test_the_truth_has_no_errors_and_nobody_has_infinite_ones(open_body, rng):
    pose, betas = rng.normal(0.0, 0.3, (3, 24, 3)), rng.normal(size=(3, 10))
    towards_camera = Rotation.from_rotvec(pose[:, 0]).inv().apply([0.0, 0.0, -2.0])
    people = People.unknown(3)
    people.pose[:2], people.betas[:2], people.found[:2] = pose[:2], betas[:2], True
    estimates = Estimates([], people, PoseSigns(*np.zeros((6, 3))), np.zeros(3))
    errors = scene_errors(estimates, TruePeople(pose, betas, towards_camera), open_body)
    for values in (errors.mpjpe, errors.pa_mpjpe, errors.root, errors.azimuth, errors.elevation):
        np.testing.assert_allclose(values[:2], 0.0, atol=1e-4)
        assert np.isinf(values[2])
    np.testing.assert_array_equal(errors.within((20.0, 80.0)), [True, True, False])


def test_azimuth_and_elevation_of_a_direction():
    """0 = the person's left, 90 = in front (docs/conventions.md)."""
    directions = np.array([[2.0, 0.0, 0.0], [0.0, 0.0, 3.0], [0.0, 1.0, 1.0]])
    azimuth, elevation = azimuth_and_elevation(directions)
    np.testing.assert_allclose(azimuth, [0.0, 90.0, 90.0])
    np.testing.assert_allclose(elevation, [0.0, 0.0, 45.0])


def test_oks_is_one_at_the_annotated_place_and_falls_with_the_distance():
    annotated = np.concatenate([np.arange(34.0).reshape(17, 2), np.ones((17, 1))], axis=1)
    assert oks(annotated, annotated, 100.0) == 1.0
    moved = annotated.copy()
    moved[0, 0] += 2 * OKS_SIGMAS[0] * 10.0  # one unit of 2 sigma sqrt(area)
    assert oks(moved, annotated, 100.0) == pytest.approx((16 + np.exp(-0.5)) / 17)
    annotated[0, 2] = 0.0  # not annotated, so it does not count
    assert oks(moved, annotated, 100.0) == 1.0
    assert np.isnan(oks(moved, np.zeros((17, 3)), 100.0))


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([0.9, 0.8, 0.2, 0.1], 1.0),
        ([0.1, 0.2, 0.8, 0.9], 0.0),
        ([0.5, 0.5, 0.5, 0.5], 0.5),
        ([0.9, 0.3, 0.5, 0.1], 0.75),
    ],
)
def test_auc_is_the_chance_to_rank_a_pair_right(scores, expected):
    good = np.array([True, True, False, False])
    assert auc(np.array(scores), good) == expected
    assert np.isnan(auc(np.array(scores), np.ones(4, bool)))

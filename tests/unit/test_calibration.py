"""Weak perspective to perspective (A.4): known cameras are found, and what cannot be solved says so (F8)."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from chorus.calibration.fit import Fit, Problem, Status, fit_cameras, initial_camera, loss_of
from chorus.camera import Camera, WeakCamera, azimuth_degrees
from chorus.config import Calibration

SETTINGS = Calibration()
SIZE = (384, 512)
CENTRE = np.array([256.0, 192.0])
UPSIDE_DOWN = Rotation.from_rotvec([np.pi, 0, 0])  # the body's y up, z front -> y down, z forward
N = 12


@pytest.fixture(scope="module")
def bodies(open_body) -> np.ndarray:
    """(n, 24, 3) joints of bodies in various poses, root rotation removed."""
    pose = np.random.default_rng(1).normal(0, 0.35, (N, 24, 3))
    pose[:, 0] = 0
    return open_body.joints(pose, np.zeros((N, 10)))


def problem_of(joints, seed=0, noise=0.0) -> Problem:
    """People seen by weak cameras from all sides, 100 to 200 pixels per metre."""
    rng, n = np.random.default_rng(seed), len(joints)
    turn = Rotation.from_rotvec(rng.uniform(-np.pi, np.pi, n)[:, None] * [0, 1.0, 0]) * Rotation.from_rotvec(
        rng.normal(0, 0.1, (n, 3))
    )
    root = UPSIDE_DOWN * turn
    weak = WeakCamera(rng.uniform(100, 200, n), CENTRE + rng.uniform(-40, 40, (n, 2)))
    seen = weak.project(np.einsum("nij,npj->npi", root.as_matrix(), joints)) + noise * rng.normal(size=(n, 24, 2))
    return Problem(joints, seen, root.as_rotvec(), weak, np.tile(np.array(SIZE), (n, 1)))


def part(problem: Problem, chosen) -> Problem:
    weak = WeakCamera(problem.weak.scale[chosen], problem.weak.translation[chosen])
    return Problem(problem.joints3d[chosen], problem.joints2d[chosen], problem.root[chosen], weak, problem.size[chosen])


def arrays(fit: Fit) -> dict[str, np.ndarray]:
    return {"K": fit.camera.K, "R": fit.camera.R, "t": fit.camera.t, "loss": fit.loss, "ratio": fit.focal_ratio,
            "iterations": fit.iterations, "status": fit.status}  # fmt: skip


@pytest.fixture(scope="module")
def solved(bodies) -> tuple[Problem, Fit]:
    problem = problem_of(bodies)
    return problem, fit_cameras(problem, SETTINGS)


def test_every_weak_camera_finds_a_perspective_one(solved):
    problem, fit = solved
    assert (fit.status == Status.CONVERGED).all()
    assert (fit.loss < SETTINGS.stop_loss).all()
    assert np.allclose(loss_of(fit.camera, problem.joints3d, problem.joints2d), fit.loss)
    assert np.allclose(np.linalg.det(fit.camera.R), 1)
    assert np.allclose(fit.camera.R @ fit.camera.R.transpose(0, 2, 1), np.eye(3), atol=1e-12)
    assert (np.isfinite(fit.focal_ratio) & (fit.focal_ratio > 0.5)).all()
    assert (fit.camera.K[:, 0, 0] == fit.camera.K[:, 1, 1]).all()
    assert (fit.camera.K[:, :2, 2] == CENTRE).all()


def test_cameras_stay_on_the_side_from_which_the_person_was_seen(solved):
    problem, fit = solved
    towards = -Rotation.from_rotvec(problem.root).as_matrix()[:, 2]  # the viewing direction, backwards
    apart = np.einsum("ni,ni->n", towards, fit.camera.centre / np.linalg.norm(fit.camera.centre, axis=1, keepdims=True))
    assert np.degrees(np.arccos(apart)).max() < 20
    depth = fit.camera.project(problem.joints3d)[1]
    assert (depth > 0.5).all()


def seen_by(camera: Camera, problem: Problem) -> Problem:
    """The same people and starts, but the targets are what a camera sees."""
    return replace(problem, joints2d=camera.project(problem.joints3d)[0])


def test_a_known_camera_is_found_when_its_focal_length_is_known(bodies):
    problem = problem_of(bodies)
    truth = initial_camera(problem, SETTINGS.field_of_view)
    truth = Camera(
        truth.K, (Rotation.from_rotvec([0.1, -0.2, 0.05]) * Rotation.from_matrix(truth.R)).as_matrix(), truth.t
    )
    fit = fit_cameras(seen_by(truth, problem), SETTINGS)
    assert (fit.focal_ratio == 1).all()
    assert (fit.loss < 1e-4).all()
    assert np.allclose(fit.camera.R, truth.R, atol=1e-5)
    assert np.allclose(fit.camera.t, truth.t, atol=1e-4)


@pytest.mark.parametrize("degrees", [25.0, 80.0])
def test_a_known_focal_length_is_found_on_either_side_of_the_start(bodies, degrees):
    """The walk goes towards longer and shorter focal lengths; a threshold near 0 leaves no other choice."""
    problem = problem_of(bodies)
    truth = initial_camera(problem, degrees)
    fit = fit_cameras(seen_by(truth, problem), Calibration(stop_loss=0.002))
    assert (fit.status == Status.CONVERGED).all()
    assert np.allclose(fit.camera.K, truth.K, rtol=0.02)
    off = (azimuth_degrees(fit.camera.centre) - azimuth_degrees(truth.centre) + 180) % 360 - 180
    assert np.abs(off).max() < 0.5
    assert np.allclose(np.linalg.norm(fit.camera.t, axis=1), np.linalg.norm(truth.t, axis=1), rtol=0.02)


def test_the_focal_length_is_the_nearest_that_reaches_the_threshold(bodies):
    """At the found focal length the best loss is just below the threshold, two percent nearer to the start above it."""
    problem = problem_of(bodies)
    fit = fit_cameras(problem, SETTINGS)
    moved = fit.focal_ratio != 1
    assert moved.sum() >= 4
    assert (fit.loss[moved] >= 0.998 * SETTINGS.stop_loss).all()
    start = initial_camera(problem, SETTINGS.field_of_view).K[:, 0, 0]
    for i in np.flatnonzero(moved):
        focal = start[i] * fit.focal_ratio[i] ** 0.98
        degrees = np.degrees(2 * np.arctan(0.5 * SIZE[1] / focal))
        fixed = fit_cameras(part(problem, [i]), Calibration(field_of_view=float(degrees), focal_cap=1.0))
        assert fixed.loss[0] > SETTINGS.stop_loss


def test_a_cap_of_one_keeps_the_focal_length(bodies):
    fit = fit_cameras(problem_of(bodies), Calibration(focal_cap=1.0))
    assert (fit.focal_ratio == 1).all()
    assert (fit.status == Status.ABOVE_THRESHOLD).any()


def test_the_cap_is_kept_and_a_lower_cap_fits_no_better(bodies):
    problem = problem_of(bodies, noise=8.0)
    fits = [fit_cameras(problem, Calibration(focal_cap=cap)) for cap in (1.0, 2.0, 8.0)]
    for fit, cap in zip(fits, (1.0, 2.0, 8.0), strict=True):
        assert (np.abs(np.log(fit.focal_ratio)) <= np.log(cap) + 1e-12).all()
    assert (fits[0].loss >= fits[1].loss).all()
    assert (fits[1].loss >= fits[2].loss).all()


def test_the_number_of_joints_is_free(bodies):
    """49 joints and a threshold of 0.5, as the paper fits its test images (A.7)."""
    problem = problem_of(bodies)
    more = np.arange(49) % 24
    turned = np.einsum("nij,npj->npi", Rotation.from_rotvec(problem.root).as_matrix(), bodies[:, more])
    wide = replace(problem, joints3d=bodies[:, more], joints2d=problem.weak.project(turned))
    fit = fit_cameras(wide, Calibration(stop_loss=0.5))
    assert (fit.status == Status.CONVERGED).all()
    assert np.allclose(loss_of(fit.camera, wide.joints3d, wide.joints2d), fit.loss)


def test_a_start_inside_the_body_still_finds_a_camera(bodies):
    """A weak camera of 5,000 pixels a metre asks for a distance of 0.1 m: joints would be behind the camera."""
    problem = problem_of(bodies)
    start = initial_camera(problem, SETTINGS.field_of_view)
    near = replace(problem, weak=WeakCamera(np.full(N, 5000.0), problem.weak.translation))
    assert (initial_camera(near, SETTINGS.field_of_view).project(bodies)[1] < 0).any(1).all()
    fit = fit_cameras(replace(near, joints2d=start.project(bodies)[0]), SETTINGS)
    assert (fit.loss < 1e-3).all()
    assert np.allclose(fit.camera.t, start.t, atol=1e-3)


def test_the_start_sees_the_origin_where_the_weak_camera_does(bodies):
    problem = problem_of(bodies)
    start = initial_camera(problem, 46.4)
    origin, depth = start.project(np.zeros((N, 1, 3)))
    assert np.allclose(origin[:, 0], problem.weak.translation)
    assert np.allclose(start.K[:, 0, 0] / depth[:, 0], problem.weak.scale)


def test_the_batch_does_not_matter_to_the_last_bit(bodies):
    problem = problem_of(bodies, noise=2.0)
    together = arrays(fit_cameras(problem, SETTINGS))
    order = np.random.default_rng(0).permutation(N)
    shuffled = arrays(fit_cameras(part(problem, order), SETTINGS))
    alone = [arrays(fit_cameras(part(problem, [i]), SETTINGS)) for i in range(N)]
    for name, values in together.items():
        assert np.array_equal(values[order], shuffled[name]), name
        assert np.array_equal(values, np.concatenate([one[name] for one in alone])), name


def test_a_hopeless_neighbour_does_not_matter(bodies):
    problem = problem_of(bodies, noise=2.0)
    alone = arrays(fit_cameras(part(problem, [0, 1]), SETTINGS))
    for broken in (np.nan, np.inf, 1e300, 0.0):
        target = problem.joints2d.copy()
        target[2:] = broken
        beside = arrays(fit_cameras(replace(problem, joints2d=target), SETTINGS))
        for name, values in alone.items():
            assert np.array_equal(values, beside[name][:2]), name


def test_the_input_is_left_as_it_was(bodies):
    problem, same = problem_of(bodies), problem_of(bodies)
    fit_cameras(problem, SETTINGS)
    for name in ("joints3d", "joints2d", "root"):
        assert np.array_equal(getattr(problem, name), getattr(same, name))


def test_more_noise_is_more_loss_and_is_said(bodies):
    fit = fit_cameras(problem_of(bodies, noise=30.0), SETTINGS)
    assert (fit.status == Status.ABOVE_THRESHOLD).all()
    assert (fit.iterations > 0).all()
    assert (fit.loss > SETTINGS.stop_loss).all()
    assert np.allclose(np.linalg.det(fit.camera.R), 1)


def test_no_image_is_a_valid_batch():
    fit = fit_cameras(problem_of(np.zeros((0, 24, 3))), SETTINGS)
    assert {name: len(values) for name, values in arrays(fit).items()} == dict.fromkeys(arrays(fit), 0)
    assert fit.camera.K.shape == fit.camera.R.shape == (0, 3, 3)
    assert fit.camera.centre.shape == (0, 3)


def collapsed(points: np.ndarray, distinct: int) -> np.ndarray:
    return points[:, np.arange(24) % distinct]


def onto_a_line(points: np.ndarray) -> np.ndarray:
    return points[:, :, :1] * np.ones(points.shape[-1])


BROKEN = {
    "one joint": lambda p: replace(p, joints3d=collapsed(p.joints3d, 1)),
    "two joints": lambda p: replace(p, joints3d=collapsed(p.joints3d, 2)),
    "three joints": lambda p: replace(p, joints3d=collapsed(p.joints3d, 3)),
    "one pixel": lambda p: replace(p, joints2d=collapsed(p.joints2d, 1)),
    "three pixels": lambda p: replace(p, joints2d=collapsed(p.joints2d, 3)),
    "joints on a line": lambda p: replace(p, joints3d=onto_a_line(p.joints3d)),
    "pixels on a line": lambda p: replace(p, joints2d=onto_a_line(p.joints2d)),
    "a joint is NaN": lambda p: replace(p, joints3d=np.where(np.arange(24)[:, None] == 3, np.nan, p.joints3d)),
    "a pixel is infinite": lambda p: replace(p, joints2d=np.where(np.arange(24)[:, None] == 3, np.inf, p.joints2d)),
    "the root is NaN": lambda p: replace(p, root=p.root * np.nan),
    "the scale is 0": lambda p: replace(p, weak=WeakCamera(p.weak.scale * 0, p.weak.translation)),
    "the scale is negative": lambda p: replace(p, weak=WeakCamera(-p.weak.scale, p.weak.translation)),
    "the scale is NaN": lambda p: replace(p, weak=WeakCamera(p.weak.scale * np.nan, p.weak.translation)),
    "the translation is NaN": lambda p: replace(p, weak=WeakCamera(p.weak.scale, p.weak.translation * np.nan)),
    "nothing was found": lambda p: Problem(
        p.joints3d * np.nan, p.joints2d * np.nan, p.root * np.nan, WeakCamera(p.weak.scale * np.nan,
        p.weak.translation * np.nan), p.size
    ),
}  # fmt: skip


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("case", BROKEN)
def test_degenerate_images_get_their_status_and_no_exception(bodies, case):
    problem = BROKEN[case](problem_of(bodies[:3]))
    fit = fit_cameras(problem, SETTINGS)
    assert (fit.status == Status.DEGENERATE).all()
    assert np.isnan(fit.loss).all()
    assert (fit.focal_ratio == 1).all()
    assert (fit.iterations == 0).all()


def test_a_joint_behind_the_camera_has_no_loss(bodies):
    fit = initial_camera(problem_of(bodies), 46.4)
    behind = Camera(fit.K, fit.R, fit.t - [0, 0, 100.0])
    assert np.isnan(loss_of(behind, bodies, np.zeros((N, 24, 2)))).all()


def test_the_threshold_of_the_paper_is_three_and_a_half_pixels():
    camera = Camera(np.eye(3), np.eye(3), np.array([0, 0, 1.0]))
    joints = np.zeros((1, 24, 3))
    target = np.full((1, 24, 2), 3.4293 / np.sqrt(2))  # RMS joint error 3.43 px
    assert np.allclose(loss_of(camera, joints, target), 0.7, atol=1e-4)

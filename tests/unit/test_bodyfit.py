"""The body fit on synthetic people whose pose, shape and camera are known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from chorus.body.kinematics import mirror_pose
from chorus.body.loading import load_body
from chorus.body.model import JOINT_MIRROR, JOINT_NAMES, N_BETAS, BodyModel
from chorus.camera import WeakCamera
from chorus.perception.blazepose import LANDMARKS, Landmarks
from chorus.perception.bodyfit import DEPTH_STRETCH, Observations, People, fit
from chorus.perception.fitterms import POINTS
from chorus.perception.jointprior import JointPrior
from chorus.perception.posechain import BodyState, PoseChain, left_jacobian
from chorus.perception.posescore import PoseSigns, pose_scores, pose_signs, score_of

BODY_FILE = Path(__file__).parents[2] / "resources" / "body" / "open_body.npz"
UPRIGHT = Rotation.from_euler("x", 180, degrees=True)  # body frame (y up) to OpenCV axes (y down), facing the camera
TWIN = np.array(
    [LANDMARKS.index(_n.replace("left", "?").replace("right", "left").replace("?", "right")) for _n in LANDMARKS]
)
COCO_TWIN = [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]
IMAGE_WIDTH = 512.0


@pytest.fixture(scope="module")
def body() -> BodyModel:
    return load_body(BODY_FILE)


def people_in_many_poses(n: int, rng: np.random.Generator) -> np.ndarray:
    """(n, 24, 3) standing, sitting and reaching people, seen from all sides."""
    pose = rng.normal(0.0, 0.06, (n, 24, 3))
    for i in range(n):
        seated = i % 3 == 1
        for side, sign in (("left", 1.0), ("right", -1.0)):
            hip, knee, shoulder, elbow = (
                JOINT_NAMES.index(f"{side}_{j}") for j in ("hip", "knee", "shoulder", "elbow")
            )
            pose[i, hip, 0] += -1.4 if seated else rng.uniform(-0.5, 0.2)
            pose[i, knee] = [1.4 if seated else rng.uniform(0.1, 0.6), 0.0, 0.0]
            lowered = Rotation.from_euler("z", -sign * rng.uniform(0.6, 1.2))
            forward = Rotation.from_euler("y", -sign * rng.uniform(0.0, 0.9))
            pose[i, shoulder] = (forward * lowered).as_rotvec()
            pose[i, elbow] = [0.0, -sign * rng.uniform(0.2, 1.0), 0.0]
    turned = Rotation.from_euler("y", rng.uniform(0, 2 * np.pi, (n, 1)))
    tilted = Rotation.from_euler("x", rng.uniform(-0.1, 0.5, (n, 1)))
    pose[:, 0] = (tilted * UPRIGHT * turned).as_rotvec()
    return pose


def seen(body: BodyModel, pose: np.ndarray, betas: np.ndarray, camera: WeakCamera) -> Observations:
    """Noiseless keypoints and BlazePose landmarks of known people (eye corners and mouth lie on eyes and nose)."""
    names = [name.replace("_inner", "").replace("_outer", "").replace("foot_index", "big_toe") for name in LANDMARKS]
    names = ["nose" if "mouth" in name else name for name in names]
    joints = body.joints(pose, betas)
    columns = [
        joints[:, JOINT_NAMES.index(name)] if name in JOINT_NAMES else body.landmarks(pose, betas, [name])[:, 0]
        for name in names
    ]
    world = np.stack(columns, axis=1)
    ones = np.ones((len(pose), 1, 1))
    keypoints = camera.project(body.coco_keypoints(pose, betas))
    image = camera.project(world)
    silhouette = camera.project(body.vertices(pose, betas))
    boxes = np.concatenate([silhouette.min(axis=1), silhouette.max(axis=1)], axis=1)
    hips = world[:, [LANDMARKS.index("left_hip"), LANDMARKS.index("right_hip")]].mean(axis=1, keepdims=True)
    return Observations(
        np.concatenate([keypoints, np.repeat(ones, 17, axis=1)], axis=-1),
        np.concatenate([image, np.repeat(ones, 33, axis=1)], axis=-1),
        (world - hips) / [1.0, 1.0, DEPTH_STRETCH],  # as flat as BlazePose sees people
        boxes,
        np.ones(len(pose)),
    )


@pytest.fixture(scope="module")
def known(body: BodyModel) -> tuple[np.ndarray, np.ndarray, Observations]:
    rng = np.random.default_rng(5)
    n = 18
    pose, betas = people_in_many_poses(n, rng), rng.normal(0, 0.5, (n, N_BETAS))
    camera = WeakCamera(rng.uniform(120, 220, n), rng.uniform(200, 300, (n, 2)))
    return pose, betas, seen(body, pose, betas, camera)


@pytest.fixture(scope="module")
def fitted(body: BodyModel, known: tuple[np.ndarray, np.ndarray, Observations]) -> People:
    return fit(body, known[2])


def aligned_error(estimate: np.ndarray, truth: np.ndarray) -> float:
    """Mean joint distance after the best similarity transform, metres."""
    a, b = estimate - estimate.mean(axis=0), truth - truth.mean(axis=0)
    u, s, vt = np.linalg.svd(b.T @ a)
    signs = np.array([1.0, 1.0, np.linalg.det(u @ vt)])
    scale = (s * signs).sum() / (a**2).sum()
    return float(np.linalg.norm(scale * a @ (u * signs @ vt).T - b, axis=1).mean())


def angles_between(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Degrees between rotations (n, 3) axis-angle."""
    return np.degrees((Rotation.from_rotvec(one) * Rotation.from_rotvec(other).inv()).magnitude())


def test_known_people_are_recovered(body, known, fitted):
    pose, betas, _ = known
    estimate, truth = body.joints(fitted.pose, fitted.betas), body.joints(pose, betas)
    errors = np.array([aligned_error(a, b) for a, b in zip(estimate, truth, strict=True)])
    turns = angles_between(fitted.pose[:, 0], pose[:, 0])
    assert fitted.found.all()
    assert np.median(errors) < 0.015
    assert errors.max() < 0.03
    assert np.median(turns) < 8
    assert turns.max() < 16
    assert fitted.residual.max() < 0.01


def test_joints2d_are_the_projected_body(body, fitted):
    projected = fitted.camera.project(body.joints(fitted.pose, fitted.betas))
    np.testing.assert_allclose(fitted.joints2d, projected, atol=1e-9)


def test_results_do_not_depend_on_the_batch(body, known, fitted):
    order = np.random.default_rng(0).permutation(len(fitted))
    for rows in (order, order[:5], order[:1]):
        part = fit(body, known[2][rows])
        for name in ("pose", "betas", "joints2d", "residual", "direction_error"):
            np.testing.assert_array_equal(getattr(part, name), getattr(fitted, name)[rows])
        np.testing.assert_array_equal(part.camera.scale, fitted.camera.scale[rows])


def test_mirrored_people_give_mirrored_bodies(body, known, fitted):
    _, _, observed = known
    flip = np.array([-1.0, 1.0, 1.0])
    offset = np.array([IMAGE_WIDTH, 0.0, 0.0])
    boxes = observed.boxes[:, [2, 1, 0, 3]] * [-1, 1, -1, 1] + [IMAGE_WIDTH, 0, IMAGE_WIDTH, 0]
    mirrored = Observations(
        observed.keypoints[:, COCO_TWIN] * flip + offset,
        observed.image[:, TWIN] * flip + offset,
        observed.world[:, TWIN] * flip,
        boxes,
        observed.presence,
    )
    twin = fit(body, mirrored)
    expected = mirror_pose(fitted.pose, JOINT_MIRROR)
    assert np.median(angles_between(twin.pose[:, 0], expected[:, 0])) < 3
    np.testing.assert_allclose(twin.camera.scale, fitted.camera.scale, rtol=0.05)


def test_left_arm_forward_stays_the_left_arm_and_forward(body):
    pose = np.zeros((1, 24, 3))
    pose[0, 0] = UPRIGHT.as_rotvec()
    pose[0, JOINT_NAMES.index("left_shoulder")] = [0.0, -1.5, 0.0]
    pose[0, JOINT_NAMES.index("right_shoulder")] = [0.0, 0.0, 1.2]
    person = fit(
        body, seen(body, pose, np.zeros((1, N_BETAS)), WeakCamera(np.array([150.0]), np.array([[256.0, 256.0]])))
    )
    rootless = person.pose.copy()
    rootless[:, 0] = 0
    joints = body.joints(rootless, person.betas)[0]
    left, right = (joints[JOINT_NAMES.index(f"{side}_wrist")] for side in ("left", "right"))
    assert left[2] > 0.3 > right[2]
    assert left[0] > 0 > right[0]


def test_unusable_input_gives_a_status_not_an_exception(body, known):
    _, _, observed = known
    broken = Observations(*(array[:4].copy() for array in vars(observed).values()))
    broken.world[0] = np.nan
    broken.keypoints[1, :, 2] = 0.0
    broken.boxes[2] = 0.0
    people = fit(body, broken)
    np.testing.assert_array_equal(people.found, [False, False, False, True])
    assert np.isnan(people.pose[:3]).all()
    assert np.isnan(people.residual[:3]).all()
    assert np.isfinite(people.pose[3]).all()
    nobody = fit(body, Observations.of(np.zeros((0, 17, 3)), [], np.zeros((0, 4))))
    assert len(nobody) == 0
    assert not fit(body, Observations.of(np.zeros((1, 17, 3)), [Landmarks.nothing()], np.zeros((1, 4)))).found.any()


def test_a_wrong_keypoint_does_not_move_the_body(body, known, fitted):
    rows = slice(0, 6)
    observed = known[2][rows]
    spoilt = replace(observed, keypoints=observed.keypoints.copy())
    spoilt.keypoints[:, 9, :2] += 0.4 * observed.sides[:, None]  # the left wrist
    people = fit(body, spoilt)
    trunk = [JOINT_NAMES.index(name) for name in ("left_hip", "right_hip", "left_shoulder", "right_shoulder")]
    shift = np.linalg.norm(people.joints2d[:, trunk] - fitted.joints2d[rows][:, trunk], axis=-1)
    assert (shift / observed.sides[:, None]).max() < 0.02


def test_derivatives_of_the_chain_are_exact(body):
    rng = np.random.default_rng(1)
    chain = PoseChain(body, POINTS)
    state = BodyState(
        Rotation.random(2, rng=rng).as_matrix(), rng.normal(0, 0.6, (2, 24, 3)), rng.normal(0, 1, (2, N_BETAS))
    )
    _, slopes = chain.points(state)
    for column in rng.choice(82, 20, replace=False):
        step = np.zeros((2, 82))
        step[:, column] = 1e-6
        numeric = (chain.points(state.moved(step))[0] - chain.points(state.moved(-step))[0]) / 2e-6
        np.testing.assert_allclose(slopes[..., column], numeric, atol=1e-7)


def test_left_jacobian_of_no_turn_is_the_identity():
    np.testing.assert_allclose(left_jacobian(np.zeros((2, 3))), np.broadcast_to(np.eye(3), (2, 3, 3)))


def test_prior_is_mirror_symmetric_and_forbids_backward_knees(body):
    prior = JointPrior.human()
    pose = np.random.default_rng(2).normal(0, 0.8, (5, 24, 3))
    betas = np.zeros((5, N_BETAS))
    cost = prior.cost(np.concatenate([pose.reshape(5, -1), betas], axis=1))
    mirrored = mirror_pose(pose, JOINT_MIRROR)
    np.testing.assert_allclose(prior.cost(np.concatenate([mirrored.reshape(5, -1), betas], axis=1)), cost)
    bent = np.zeros((2, 82))
    knee = 3 * JOINT_NAMES.index("left_knee")
    bent[:, knee] = 0.5, -0.5
    forward, backward = prior.cost(bent)
    assert backward > forward + 50


def test_score_falls_with_each_bad_sign(fitted):
    n = len(fitted)
    signs = {"presence": 1.0, "spread": 0.1, "visibility": 0.95, "inside": 1.0, "cut": 0.0, "strain": 0.05}
    good = PoseSigns(**{name: np.full(n, value) for name, value in signs.items()})
    best = score_of(fitted, good)
    assert (best > 0.9).all()
    worst = {"presence": 0.1, "spread": 0.6, "visibility": 0.4, "inside": 0.2, "cut": 2.0, "strain": 0.3}
    for name, bad in worst.items():
        worse = score_of(fitted, PoseSigns(**{**vars(good), name: np.full(n, bad)}))
        assert (worse < best - 0.02).all(), name


@pytest.mark.parametrize(
    ("rows", "columns", "sides"),
    [
        (slice(2, 6), slice(2, 6), 0),
        (slice(0, 6), slice(2, 6), 1),
        (slice(2, 8), slice(0, 6), 2),
        (slice(0, 8), slice(0, 6), 3),
        (slice(0, 8), slice(0, 8), 4),
        (slice(0, 0), slice(0, 0), 0),
    ],
)
def test_a_person_is_cut_by_the_sides_that_the_mask_touches(rows, columns, sides):
    mask = np.zeros((8, 8), bool)
    mask[rows, columns] = True
    assert pose_signs(People.unknown(1), [Landmarks.nothing()], [mask]).cut.tolist() == [sides]


def test_score_of_nobody_is_zero():
    people = People.unknown(2)
    masks = [np.ones((8, 8), bool)] * 2
    np.testing.assert_array_equal(pose_scores(people, [Landmarks.nothing()] * 2, masks), [0.0, 0.0])
    assert pose_scores(People.unknown(0), [], []).shape == (0,)

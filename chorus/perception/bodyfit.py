"""Body pose, shape and weak camera of people from 2D keypoints and BlazePose's 3D landmarks.

For every person on its own, a robust least-squares problem is solved by Levenberg-Marquardt with exact derivatives:

    sum_k c_k rho(projected point - keypoint) + sum_b v_b rho(bone direction - direction of the 3D landmarks) + prior

Only directions are taken from the 3D landmarks, so their unknown body size does not matter. The prior holds joints
inside their range: knees and elbows are hinges that do not bend backwards. The method is our own choice; the paper
uses a learned regressor here (Sec. 3.2), whose output has the same form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from chorus.body.model import JOINT_NAMES, N_BETAS, N_JOINTS, BodyModel
from chorus.camera import WeakCamera
from chorus.perception.blazepose import COCO_FROM_BLAZEPOSE, LANDMARKS, Landmarks
from chorus.perception.fitterms import EXTRA_POINTS, EXTRA_WEIGHT, POINTS, Estimate, FitProblem, Targets, unit
from chorus.perception.posechain import BodyState

# Steps of the solver and how wide the robust losses are meanwhile: first everything pulls, then outliers let go.
SCHEDULE = ((6, 8.0), (4, 3.0), (10, 1.0))
MIN_KEYPOINTS = 6  # fewer confident keypoints do not hold a body
MIN_CONFIDENCE = 0.1
DEPTH_STRETCH = 1.2  # BlazePose's depths spread 0.83 of the true ones (docs/perception.md)
LEAST_TRUST = 0.1  # in 3D landmarks of a region where BlazePose sees nobody
_CHUNK = 16  # people solved together
_DAMPING = (1e-3, 0.3, 4.0)  # at the start, factor after a step that helps, factor after one that does not
_STRAIGHT = 0.1  # pull of the starting pose towards a limb without twist; settles the twist of a straight limb
_TORSO = ("left_hip", "right_hip", "left_shoulder", "right_shoulder")
# Upper joint, middle joint, end joint, and the direction in which the middle joint bends (rest frame).
_LIMBS = (
    ("left_hip", "left_knee", "left_ankle", (1.0, 0.0, 0.0)),
    ("right_hip", "right_knee", "right_ankle", (1.0, 0.0, 0.0)),
    ("left_shoulder", "left_elbow", "left_wrist", (0.0, -1.0, 0.0)),
    ("right_shoulder", "right_elbow", "right_wrist", (0.0, 1.0, 0.0)),
)
_BLAZEPOSE_ROWS = [*COCO_FROM_BLAZEPOSE, *(LANDMARKS.index(name) for name in EXTRA_POINTS.values())]


@dataclass(frozen=True)
class Observations:
    """What is seen of n people.

    Attributes:
        keypoints: (n, 17, 3) COCO-17, x and y in pixels and confidence 0..1 (0 = not seen), of any keypoint backend.
        image: (n, 33, 3) BlazePose landmarks in pixels, and visibility.
        world: (n, 33, 3) BlazePose landmarks in metres, OpenCV axes (see blazepose.Landmarks).
        boxes: (n, 4) person boxes x0, y0, x1, y1 in pixels.
        presence: (n,) BlazePose's probability of a person: 3D landmarks of nobody pull little.
    """

    keypoints: np.ndarray
    image: np.ndarray
    world: np.ndarray
    boxes: np.ndarray
    presence: np.ndarray

    @classmethod
    def of(cls, keypoints: np.ndarray, landmarks: Sequence[Landmarks], boxes: np.ndarray) -> Observations:
        """Observations of n people from their keypoints (n, 17, 3), landmarks and boxes (n, 4)."""
        image = np.array([person.image for person in landmarks]).reshape(-1, len(LANDMARKS), 3)
        world = np.array([person.world for person in landmarks]).reshape(-1, len(LANDMARKS), 3)
        boxes = np.asarray(boxes, float).reshape(-1, 4)
        presence = np.array([person.score for person in landmarks], float)
        return cls(np.asarray(keypoints, float).reshape(-1, 17, 3), image, world, boxes, presence)

    def __len__(self) -> int:
        return len(self.keypoints)

    def __getitem__(self, index) -> Observations:
        return Observations(
            self.keypoints[index], self.image[index], self.world[index], self.boxes[index], self.presence[index]
        )

    @property
    def sides(self) -> np.ndarray:
        """(n,) longer side of each box, pixels."""
        return np.maximum(self.boxes[:, 2] - self.boxes[:, 0], self.boxes[:, 3] - self.boxes[:, 1])

    @property
    def confident(self) -> np.ndarray:
        """(n, 17) bool: keypoints that are finite and seen with some confidence."""
        return np.isfinite(self.keypoints).all(axis=-1) & (np.nan_to_num(self.keypoints[..., 2]) >= MIN_CONFIDENCE)

    @property
    def usable(self) -> np.ndarray:
        """(n,) bool: landmarks and box are finite, and enough keypoints are seen."""
        landmarks = np.isfinite(self.image).all(axis=(1, 2)) & np.isfinite(self.world).all(axis=(1, 2))
        boxes = np.isfinite(self.boxes).all(axis=1) & (np.nan_to_num(self.sides) > 0)
        return landmarks & boxes & (self.confident.sum(axis=1) >= MIN_KEYPOINTS)

    def targets(self) -> Targets:
        """The same in units of the box, for the points of the fit; unseen keypoints get confidence 0."""
        trust = np.clip(self.presence, LEAST_TRUST, 1.0)[:, None]
        extra = self.image[:, _BLAZEPOSE_ROWS[17:]].copy()
        extra[..., 2] *= EXTRA_WEIGHT * trust
        pixels = np.concatenate([np.where(self.confident[..., None], self.keypoints, 0.0), extra], axis=1)
        centre = (self.boxes[:, None, :2] + self.boxes[:, None, 2:]) / 2
        points = (pixels[..., :2] - centre) / self.sides[:, None, None]
        world = self.world[:, _BLAZEPOSE_ROWS] * [1.0, 1.0, DEPTH_STRETCH]
        return Targets(points, pixels[..., 2], world, trust * self.image[:, _BLAZEPOSE_ROWS, 2])


@dataclass(frozen=True)
class People:
    """Fitted bodies of n people; NaN where `found` is false.

    Attributes:
        found: (n,) bool, a body was fitted.
        pose: (n, 24, 3) axis-angle, radians; joint 0 turns the body into OpenCV camera axes.
        betas: (n, 10) body shape.
        camera: weak cameras, pixels = scale * X_xy + translation, X = body.joints(pose, betas).
        joints2d: (n, 24, 2) projected kinematic joints, pixels.
        keypoints2d: (n, 17, 2) projected COCO-17 keypoints, pixels.
        residual: (n,) median distance of confident keypoints / longer side of the box.
        direction_error: (n,) weighted mean angle between bones and BlazePose's 3D directions, radians.
    """

    found: np.ndarray
    pose: np.ndarray
    betas: np.ndarray
    camera: WeakCamera
    joints2d: np.ndarray
    keypoints2d: np.ndarray
    residual: np.ndarray
    direction_error: np.ndarray

    @classmethod
    def unknown(cls, n: int) -> People:
        """n people of whom nothing is known."""

        def nan(*shape: int) -> np.ndarray:
            return np.full((n, *shape), np.nan)

        camera = WeakCamera(nan(), nan(2))
        return cls(np.zeros(n, bool), nan(24, 3), nan(10), camera, nan(24, 2), nan(17, 2), nan(), nan())

    def __len__(self) -> int:
        return len(self.found)


def fit(body: BodyModel, seen: Observations) -> People:
    """Fit a body to every person; each person's result depends on that person alone, bit for bit."""
    people = People.unknown(len(seen))
    problem = FitProblem(body)
    usable = np.flatnonzero(seen.usable)
    for start in range(0, len(usable), _CHUNK):
        # numpy may add in another order for another batch size: every batch is filled up, by repeating its people.
        rows = np.resize(usable[start : start + _CHUNK], _CHUNK)
        targets = seen[rows].targets()
        estimate = _minimise(problem, _start(body, targets), targets)
        _store(people, rows, body, estimate, seen)
        people.direction_error[rows] = problem.direction_error(estimate, targets)
    return people


def _minimise(problem: FitProblem, estimate: Estimate, targets: Targets) -> Estimate:
    """Levenberg-Marquardt with a fixed number of steps; every person has its own damping and accepts on its own."""
    start, better, worse = _DAMPING
    for steps, tolerance in SCHEDULE:
        damping = np.full(len(estimate.camera), start)
        now = problem.quadratic(estimate, targets, tolerance)
        for _ in range(steps):
            matrix = now.matrix.copy()
            diagonal = np.einsum("nii->ni", matrix)
            diagonal += damping[:, None] * (diagonal + 1.0)
            step = -np.linalg.solve(matrix, now.gradient[..., None])[..., 0]
            trial = estimate.moved(step)
            then = problem.quadratic(trial, targets, tolerance)
            helps = then.cost < now.cost
            estimate, now = trial.where(helps, estimate), then.where(helps, now)
            damping = np.clip(np.where(helps, better * damping, worse * damping), 1e-9, 1e9)
    return estimate


def _start(body: BodyModel, targets: Targets) -> Estimate:
    """Closed-form start: torso by Kabsch, limbs from their bone directions, camera from the torso in 2D and 3D."""
    n = len(targets.world)
    rest = body.joints_at_rest()
    torso_rest = np.array([rest[JOINT_NAMES.index(name)] for name in _TORSO])
    torso_rows = [POINTS.index(name) for name in _TORSO]
    torso_world = targets.world[:, torso_rows]
    centred = torso_world - torso_world.mean(axis=1, keepdims=True)
    root = _closest_rotation(np.einsum("nka,kb->nab", centred, torso_rest - torso_rest.mean(axis=0)))
    turns = np.zeros((n, N_JOINTS, 3))
    for upper, middle, end, axis in _LIMBS:
        u, m, e = (JOINT_NAMES.index(name) for name in (upper, middle, end))
        a, b, c = (targets.world[:, POINTS.index(name)] for name in (upper, middle, end))
        above, below = (unit(np.einsum("nab,na->nb", root, bone))[0] for bone in (b - a, c - b))
        bend = np.arccos(np.clip((above * below).sum(axis=1), -1.0, 1.0))
        turns[:, m] = bend[:, None] * np.array(axis)
        below_rest = Rotation.from_rotvec(turns[:, m]).apply(unit(rest[e] - rest[m])[0])
        above_rest = np.broadcast_to(unit(rest[m] - rest[u])[0], above.shape)
        seen, at_rest = np.stack([above, below], axis=1), np.stack([above_rest, below_rest], axis=1)
        turn = _closest_rotation(np.einsum("nka,nkb->nab", seen, at_rest) + _STRAIGHT * np.eye(3))
        turns[:, u] = Rotation.from_matrix(turn).as_rotvec()
    return Estimate(BodyState(root, turns, np.zeros((n, N_BETAS))), _start_camera(targets, root, rest))


def _start_camera(targets: Targets, root: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Weak camera (n, 3) that puts the seen world landmarks onto the seen points in the least-squares sense."""
    weight = targets.confidence[:, :17, None]
    total = weight.sum(axis=1, keepdims=True)
    xy, points = targets.world[:, :17, :2], targets.points[:, :17]
    xy_mean = (weight * xy).sum(axis=1, keepdims=True) / total
    point_mean = (weight * points).sum(axis=1, keepdims=True) / total
    spread = (weight * (xy - xy_mean) ** 2).sum(axis=(1, 2))
    match = (weight * (xy - xy_mean) * (points - point_mean)).sum(axis=(1, 2))
    scale = np.maximum(match / np.maximum(spread, 1e-6), 0.1)
    # World landmarks start at the middle of the hips, the body at its own origin.
    hips = rest[[JOINT_NAMES.index("left_hip"), JOINT_NAMES.index("right_hip")]].mean(axis=0)
    turned = rest[0] + np.einsum("nab,b->na", root, hips - rest[0])
    shift = point_mean[:, 0] - scale[:, None] * (xy_mean[:, 0] + turned[:, :2])
    return np.concatenate([np.log(scale)[:, None], shift], axis=1)


def _closest_rotation(matrix: np.ndarray) -> np.ndarray:
    """Rotations (n, 3, 3) that maximise the trace of their transpose times the matrices (n, 3, 3) (Kabsch)."""
    u, _, vt = np.linalg.svd(matrix)
    flip = np.linalg.det(u @ vt)
    u[..., -1] *= flip[..., None]
    return u @ vt


def _store(people: People, rows: np.ndarray, body: BodyModel, estimate: Estimate, seen: Observations) -> None:
    """Write solved estimates into the rows of `people`, in pixels."""
    pose = estimate.body.turns.copy()
    pose[:, 0] = Rotation.from_matrix(estimate.body.root).as_rotvec()
    pose = Rotation.from_rotvec(pose.reshape(-1, 3)).as_rotvec().reshape(pose.shape)  # angles at most pi
    sides, boxes = seen.sides[rows], seen.boxes[rows]
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    camera = WeakCamera(np.exp(estimate.camera[:, 0]) * sides, centre + estimate.camera[:, 1:] * sides[:, None])
    people.found[rows] = True
    people.pose[rows], people.betas[rows] = pose, estimate.body.betas
    people.camera.scale[rows], people.camera.translation[rows] = camera.scale, camera.translation
    people.joints2d[rows] = camera.project(body.joints(pose, estimate.body.betas))
    people.keypoints2d[rows] = camera.project(body.coco_keypoints(pose, estimate.body.betas))
    off = np.linalg.norm(people.keypoints2d[rows] - seen.keypoints[rows, :, :2], axis=-1) / sides[:, None]
    people.residual[rows] = np.nanmedian(np.where(seen.confident[rows], off, np.nan), axis=1)

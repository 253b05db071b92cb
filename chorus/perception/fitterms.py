"""The least-squares problem of the body fit: costs, gradients and Gauss-Newton matrices for n people at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from chorus.body.model import COCO_KEYPOINTS, BodyModel
from chorus.perception.jointprior import JointPrior
from chorus.perception.posechain import BodyState, PoseChain

KEYPOINT_SIGMA = 0.015  # of the box's longer side: what a good keypoint is off by
DIRECTION_SIGMA = 0.20  # radians: BlazePose's bone directions are off by 12 degrees in the median
ROBUST_FROM = 3.0  # sigmas: residuals beyond this lose their pull (Geman-McClure)
EXTRA_WEIGHT = 0.3  # of BlazePose's heels, toes and fingers in the picture, beside the keypoints

# Points of the body beyond COCO-17 and the BlazePose landmark that shows each.
EXTRA_POINTS: Mapping[str, str] = {
    "left_heel": "left_heel",
    "right_heel": "right_heel",
    "left_big_toe": "left_foot_index",
    "right_big_toe": "right_foot_index",
    "left_index": "left_index",
    "right_index": "right_index",
}
POINTS = (*COCO_KEYPOINTS, *EXTRA_POINTS)
# Bones whose direction in space BlazePose gives: from, to, weight.
BONES = (
    ("right_hip", "left_hip", 1.0), ("right_shoulder", "left_shoulder", 1.0),
    ("left_hip", "left_shoulder", 1.0), ("right_hip", "right_shoulder", 1.0),
    ("left_hip", "left_knee", 1.0), ("right_hip", "right_knee", 1.0),
    ("left_knee", "left_ankle", 1.0), ("right_knee", "right_ankle", 1.0),
    ("left_shoulder", "left_elbow", 1.0), ("right_shoulder", "right_elbow", 1.0),
    ("left_elbow", "left_wrist", 1.0), ("right_elbow", "right_wrist", 1.0),
    ("left_heel", "left_big_toe", 0.25), ("right_heel", "right_big_toe", 0.25),
    ("left_wrist", "left_index", 0.25), ("right_wrist", "right_index", 0.25),
    ("right_ear", "left_ear", 0.5), ("left_ear", "nose", 0.5), ("right_ear", "nose", 0.5),
)  # fmt: skip
_FROM = np.array([POINTS.index(bone[0]) for bone in BONES])
_TO = np.array([POINTS.index(bone[1]) for bone in BONES])
_BONE_WEIGHT = np.array([bone[2] for bone in BONES])


@dataclass(frozen=True)
class Targets:
    """What the fit has to meet, in units of the box: origin = its centre, 1 = its longer side.

    Attributes:
        points: (n, P, 2) positions of POINTS; confidence: (n, P), 0 = not seen.
        world: (n, P, 3) POINTS in metres, OpenCV axes; visibility: (n, P).
    """

    points: np.ndarray
    confidence: np.ndarray
    world: np.ndarray
    visibility: np.ndarray

    @property
    def directions(self) -> np.ndarray:
        """(n, B, 3) unit vectors of BONES."""
        return unit(self.world[:, _TO] - self.world[:, _FROM])[0]

    @property
    def bone_weights(self) -> np.ndarray:
        """(n, B) weight of each bone: a bone counts as its less visible end."""
        return _BONE_WEIGHT * np.minimum(self.visibility[:, _FROM], self.visibility[:, _TO])


@dataclass(frozen=True)
class Estimate:
    """Bodies and their weak cameras: (n, 3) log scale (box sides per metre), x, y (box sides)."""

    body: BodyState
    camera: np.ndarray

    def moved(self, step: np.ndarray) -> Estimate:
        """The estimate after a step (n, 85): 82 for the body, 3 for the camera."""
        return Estimate(self.body.moved(step[:, :-3]), self.camera + step[:, -3:])

    def where(self, condition: np.ndarray, other: Estimate) -> Estimate:
        """This estimate where the condition (n,) holds, else the other one."""
        camera = np.where(condition[:, None], self.camera, other.camera)
        return Estimate(self.body.where(condition, other.body), camera)


@dataclass(frozen=True)
class Quadratic:
    """Cost (n,), half gradient (n, 85) and Gauss-Newton matrix (n, 85, 85) at an estimate."""

    cost: np.ndarray
    gradient: np.ndarray
    matrix: np.ndarray

    def where(self, condition: np.ndarray, other: Quadratic) -> Quadratic:
        """This model where the condition (n,) holds, else the other one."""
        return Quadratic(
            np.where(condition, self.cost, other.cost),
            np.where(condition[:, None], self.gradient, other.gradient),
            np.where(condition[:, None, None], self.matrix, other.matrix),
        )


class FitProblem:
    """Robust keypoint, bone direction and prior terms of one body model."""

    def __init__(self, body: BodyModel):
        self.chain = PoseChain(body, POINTS)
        self.prior = JointPrior.human()

    def quadratic(self, estimate: Estimate, targets: Targets, tolerance: float = 1.0) -> Quadratic:
        """Cost and its Gauss-Newton model at an estimate, every person apart; `tolerance` widens the robust losses."""
        points, slopes = self.chain.points(estimate.body)
        terms = (self._keypoints(points, slopes, estimate, targets), self._directions(points, slopes, targets))
        values = np.concatenate([estimate.body.turns.reshape(len(points), -1), estimate.body.betas], axis=1)
        gradient = np.zeros((len(points), values.shape[1] + 3))
        matrix = np.zeros((*gradient.shape, gradient.shape[1]))
        gradient[:, :-3], diagonal = self.prior.slopes(values)
        index = np.arange(diagonal.shape[1])
        matrix[:, index, index] = diagonal
        cost = self.prior.cost(values)
        for residual, slope, weight in terms:
            loss, pull = _robust(residual, weight, ROBUST_FROM * tolerance)
            cost += loss
            rows = slope * np.sqrt(pull)[..., None, None]
            rows = rows.reshape(len(rows), -1, rows.shape[-1])
            errors = (residual * np.sqrt(pull)[..., None]).reshape(len(rows), -1, 1)
            transposed = np.swapaxes(rows, 1, 2)
            matrix += transposed @ rows
            gradient += (transposed @ errors)[..., 0]
        return Quadratic(cost, gradient, matrix)

    def direction_error(self, estimate: Estimate, targets: Targets) -> np.ndarray:
        """(n,) weighted mean angle between the bones and the directions of the 3D landmarks, radians."""
        points, _ = self.chain.points(estimate.body)
        direction = unit(points[:, _TO] - points[:, _FROM])[0]
        angle = np.arccos(np.clip((direction * targets.directions).sum(axis=-1), -1.0, 1.0))
        return (targets.bone_weights * angle).sum(axis=1) / np.maximum(targets.bone_weights.sum(axis=1), 1e-9)

    def _keypoints(
        self, points: np.ndarray, slopes: np.ndarray, estimate: Estimate, targets: Targets
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Residuals (n, P, 2), slopes (n, P, 2, 85) and weights (n, P) of the 2D points."""
        scale = np.exp(estimate.camera[:, 0])[:, None, None]
        seen = scale * points[..., :2]
        residual = (seen + estimate.camera[:, None, 1:] - targets.points) / KEYPOINT_SIGMA
        slope = np.zeros((*residual.shape, slopes.shape[-1] + 3))
        slope[..., :-3] = scale[..., None] * slopes[:, :, :2]
        slope[..., -3] = seen
        slope[..., -2:] = np.eye(2)
        return residual, slope / KEYPOINT_SIGMA, targets.confidence

    def _directions(
        self, points: np.ndarray, slopes: np.ndarray, targets: Targets
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Residuals (n, B, 3), slopes (n, B, 3, 85) and weights (n, B) of the bone directions."""
        direction, length = unit(points[:, _TO] - points[:, _FROM])
        residual = (direction - targets.directions) / DIRECTION_SIGMA
        across = np.eye(3) - direction[..., :, None] * direction[..., None, :]
        slope = np.zeros((*residual.shape, slopes.shape[-1] + 3))
        slope[..., :-3] = across @ (slopes[:, _TO] - slopes[:, _FROM]) / length[..., None]
        return residual, slope / DIRECTION_SIGMA, targets.bone_weights


def unit(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors (..., 3) and lengths (..., 1); a zero vector stays zero."""
    length = np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return vectors / length, length


def _robust(residual: np.ndarray, weight: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Geman-McClure loss (n,) of residuals (n, m, d) in sigmas, and the weight (n, m) that gives its gradient."""
    squared = (residual**2).sum(axis=-1)
    damping = 1.0 / (1.0 + squared / reach**2)
    return (weight * squared * damping).sum(axis=1), weight * damping**2

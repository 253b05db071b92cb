"""Weak perspective to perspective: the camera whose projected joints agree with the estimated ones (paper 3.3, A.4).

The loss is the Frobenius norm of the residual of J joints divided by J, as in the original code. The paper's threshold
of 0.7 "in pixel scale" for 24 joints is therefore an RMS joint error of 0.7 sqrt(24) = 3.43 pixels. The original
descends with Adam until the loss is below it, focal length included; `resection` says what takes its place and why.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.transform import Rotation

from chorus.calibration.resection import Sight, View, resect
from chorus.camera import Camera, WeakCamera, field_of_view_intrinsics

if TYPE_CHECKING:
    from chorus.config import Calibration


class Status(IntEnum):
    """How a camera came about."""

    CONVERGED = 0
    ABOVE_THRESHOLD = 1
    DEGENERATE = 2
    KNOWN = 3


@dataclass(frozen=True)
class Problem:
    """Cameras to find, n images.

    Attributes:
        joints3d: (n, J, 3) joints of the body frame (betas 0, no root rotation), metres.
        joints2d: (n, J, 2) targets, pixels.
        root: (n, 3) axis-angle of the root in camera axes.
        weak: weak cameras (n,).
        size: (n, 2) height, width.
    """

    joints3d: np.ndarray
    joints2d: np.ndarray
    root: np.ndarray
    weak: WeakCamera
    size: np.ndarray


@dataclass(frozen=True)
class Fit:
    """Fitted cameras and how well they fit.

    Attributes:
        camera: batch of n.
        loss: (n,) pixels; NaN where degenerate.
        focal_ratio: (n,) focal length / initial focal length.
        iterations: (n,) Levenberg-Marquardt steps, all focal lengths together.
        status: (n,) of `Status`.
    """

    camera: Camera
    loss: np.ndarray
    focal_ratio: np.ndarray
    iterations: np.ndarray
    status: np.ndarray


def loss_of(camera: Camera, joints3d: np.ndarray, joints2d: np.ndarray) -> np.ndarray:
    """Frobenius norm of the residuals / number of joints, (n,) pixels; NaN with a joint behind the camera."""
    pixels, _ = camera.project(joints3d)
    return np.sqrt(((pixels - joints2d) ** 2).sum(axis=(-2, -1))) / joints3d.shape[-2]


def initial_camera(problem: Problem, field_of_view: float) -> Camera:
    """The weak cameras as perspective ones: distance f / s, so that the body's origin has the same size and place."""
    K = field_of_view_intrinsics(problem.size, field_of_view)
    scale = np.where(problem.weak.scale > 0, problem.weak.scale, np.nan)[:, None]  # without a size there is no distance
    lateral = (problem.weak.translation - K[:, :2, 2]) / scale
    t = np.concatenate([lateral, K[:, :1, 0] / scale], axis=1)
    return Camera(K, Rotation.from_rotvec(problem.root).as_matrix().reshape(-1, 3, 3), t)


def fit_cameras(problem: Problem, settings: Calibration) -> Fit:
    """Fit all cameras, each for itself.

    Images whose input cannot say where the camera is (a number that is not finite, a scale that is not positive, fewer
    than four distinct joints, joints on a line) get status DEGENERATE, their initial camera and a NaN loss, never an
    exception.
    """
    start = initial_camera(problem, settings.field_of_view)
    centre, focal = start.K[:, None, :2, 2], start.K[:, 0, 0]
    sights = Sight(_plain(problem.joints3d), _plain(problem.joints2d - centre))
    views = View(_plain(start.R), _plain(start.t))
    loss, walk, iterations = resect(sights, views, focal.copy(), settings.stop_loss, settings.focal_cap)
    ratio = np.exp(walk)
    K = start.K.copy()
    K[:, 0, 0] = K[:, 1, 1] = focal * ratio
    loss[~np.isfinite(loss)] = np.nan
    status = np.where(loss < settings.stop_loss, Status.CONVERGED, Status.ABOVE_THRESHOLD)
    status[np.isnan(loss)] = Status.DEGENERATE
    return Fit(Camera(K, views.R, views.t), loss, ratio, iterations, status)


def _plain(values: np.ndarray) -> np.ndarray:
    return np.array(values, np.float64, order="C")  # one layout: compiled once, and free to be changed

"""Weak perspective to perspective: align projected joints, as the paper does with Adam (3.3, A.4).

The loss is the Frobenius norm of the 24x2 residual divided by 24, so the paper's threshold of 0.7 is an RMS joint
error of 3.43 pixels. The focal length is free, as in the original code; with exact weak-perspective targets that
problem has no minimiser (focal length and distance grow together), so the early stop decides the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.transform import Rotation

from chorus.camera import Camera, WeakCamera, field_of_view_intrinsics

if TYPE_CHECKING:
    import torch

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
        joints3d: (n, 24, 3) joints of the body frame (betas 0, no root rotation), metres.
        joints2d: (n, 24, 2) targets, pixels.
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
        iterations: (n,) Adam steps.
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
    sizes = [tuple(size) for size in problem.size.tolist()]
    K = np.array([field_of_view_intrinsics(size, field_of_view) for size in sizes]).reshape(-1, 3, 3)
    scale = np.where(problem.weak.scale > 0, problem.weak.scale, np.nan)[:, None]  # without a size there is no distance
    lateral = (problem.weak.translation - K[:, :2, 2]) / scale
    t = np.concatenate([lateral, K[:, :1, 0] / scale], axis=1)
    return Camera(K, Rotation.from_rotvec(problem.root).as_matrix().reshape(-1, 3, 3), t)


def well_posed(problem: Problem) -> np.ndarray:
    """(n,) bool: finite, with a positive scale, and at least four distinct joints beyond a line in both spaces."""
    known = (
        np.isfinite(problem.weak.scale)
        & np.isfinite(problem.weak.translation).all(1)
        & np.isfinite(problem.root).all(1)
    )
    return known & (problem.weak.scale > 0) & _spread_out(problem.joints3d) & _spread_out(problem.joints2d)


def _spread_out(points: np.ndarray) -> np.ndarray:
    finite = np.isfinite(points).all((1, 2))
    safe = np.where(finite[:, None, None], points, 0.0)
    across = np.linalg.svd(safe - safe.mean(1, keepdims=True), compute_uv=False)[:, 1]
    distinct = np.array([len(np.unique(item, axis=0)) for item in safe], int)
    return finite & (across > 1e-3) & (distinct >= 4)


def fit_cameras(problem: Problem, settings: Calibration) -> Fit:
    """Fit all cameras at once; every image has its own stop, so the batch does not matter.

    Degenerate images get status DEGENERATE, their initial camera and a NaN loss, never an exception.
    """
    n = len(problem.joints3d)
    start = initial_camera(problem, settings.field_of_view)
    solvable = np.flatnonzero(well_posed(problem))
    camera = Camera(start.K.copy(), start.R.copy(), start.t.copy())
    loss, ratio = np.full(n, np.nan), np.ones(n)
    iterations, status = np.zeros(n, np.int64), np.full(n, Status.DEGENERATE, np.int64)
    if len(solvable):
        best = _adam(start[solvable], problem.joints3d[solvable], problem.joints2d[solvable], settings)
        camera.K[solvable], camera.R[solvable], camera.t[solvable] = best.camera.K, best.camera.R, best.camera.t
        loss[solvable], ratio[solvable] = best.loss, best.camera.K[:, 0, 0] / start.K[solvable, 0, 0]
        iterations[solvable] = best.iterations
        status[solvable] = np.where(best.loss < settings.stop_loss, Status.CONVERGED, Status.ABOVE_THRESHOLD)
    return Fit(camera, loss, ratio, iterations, status)


def _adam(start: Camera, joints3d: np.ndarray, joints2d: np.ndarray, settings: Calibration) -> Fit:
    import torch

    torch.set_num_threads(1)  # the same bytes for any number of cores
    width = torch.tensor(2 * start.K[:, 0, 2])
    parameters = torch.tensor(
        np.concatenate(
            [Rotation.from_matrix(start.R).as_rotvec(), start.t, start.K[:, :1, 0] / (2 * start.K[:, :1, 2])], axis=1
        )
    )
    centre, target, points = (torch.tensor(value) for value in (start.K[:, :2, 2], joints2d, joints3d))
    best, best_loss = parameters.clone(), torch.full((len(points),), torch.inf, dtype=torch.float64)
    steps = torch.zeros(len(points), dtype=torch.int64)
    parameters.requires_grad_()
    optimiser = torch.optim.Adam([parameters], lr=settings.learning_rate)
    for _ in range(settings.iterations):
        running = best_loss >= settings.stop_loss
        if not running.any():
            break
        losses = _losses(parameters, points, target, centre, width)
        with torch.no_grad():
            better = running & (losses < best_loss)
            best[better], best_loss[better] = parameters[better], losses[better]
            steps[running] += 1
        optimiser.zero_grad()
        # Only finite losses of running problems move; Adam works on each number alone, so problems do not touch.
        losses.where(running & losses.isfinite(), 0.0).sum().backward()
        parameters.grad.nan_to_num_(0.0)  # type: ignore[union-attr]
        optimiser.step()
    return _fit_of(best.numpy(), best_loss.numpy(), steps.numpy(), start)


def _losses(
    parameters: torch.Tensor, points: torch.Tensor, target: torch.Tensor, centre: torch.Tensor, width: torch.Tensor
) -> torch.Tensor:
    import torch

    rotation = _rotation(parameters[:, :3])
    x_camera = points @ rotation.transpose(1, 2) + parameters[:, None, 3:6]
    focal = (parameters[:, 6] * width)[:, None, None]
    pixels = focal * x_camera[..., :2] / x_camera[..., 2:].clamp_min(1e-6) + centre[:, None]
    return torch.linalg.vector_norm(pixels - target, dim=(1, 2)) / points.shape[1]


def _rotation(axis_angle: torch.Tensor) -> torch.Tensor:
    import torch

    x, y, z = axis_angle.unbind(1)
    zero = torch.zeros_like(x)
    skew = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=1).reshape(-1, 3, 3)
    return torch.linalg.matrix_exp(skew)


def _fit_of(parameters: np.ndarray, loss: np.ndarray, steps: np.ndarray, start: Camera) -> Fit:
    K = start.K.copy()
    K[:, 0, 0] = K[:, 1, 1] = parameters[:, 6] * 2 * start.K[:, 0, 2]
    camera = Camera(K, Rotation.from_rotvec(parameters[:, :3]).as_matrix(), parameters[:, 3:6].copy())
    return Fit(camera, loss, K[:, 0, 0] / start.K[:, 0, 0], steps, np.zeros(len(loss), np.int64))

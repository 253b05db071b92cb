"""Weak perspective to perspective, one problem at a time: Adam on rotation, translation and focal length (A.4)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

FIELD_OF_VIEW = math.radians(46.4)
LEARNING_RATE = 0.01
MAX_ITERATIONS = 2400
STOP_LOSS = 0.7


@dataclass(frozen=True)
class Problem:
    """One person to fit.

    Attributes:
        joints3d: (J, 3) joints of the body with betas 0 and the root rotation removed, metres.
        joints2d: (J, 2) the estimated person's joints, pixels.
        weak_camera: (3,) s, tx, ty in units of the detector's crop.
        root: (3,) estimated root rotation, axis-angle, radians.
        size: (height, width) of the image, pixels.
    """

    joints3d: torch.Tensor
    joints2d: torch.Tensor
    weak_camera: torch.Tensor
    root: torch.Tensor
    size: tuple[int, int]


@dataclass
class Fit:
    """R (3, 3), t (3,), K (3, 3) at the smallest loss (see `fit`), that loss, the number of losses evaluated and the
    focal length after the last step, in image widths."""

    R: torch.Tensor
    t: torch.Tensor
    K: torch.Tensor
    loss: float
    iterations: int
    last_focal: float


def rotation_matrix(axis_angle: torch.Tensor) -> torch.Tensor:
    """(..., 3) axis-angle, radians, to (..., 3, 3) through the unit quaternion; 1e-8 keeps zero differentiable."""
    angle = torch.norm(axis_angle + 1e-8, p=2, dim=-1, keepdim=True)
    axis = axis_angle / angle
    quaternion = torch.cat([torch.cos(angle * 0.5), torch.sin(angle * 0.5) * axis], dim=-1)
    w, x, y, z = (quaternion / quaternion.norm(p=2, dim=-1, keepdim=True)).unbind(-1)
    w2, x2, y2, z2 = w * w, x * x, y * y, z * z
    wx, wy, wz, xy, xz, yz = w * x, w * y, w * z, x * y, x * z, y * z
    entries = [
        w2 + x2 - y2 - z2, 2 * xy - 2 * wz, 2 * wy + 2 * xz,
        2 * wz + 2 * xy, w2 - x2 + y2 - z2, 2 * yz - 2 * wx,
        2 * xz - 2 * wy, 2 * wx + 2 * yz, w2 - x2 - y2 + z2,
    ]  # fmt: skip
    return torch.stack(entries, dim=-1).reshape(*axis_angle.shape[:-1], 3, 3)


def intrinsics(focal: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """K (3, 3) of a focal length in image widths, principal point in the centre."""
    height, width = size
    K = torch.zeros(3, 3)
    K[0, 0] = focal * width
    K[1, 1] = focal * width
    K[0, 2] = width / 2
    K[1, 2] = height / 2
    K[2, 2] = 1.0
    return K


def reprojection_loss(R: torch.Tensor, t: torch.Tensor, K: torch.Tensor, problem: Problem) -> torch.Tensor:
    """Frobenius norm of the residual in pixels over the number of joints: 0.7 for 24 joints is an RMS of 3.43 px."""
    homogeneous = torch.matmul(torch.matmul(problem.joints3d, R.T) + t, K.T)
    projected = homogeneous[:, :2] / homogeneous[:, 2:]
    return torch.norm(projected - problem.joints2d) / len(problem.joints2d)


def fit(problem: Problem, max_iterations: int = MAX_ITERATIONS, stop_loss: float = STOP_LOSS) -> Fit:
    """Adam until the loss falls below `stop_loss`.

    As in the original, an iterate that is the best so far is kept with K from before its Adam step and R, t from after
    it; only when the fit stops early are all three the values that gave the loss.
    """
    scale, *shift = problem.weak_camera.tolist()
    focal = torch.tensor(1 / (2 * math.tan(FIELD_OF_VIEW / 2)))
    t = torch.tensor([*shift, 2 * float(focal) / scale], requires_grad=True)
    focal.requires_grad_(True)
    root = problem.root.clone().requires_grad_(True)
    adam = torch.optim.Adam([root, t, focal], lr=LEARNING_RATE)
    best = math.inf
    for iteration in range(1, max_iterations + 1):
        K = intrinsics(focal, problem.size)
        R = rotation_matrix(root)
        loss = reprojection_loss(R, t, K, problem)
        value = loss.item()
        if value < stop_loss:
            return Fit(R.detach(), t.detach(), K.detach(), value, iteration, focal.item())
        adam.zero_grad()
        loss.backward()
        adam.step()
        if value < best:
            best = value
            with torch.no_grad():
                kept = Fit(rotation_matrix(root), t.clone(), K.detach(), value, iteration, focal.item())
    kept.iterations, kept.last_focal = max_iterations, focal.item()
    return kept

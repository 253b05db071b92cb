"""The reference's camera fit for the benchmark: on the oracle's 14 fits and on made problems."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from chorus.calibration.fit import Problem
from chorus.camera import WeakCamera
from tests.reference import camera

FITS = [f"{noise}{i}" for noise in ("clean", "noisy") for i in range(7)]


def oracle_fits() -> dict[str, np.ndarray] | None:
    """The oracle's 14 fits, or None where ../shared/oracle is not there."""
    path = Path(__file__).resolve().parents[3] / "shared" / "oracle" / "camera_fit.npz"
    if not path.is_file():
        return None
    with np.load(path) as fits:
        return dict(fits)


def oracle_problem(fits: dict[str, np.ndarray]) -> Problem:
    """The 14 fits with the least-squares weak camera in pixels (the oracle's is in units of an unknown crop)."""
    stack = {key: np.stack([fits[f"{name}/{key}"] for name in FITS]).astype(float) for key in ("joints3d", "joints2d")}
    root = np.stack([fits[f"{name}/global_orient"] for name in FITS]).astype(float)
    source = np.einsum("nab,njb->nja", Rotation.from_rotvec(root).as_matrix(), stack["joints3d"])[..., :2]
    centred = source - source.mean(1, keepdims=True)
    scale = (centred * stack["joints2d"]).sum((1, 2)) / (centred**2).sum((1, 2))
    weak = WeakCamera(scale, stack["joints2d"].mean(1) - scale[:, None] * source.mean(1))
    return Problem(stack["joints3d"], stack["joints2d"], root, weak, np.full((len(FITS), 2), 512))


def oracle_reference(fits: dict[str, np.ndarray]) -> Callable[[int], float]:
    """The reference on fit i, from the original's own start."""

    def fit(i: int) -> float:
        keys = ("joints3d", "joints2d", "pred_camera", "global_orient")
        arrays = (torch.from_numpy(fits[f"{FITS[i]}/{key}"]) for key in keys)
        return camera.fit(camera.Problem(*arrays, size=(512, 512))).loss

    return fit


def reference_problem(problem: Problem, i: int) -> camera.Problem:
    """Image i of a problem as the reference wants it; its start (tx, ty, 2 f0 / s) becomes the program's own."""
    height, width = (int(side) for side in problem.size[i])
    scale, shift = problem.weak.scale[i], problem.weak.translation[i] - np.array([width, height]) / 2
    crop = np.array([2 * scale / width, *(shift / scale)])
    arrays = (problem.joints3d[i], problem.joints2d[i], crop, problem.root[i])
    return camera.Problem(*(torch.tensor(array, dtype=torch.float32) for array in arrays), size=(height, width))

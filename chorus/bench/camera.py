"""Benchmark of the camera fit against a reference that comes from outside and OpenCV's solvePnP."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from scipy.spatial.transform import Rotation

from chorus.bench.timing import record
from chorus.body.model import BodyModel
from chorus.calibration.fit import Problem, fit_cameras, initial_camera, loss_of
from chorus.camera import Camera, WeakCamera
from chorus.config import Calibration

Reference = Callable[[int], float]  # fits the camera of one image of a problem and returns its loss
SIDE = 512  # pixels
BEND = 0.3  # radians, standard deviation of a joint's axis-angle coordinates
REPEATS = 10  # fits of the whole batch between two fits of the reference: one is too short to time
HEIGHT = (280.0, 520.0)  # pixels of a person 1.7 m tall


def made_problem(body: BodyModel, count: int, rng: np.random.Generator, noise: float = 0.0) -> Problem:
    """People as a body estimator gives them: joints of chance poses and shapes, seen by weak cameras.

    Args:
        body: the body model.
        count: number of images, 512 x 512 pixels.
        rng: draws poses, shapes, directions, sizes, places and noise.
        noise: standard deviation added to each pixel coordinate.
    """
    pose, betas = rng.normal(0, BEND, (count, 24, 3)), rng.normal(0, 1, (count, 10))
    pose[:, 0] = 0
    upright = Rotation.from_rotvec([np.pi, 0, 0])  # the body's y up, z front -> y down, z forward
    azimuth = rng.vonmises(0, 1, count)[:, None] * [0, 1, 0]
    root = upright * Rotation.from_rotvec(azimuth) * Rotation.from_rotvec(rng.normal(0, 0.1, (count, 3)))
    weak = WeakCamera(rng.uniform(*HEIGHT, count) / 1.7, SIDE / 2 + rng.normal(0, 30, (count, 2)))
    seen = weak.project(np.einsum("nab,njb->nja", root.as_matrix(), body.joints(pose, betas)))
    joints2d = seen + noise * rng.normal(size=seen.shape)
    size = np.full((count, 2), SIDE)
    return Problem(body.joints(pose, np.zeros_like(betas)), joints2d, root.as_rotvec(), weak, size)


def camera_record(problem: Problem, reference: Reference, settings: Calibration) -> dict[str, object]:
    """CPU seconds and mean loss of an image: ours in one batch, the reference and OpenCV image by image, interleaved.

    The reference runs once on every image, since its steps differ: its seconds are a mean, all others medians. Keys of
    OpenCV are left out where it is not installed.
    """
    ours = fit_cameras(problem, settings)  # compiled before the clock runs
    n, peers = len(ours.loss), opencv_ways(problem, settings)
    spent: dict[str, list[float]] = {name: [] for name in ("reference", "ours", *peers)}
    losses: dict[str, list[float]] = {name: [] for name in ("reference", *peers)}
    for i in range(n):
        begin = time.process_time()
        losses["reference"].append(reference(i))
        spent["reference"].append(time.process_time() - begin)
        begin = time.process_time()
        for _ in range(REPEATS):
            fit_cameras(problem, settings)
        spent["ours"].append((time.process_time() - begin) / (REPEATS * n))
        for name, way in peers.items():
            begin = time.process_time()
            found = way(i)
            spent[name].append(time.process_time() - begin)
            losses[name].append(float(loss_of(found, problem.joints3d[i], problem.joints2d[i])))
    reference_s, ours_s = float(np.mean(spent["reference"])), float(np.median(spent["ours"]))
    result = record("camera", None, reference_s, ours_s)
    result |= {"reference_loss": float(np.mean(losses["reference"])), "ours_loss": float(ours.loss.mean())}
    for name in peers:
        result |= {f"{name}_s": float(np.median(spent[name])), f"{name}_loss": float(np.mean(losses[name]))}
    return result


def opencv_ways(problem: Problem, settings: Calibration) -> dict[str, Callable[[int], Camera]]:
    """What a user would pick: solvePnP at the initial focal length, from our start and without one."""
    try:
        import cv2
    except ImportError:
        return {}
    start = initial_camera(problem, settings.field_of_view)

    def iterative(i: int) -> Camera:
        turn, t = cv2.Rodrigues(start.R[i])[0], start.t[i][:, None].copy()
        return camera(i, cv2.solvePnP(*given(i), None, turn, t, True, cv2.SOLVEPNP_ITERATIVE))

    def sqpnp(i: int) -> Camera:
        return camera(i, cv2.solvePnP(*given(i), None, flags=cv2.SOLVEPNP_SQPNP))

    def given(i: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return problem.joints3d[i], problem.joints2d[i], start.K[i]

    def camera(i: int, found: tuple) -> Camera:
        return Camera(start.K[i], cv2.Rodrigues(found[1])[0], found[2][:, 0])

    return {"opencv_iterative": iterative, "opencv_sqpnp": sqpnp}

"""How far estimated poses are from true ones, and how well a score tells the good ones."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation
from scipy.stats import mannwhitneyu

from chorus.camera import azimuth_degrees

# How exactly people place each COCO keypoint, of the square root of the person's area (COCO's evaluation).
OKS_SIGMAS = np.array([26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89]) / 1000


def mpjpe(joints: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Mean distance (n,) of joints (n, J, 3) from the true ones with the pelvis, joint 0, on the true pelvis."""
    return np.linalg.norm((joints - joints[:, :1]) - (truth - truth[:, :1]), axis=-1).mean(axis=-1)


def pa_mpjpe(joints: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Mean distance (n,) of joints (n, J, 3) after the similarity (no mirror) that brings them closest (Procrustes)."""
    return np.array([_aligned_distance(one, other) for one, other in zip(joints, truth, strict=True)])


def _aligned_distance(joints: np.ndarray, truth: np.ndarray) -> float:
    joints, truth = joints - joints.mean(axis=0), truth - truth.mean(axis=0)
    turned = Rotation.align_vectors(truth, joints)[0].apply(joints)
    scale = (turned * truth).sum() / (joints**2).sum()
    return float(np.linalg.norm(scale * turned - truth, axis=1).mean())


def oks(keypoints: np.ndarray, annotated: np.ndarray, area: float) -> float:
    """Object keypoint similarity of COCO, 0..1, of keypoints (17, 2) and annotated ones (17, 3); NaN without any.

    Args:
        keypoints, annotated: pixels; the third column of `annotated` is positive where a keypoint is annotated.
        area: of the person's mask, pixels.
    """
    marked = annotated[:, 2] > 0
    if not marked.any():
        return float("nan")
    squared = ((keypoints[:, :2] - annotated[:, :2]) ** 2).sum(axis=1)[marked]
    return float(np.exp(-squared / (2 * area * (2 * OKS_SIGMAS[marked]) ** 2)).mean())


def angles_between(rotations: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Angle (n,), degrees, between rotations (n, 3), axis-angle in radians."""
    return np.degrees((Rotation.from_rotvec(rotations) * Rotation.from_rotvec(others).inv()).magnitude())


def azimuth_and_elevation(directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Azimuth (n,) in 0..360 and elevation (n,), degrees, of directions (n, 3) of the body frame to a camera."""
    sine = directions[:, 1] / np.linalg.norm(directions, axis=1)
    return azimuth_degrees(directions), np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0)))


def signed_angle(degrees: np.ndarray) -> np.ndarray:
    """The same angle in -180..180 degrees."""
    return (degrees + 180.0) % 360.0 - 180.0


def auc(scores: np.ndarray, good: np.ndarray) -> float:
    """Probability that a good one scores higher than a bad one (ties count half); NaN without one of each."""
    if good.all() or not good.any():
        return float("nan")
    return float(mannwhitneyu(scores[good], scores[~good]).statistic / (good.sum() * (~good).sum()))

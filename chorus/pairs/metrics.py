"""How good estimates of pairs are: joint and per-person PA-MPJPE, PCC, penetration, precision and recall of contacts.

PA-MPJPE is the mean joint error after the similarity that fits best; joint: both people by ONE similarity, so that
their distance counts. Joints are the 14 of LSP. PCC: the share of true contacts whose parts come nearer than a radius.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial import cKDTree

from chorus.body.model import JOINT_NAMES, BodyModel
from chorus.body.surface import vertex_normals

LSP = (
    "right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle", "right_wrist", "right_elbow",
    "right_shoulder", "left_shoulder", "left_elbow", "left_wrist", "neck", "head",
)  # fmt: skip
LSP_JOINTS = np.array([JOINT_NAMES.index(name) for name in LSP])
PCC_RADII = np.round(np.arange(0.0, 1.0, 0.05), 2)  # metres
Contacts = Sequence[tuple[str, str]]


def aligned(estimate: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Estimated points (..., k, 3) after the similarity that carries them closest to the true ones (Umeyama)."""
    centre, goal = estimate.mean(axis=-2, keepdims=True), truth.mean(axis=-2, keepdims=True)
    a, b = estimate - centre, truth - goal
    left, size, right = np.linalg.svd(np.swapaxes(a, -1, -2) @ b)
    handed = np.ones_like(size)
    handed[..., 2] = np.sign(np.linalg.det(left @ right))
    turn = (left * handed[..., None, :]) @ right
    scale = (size * handed).sum(axis=-1) / np.maximum((a**2).sum(axis=(-1, -2)), 1e-12)
    return scale[..., None, None] * (a @ turn) + goal


def pa_mpjpe(estimate: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Mean distance (...) of joints (..., k, 3) after alignment, in their unit."""
    return np.linalg.norm(aligned(estimate, truth) - truth, axis=-1).mean(axis=-1)


def joint_pa_mpjpe(estimate: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(n,) error of both people (n, 2, 24, 3) under one similarity, in the better order of the people."""
    goal = truth[:, :, LSP_JOINTS].reshape(len(truth), -1, 3)
    orders = (estimate, estimate[:, ::-1])
    errors = [pa_mpjpe(order[:, :, LSP_JOINTS].reshape(len(truth), -1, 3), goal) for order in orders]
    return np.minimum(*errors)


def person_pa_mpjpe(estimate: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(n,) mean over the two people of the error when each is aligned alone."""
    return pa_mpjpe(estimate[:, :, LSP_JOINTS], truth[:, :, LSP_JOINTS]).mean(axis=1)


def pcc(distances: np.ndarray, pairs: np.ndarray, n: int) -> np.ndarray:
    """PCC at PCC_RADII, averaged over pairs of people: least distance (L,) and pair (L,) of every true contact."""
    known = np.bincount(pairs, minlength=n)
    shares = []
    for radius in PCC_RADII:
        near = np.bincount(pairs, weights=distances < radius, minlength=n)
        shares.append((near[known > 0] / known[known > 0]).mean() if (known > 0).any() else np.nan)
    return np.array(shares)


def penetration_depths(body: BodyModel, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """How deep the vertices of each of two posed bodies (V, 3) are inside the other: (2, V), metres, 0 outside.

    A vertex is inside where it lies behind the tangent plane of the nearest vertex of the other body.
    """
    depths = []
    for inner, outer in ((first, second), (second, first)):
        near = (inner > outer.min(axis=0)).all(axis=1) & (inner < outer.max(axis=0)).all(axis=1)
        depth = np.zeros(len(inner))
        if near.any():
            distance, nearest = cKDTree(outer).query(inner[near])
            normal = vertex_normals(outer, body.faces)[nearest]
            behind = ((inner[near] - outer[nearest]) * normal).sum(axis=1) < 0
            depth[near] = np.where(behind, distance, 0.0)
        depths.append(depth)
    return np.stack(depths)


def contact_counts(named: Contacts, true: Contacts) -> tuple[int, int, int]:
    """Right, invented and missed contacts of one pair of people."""
    right = len(set(named) & set(true))
    return right, len(set(named)) - right, len(set(true)) - right


def precision_recall(counts: np.ndarray) -> dict[str, float]:
    """Precision, recall and F1 of summed counts (n, 3): right, invented, missed."""
    right, invented, missed = np.asarray(counts).sum(axis=0)
    precision = right / max(right + invented, 1)
    recall = right / max(right + missed, 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-12)
    return {"precision": float(precision), "recall": float(recall), "f1": float(f1)}

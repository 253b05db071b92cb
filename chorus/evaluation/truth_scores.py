"""How close a field is to the true one: correlation and overlap over all voxels."""

from __future__ import annotations

import numpy as np

OCCUPIED = 0.3  # a voxel is truly occupied when more than this share of the draws fill it


def pearson_r(phi: np.ndarray, truth: np.ndarray) -> float:
    """Pearson correlation over all voxels; 0 for a constant field."""
    a, b = phi.reshape(-1).astype(float), truth.reshape(-1).astype(float)
    if a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def best_iou(phi: np.ndarray, truth: np.ndarray) -> float:
    """Largest IoU of {phi >= threshold} with {truth > 0.3} over all thresholds; 0 if nothing is occupied."""
    wanted = (truth > OCCUPIED).reshape(-1)
    order = np.argsort(-phi.reshape(-1), kind="stable")
    hits = np.cumsum(wanted[order])
    union = np.arange(1, len(order) + 1) + wanted.sum() - hits
    # Only thresholds between different values are possible.
    ends = np.append(np.diff(phi.reshape(-1)[order]) != 0, True)
    return float((hits / union)[ends].max()) if wanted.any() else 0.0


def soft_iou(phi: np.ndarray, truth: np.ndarray) -> float:
    """Sum of minima / sum of maxima over all voxels; 0 if both are empty."""
    largest = np.maximum(phi, truth).sum(dtype=float)
    return float(np.minimum(phi, truth).sum(dtype=float) / largest) if largest > 0 else 0.0


def truth_scores(phi: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """The three scores of a field (N, N, N) against the true field (N, N, N)."""
    return {"pearson_r": pearson_r(phi, truth), "best_iou": best_iou(phi, truth), "soft_iou": soft_iou(phi, truth)}

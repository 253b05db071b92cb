"""Which fits are good enough to learn from: one reason for every one that is not. All thresholds are ours."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from chorus.pairs.rows import Quality

KEPT = "kept"
REASONS = ("not_finite", "reprojection", "contact", "penetration", "joint_limits")


@dataclass(frozen=True)
class Thresholds:
    """The worst that is kept: keypoint error (share of the box), distance and depth (metres), angle (radians)."""

    reprojection: float = 0.03
    distance: float = 0.03
    depth: float = 0.05
    beyond: float = 0.2


def reasons(quality: Quality, thresholds: Thresholds) -> np.ndarray:
    """(n,) the first of REASONS that holds, empty for a pair that is kept."""
    values = np.stack([quality.reprojection, quality.distance, quality.depth, quality.beyond], axis=1)
    limits = np.array([thresholds.reprojection, thresholds.distance, thresholds.depth, thresholds.beyond])
    fails = np.concatenate([~np.isfinite(values).all(axis=1, keepdims=True), values > limits], axis=1)
    names = np.array(["", *REASONS])
    return names[np.where(fails.any(axis=1), 1 + fails.argmax(axis=1), 0)]


def counts(found: np.ndarray) -> dict[str, int]:
    """Reason (KEPT for none) -> number of pairs."""
    return dict(sorted(Counter(reason or KEPT for reason in found.tolist()).items()))

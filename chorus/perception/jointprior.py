"""What human joints do: a soft prior on the joint angles and the body shape.

Numbers are rounded anatomical ranges in the rest frame of the 24-joint body (arms along x, palms down): a knee bends
about +x, a left elbow about -y, a right elbow about +y.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chorus.body.model import JOINT_NAMES, N_BETAS, N_JOINTS

LIMIT_SIGMA = 0.05  # radians: how hard the end of a joint's range is
BETA_SIGMA = 1.0
_FREE = np.inf

# name: mean, sigma, lowest and highest angle about x, y, z, radians; given for the middle or the left side.
_RANGES: dict[str, tuple[tuple[float, ...], ...]] = {
    "left_hip": ((-0.2, 0, 0.05), (0.9, 0.4, 0.4), (-2.3, -0.9, -0.5), (0.5, 0.9, 1.0)),
    "left_knee": ((0.3, 0, 0), (1.0, 0.1, 0.1), (0.0, -0.2, -0.2), (2.6, 0.2, 0.2)),
    "left_ankle": ((0, 0, 0), (0.3, 0.2, 0.2), (-0.7, -0.5, -0.5), (0.9, 0.5, 0.5)),
    "left_foot": ((0, 0, 0), (0.1, 0.1, 0.1), (-_FREE,) * 3, (_FREE,) * 3),
    "spine1": ((0, 0, 0), (0.15, 0.1, 0.1), (-_FREE,) * 3, (_FREE,) * 3),
    "spine2": ((0, 0, 0), (0.15, 0.1, 0.1), (-_FREE,) * 3, (_FREE,) * 3),
    "spine3": ((0, 0, 0), (0.1, 0.1, 0.1), (-_FREE,) * 3, (_FREE,) * 3),
    "neck": ((0, 0, 0), (0.3, 0.3, 0.25), (-_FREE,) * 3, (_FREE,) * 3),
    "head": ((0, 0, 0), (0.3, 0.3, 0.25), (-_FREE,) * 3, (_FREE,) * 3),
    "left_collar": ((0, 0, 0), (0.1, 0.15, 0.15), (-_FREE,) * 3, (_FREE,) * 3),
    "left_shoulder": ((0, -0.2, -0.9), (0.6, 0.9, 0.9), (-_FREE,) * 3, (_FREE,) * 3),
    "left_elbow": ((0, -0.5, 0), (0.5, 1.0, 0.1), (-1.2, -2.6, -0.2), (1.2, 0.0, 0.2)),
    "left_wrist": ((0, 0, 0), (0.3, 0.3, 0.3), (-_FREE,) * 3, (_FREE,) * 3),
    "left_hand": ((0, 0, 0), (0.1, 0.1, 0.1), (-_FREE,) * 3, (_FREE,) * 3),
}


@dataclass(frozen=True)
class JointPrior:
    """Independent soft ranges of the 72 + 10 numbers of a body; the root (first three) is free.

    Attributes:
        mean, sigma, low, high: (82,) each.
    """

    mean: np.ndarray
    sigma: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def human(cls) -> JointPrior:
        """The prior of _RANGES; the right side is the mirror of the left."""
        ranges = np.zeros((4, N_JOINTS, 3))
        ranges[1:] = np.array([_FREE, -_FREE, _FREE])[:, None, None]
        for index, name in enumerate(JOINT_NAMES):
            if name in _RANGES:
                ranges[:, index] = _RANGES[name]
            elif (left := name.replace("right_", "left_")) in _RANGES:
                ranges[:, index] = _mirrored(np.array(_RANGES[left]))
        betas = np.repeat([[0.0], [BETA_SIGMA], [-_FREE], [_FREE]], N_BETAS, axis=1)
        return cls(*np.concatenate([ranges.reshape(4, -1), betas], axis=1))

    def cost(self, values: np.ndarray) -> np.ndarray:
        """(n,) squared deviations in sigmas of values (n, 82)."""
        deviation = (values - self.mean) / self.sigma
        return (deviation**2).sum(axis=1) + (self._beyond(values) ** 2).sum(axis=1)

    def slopes(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Half the gradient (n, 82) and the Gauss-Newton diagonal (n, 82) of the cost."""
        beyond = self._beyond(values)
        gradient = (values - self.mean) / self.sigma**2 + beyond / LIMIT_SIGMA
        return gradient, 1.0 / self.sigma**2 + (beyond != 0) / LIMIT_SIGMA**2

    def _beyond(self, values: np.ndarray) -> np.ndarray:
        """How far values are outside their range, signed, in limit sigmas."""
        return (values - np.clip(values, self.low, self.high)) / LIMIT_SIGMA


def _mirrored(ranges: np.ndarray) -> np.ndarray:
    """Ranges (4, 3) of the twin joint: angles about y and z change sign, so their low and high swap."""
    mean, sigma, low, high = ranges
    sign = np.array([1.0, -1.0, -1.0])
    return np.stack([mean * sign, sigma, np.minimum(low * sign, high * sign), np.maximum(low * sign, high * sign)])

"""How evenly cameras are spread around the person: entropy of a kernel density on the sphere (paper Table 1).

Every camera direction carries a Gaussian of the geodesic distance (sigma 0.01 rad); their mean is a density on the
sphere, read off on a grid of equal-area cells. The entropy in bits depends on the grid: log2(cells) is its maximum.
The paper does not state its grid, so its numbers and ours compare in order only.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.spatial import cKDTree

SIGMA = 0.01  # radians
CELLS = 2**18  # 0.4 degrees apart, closer than sigma
REACH = 5.0  # sigmas after which a Gaussian is nothing


def camera_entropy(centres: np.ndarray, cells: int = CELLS) -> float:
    """Entropy of the camera distribution, bits.

    Args:
        centres: (n, 3) camera centres in the body frame, metres; only their directions count.
        cells: points of the grid; at most log2(cells) bits are possible.

    Returns:
        Bits; 0 for no camera.
    """
    directions = centres[np.isfinite(centres).all(axis=1) & (np.linalg.norm(centres, axis=1) > 0)]
    if len(directions) == 0:
        return 0.0
    directions = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    tree = _tree(cells)
    density = np.zeros(cells)
    near = tree.query_ball_point(directions, 2.0 * np.sin(REACH * SIGMA / 2.0))
    for direction, cell in zip(directions, near, strict=True):
        chord = np.linalg.norm(tree.data[cell] - direction, axis=1)
        weight = np.exp(-0.5 * (2.0 * np.arcsin(np.minimum(chord / 2.0, 1.0)) / SIGMA) ** 2)
        density[cell] += weight / weight.sum()  # each camera counts the same, wherever it falls on the grid
    share = density[density > 0] / density.sum()
    return float(-(share * np.log2(share)).sum())


def sphere_grid(cells: int) -> np.ndarray:
    """(cells, 3) points of a Fibonacci spiral: nearly equal areas, no poles."""
    k = np.arange(cells) + 0.5
    z = 1.0 - 2.0 * k / cells
    angle = np.pi * (1.0 + np.sqrt(5.0)) * k
    radius = np.sqrt(1.0 - z**2)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), z], axis=1)


@lru_cache(maxsize=1)
def _tree(cells: int) -> cKDTree:
    return cKDTree(sphere_grid(cells))

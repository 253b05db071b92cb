"""Laplace smoothing of skinning weights, joint by joint.

A pass mixes every voxel with its six neighbours and keeps the sum over the joints, so that joints do not see each
other: each is smoothed on a plane of its own that stays in the cache, and the pelvis gets what the others leave of 1.
"""

from __future__ import annotations

import numpy as np
from numba import njit

PASSES = 30
RATE = 0.3  # share of the six neighbours' mean in one pass, as the original code


def smooth(planes: np.ndarray, near: np.ndarray) -> None:
    """Smooth in place the weights of joints 1, 2, ... and set the pelvis' to the rest of 1.

    The grid's outer layer and the voxels beyond the bandwidth keep their weights.

    Args:
        planes: (J, N, N, N) float32 in C order, joint 0 = pelvis.
        near: (N, N, N) bool, voxels within the bandwidth.
    """
    rate = np.zeros(near.shape, np.float32)
    inner = (slice(1, -1),) * 3
    rate[inner] = np.where(near[inner], np.float32(RATE), np.float32(0))
    other = np.empty_like(rate)
    for plane in planes[1:]:
        _smooth_plane(plane, other, rate)
    _fill_pelvis(planes)


@njit(cache=True, error_model="numpy")
def _smooth_plane(plane: np.ndarray, other: np.ndarray, rate: np.ndarray) -> None:
    # A pass carries weight one voxel on, so pass p cannot change anything farther than p voxels from the first weights.
    x_low, x_high, y_low, y_high = support(plane)
    other[:] = plane
    last = len(plane) - 1
    source, target = plane, other
    for reach in range(1, PASSES + 1):
        x_range = max(x_low - reach, 1), min(x_high + reach, last)
        y_range = max(y_low - reach, 1), min(y_high + reach, last)
        one_pass(source, target, rate, x_range, y_range)
        source, target = target, source
    if PASSES % 2:
        plane[:] = source


@njit(cache=True, error_model="numpy")
def support(plane: np.ndarray) -> tuple[int, int, int, int]:
    """First and one past the last x, then y, of the voxels that are not 0; 0 if there is none."""
    side = len(plane)
    x_low, x_high, y_low, y_high = side, 0, side, 0
    for x in range(side):
        for y in range(side):
            column, weighted = plane[x, y], 0
            for z in range(side):
                weighted += column[z] != 0
            if weighted:
                x_low, x_high = min(x_low, x), max(x_high, x + 1)
                y_low, y_high = min(y_low, y), max(y_high, y + 1)
    return x_low, x_high, y_low, y_high


@njit(cache=True, error_model="numpy")
def one_pass(
    source: np.ndarray, target: np.ndarray, rate: np.ndarray, x_range: tuple[int, int], y_range: tuple[int, int]
) -> None:
    """One pass over the columns of ranges of x and y, both clear of the outer layer; `rate` is 0 in the outer layer."""
    side = source.shape[0]
    values, result, rates = source.reshape(-1), target.reshape(-1), rate.reshape(-1)
    for x in range(x_range[0], x_range[1]):
        start, stop = (x * side + y_range[0]) * side, (x * side + y_range[1]) * side
        mixed(values, result[start:stop], rates[start:stop], start, side)


@njit(cache=True, error_model="numpy")
def mixed(values: np.ndarray, result: np.ndarray, rates: np.ndarray, start: int, side: int) -> None:
    """New values of len(result) voxels from `start` on in memory order.

    Where one column ends and the next begins the neighbours along z are wrong ones; there the rate is 0. This way a
    whole slab is one loop over contiguous memory. Slices instead of indices: what may be negative is not vectorised.
    """
    n, plane = len(result), side * side
    own = values[start : start + n]
    back, front = values[start - 1 :][:n], values[start + 1 :][:n]
    below, above = values[start - side :][:n], values[start + side :][:n]
    left, right = values[start - plane :][:n], values[start + plane :][:n]
    sixth = np.float32(1 / 6)
    for i in range(n):
        mean = ((left[i] + right[i]) + (below[i] + above[i]) + (back[i] + front[i])) * sixth
        result[i] = own[i] + rates[i] * (mean - own[i])


@njit(cache=True, error_model="numpy")
def _fill_pelvis(planes: np.ndarray) -> None:
    pelvis = planes[0].reshape(-1)
    pelvis[:] = 1.0
    for joint in range(1, len(planes)):
        weights = planes[joint].reshape(-1)
        for i in range(len(pelvis)):
            pelvis[i] -= weights[i]
    for i in range(len(pelvis)):
        pelvis[i] = max(pelvis[i], np.float32(0.0))  # rounding

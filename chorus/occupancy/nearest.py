"""The k nearest of a list of points: the steps of the search in `neighbours`, each an exact loop that vectorises."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

_SPARE = 3  # a ball may hold this many vertices too many: taking the farthest away is cheaper than searching on
ROUNDING = 1e-9  # far above the rounding of a distance (m) or its square (m^2), far below what would cost time


@njit(cache=True, error_model="numpy")
def squared_distances(points: np.ndarray, x: float, y: float, z: float, squared: np.ndarray) -> None:
    """Squared distances (n,) of the first n points (3, >= n) from x, y, z."""
    xs, ys, zs = points[0], points[1], points[2]
    for i in range(len(squared)):
        dx, dy, dz = xs[i] - x, ys[i] - y, zs[i] - z
        squared[i] = dx * dx + dy * dy + dz * dz


@njit(cache=True, error_model="numpy")
def count_within(values: np.ndarray, limit: float) -> int:
    """How many values are <= limit."""
    count = 0
    for i in range(len(values)):
        count += values[i] <= limit
    return count


@njit(cache=True, error_model="numpy")
def indices_within(values: np.ndarray, limit: float, chosen: np.ndarray) -> int:
    """Write the positions of the values <= limit to `chosen`, in order; how many.

    Every position is written and the next overwrites it unless it counts: no branch that the processor could mistake.
    """
    count = 0
    for i in range(len(values)):
        chosen[count] = i
        count += values[i] <= limit
    return count


@njit(cache=True, error_model="numpy")
def square_radius(squared: np.ndarray, k: int, low: float, high: float) -> float:
    """A squared radius within which k to k + 3 of the squared distances lie; more only where equal ones force it.

    Args:
        squared: (n,) with n >= k.
        low, high: first guess at a bracket of the radius, may be infinite.
    """
    low, high = max(low, 0.0) ** 2, squared.max() if math.isinf(high) else high**2
    below, above = count_within(squared, low), count_within(squared, high)
    if below >= k:
        low, high, below, above = 0.0, low, 0, below
    while above > k + _SPARE:
        # On a surface the number grows with the square of the radius; the bounds keep the bracket shrinking.
        share = (k + 0.5 * _SPARE - below) / (above - below)
        middle = low + min(max(share, 0.1), 0.9) * (high - low)
        if not low < middle < high:
            break
        inside = count_within(squared, middle)
        if inside < k:
            low, below = middle, inside
        else:
            high, above = middle, inside
    return high


@njit(cache=True, error_model="numpy")
def possible_neighbours(points: np.ndarray, squared: np.ndarray, chosen: np.ndarray, found: int, half: float) -> int:
    """Write to `chosen` all points that can be among the k nearest of some place in a cube; how many.

    Args:
        points: (3, >= n) metres.
        squared: (n,) their squared distances from the cube's centre; overwritten.
        chosen: positions of `found` >= k points S near the cube.
        half: half the side of the cube, metres.

    A point w is out if all of S are nearer than it, wherever in the cube one stands. At the offset o from the centre
    |w - o|^2 - |s - o|^2 = |w|^2 - |s|^2 - 2 o (w - s) >= |w|^2 - |s|^2 - 2 half |w - s|_1, and if S lies in a box with
    centre m and half sides e, |w - s|_1 <= |w - m|_1 + |e|_1. So w is in only if
    |w|^2 - 2 half |w - m|_1 <= max_s |s|^2 + 2 half |e|_1. Far from the body, where S is small for its distance, this
    keeps a shell several times thinner than the one between the least and the greatest distance from the cube.
    """
    nearest, extent, middle = 0.0, 0.0, np.empty(3)
    for axis in range(3):
        low, high = math.inf, -math.inf
        for i in range(found):
            low, high = min(low, points[axis, chosen[i]]), max(high, points[axis, chosen[i]])
        middle[axis] = 0.5 * (low + high)
        extent += 0.5 * (high - low)
    for i in range(found):
        nearest = max(nearest, squared[chosen[i]])
    xs, ys, zs = points[0], points[1], points[2]
    mx, my, mz = middle
    for i in range(len(squared)):
        squared[i] -= 2 * half * (abs(xs[i] - mx) + abs(ys[i] - my) + abs(zs[i] - mz))
    return indices_within(squared, nearest + 2 * half * extent + ROUNDING, chosen)


@njit(cache=True, error_model="numpy")
def without_farthest(squared: np.ndarray, chosen: np.ndarray, found: int, k: int) -> int:
    """Take the farthest away until k are left (the higher position first of equally far ones); how many are left."""
    while found > k:
        far = 0
        for i in range(1, found):
            a, b = squared[chosen[i]], squared[chosen[far]]
            if a > b or (a == b and chosen[i] > chosen[far]):
                far = i
        found -= 1
        chosen[far] = chosen[found]
    return found


@njit(cache=True, error_model="numpy")
def lowest_zero(squared: np.ndarray, chosen: np.ndarray) -> int:
    """The lowest of the chosen positions whose squared distance is 0."""
    lowest = len(squared)
    for i in range(len(chosen)):
        if squared[chosen[i]] == 0:
            lowest = min(lowest, chosen[i])
    return lowest

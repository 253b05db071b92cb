"""What a camera sees of a field: the largest probability along the line of sight of every pixel, up to what hides it.

The pixels whose value is at least a threshold are the projection of the field's surface at that threshold, so one such
picture holds the silhouettes of all thresholds.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from chorus.camera import Camera
from chorus.occupancy.grid import SIDE, Grid

STEP = 0.5  # voxels between two samples of a line of sight


def largest_in_sight(field: np.ndarray, camera: Camera, hidden_from: np.ndarray) -> np.ndarray:
    """Largest value of a field along the line of sight through every pixel centre.

    Args:
        field: (N, N, N) in the body frame, linear between voxel centres and 0 beyond them; NaN counts as 0.
        camera: one camera, body frame to pixels.
        hidden_from: (H, W) metres along the camera's axis from which on nothing is seen; infinity for no limit.

    Returns:
        (H, W) float32.
    """
    values = np.nan_to_num(np.asarray(field, np.float32))
    seen = np.zeros(hidden_from.shape, np.float32)
    origin, to_ray = rays_of(camera)
    low, high = bounds(values)
    _largest(values, origin, to_ray, low, high, np.asarray(hidden_from, np.float32), seen)
    return seen


def rays_of(camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Camera centre (3,), and the matrix (3, 3) from (u, v, 1) to the ray that gains a metre of depth a unit."""
    return camera.centre.astype(float), np.ascontiguousarray(camera.R.T @ np.linalg.inv(camera.K))


def bounds(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners (3,), (3,) in metres of the box outside which the field (N, N, N) is 0; equal where it is 0."""
    axis, voxel = Grid(len(values)).axis(), SIDE / len(values)
    filled = [np.flatnonzero((values > 0).any(axis=tuple({0, 1, 2} - {k}))) for k in range(3)]
    if not len(filled[0]):
        return np.zeros(3), np.zeros(3)
    return (
        np.array([axis[found[0]] - voxel for found in filled]),
        np.array([axis[found[-1]] + voxel for found in filled]),
    )


@njit(cache=True, error_model="numpy")
def _largest(values, origin, to_ray, low, high, hidden_from, seen):  # pragma: no cover - compiled
    step = STEP * SIDE / len(values)
    ray = np.empty(3)
    for row in range(seen.shape[0]):
        for column in range(seen.shape[1]):
            begin, end, along = crossing(origin, to_ray, column, row, low, high, hidden_from[row, column], ray)
            largest = np.float32(0.0)
            depth = begin
            while depth < end:
                value = sample(values, origin, ray, depth)
                largest = max(largest, value)
                depth += step / along
            seen[row, column] = largest


@njit(cache=True, error_model="numpy", inline="always")
def crossing(origin, to_ray, column, row, low, high, limit, ray):
    """Depths where the ray of a pixel enters and leaves a box, and metres of ray a metre of depth; fills `ray`."""
    u, v = column + 0.5, row + 0.5
    begin, end, square = 0.0, float(limit), 0.0
    for k in range(3):
        ray[k] = to_ray[k, 0] * u + to_ray[k, 1] * v + to_ray[k, 2]
        square += ray[k] * ray[k]
        one, other = (low[k] - origin[k]) / ray[k], (high[k] - origin[k]) / ray[k]
        if ray[k] == 0.0:
            inside = low[k] < origin[k] < high[k]
            one, other = (-np.inf, np.inf) if inside else (np.inf, -np.inf)
        begin, end = max(begin, min(one, other)), min(end, max(one, other))
    return begin, end, np.sqrt(square)


@njit(cache=True, error_model="numpy", inline="always")
def sample(values, origin, ray, depth):
    """The field at a depth of a ray, linear between voxel centres, 0 beyond the outermost."""
    side = len(values)
    cell_x = (origin[0] + depth * ray[0] + SIDE / 2) * side / SIDE - 0.5
    cell_y = (origin[1] + depth * ray[1] + SIDE / 2) * side / SIDE - 0.5
    cell_z = (origin[2] + depth * ray[2] + SIDE / 2) * side / SIDE - 0.5
    x, y, z = int(np.floor(cell_x)), int(np.floor(cell_y)), int(np.floor(cell_z))
    if x < 0 or y < 0 or z < 0 or x >= side - 1 or y >= side - 1 or z >= side - 1:
        return np.float32(0.0)
    a, b, c = np.float32(cell_x - x), np.float32(cell_y - y), np.float32(cell_z - z)
    one = np.float32(1.0)
    near = (values[x, y, z] * (one - c) + values[x, y, z + 1] * c) * (one - b) + (
        values[x, y + 1, z] * (one - c) + values[x, y + 1, z + 1] * c
    ) * b
    far = (values[x + 1, y, z] * (one - c) + values[x + 1, y, z + 1] * c) * (one - b) + (
        values[x + 1, y + 1, z] * (one - c) + values[x + 1, y + 1, z + 1] * c
    ) * b
    return near * (one - a) + far * a

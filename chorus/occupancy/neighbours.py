"""Exact nearest vertices of every voxel, found block by block, and the weights that follow from them (Eq. 4, 9, 10).

A cube of voxels is halved again and again down to single voxels. Each block keeps, out of its parent's vertices, those
that can be among the nearest of one of its voxels, so that a voxel looks at a hundred vertices and not at all of them.
Distances are float64. Of equally distant vertices the one with the lower index is nearer.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from chorus.occupancy.grid import SIDE, Grid
from chorus.occupancy.nearest import (
    ROUNDING,
    count_within,
    indices_within,
    lowest_zero,
    possible_neighbours,
    square_radius,
    squared_distances,
    without_farthest,
)

NEIGHBOURS = 30  # k of Eq. 4
BANDWIDTH = 0.8  # tau of Eq. 10, metres; farther voxels follow the pelvis alone
SMOOTHNESS = 0.25  # s of Eq. 10


class Search(NamedTuple):
    """The vertices that the blocks on the way down to a voxel have kept, level 0 = all; and where results go.

    Every level has one list: a block is done with all its children before its next sibling begins.

    Attributes:
        axis: (N,) coordinates of the voxel centres, metres.
        points: (levels, 3, V) float64, metres.
        indices: (levels, V) int32, ascending.
        length: (levels,) vertices in each list.
        radius: (levels,) of the ball around the block's centre that holds its k nearest, metres.
        squared: (V,) workspace, squared distances.
        chosen: (V + 1,) workspace, positions in a list.
        vertex_weights: (V, J) float32, joint 0 = pelvis.
        planes: (J, N, N, N) float32, weights of the voxels; plane 0 is left alone.
        near: (N, N, N) bool, True where a vertex lies within the bandwidth.
    """

    axis: np.ndarray
    points: np.ndarray
    indices: np.ndarray
    length: np.ndarray
    radius: np.ndarray
    squared: np.ndarray
    chosen: np.ndarray
    vertex_weights: np.ndarray
    share: np.ndarray
    mean: np.ndarray
    planes: np.ndarray
    near: np.ndarray


def unsmoothed_weights(grid: Grid, vertices: np.ndarray, vertex_weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights of every voxel before smoothing.

    Args:
        vertices: (V, 3) metres, at least one.
        vertex_weights: (V, J), joint 0 = pelvis.

    Returns:
        planes (J, N, N, N) float32 of joints 1, 2, ... (plane 0, the pelvis, holds what they leave of 1 only after
        smoothing), and near (N, N, N) bool, voxels with a vertex within the bandwidth. The others' weights are 0.
    """
    count, joints = vertex_weights.shape
    levels = 1 + max((grid.resolution - 1).bit_length(), 1)
    search = Search(
        axis=grid.axis(),
        points=np.empty((levels, 3, count)),
        indices=np.empty((levels, count), np.int32),
        length=np.full(levels, count),
        radius=np.zeros(levels),
        squared=np.empty(count),
        chosen=np.empty(count + 1, np.int32),
        vertex_weights=np.ascontiguousarray(vertex_weights, np.float32),
        share=np.empty(NEIGHBOURS, np.float32),
        mean=np.empty(joints, np.float32),
        planes=np.zeros((joints, *grid.shape), np.float32),
        near=np.zeros(grid.shape, bool),
    )
    search.points[0], search.indices[0] = vertices.T, np.arange(count)
    _visit(search, 1, 0, 0, 0)
    return search.planes, search.near


@njit(cache=True, error_model="numpy")
def _visit(search: Search, level: int, x: int, y: int, z: int) -> None:
    """Do the block whose lowest voxel is x, y, z; that of level 1 holds the whole grid, one of the last 2^3 voxels."""
    side = 1 << (len(search.length) - level)
    n = search.length[level - 1]
    points, squared = search.points[level - 1], search.squared[:n]
    axis, voxel = search.axis, SIDE / len(search.axis)
    half = 0.5 * voxel * (side - 1)  # the voxel centres of the block fill a cube of twice this side
    squared_distances(points, axis[x] + half, axis[y] + half, axis[z] + half, squared)
    farthest_voxel = math.sqrt(3.0) * half
    if count_within(squared, (BANDWIDTH + farthest_voxel + ROUNDING) ** 2) == 0:
        return  # every voxel of the block follows the pelvis
    k = min(NEIGHBOURS, len(search.squared))
    # The distance to the k-th nearest vertex changes by no more than one moves, here from the parent's centre.
    moved = math.sqrt(3.0) * 0.5 * voxel * side + ROUNDING if level > 1 else math.inf
    limit = square_radius(squared, k, search.radius[level - 1] - moved, search.radius[level - 1] + moved)
    found = indices_within(squared, limit, search.chosen)
    search.radius[level] = math.sqrt(limit)
    search.length[level] = possible_neighbours(points, squared, search.chosen, found, half)
    _keep(search, level)
    half_block = side // 2
    if half_block == 1:
        _voxels(search, level, x, y, z)
        return
    for octant in range(8):
        i, j, h = x + half_block * (octant >> 2), y + half_block * (octant >> 1 & 1), z + half_block * (octant & 1)
        if max(i, j, h) < len(axis):
            _visit(search, level + 1, i, j, h)


@njit(cache=True, error_model="numpy")
def _voxels(search: Search, level: int, x: int, y: int, z: int) -> None:
    """Do the 2^3 voxels from x, y, z on, whose list of vertices is that of `level`."""
    points, squared, chosen = search.points[level], search.squared[: search.length[level]], search.chosen
    axis, radius, k = search.axis, search.radius[level], min(NEIGHBOURS, len(search.squared))
    resolution = len(axis)
    moved = math.sqrt(3.0) * 0.5 * SIDE / resolution + ROUNDING
    for i in range(x, min(x + 2, resolution)):
        for j in range(y, min(y + 2, resolution)):
            for h in range(z, min(z + 2, resolution)):
                squared_distances(points, axis[i], axis[j], axis[h], squared)
                limit = square_radius(squared, k, radius - moved, radius + moved)
                found = indices_within(squared, limit, chosen)
                _blend(search, level, without_farthest(squared, chosen, found, k), i, j, h)


@njit(cache=True, error_model="numpy")
def _keep(search: Search, level: int) -> None:
    """Copy the chosen vertices of the list above into the list of a level."""
    chosen = search.chosen[: search.length[level]]
    _take(search.indices[level - 1], chosen, search.indices[level])
    for axis in range(3):
        _take(search.points[level - 1, axis], chosen, search.points[level, axis])


@njit(cache=True, error_model="numpy")
def _take(source: np.ndarray, chosen: np.ndarray, target: np.ndarray) -> None:
    for i in range(len(chosen)):
        target[i] = source[chosen[i]]


@njit(cache=True, error_model="numpy")
def _blend(search: Search, level: int, found: int, x: int, y: int, z: int) -> None:
    """Weights of a voxel: inverse-distance mean of its neighbours (Eq. 4), with the distance more and more pelvis."""
    table, indices, squared, chosen = search.vertex_weights, search.indices[level], search.squared, search.chosen
    share, mean = search.share, search.mean
    nearest = math.inf
    for i in range(found):
        nearest = min(nearest, squared[chosen[i]])
    distance = math.sqrt(nearest)
    search.near[x, y, z] = distance <= BANDWIDTH
    if distance > BANDWIDTH:
        return
    if distance == 0:  # on a vertex that vertex alone counts
        chosen[0], found = lowest_zero(squared, chosen[:found]), 1
    mean[:], shares = 0.0, np.float32(0.0)
    for i in range(found):
        share[i] = 1.0 / math.sqrt(squared[chosen[i]]) if distance > 0 else 1.0
    for i in range(found):
        vertex = indices[chosen[i]]
        shares += share[i]
        for joint in range(len(mean)):
            mean[joint] += share[i] * table[vertex, joint]
    # Eq. 9 and 10: far from the body the pelvis takes over.
    own = ((BANDWIDTH - distance) / (BANDWIDTH + distance)) ** SMOOTHNESS
    whole = np.float32(0.0)
    for joint in range(len(mean)):
        whole += mean[joint]
    scale = own / (own * whole + (1.0 - own) * shares)
    for joint in range(1, len(mean)):
        if mean[joint] > 0:  # most are 0, and every plane is another page of memory
            search.planes[joint, x, y, z] = scale * mean[joint]

"""Which images speak of a body part: those whose mask touches the space around it (Eq. 12, 13)."""

from __future__ import annotations

import numpy as np
from numba import njit
from scipy.spatial import cKDTree

from chorus.body.model import STAR_POSE, BodyModel
from chorus.body.parts import part_vertices
from chorus.occupancy.blocks import to_blocks, words_of
from chorus.occupancy.grid import Grid

PART_DISTANCE = 0.13  # metres, Eq. 12


def part_regions(grid: Grid, body: BodyModel) -> dict[str, np.ndarray]:
    """Words (B,) uint64 of the region of every part of `chorus.body.parts.PART_NAMES`."""
    star = body.vertices(STAR_POSE[None], np.zeros((1, 10)))[0]
    return {part: region_words(grid, star[vertices]) for part, vertices in part_vertices(body).items()}


def region_words(grid: Grid, vertices: np.ndarray) -> np.ndarray:
    """Words (B,) uint64 of the centres closer than 0.13 m to a vertex (V, 3) in the star pose (Eq. 12)."""
    nearest, _ = cKDTree(vertices).query(grid.centres(), distance_upper_bound=2 * PART_DISTANCE)
    return words_of(to_blocks(grid, nearest < PART_DISTANCE))


def gates(hit: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """Whether each image's mask touches each region (Eq. 13).

    Args:
        hit: (B, n) uint64 words of the masks (`bits.vote_words`).
        regions: (P, B) uint64 words.

    Returns:
        (P, n) bool.
    """
    touched = np.zeros((len(regions), hit.shape[1]), np.bool_)
    for part, region in enumerate(regions):
        blocks = np.flatnonzero(region)
        _touch(hit, blocks, region[blocks], touched[part])
    return touched


@njit(cache=True)
def _touch(hit, blocks, words, touched):
    for i in range(len(blocks)):
        for image in range(hit.shape[1]):
            touched[image] |= (hit[blocks[i], image] & words[i]) != 0

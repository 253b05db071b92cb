"""The grid in blocks of 4 x 4 x 4 voxels: 64 yes-or-no answers are one uint64, and a block follows few joints.

Bit 16 i + 4 j + k of a word is voxel (4 bx + i, 4 by + j, 4 bz + k) of block (bx, by, bz); blocks are in C order.
Space is free of joints far from the body: half of the blocks follow the pelvis alone, the others 5 to 10 of 24 joints.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chorus.errors import ConfigError
from chorus.occupancy.grid import Grid

EDGE = 4  # voxels along the side of a block
VOXELS = EDGE**3
PRUNED = 1e-6  # smaller skinning weights are dropped; moves 4e-8 of the votes, less than float32 does


@dataclass(frozen=True)
class BlockGrid:
    """The canonical grid and its skinning weights by block.

    Attributes:
        grid: the voxels.
        centre: (B, 3) float32, block centres in voxels from the body origin (whole numbers, so exact).
        first: (B + 1,) int64, block b follows the entries first[b]:first[b + 1] of the next four.
        joint: (E,) int64.
        weight: (E, 64) float32, weights of the joint at the voxels; over a block's joints they sum to 1.
        mean: (E,) float32, mean weight over the block.
        spread: (E,) float32, greatest distance of a weight from the mean.
    """

    grid: Grid
    centre: np.ndarray
    first: np.ndarray
    joint: np.ndarray
    weight: np.ndarray
    mean: np.ndarray
    spread: np.ndarray

    def __len__(self) -> int:
        return len(self.centre)

    @classmethod
    def of(cls, grid: Grid, weights: np.ndarray) -> BlockGrid:
        """Sort skinning weights (N^3, J) by block and keep the joints that matter there.

        Raises:
            ConfigError: the resolution is no multiple of 4.
        """
        by_block = to_blocks(grid, weights.T)
        by_block = np.where(by_block > PRUNED, by_block, 0.0)
        by_block /= by_block.sum(axis=0)
        used = by_block.any(axis=-1).T
        block, joint = np.nonzero(used)
        weight = by_block[joint, block].astype(np.float32)
        mean = weight.mean(axis=1)
        spread = np.abs(weight - mean[:, None]).max(axis=1, initial=0.0)
        first = np.concatenate([[0], np.cumsum(used.sum(axis=1))])
        return cls(grid, _centres(grid), first, joint, weight, mean, spread)


def to_blocks(grid: Grid, volume: np.ndarray) -> np.ndarray:
    """Values (..., N^3) in C order as (..., B, 64)."""
    n = _blocks_along(grid)
    split = volume.reshape(*volume.shape[:-1], n, EDGE, n, EDGE, n, EDGE)
    return _swapped(split).reshape(*volume.shape[:-1], n**3, VOXELS)


def from_blocks(grid: Grid, blocks: np.ndarray) -> np.ndarray:
    """Values (..., B, 64) as (..., N, N, N)."""
    n = _blocks_along(grid)
    split = blocks.reshape(*blocks.shape[:-2], n, n, n, EDGE, EDGE, EDGE)
    back = np.moveaxis(split, (-3, -2, -1), (-5, -3, -1))
    return np.ascontiguousarray(back).reshape(*blocks.shape[:-2], *grid.shape)


def words_of(bits: np.ndarray) -> np.ndarray:
    """Booleans (..., 64) as uint64 words (...)."""
    packed = np.packbits(np.ascontiguousarray(bits, bool), axis=-1, bitorder="little")
    return packed.view("<u8")[..., 0].astype(np.uint64)


def bits_of(words: np.ndarray) -> np.ndarray:
    """Words (...) uint64 as booleans (..., 64)."""
    data = np.ascontiguousarray(words, "<u8")[..., None].view(np.uint8)
    return np.unpackbits(data, axis=-1, bitorder="little").astype(bool)


def _swapped(split: np.ndarray) -> np.ndarray:
    # (..., bx, i, by, j, bz, k) to (..., bx, by, bz, i, j, k)
    return np.ascontiguousarray(np.moveaxis(split, (-5, -3, -1), (-3, -2, -1)))


def _centres(grid: Grid) -> np.ndarray:
    axis = EDGE * np.arange(_blocks_along(grid)) + EDGE / 2 - grid.resolution / 2
    return np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3).astype(np.float32)


def _blocks_along(grid: Grid) -> int:
    if grid.resolution % EDGE:
        raise ConfigError(f"grid.resolution: {grid.resolution} is no multiple of {EDGE}; use 48, 96 or 128.")
    return grid.resolution // EDGE

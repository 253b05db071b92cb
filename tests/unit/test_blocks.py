"""Blocks hold every voxel once, and words every bit once; a block keeps the weights of its joints."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from chorus.errors import ConfigError
from chorus.occupancy.blocks import PRUNED, BlockGrid, bits_of, from_blocks, to_blocks, words_of
from chorus.occupancy.grid import Grid
from chorus.occupancy.skinning import rigid_weights


@given(st.integers(1, 5), st.integers(1, 3))
def test_voxels_come_back_in_order(n, volumes):
    grid = Grid(4 * n)
    volume = np.arange(volumes * grid.resolution**3).reshape(volumes, -1)
    blocks = to_blocks(grid, volume)
    assert blocks.shape == (volumes, n**3, 64)
    assert np.array_equal(from_blocks(grid, blocks), volume.reshape(volumes, *grid.shape))


def test_a_block_is_a_cube_around_its_centre():
    grid = Grid(16)
    points = np.moveaxis(to_blocks(grid, grid.centres().T), 0, -1)  # (B, 64, 3)
    centre = BlockGrid.of(grid, rigid_weights(grid)).centre * grid.voxel
    assert np.allclose(points.mean(axis=1), centre)
    offset = (points - centre[:, None]) / grid.voxel
    expected = np.stack(np.meshgrid(*(np.arange(4) - 1.5,) * 3, indexing="ij"), axis=-1).reshape(64, 3)
    assert np.allclose(offset, expected)


@given(hnp.arrays(np.uint64, st.tuples(st.integers(1, 3), st.integers(1, 4))))
def test_words_and_bits(words):
    bits = bits_of(words)
    assert np.array_equal(words_of(bits), words)
    assert np.array_equal(bits, (words[..., None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1))


def test_small_weights_are_dropped_and_the_others_sum_to_one():
    grid, rng = Grid(8), np.random.default_rng(0)
    weights = rng.dirichlet(np.full(24, 0.05), grid.resolution**3)
    blocks = BlockGrid.of(grid, weights)
    whole = np.zeros((len(blocks), 24, 64))
    for b in range(len(blocks)):
        entries = slice(blocks.first[b], blocks.first[b + 1])
        assert (np.diff(blocks.joint[entries]) > 0).all()
        whole[b, blocks.joint[entries]] = blocks.weight[entries]
    assert np.allclose(whole.sum(axis=1), 1, atol=1e-6)
    assert np.abs(np.moveaxis(whole, 1, 0) - to_blocks(grid, weights.T)).max() <= 24 * PRUNED
    assert not whole[np.moveaxis(to_blocks(grid, weights.T), 0, 1) <= PRUNED].any()
    assert (np.abs(blocks.weight - blocks.mean[:, None]) <= blocks.spread[:, None]).all()


@pytest.mark.parametrize("resolution", [1, 10, 49])
def test_other_resolutions_are_refused(resolution):
    grid = Grid(resolution)
    with pytest.raises(ConfigError, match="multiple of 4"):
        BlockGrid.of(grid, rigid_weights(grid))

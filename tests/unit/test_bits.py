"""The kernel's words against plain numpy in float64, with and without the bound that decides whole blocks."""

from dataclasses import replace

import numpy as np
import pytest

from chorus.bench.votes import ballots_of
from chorus.bench.workload import SIDE, workload
from chorus.camera import Camera
from chorus.occupancy.bitmasks import BitMasks
from chorus.occupancy.bits import Views, projections, vote_words
from chorus.occupancy.blocks import BlockGrid, bits_of, to_blocks
from chorus.occupancy.gates import PART_DISTANCE, gates, part_regions, region_words
from chorus.occupancy.grid import Grid
from chorus.occupancy.skinning import transformed
from chorus.occupancy.skinning_stage import canonical_weights

GRID = Grid(24)
IMAGES = 21  # no multiple of 16
FLIPS = 1e-6  # share of bits that float32 may round to the other side of a pixel border


@pytest.fixture(scope="module")
def weights(open_body):
    return canonical_weights(GRID, open_body)


@pytest.fixture(scope="module")
def blocks(weights):
    return BlockGrid.of(GRID, weights)


@pytest.fixture(scope="module")
def load():
    """Chance images; the last cameras stand in the middle of the grid and far away."""
    load = workload(IMAGES, np.random.default_rng(1))
    t = load.camera.t.copy()
    t[-4:] = [[0, 0, 0.3], [0.2, 0, 0], [0, 0, 40], [0, 0, -3]]
    return replace(load, camera=Camera(load.camera.K, load.camera.R, t))


@pytest.fixture(scope="module")
def views(load, blocks, open_body):
    ballots = ballots_of(load, open_body)
    masks = BitMasks.of_spans(load.spans, np.arange(IMAGES), ballots.size)
    return Views.of(blocks, projections(load.camera, ballots.bones), masks)


def words(blocks, views):
    seen, hit = (np.full((len(blocks), 32), 77, np.uint64) for _ in range(2))
    vote_words(blocks, views, seen, hit)
    return seen[:, :IMAGES], hit[:, :IMAGES]


def test_words_are_those_of_float64(load, blocks, weights, views, open_body):
    seen, hit = words(blocks, views)
    bones = open_body.canonical_bones(load.pose)
    flips = 0
    for image in range(IMAGES):
        projection = load.camera[image].matrix @ bones[image]
        matrices = weights.astype(float) @ projection.reshape(24, 12)
        u, v, depth = transformed(matrices.reshape(-1, 3, 4), GRID.centres()).T
        inside = (depth > 0) & (u >= 0) & (u < SIDE * depth) & (v >= 0) & (v < SIDE * depth)
        mask = np.zeros(len(depth), bool)
        pixel = [np.floor(w[inside] / depth[inside]).astype(int) for w in (v, u)]
        mask[inside] = load.mask(image)[tuple(pixel)]
        flips += (bits_of(seen[:, image]) != to_blocks(GRID, inside)).sum()
        flips += (bits_of(hit[:, image]) != to_blocks(GRID, mask)).sum()
    assert flips <= max(1, FLIPS * 2 * IMAGES * 24**3)
    assert 0.001 < bits_of(hit).mean() < 0.2
    assert not hit[seen == 0].any()


def test_deciding_whole_blocks_changes_no_bit(blocks, views):
    undecided = replace(views, reach=np.full_like(views.reach, np.inf))
    for first, second in zip(words(blocks, views), words(blocks, undecided), strict=True):
        assert np.array_equal(first, second)


def test_an_images_words_do_not_depend_on_its_batch(load, blocks, views, open_body):
    seen, hit = words(blocks, views)
    ballots = ballots_of(load, open_body)
    for chosen in (np.array([5]), np.array([20, 3, 11]), np.arange(4, 21)):
        masks = BitMasks.of_spans(load.spans, chosen, ballots.size[chosen])
        bones = open_body.canonical_bones(load.pose[chosen])
        part = Views.of(blocks, projections(load.camera[chosen], bones), masks)
        again = [np.zeros((len(blocks), 32), np.uint64) for _ in range(2)]
        vote_words(blocks, part, *again)
        assert np.array_equal(again[0][:, : len(chosen)], seen[:, chosen])
        assert np.array_equal(again[1][:, : len(chosen)], hit[:, chosen])


def test_numbers_too_large_for_float32_vote_for_nothing(load, blocks, open_body):
    ballots = ballots_of(load, open_body)
    huge = projections(load.camera, ballots.bones)
    huge[0] *= 1e37
    huge[1, :, 2] = 1e-42
    masks = BitMasks.of_spans(load.spans, np.arange(IMAGES), ballots.size)
    with np.errstate(over="ignore", invalid="ignore"):
        _, hit = words(blocks, Views.of(blocks, huge, masks))
    assert not hit[:, 1].any()


def test_regions_lie_around_their_vertices(open_body):
    vertices = np.array([[0.3, 0.1, -0.2], [0.35, 0.1, -0.2]])
    distance = np.linalg.norm(GRID.centres()[:, None] - vertices, axis=-1).min(axis=1)
    assert np.array_equal(bits_of(region_words(GRID, vertices)), to_blocks(GRID, distance < PART_DISTANCE))
    assert all(words.any() for words in part_regions(GRID, open_body).values())


def test_a_gate_is_open_where_mask_and_region_share_a_voxel():
    rng = np.random.default_rng(0)
    hit, regions = (rng.integers(0, 2**63, shape, dtype=np.uint64) for shape in ((9, 5), (3, 9)))
    hit[:, 2] = 0
    hit &= rng.integers(0, 2**63, hit.shape, dtype=np.uint64) * (rng.random(hit.shape) < 0.1)
    regions[rng.random(regions.shape) < 0.7] = 0
    expected = np.einsum("bkv,pbv->pk", bits_of(hit).astype(int), bits_of(regions).astype(int)) > 0
    assert np.array_equal(gates(hit, regions), expected)
    assert not expected[:, 2].any()

"""The vote on a torch device is the vote of the compiled kernels, up to places that lie on a pixel border."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from chorus.bench.votes import ballots_of
from chorus.bench.workload import workload, write_files
from chorus.camera import Camera
from chorus.devices import torch_device
from chorus.masks import encode_all
from chorus.occupancy import votes_torch
from chorus.occupancy.field import field_of
from chorus.occupancy.gates import part_regions
from chorus.occupancy.grid import Grid
from chorus.occupancy.skinning import rigid_weights
from chorus.occupancy.skinning_stage import canonical_weights
from chorus.occupancy.votes import BATCH, TOTAL, Ballots, VoteCounter, Votes
from chorus.occupancy.votes_stage import VoteFiles, count_files, tally_on
from chorus.occupancy.votes_torch import TorchVoteCounter
from tests.unit.test_votes import ballot, equal

GRID = Grid(12)
FLIPS = 1e-5  # share of the pairs of voxel and image that rounding may move across a border
CUDA = pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"))
DEVICES = ["torch_cpu", CUDA]


def counted(make, ballots: Ballots, weights, regions=None, grid=GRID):
    counter = make(grid, weights, regions)
    counter.add_all(ballots)
    return counter


def flips(first: Votes, second: Votes) -> int:
    """Summed differences: with weights of 1 the number of voxels and images that differ, or less."""
    return sum(
        int(np.abs(getattr(first, name).astype(np.int64) - getattr(second, name)).sum())
        for name in ("numerator", "denominator")
    )


def assert_same(first: Votes, second: Votes, images: int, weight: int = 1) -> None:
    allowed = max(1, int(FLIPS * images * first.denominator[0].size)) * weight
    assert flips(first, second) <= allowed
    assert np.array_equal(first.count, second.count)
    assert np.array_equal(first.images, second.images)
    assert second.numerator.dtype == second.denominator.dtype == np.uint32


@pytest.fixture(scope="module")
def canonical(open_body):
    return canonical_weights(GRID, open_body)


@pytest.fixture(scope="module")
def regions(open_body):
    return part_regions(GRID, open_body)


@pytest.fixture(scope="module")
def chance(open_body) -> Ballots:
    """Images of several sizes at chance, some without mask, some with cameras inside the grid or far away."""
    ballots = [ballot(seed, open_body) for seed in range(2 * BATCH + 9)]
    rng = np.random.default_rng(7)
    for i in range(0, len(ballots), 3):
        size = tuple(rng.integers(1, 90, 2))
        ballots[i] = replace(ballots[i], mask=rng.random(size) < rng.random())
    for i in range(0, len(ballots), 11):
        ballots[i] = replace(ballots[i], mask=np.zeros((48, 64), bool))
    for i, t in enumerate([[0, 0, 0.3], [0.2, 0, 0], [0, 0, 40], [0, 0, -3]]):
        ballots[i] = replace(ballots[i], camera=replace(ballots[i].camera, t=np.array(t)))
    return Ballots.of(ballots)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("chunk", [2**14, 1000])
def test_every_group_has_the_counts_of_the_processor(monkeypatch, canonical, regions, chance, device, chunk):
    monkeypatch.setattr(votes_torch, "CHUNK", chunk)
    ones = replace(chance, weight=np.ones(len(chance), int))
    first, second = (counted(tally_on(name), ones, canonical, regions) for name in ("cpu", device))
    assert first.groups == second.groups == (TOTAL, *regions)
    for group in first.groups:
        assert_same(first.of_group(group), second.of_group(group), len(chance))
    assert second.votes.numerator.any()
    assert len({int(first.of_group(part).images.sum()) for part in regions}) > 1, "the gates differ"


@pytest.mark.parametrize("device", DEVICES)
def test_weights(canonical, chance, device):
    first, second = (counted(tally_on(name), chance, canonical).votes for name in ("cpu", device))
    assert_same(first, second, len(chance), 255)
    assert second.count.sum() == chance.weight.sum()


@pytest.mark.parametrize("device", DEVICES)
def test_48_voxels_and_pictures_of_512_pixels(open_body, device):
    grid, load = Grid(48), workload(20, np.random.default_rng(3))
    ballots = replace(ballots_of(load, open_body), weight=np.ones(20, int))
    weights = canonical_weights(grid, open_body)
    first, second = (counted(tally_on(name), ballots, weights, grid=grid).votes for name in ("cpu", device))
    assert_same(first, second, len(load))


@pytest.mark.parametrize("device", ["cpu", "torch_cpu"])
def test_neither_threads_nor_batches_change_a_bit(canonical, device):
    ballots = [ballot(seed) for seed in range(BATCH + 9)]
    used, made = torch.get_num_threads(), []
    try:
        for threads, size in [(1, len(ballots)), (2, len(ballots)), (2, 7)]:
            torch.set_num_threads(threads)
            counter = tally_on(device)(GRID, canonical)
            for begin in range(0, len(ballots), size):
                counter.add_all(Ballots.of(ballots[begin : begin + size]))
            made.append(counter.votes)
    finally:
        torch.set_num_threads(used)
    assert made[0].numerator.any()
    assert all(equal(made[0], votes) for votes in made[1:])


def test_the_field_of_a_device_is_that_of_the_processor(canonical, chance):
    """Within 1e-5, but where a place lies on a pixel border."""
    first, second = (field_of(counted(tally_on(name), chance, canonical).votes).phi for name in ("cpu", "torch_cpu"))
    assert (np.abs(first - second) > 1e-5).mean() <= FLIPS * len(chance)
    assert first.max() > 0.1


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_what_is_not_finite_or_weighs_nothing_does_not_count(chance, broken):
    K = chance.camera.K.copy()
    K[:-1] = broken
    weight = chance.weight.copy()
    weight[-1] = 0
    camera = Camera(K, chance.camera.R, chance.camera.t)
    with np.errstate(invalid="ignore"):
        counter = counted(tally_on("torch_cpu"), replace(chance, camera=camera, weight=weight), rigid_weights(GRID))
    assert equal(counter.votes, Votes.none(GRID))


@settings(max_examples=20)
@given(st.lists(st.integers(0, 500), max_size=8), st.randoms(use_true_random=False), st.integers(0, 8))
def test_any_order_and_any_sharding_gives_the_same_bits(seeds, rng, cut):
    ballots = [ballot(seed) for seed in seeds]
    whole = votes_of(ballots)
    rng.shuffle(ballots)
    assert equal(whole, votes_of(ballots))
    assert equal(whole, votes_of(ballots[cut:]) + votes_of(ballots[:cut]))


def test_images_counted_together_or_one_by_one_give_the_same_bits(canonical, open_body):
    ballots = [ballot(seed, open_body) for seed in range(BATCH + 3)]
    assert equal(votes_of(ballots, canonical), votes_of(ballots, canonical, together=False))


def votes_of(ballots, weights=None, together=True) -> Votes:
    counter = tally_on("torch_cpu")(GRID, rigid_weights(GRID) if weights is None else weights)
    for part in [ballots] if together else [[item] for item in ballots]:
        if part:
            counter.add_all(Ballots.of(part))
    return counter.votes


def test_sums_beyond_two_to_the_31(open_body):
    """They are kept in int32 and read as uint32."""
    item = replace(ballot(0), mask=np.ones((48, 64), bool), weight=255)
    counter = TorchVoteCounter(GRID, rigid_weights(GRID), device=torch_device("torch_cpu"))
    counter.add(item)
    once = counter.votes
    counter._numerator *= 2**31 // 255
    counter.add(item)
    assert np.array_equal(counter.votes.numerator, once.numerator * np.uint32(2**31 // 255 + 1))
    assert counter.votes.numerator.max() > 2**31


def test_no_images():
    assert equal(tally_on("torch_cpu")(GRID, rigid_weights(GRID)).votes, Votes.none(GRID))
    empty = Ballots(
        Camera(np.zeros((0, 3, 3)), np.zeros((0, 3, 3)), np.zeros((0, 3))),
        np.zeros((0, 24, 4, 4)), np.zeros((0, 2), int), encode_all([]), *np.zeros((3, 0), int),
    )  # fmt: skip
    assert equal(counted(tally_on("torch_cpu"), empty, rigid_weights(GRID)).votes, Votes.none(GRID))


def test_files_give_the_votes_of_the_processor(tmp_path, open_body, canonical):
    """What the stage does after it has chosen the counter."""
    paths = write_files(workload(30, np.random.default_rng(5)), open_body, tmp_path)
    found = []
    for device in ("cpu", "torch_cpu"):
        counter = tally_on(device)(GRID, canonical)
        count_files(counter, open_body, VoteFiles(paths["cameras"], [paths["masks"]], [paths["people"]]))
        found.append(counter.votes)
    assert isinstance(counter, TorchVoteCounter)
    assert isinstance(tally_on("cpu")(GRID, canonical), VoteCounter)
    assert_same(*found, 30, 255)

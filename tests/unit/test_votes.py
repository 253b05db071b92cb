"""Laws of the vote (F6, F9): exact sums, any order, mirror images, and a static vote in closed form."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from chorus.camera import AZIMUTH_BINS, Camera, azimuth_bin, azimuth_degrees
from chorus.errors import ConfigError
from chorus.occupancy.field import field_of
from chorus.occupancy.gates import part_regions
from chorus.occupancy.grid import Grid
from chorus.occupancy.skinning import rigid_weights
from chorus.occupancy.skinning_stage import canonical_weights
from chorus.occupancy.votes import BATCH, TOTAL, Ballot, Ballots, VoteCounter, Votes
from tests.reference.mirror import mirrored
from tests.reference.votes import Scene, View

GRID = Grid(12)
SIZE = (48, 64)
K = np.array([[60.0, 0, 32], [0, 60.0, 24], [0, 0, 1]])
STILL = np.tile(np.eye(4), (24, 1, 1))
WEIGHTS = rigid_weights(GRID)


def camera_at(degrees: float, distance: float = 3.0) -> Camera:
    """A camera at an azimuth that looks at the body."""
    angle = np.radians(degrees)
    centre = distance * np.array([np.cos(angle), 0, np.sin(angle)])
    forward = -centre / distance
    right = np.cross([0, -1.0, 0], forward)
    R = np.stack([right, np.cross(forward, right), forward])
    return Camera(K, R, -R @ centre)


def ballot(seed: int, body=None) -> Ballot:
    """An image at chance: camera, pose, mask and weight."""
    rng = np.random.default_rng(seed)
    camera = camera_at(rng.uniform(0, 360), rng.uniform(2, 4))
    mask = rng.random(SIZE) < rng.random()
    bones = STILL if body is None else body.canonical_bones(rng.normal(0, 0.3, (1, 24, 3)))[0]
    return Ballot(camera, bones, mask, int(rng.integers(0, 256)), int(azimuth_bin(azimuth_degrees(camera.centre))))


def count(ballots, weights=WEIGHTS, grid=GRID) -> Votes:
    counter = VoteCounter(grid, weights)
    for item in ballots:
        counter.add(item)
    return counter.votes


def equal(first: Votes, second: Votes) -> bool:
    return all(np.array_equal(getattr(first, n), getattr(second, n)) for n in Votes.__dataclass_fields__)


@pytest.fixture(scope="module")
def canonical(open_body):
    return canonical_weights(GRID, open_body)


@given(st.lists(st.integers(0, 1000), max_size=6), st.randoms(use_true_random=False), st.integers(0, 6))
def test_any_order_and_any_sharding_gives_the_same_bits(seeds, chance, cut):
    ballots = [ballot(seed) for seed in seeds]
    whole = count(ballots)
    chance.shuffle(ballots)
    assert equal(whole, count(ballots))
    assert equal(whole, count(ballots[cut:]) + count(ballots[:cut]))
    assert equal(whole, Votes.none(GRID) + whole)
    assert np.array_equal(field_of(whole).phi, field_of(count(ballots)).phi)


@given(st.lists(st.integers(0, 1000), max_size=5))
def test_votes_are_counts(seeds):
    ballots = [ballot(seed) for seed in seeds]
    votes = count(ballots)
    assert (votes.numerator <= votes.denominator).all()
    assert (votes.denominator <= votes.count[:, None, None, None]).all()
    assert votes.count.sum() == sum(item.weight for item in ballots)
    assert votes.images.sum() == sum(item.weight > 0 for item in ballots)
    assert all(getattr(votes, name).dtype == np.uint32 for name in Votes.__dataclass_fields__)


@given(st.integers(0, 1000), st.integers(1, 85))
def test_an_image_twice_is_an_image_of_double_weight(seed, weight):
    item = replace(ballot(seed), weight=weight)
    twice, double = count([item, item]), count([replace(item, weight=2 * weight)])
    for name in ("numerator", "denominator", "count"):
        assert np.array_equal(getattr(twice, name), getattr(double, name))
    assert np.array_equal(field_of(twice).phi, field_of(double).phi)


def test_duplicating_the_whole_set_moves_nothing_and_doubles_the_evidence():
    ballots = [replace(ballot(seed), weight=255) for seed in range(8)]
    once, twice = field_of(count(ballots)), field_of(count(ballots * 2))
    assert np.allclose(once.phi, twice.phi, atol=1e-6)
    assert np.allclose(2 * once.n_eff, twice.n_eff, rtol=1e-5)


def test_a_full_mask_gives_one_where_seen_and_an_empty_one_zero():
    seen = field_of(count([replace(ballot(seed), mask=np.ones(SIZE, bool), weight=9) for seed in range(5)]))
    assert (seen.phi == (seen.denominator > 0)).all()
    assert 0 < seen.phi.mean() < 1
    empty = field_of(count([replace(ballot(seed), mask=np.zeros(SIZE, bool), weight=9) for seed in range(5)]))
    assert not empty.phi.any()
    assert np.array_equal(empty.denominator, seen.denominator)


def test_more_mask_is_never_less_field():
    small = [replace(ballot(seed), weight=255) for seed in range(6)]
    large = [replace(item, mask=item.mask | (np.random.default_rng(9).random(SIZE) < 0.3)) for item in small]
    assert (field_of(count(large)).phi >= field_of(count(small)).phi).all()


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("what", ["K", "R", "t", "bones"])
def test_an_image_whose_numbers_are_not_finite_does_not_count(what, broken):
    item = ballot(0)
    if what == "bones":
        bad = replace(item, bones=np.full((24, 4, 4), broken))
    else:
        bad = replace(item, camera=replace(item.camera, **{what: np.full_like(getattr(item.camera, what), broken)}))
    with np.errstate(invalid="ignore"):
        assert equal(count([bad]), Votes.none(GRID))


def test_an_image_of_weight_zero_does_not_count():
    assert equal(count([replace(ballot(0), weight=0)]), Votes.none(GRID))


def test_twenty_thousand_full_votes_do_not_overflow():
    one = count([replace(ballot(0), weight=255, mask=np.ones(SIZE, bool))])
    many = Votes(*(getattr(one, name) * np.uint32(20_000) for name in Votes.__dataclass_fields__))
    assert many.count.sum() == 255 * 20_000
    assert np.array_equal(field_of(many).phi, field_of(one).phi)


def test_a_static_vote_in_closed_form():
    """No canonicalisation, one camera in front, a box-shaped mask: the voxels of the box's viewing cone vote."""
    grid = Grid(24)
    camera = camera_at(90)
    mask = np.zeros(SIZE, bool)
    mask[10:30, 20:40] = True
    votes = count([Ballot(camera, STILL, mask, 255, 3)], rigid_weights(grid), grid)
    x, y, z = grid.centres().T
    u, v = 60 * x / (3 - z) + 32, 60 * -y / (3 - z) + 24
    inside = (u >= 0) & (u < 64) & (v >= 0) & (v < 48)
    hit = (u >= 20) & (u < 40) & (v >= 10) & (v < 30)
    assert np.array_equal(votes.denominator[3].reshape(-1), 255 * inside)
    assert np.array_equal(votes.numerator[3].reshape(-1), 255 * hit)
    assert np.array_equal(np.delete(votes.denominator, 3, 0), np.zeros((11, 24, 24, 24)))


def test_without_canonicalisation_only_the_pelvis_moves_the_grid(open_body):
    bent = open_body.canonical_bones(np.random.default_rng(0).normal(0, 0.5, (1, 24, 3)))[0]
    item = ballot(3)
    assert np.allclose(bent[0], np.eye(4)), "the root is removed, so the pelvis stays"
    assert equal(count([replace(item, bones=bent)]), count([replace(item, bones=STILL)]))


def test_a_rigidly_moved_body_takes_the_field_along(canonical):
    """All bones moved by the same G: the camera may as well be moved by its inverse."""
    item = replace(ballot(5), weight=255)
    moved = np.eye(4)
    moved[:3, :3], moved[:3, 3] = Rotation.from_rotvec([0.1, 0.4, -0.2]).as_matrix(), [0.1, -0.05, 0.2]
    camera = Camera(K, item.camera.R @ moved[:3, :3], item.camera.R @ moved[:3, 3] + item.camera.t)
    first = count([replace(item, bones=moved @ STILL)], canonical)
    second = count([replace(item, camera=camera)], canonical)
    differ = (first.denominator != second.denominator).sum() + (first.numerator != second.numerator).sum()
    assert differ <= 4, "pixel borders may flip"


@pytest.mark.parametrize("seed", range(4))
def test_a_mirrored_scene_gives_the_mirrored_field(open_body, seed):
    rng = np.random.default_rng(seed)
    pose = rng.normal(0, 0.4, (24, 3))
    pose[0] = 0
    camera = camera_at(rng.uniform(0, 360))
    mask = np.kron(rng.random((6, 8)) < 0.5, np.ones((8, 8))).astype(bool)
    scene = Scene(
        *(torch.tensor(pose), View(*(torch.tensor(a) for a in (camera.R, camera.t, K))), torch.tensor(mask)), 1.0
    )
    other = mirrored(Scene(scene.pose.float(), View(*(getattr(scene.view, n).float() for n in "RtK")), scene.mask, 1.0))
    mirror = Camera(K, other.view.R.double().numpy(), other.view.t.double().numpy())
    symmetric = canonical_weights(GRID, open_body)
    plain = count([Ballot(camera, open_body.canonical_bones(pose[None])[0], mask, 255, 0)], symmetric)
    bones = open_body.canonical_bones(other.pose.double().numpy()[None])[0]
    flipped = count([Ballot(mirror, bones, other.mask.numpy(), 255, 0)], symmetric)
    for name in ("denominator", "numerator"):
        same = getattr(plain, name)[0] == getattr(flipped, name)[0, ::-1]
        assert same.mean() > 0.97, "only voxels on a pixel border differ"
    assert np.allclose((azimuth_degrees(camera.centre) + azimuth_degrees(mirror.centre)) % 360, 180, atol=1e-3)


def test_every_voxel_is_seen_from_somewhere():
    votes = count([Ballot(camera_at(30 * b + 15), STILL, np.ones(SIZE, bool), 255, b) for b in range(AZIMUTH_BINS)])
    assert (votes.denominator.sum(0)[2:-2, 3:-3, 2:-2] > 0).all()


@pytest.mark.parametrize("n", [1, 17, BATCH, 2 * BATCH + 3])
def test_images_counted_together_or_one_by_one_give_the_same_bits(canonical, open_body, n):
    ballots = [ballot(seed, open_body) for seed in range(n)]
    together = VoteCounter(GRID, canonical)
    together.add_all(Ballots.of(ballots))
    assert equal(together.votes, count(ballots, canonical))


def test_merging_in_place_is_merging():
    first, second = count([ballot(0), ballot(1)]), count([ballot(2)])
    expected = first + second
    first += second
    assert equal(first, expected)


def test_a_part_counts_the_images_whose_mask_touches_it(canonical, open_body):
    """Eq. 13: the gate drops an image from the sums of the part, and not from the weight of its view."""
    regions = part_regions(GRID, open_body)
    counter = VoteCounter(GRID, canonical, regions)
    wide, empty = replace(ballot(1, open_body), mask=np.ones(SIZE, bool), weight=3), replace(ballot(2), weight=5)
    empty = replace(empty, mask=np.zeros(SIZE, bool), azimuth_bin=wide.azimuth_bin)
    counter.add_all(Ballots.of([wide, empty]))
    assert counter.groups == (TOTAL, *regions)
    assert equal(counter.votes, count([wide, empty], canonical))
    torso = counter.of_group("torso")
    assert np.array_equal(torso.denominator, count([wide], canonical).denominator)
    assert np.array_equal(torso.numerator, count([wide], canonical).numerator)
    assert torso.count.sum() == 8
    assert torso.images.sum() == 1


def test_a_resolution_that_no_block_divides_is_refused():
    with pytest.raises(ConfigError, match="multiple of 4"):
        VoteCounter(Grid(10), rigid_weights(Grid(10)))

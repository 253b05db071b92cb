"""Laws and closed forms of the estimator `rays`: who on a ray is meant (docs/rays.md)."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chorus import masks
from chorus.camera import AZIMUTH_BINS
from chorus.evaluation.truth_scores import pearson_r
from chorus.occupancy.bits import projections
from chorus.occupancy.field import field_of
from chorus.occupancy.gates import part_regions
from chorus.occupancy.grid import Grid
from chorus.occupancy.mirroring import mirrored
from chorus.occupancy.rays import LARGEST, RARE, RayCounter, Start, hidden_share, ray_sides, starting_field
from chorus.occupancy.skinning import rigid_weights
from chorus.occupancy.votes import Ballot, Ballots, VoteCounter, Votes
from tests.reference.balls import PLACES, RADIUS, SPREAD, images_of_a_ball
from tests.unit.test_votes import SIZE, STILL, ballot, camera_at, equal

GRID = Grid(12)
WEIGHTS = rigid_weights(GRID)
FRONT = camera_at(90)
NOBODY, ALL = np.zeros(SIZE, bool), np.ones(SIZE, bool)


def with_people(ballots: list[Ballot], people: list[np.ndarray]) -> Ballots:
    plain = Ballots.of(ballots)
    return replace(plain, spans=plain.spans + masks.encode_all(people), person=len(ballots) + np.arange(len(ballots)))


def person(seed: int) -> np.ndarray:
    return np.random.default_rng([seed, 1]).random(SIZE) < 0.3


def images(seeds) -> Ballots:
    return with_people([ballot(seed) for seed in seeds], [person(seed) for seed in seeds])


def count(start, ballots: Ballots, regions=None, hidden=0.25) -> RayCounter:
    counter = RayCounter(GRID, WEIGHTS, Start(start, hidden), regions)
    counter.add_all(ballots)
    return counter


def from_the_front(mask=ALL, people=NOBODY, start=None, hidden=0.0) -> tuple[np.ndarray, np.ndarray]:
    """Numerator and denominator (N, N, N) of one image."""
    start = np.full(GRID.shape, 0.3) if start is None else start
    votes = count(start, with_people([Ballot(FRONT, STILL, mask, 255, 3)], [people]), hidden=hidden).votes
    return votes.numerator[3], votes.denominator[3]


def field_at_chance(seed: int) -> np.ndarray:
    rng = np.random.default_rng([seed, 2])
    return rng.random(GRID.shape) ** 4 * (rng.random(GRID.shape) < 0.7)


def votes_of(numerator, denominator, count=None) -> Votes:
    """Votes of a single voxel in every direction, everywhere in the grid; in images."""
    shape = (AZIMUTH_BINS, 4, 4, 4)
    both = [
        np.broadcast_to(255 * np.asarray(part)[:, None, None, None], shape).astype(np.uint32)
        for part in (numerator, denominator)
    ]
    weight = (255 * np.asarray(denominator if count is None else count)).astype(np.uint32)
    return Votes(*both, weight, weight // 255)


def reference(start: np.ndarray, share: float, item: Ballot, hides: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numerator and denominator (N^3,) of an image, written voxel by voxel after the formula."""
    p = np.column_stack([GRID.centres(), np.ones(len(WEIGHTS))]) @ item.camera.matrix.T
    u, v = p[:, :2].T / p[:, 2]
    seen = (p[:, 2] > 0) & (u >= 0) & (u < SIZE[1]) & (v >= 0) & (v < SIZE[0])
    column, row = np.where(seen, u, 0).astype(int), np.where(seen, v, 0).astype(int)
    hit = seen & item.mask[row, column]
    hidden = seen & hides[row, column] & ~hit
    focal, depth = 60.0, item.camera.t[2]
    x0, y0, *_ = masks.box_of(item.mask)
    side = focal * GRID.voxel / depth
    ray = [(int((a - x0) / side), int((b - y0) / side)) for a, b in zip(u, v, strict=True)]
    phi, expected = start.reshape(-1), np.zeros(len(u))
    for x in np.flatnonzero(hit & (phi > 0)):
        empty = np.prod([1 - phi[y] for y in np.flatnonzero(hit) if ray[y] == ray[x]])
        expected[x] = phi[x] / (1 - empty)
    faint = np.floor(item.weight * share + 0.5)
    numerator = np.where(hidden, np.floor(faint * phi + 0.5), np.floor(item.weight * expected + 0.5))
    return numerator, np.where(hidden, faint, item.weight * seen)


@pytest.mark.parametrize(("seed", "share"), [(0, 0.0), (1, 0.25), (2, 0.3), (3, 1.0)])
def test_the_sums_are_those_of_the_formula(seed, share):
    block = np.kron(np.random.default_rng(seed).random((6, 8)) < 0.4, np.ones((8, 8))).astype(bool)
    item, hides, start = replace(ballot(seed), mask=block, weight=200), person(seed), field_at_chance(seed)
    votes = count(start, with_people([item], [hides]), hidden=share).votes
    numerator, denominator = reference(start, share, item, hides)
    ours = votes.numerator.sum(axis=0).reshape(-1).astype(float), votes.denominator.sum(axis=0).reshape(-1)
    assert numerator.any()
    assert (np.abs(ours[0] - numerator) > 1).mean() < 0.002, "float32 may move a place across a border"
    assert (ours[1] != denominator).mean() < 0.002


@given(st.lists(st.integers(0, 200), min_size=1, max_size=5), st.randoms(use_true_random=False), st.integers(1, 4))
def test_any_order_and_any_sharding_gives_the_same_bits(seeds, chance, cut):
    start = field_at_chance(0)
    whole = count(start, images(seeds)).votes
    chance.shuffle(seeds)
    assert equal(whole, count(start, images(seeds)).votes)
    shards = [part for part in (seeds[:cut], seeds[cut:]) if part]
    assert equal(whole, sum((count(start, images(part)).votes for part in shards), Votes.none(GRID)))


@given(st.integers(0, 200))
def test_fractional_votes_are_votes(seed):
    ballots = images([seed])
    whole = VoteCounter(GRID, WEIGHTS)
    whole.add_all(ballots)
    votes = count(field_at_chance(seed), ballots).votes
    assert (votes.numerator <= votes.denominator).all()
    assert (votes.denominator <= whole.votes.denominator).all()
    assert np.array_equal(votes.count, whole.votes.count)
    assert np.array_equal(votes.images, whole.votes.images)
    assert all(getattr(votes, name).dtype == np.uint32 for name in Votes.__dataclass_fields__)


def test_the_only_voxel_of_a_ray_gets_the_whole_vote():
    start = np.zeros(GRID.shape)
    start[6, 6, 4] = 0.01
    numerator, denominator = from_the_front(start=start)
    assert numerator[6, 6, 4] == 255
    assert numerator.sum() == 255
    assert denominator[6, 6, 4] == 255


@given(st.floats(1e-6, 0.99), st.floats(1e-6, 0.99))
def test_two_voxels_of_a_ray_share_it_in_closed_form(a, b):
    start = np.zeros(GRID.shape)
    start[6, 6, 5], start[6, 6, 6] = a, b
    numerator, _ = from_the_front(start=start)
    either = 1 - (1 - a) * (1 - b)
    assert abs(int(numerator[6, 6, 5]) - 255 * a / either) <= 0.5 + 1e-6
    assert abs(int(numerator[6, 6, 6]) - 255 * b / either) <= 0.5 + 1e-6


def test_voxels_of_different_rays_do_not_compete():
    start = np.zeros(GRID.shape)
    start[6, 6, 5] = start[6, 8, 5] = start[9, 6, 5] = 0.2
    assert from_the_front(start=start)[0].sum() == 3 * 255


def test_a_pixel_that_is_off_speaks_against_its_whole_ray():
    numerator, denominator = from_the_front(mask=NOBODY)
    assert not numerator.any()
    assert denominator[6, 6].any()


def test_a_voxel_behind_the_person_is_left_out_and_one_of_the_object_is_not():
    numerator, denominator = from_the_front(mask=NOBODY, people=ALL)
    assert not numerator.any()
    assert not denominator.any()
    mask = NOBODY.copy()
    mask[10:30, 20:40] = True
    counter = VoteCounter(GRID, WEIGHTS)
    counter.add(Ballot(FRONT, STILL, mask, 255, 3))
    _, denominator = from_the_front(mask=mask, people=ALL)
    assert np.array_equal(denominator, counter.votes.numerator[3]), "the object hides the person there"


@given(st.floats(0, 1), st.floats(0, 1))
def test_an_image_repeats_the_start_where_its_person_hides_the_voxel(p, share):
    counter = VoteCounter(GRID, WEIGHTS)
    counter.add(Ballot(FRONT, STILL, NOBODY, 255, 3))
    numerator, denominator = from_the_front(NOBODY, ALL, np.full(GRID.shape, p), share)
    weight = int(255 * share + 0.5)
    assert np.array_equal(denominator, counter.votes.denominator[3] // 255 * weight)
    assert np.array_equal(numerator, counter.votes.denominator[3] // 255 * int(weight * p + 0.5))


def test_hidden_voxels_count_fully_among_few_images_and_a_quarter_among_many():
    shares = [hidden_share(n) for n in (0, 1, 60, 120, 240, 100_000)]
    assert shares == [1.0, 1.0, 1.0, 0.5, 0.25, 0.25]


def test_without_people_nothing_is_hidden():
    item = replace(ballot(1), weight=255)
    start = field_at_chance(1)
    assert equal(count(start, Ballots.of([item])).votes, count(start, with_people([item], [NOBODY])).votes)


@given(st.integers(0, 200))
def test_a_certain_start_is_the_vote_and_an_impossible_one_is_nothing(seed):
    ballots = images([seed])
    whole = VoteCounter(GRID, WEIGHTS)
    whole.add_all(ballots)
    certain, impossible = (count(np.full(GRID.shape, p), ballots, hidden=0.0).votes for p in (1.0, 0.0))
    assert np.array_equal(certain.numerator, whole.votes.numerator), "Eq. 6 with the person's pixels unknown"
    assert not impossible.numerator.any()
    assert np.array_equal(certain.denominator, impossible.denominator)


def test_body_parts_hear_the_images_that_they_hear_in_the_vote(open_body):
    ballots, regions = images(range(8)), part_regions(GRID, open_body)
    plain = VoteCounter(GRID, WEIGHTS, regions)
    plain.add_all(ballots)
    counter = count(np.full(GRID.shape, 1.0), ballots, regions, hidden=0.0)
    for name in counter.groups:
        assert np.array_equal(counter.of_group(name).images, plain.of_group(name).images)
        assert np.array_equal(counter.of_group(name).numerator, plain.of_group(name).numerator)


def test_the_mirror_flips_the_person_too():
    ballots = images(range(3))
    other = mirrored(ballots)
    for row, flipped in zip(ballots.person, other.person, strict=True):
        before, after = masks.decode(ballots.spans[row], SIZE), masks.decode(other.spans[flipped], SIZE)
        assert np.array_equal(after, before[:, ::-1])


@given(st.floats(0, 360), st.floats(1.5, 6))
def test_a_ray_is_as_wide_as_a_voxel_at_the_body(degrees, distance):
    camera = camera_at(degrees, distance)
    projection = projections(replace(camera, **{n: getattr(camera, n)[None] for n in "KRt"}), STILL[None])
    assert np.allclose(ray_sides(projection, GRID.voxel), max(60 * GRID.voxel / distance, 1))
    assert ray_sides(projection, 1e-6) == 1, "never below a pixel"


@given(st.floats(0, 1))
def test_a_voxel_hit_as_often_from_every_side_starts_with_that_share(share):
    votes = votes_of(np.round(1000 * np.full(AZIMUTH_BINS, share)), np.full(AZIMUTH_BINS, 1000))
    start = starting_field(votes, votes)
    assert np.allclose(start, min(round(1000 * share) / 1000, LARGEST), atol=2 * RARE)


def test_a_voxel_missed_from_one_side_starts_below_its_share():
    hits = np.full(AZIMUTH_BINS, 80)
    hits[4] = 0
    votes = votes_of(hits, np.full(AZIMUTH_BINS, 100))
    assert (starting_field(votes, votes) < 0.8 * field_of(votes).phi).all()


def test_a_prompt_pulls_towards_its_own_share():
    category = votes_of(np.full(AZIMUTH_BINS, 40), np.full(AZIMUTH_BINS, 100))
    often = starting_field(category, votes_of(np.full(AZIMUTH_BINS, 6), np.full(AZIMUTH_BINS, 10)))
    never = starting_field(category, votes_of(np.full(AZIMUTH_BINS, 0), np.full(AZIMUTH_BINS, 10)))
    silent = starting_field(category, votes_of(np.zeros(AZIMUTH_BINS), np.zeros(AZIMUTH_BINS)))
    assert np.allclose(often, (120 * 0.6 + 10 * 0.4) / 130, atol=1e-3)
    assert np.allclose(never, 10 * 0.4 / 130, atol=1e-3)
    assert np.allclose(silent, starting_field(category, category), atol=1e-3)


def test_no_votes_start_with_nothing():
    none = Votes.none(GRID)
    assert not starting_field(none, none).any()


@given(st.integers(0, 200))
def test_a_start_is_a_probability(seed):
    counter = VoteCounter(GRID, WEIGHTS)
    counter.add_all(images([seed, seed + 1]))
    start = starting_field(counter.votes, counter.votes)
    assert (start >= 0).all()
    assert (start <= LARGEST).all()
    assert not start[counter.votes.numerator.sum(axis=0) == 0].any()


@pytest.mark.parametrize("n", [12, 60, 300])
def test_one_step_is_nearer_to_the_truth_than_the_vote(n):
    """A ball at known places, seen from all sides, by few and by many: the vote smears it along the rays."""
    rng = np.random.default_rng(n)
    ballots = images_of_a_ball(rng, n)
    plain = VoteCounter(GRID, WEIGHTS)
    plain.add_all(ballots)
    sharp = count(starting_field(plain.votes, plain.votes), ballots, hidden=hidden_share(n)).votes
    centres = PLACES[rng.choice(2, 2000, p=[0.6, 0.4])] + rng.normal(0, SPREAD, (2000, 3))
    truth = np.array([(((centres - x) ** 2).sum(axis=1) < RADIUS**2).mean() for x in GRID.centres()])
    vote, rays = (pearson_r(field_of(votes).phi, truth) for votes in (plain.votes, sharp))
    assert rays > vote + 0.05

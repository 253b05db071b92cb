"""From votes to the field (Eq. 6, A.6): probabilities, empty is a result, every direction counts alike."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from chorus.camera import AZIMUTH_BINS
from chorus.occupancy.field import field_of
from chorus.occupancy.field_stage import PromptVotes, merged
from chorus.occupancy.grid import Grid
from chorus.occupancy.votes import FULL_WEIGHT, Votes

GRID = Grid(8)


def votes_of(images, hits, seen=None) -> Votes:
    """Full votes: per bin the number of images, of hits and of views, the same for every voxel."""
    images, hits = np.array(images), np.array(hits)
    seen = images if seen is None else np.array(seen)
    volume = np.ones((AZIMUTH_BINS, *GRID.shape))
    spread = [(FULL_WEIGHT * n[:, None, None, None] * volume).astype(np.uint32) for n in (hits, seen)]
    return Votes(*spread, (FULL_WEIGHT * images).astype(np.uint32), images.astype(np.uint32))


def bins(**numbers) -> list[int]:
    return [numbers.get(f"b{i}", 0) for i in range(AZIMUTH_BINS)]


@st.composite
def some_votes(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = (rng.integers(0, 6, AZIMUTH_BINS) * rng.integers(0, 2, AZIMUTH_BINS) * FULL_WEIGHT).astype(np.uint32)
    denominator = rng.integers(0, count[:, None, None, None] + 1, (AZIMUTH_BINS, *GRID.shape)).astype(np.uint32)
    numerator = rng.integers(0, denominator.astype(np.int64) + 1).astype(np.uint32)
    return Votes(numerator, denominator, count, (count // FULL_WEIGHT).astype(np.uint32))


@given(some_votes())
def test_the_field_is_a_probability_and_the_evidence_is_bounded(votes):
    field = field_of(votes)
    assert field.phi.dtype == np.float32
    assert ((field.phi >= 0) & (field.phi <= 1)).all()
    assert np.isfinite(field.n_eff).all()
    assert (field.n_eff >= 0).all()
    assert ((field.denominator == 0) == (votes.denominator.sum(0) == 0)).all()
    assert not field.phi[field.denominator == 0].any()
    assert (field.n_eff <= votes.images.sum() * (1 + 1e-6)).all()


def test_nobody_looked_is_a_result():
    field = field_of(Votes.none(GRID))
    for name in ("phi", "numerator", "denominator", "n_eff"):
        assert not getattr(field, name).any(), name
    assert field.images.sum() == 0


def test_one_direction_alone_is_its_share():
    field = field_of(votes_of(bins(b3=4), bins(b3=1)))
    assert np.allclose(field.phi, 0.25)
    assert np.allclose(field.n_eff, 4)
    assert np.allclose(field.denominator, 1)


def test_one_image_is_one_image():
    field = field_of(votes_of(bins(b0=1), bins(b0=1)))
    assert (field.phi == 1).all()
    assert np.allclose(field.n_eff, 1)


def test_directions_count_alike_however_many_images_they_have():
    field = field_of(votes_of(bins(b0=100, b6=1), bins(b0=100, b6=0)))
    assert np.allclose(field.phi, 0.5)
    assert np.allclose(field.n_eff, 4 / (1 / 100 + 1)), "Kish: the lone image decides"


def test_a_direction_that_misses_the_voxel_keeps_its_rate():
    # 2 of 4 images of bin 0 see the voxel and hit it, all 4 of bin 6 see it and none hits: 0.5 / (0.5 + 1).
    field = field_of(votes_of(bins(b0=4, b6=4), bins(b0=2), bins(b0=2, b6=4)))
    assert np.allclose(field.phi, 1 / 3)


def test_without_balancing_every_image_counts_alike():
    votes = votes_of(bins(b0=99, b6=1), bins(b0=99, b6=0))
    field = field_of(votes, balance_views=False)
    assert np.allclose(field.phi, 0.99)
    assert np.allclose(field.n_eff, 100)


@given(some_votes())
def test_without_balancing_the_field_is_all_votes_over_all_images_that_looked(votes):
    field, seen = field_of(votes, balance_views=False), votes.denominator.sum(0) > 0
    hits, looks = votes.numerator.sum(0, dtype=float), votes.denominator.sum(0, dtype=float)
    assert np.allclose(field.phi[seen], hits[seen] / looks[seen], rtol=1e-6)
    assert not field.phi[~seen].any()
    assert (field.n_eff <= votes.images.sum() * (1 + 1e-6)).all()


def test_balancing_changes_nothing_where_images_are_spread_evenly():
    votes = votes_of(bins(b0=4, b6=4), bins(b0=2), bins(b0=2, b6=4))
    one, other = field_of(votes), field_of(votes, balance_views=False)
    for name in ("phi", "numerator", "denominator", "n_eff"):
        assert np.allclose(getattr(one, name), getattr(other, name)), name


@given(some_votes(), some_votes(), some_votes())
def test_merging_is_exact_in_any_order(first, second, third):
    parts = [PromptVotes("p", "i", "b", "true", votes) for votes in (first, second, third)]
    whole, other = merged(parts), merged(parts[::-1])
    for name in Votes.__dataclass_fields__:
        assert np.array_equal(getattr(whole, name), getattr(other, name))
        assert np.array_equal(getattr(whole, name), sum(getattr(p.votes, name).astype(np.int64) for p in parts))
    assert np.array_equal(field_of(whole).phi, field_of(other).phi)

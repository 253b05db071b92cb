"""Left and right: laws of the choice, and the shares that must come out right on bodies that truly touch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chorus.body.model import COCO_KEYPOINTS, mirrored_name
from chorus.body.regions import PARTS
from chorus.contacts.sides import (
    ObjectDistances,
    PairDistances,
    Repair,
    Skeleton,
    choices_of,
    choose,
    named,
    possible,
    repair,
)
from tests.benchmarks.chirality import Condition, measure, measure_objects
from tests.two_people import touching_pairs

NOUNS = tuple(dict.fromkeys(part.noun for part in PARTS.values()))
MIRROR = [COCO_KEYPOINTS.index(mirrored_name(name)) for name in COCO_KEYPOINTS]
OTHER = {"left": "right", "right": "left", "": ""}


def skeleton(seed: int, seen: float = 1.0) -> Skeleton:
    rng = np.random.default_rng(seed)
    return Skeleton(rng.uniform(0, 100, (17, 2)), rng.random(17) < seen)


def sides(noun: str) -> list[str]:
    return ["left", "right"] if f"left_{noun}" in PARTS else [""]


contacts = st.tuples(st.sampled_from(NOUNS), st.sampled_from(NOUNS)).flatmap(
    lambda nouns: st.tuples(st.just(nouns), st.tuples(*(st.sampled_from(sides(noun)) for noun in nouns)))
)


@given(contacts)
def test_the_relation_that_was_told_is_kept(contact):
    (first, second), told = contact
    choices = choices_of(first, second, told)
    assert told in choices
    assert len(choices) == {0: 1, 1: 2, 2: 2}[sum(map(bool, told))]
    if all(told):
        assert len({a == b for a, b in choices}) == 1
    assert set(choices) <= set(possible(first, second, ("", "")))
    assert all(named(first, a) in PARTS and named(second, b) in PARTS for a, b in choices)


@given(contacts, st.integers(0, 1000), st.floats(0.3, 1.0))
def test_the_mirrored_picture_has_the_mirrored_answer(contact, seed, share):
    (first, second), told = contact
    one, two = skeleton(seed, share), skeleton(seed + 1, share)
    result = repair(first, second, told, PairDistances(one, two), 0.02)
    flipped = [Skeleton((s.points * [-1, 1])[MIRROR], s.seen[MIRROR]) for s in (one, two)]
    again = repair(first, second, tuple(OTHER[side] for side in told), PairDistances(*flipped), 0.02)
    assert again.outcome == result.outcome
    assert again.sides == tuple(OTHER[side] for side in result.sides)
    assert again.margin == pytest.approx(result.margin, nan_ok=True)


@given(contacts, st.integers(0, 1000))
def test_what_is_told_stays_where_nothing_is_seen_or_too_close(contact, seed):
    (first, second), told = contact
    blind = PairDistances(skeleton(seed, 0.0), skeleton(seed))
    result = repair(first, second, told, blind, 0.0)
    assert result.sides == told
    assert result.outcome == (Repair.UNSEEN if any(told) else Repair.NOTHING_TO_CHOOSE)
    unsure = repair(first, second, told, PairDistances(skeleton(seed), skeleton(seed + 1)), 1.1)
    assert unsure.sides == told
    assert unsure.outcome != Repair.DECIDED


def test_scale_and_place_of_a_picture_change_nothing():
    one, two = skeleton(3), skeleton(4)
    larger = [Skeleton(7.0 * s.points + 50.0, s.seen) for s in (one, two)]
    for told in (("left", "left"), ("left", "right")):
        before = repair("hand", "shoulder", told, PairDistances(one, two), 0.0)
        after = repair("hand", "shoulder", told, PairDistances(*larger), 0.0)
        assert (after.sides, after.outcome) == (before.sides, before.outcome)
        assert after.margin == pytest.approx(before.margin)


def test_of_four_hands_the_closest_are_taken():
    points = np.zeros((17, 2))
    points[COCO_KEYPOINTS.index("left_wrist")] = [0.0, 0.0]
    points[COCO_KEYPOINTS.index("right_wrist")] = [10.0, 0.0]
    one, two = Skeleton(points, np.ones(17, bool)), Skeleton(points + np.array([11.0, 0.0]), np.ones(17, bool))
    distances = PairDistances(one, two)
    assert choose(possible("hand", "hand", ("", "")), ("hand", "hand"), ("", ""), distances, 0.0).sides == (
        "right",
        "left",
    )
    assert repair("hand", "hand", ("left", "right"), distances, 0.0).sides == ("right", "left")
    same = repair("hand", "hand", ("left", "left"), distances, 0.0)
    assert (same.outcome, same.margin) == (Repair.DECIDED, 0.0)  # both lie 11 apart


def test_a_hidden_wrist_is_stood_in_for_by_the_elbows_and_says_less():
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 100, (17, 2))
    left_elbow, right_elbow = (COCO_KEYPOINTS.index(f"{side}_elbow") for side in ("left", "right"))
    seen = np.ones(17, bool)
    seen[COCO_KEYPOINTS.index("left_wrist")] = False
    person = Skeleton(points, seen)
    assert np.array_equal(person.locate("left_hand")[0], points[left_elbow])
    assert np.array_equal(person.locate("right_hand")[0], points[right_elbow])
    assert person.locate("right_hand")[1] > 0.0
    mask = np.zeros((120, 120), bool)
    mask[int(points[right_elbow, 1]), int(points[right_elbow, 0])] = True
    result = repair("hand", "", ("left", ""), ObjectDistances.of(person, mask), 0.0)
    assert (result.sides, result.outcome) == (("right", ""), Repair.DECIDED)


# --- the bars -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pairs(open_body):
    return touching_pairs(open_body, np.random.default_rng(0), 150)


def test_sides_of_two_people_come_out_right(pairs):
    clear = measure(pairs, Condition(0.02, 0.0), np.random.default_rng(1))
    assert 0.5 < clear.raw < 0.66
    assert clear.repaired >= 0.93
    assert clear.repaired > clear.all_four + 0.03
    hidden = measure(pairs, Condition(0.02, 0.1), np.random.default_rng(1))
    assert hidden.repaired >= 0.84
    assert hidden.repaired > hidden.all_four + 0.03
    assert min(clear.sure, hidden.sure) >= 0.95
    assert min(clear.sure_share, hidden.sure_share) >= 0.6


def test_sides_at_an_object_come_out_right(open_body):
    for condition in (Condition(0.02, 0.0), Condition(0.02, 0.1)):
        found = measure_objects(open_body, condition, np.random.default_rng(1), 200)
        assert 0.5 < found.raw < 0.68
        assert found.repaired >= 0.83

"""Draws of the ablations: by what an image is, nested, as many as promised, and one reason for everything left out."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chorus.config import Boxes, Screening
from chorus.screening.cascade import screen
from chorus.screening.drawing import Lot, drawn, screened_prompt, share_of
from chorus.screening.reasons import Reason
from chorus.screening.rejections_stage import line_of, markdown
from chorus.screening.statistics import Statistics
from tests.unit.test_cascade import sight, without

LOT = Lot(0, "tie", "A person wears a tie")
NO_TORSO = without("left_hip", "right_hip")


def sights(good=20, hidden=15, poor=10, nobody=5):
    """Images of every fate, mixed; the ones with a hidden torso have people as good as any."""
    kinds = [sight()] * good + [sight(keypoints=NO_TORSO)] * hidden + [sight(score=0.1)] * poor + [sight(())] * nobody
    order = np.random.default_rng(1).permutation(len(kinds))
    return [
        replace(kinds[kind], detections=replace(kinds[kind].detections, index=index))
        for index, kind in enumerate(order)
    ]


def kept_of(images, lot=LOT, **rule):
    return {row.index for row in screened_prompt(images, Boxes(), Screening(**rule), lot) if row.kept}


def test_by_default_nothing_is_drawn():
    images = sights()
    assert screened_prompt(images, Boxes(), Screening(), LOT) == [screen(s, Boxes(), Screening()) for s in images]


@pytest.mark.parametrize(("off", "pool"), [("keypoints", 35), ("keypoints_and_pose", 45)])
def test_without_a_screen_as_many_are_drawn_as_it_keeps_from_those_that_pass_the_others(off, pool):
    images = sights()
    rows = screened_prompt(images, Boxes(), Screening(without=off), LOT)
    found = Statistics.of(rows)
    assert found.kept == Statistics.of(screen(s, Boxes(), Screening()) for s in images).kept == 20
    assert found.not_drawn == pool - 20
    reasons = {screen(image, Boxes(), Screening()).reason for image, row in zip(images, rows, strict=True) if row.kept}
    assert Reason.TORSO_HIDDEN in reasons
    assert (Reason.POOR_POSE in reasons) == (off == "keypoints_and_pose")
    assert Reason.NO_PERSON not in reasons


@given(st.integers(0, 40), st.lists(st.floats(0.001, 1), min_size=2, max_size=5))
def test_smaller_shares_are_among_larger_ones_and_never_empty(good, shares):
    images = sights(good=good)
    subsets = [kept_of(images, share=share) for share in sorted(shares)]
    for share, subset in zip(sorted(shares), subsets, strict=True):
        assert len(subset) == share_of(good, share)
        assert bool(subset) == bool(good)
    for small, large in pairwise(subsets):
        assert small <= large
    assert subsets[-1] <= kept_of(images)


@pytest.mark.parametrize(
    ("kept", "share", "number"), [(30, 0.1, 3), (31, 0.1, 4), (25, 0.01, 1), (0, 0.5, 0), (7, 1.0, 7)]
)
def test_shares_are_rounded_up(kept, share, number):
    assert share_of(kept, share) == number


@given(st.randoms(use_true_random=False))
def test_a_draw_does_not_depend_on_the_order(random):
    images = sights()
    shuffled = random.sample(images, len(images))
    for rule in ({"share": 0.3}, {"without": "keypoints"}, {"without": "keypoints", "share": 0.5, "mode": "soft"}):
        assert kept_of(images, **rule) == kept_of(shuffled, **rule)


@pytest.mark.parametrize(
    "other", [Lot(1, LOT.category, LOT.prompt), Lot(0, "hat", LOT.prompt), Lot(0, "tie", "another")]
)
def test_seed_category_and_prompt_draw_others(other):
    assert kept_of(sights(200), share=0.3) != kept_of(sights(200), other, share=0.3)


def test_drawing_keeps_weights_and_marks_the_rest():
    rows = [screen(image, Boxes(), Screening(mode="soft", softness=0.5)) for image in sights()]
    some = drawn(rows, 5, LOT)
    assert sum(row.kept for row in some) == 5
    for before, after in zip(rows, some, strict=True):
        assert after == before or after == replace(before, reason=Reason.NOT_DRAWN, weight=0)


def test_images_that_are_not_drawn_are_neither_kept_nor_rejected():
    images = sights()
    full = line_of([screened_prompt(images, Boxes(), Screening(), LOT)])
    tenth = line_of([screened_prompt(images, Boxes(), Screening(share=0.1), LOT)])
    assert "not_drawn" not in full
    assert tenth["kept"] == 2
    assert tenth["not_drawn"] == 18
    assert (tenth["rejection_percent"], tenth["lost"]) == (full["rejection_percent"], full["lost"])
    assert tenth["images"] == tenth["kept"] + tenth["not_drawn"] + sum(tenth["lost"].values())
    both = markdown({"runs": {"main": {"tie": full}, "share": {"tie": tenth}}})
    assert "| not drawn |" in both
    assert "not drawn" not in markdown({"runs": {"main": {"tie": full}}})
    assert len({line.count("|") for line in both.splitlines()[2:]}) == 1

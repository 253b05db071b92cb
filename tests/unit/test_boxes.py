"""Boxes against closed forms; empty, inverted and NaN boxes have no area and never divide by zero."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from chorus import masks
from chorus.config import Boxes
from chorus.detections import OBJECT, PERSON, Detection, ImageDetections
from chorus.screening import boxes
from chorus.screening.reasons import Reason

ODD = st.one_of(st.floats(-50, 50), st.sampled_from([np.nan, np.inf, -np.inf, 0.0]))
BOXES = hnp.arrays(float, st.tuples(st.integers(0, 6), st.just(4)), elements=ODD)
A = np.array([[0.0, 0, 10, 10]])
RATIOS = (boxes.over_second, boxes.over_smaller, boxes.over_union)


def detection(label=PERSON, box=(0, 0, 10, 10), score=1.0, pixels=True) -> Detection:
    spans = np.array([[0, 0, 5]], np.uint16) if pixels else masks.NO_SPANS
    return Detection(label, score, np.array(box, float), spans)


def image(*found) -> ImageDetections:
    return ImageDetections(0, 0, (20, 20), found)


@pytest.mark.parametrize(
    ("other", "intersection", "second", "smaller", "union"),
    [
        ((0, 0, 10, 10), 100, 1, 1, 1),
        ((5, 0, 15, 10), 50, 0.5, 0.5, 1 / 3),
        ((5, 5, 7, 9), 8, 1, 1, 0.08),
        ((-10, -10, 30, 30), 100, 1 / 16, 1, 1 / 16),
        ((10, 0, 20, 10), 0, 0, 0, 0),
        ((20, 20, 30, 30), 0, 0, 0, 0),
        ((5, 5, 5, 9), 0, 0, 0, 0),
        ((9, 9, 1, 1), 0, 0, 0, 0),
        ((np.nan, 0, 5, 5), 0, 0, 0, 0),
    ],
)
def test_ratios_by_hand(other, intersection, second, smaller, union):
    other = np.array([other], float)
    assert boxes.intersections(A, other)[0, 0] == intersection
    assert np.allclose([ratio(A, other)[0, 0] for ratio in RATIOS], [second, smaller, union])


@pytest.mark.filterwarnings("error::RuntimeWarning:chorus")
@given(BOXES, BOXES)
def test_ratios_of_any_boxes_are_numbers_from_0_to_1(first, second):
    with np.errstate(invalid="ignore"):
        finite = np.isfinite(first).all(1)[:, None] & np.isfinite(second).all(1)[None]
        for ratio in RATIOS:
            values = ratio(first, second)
            assert values.shape == (len(first), len(second))
            assert ((values >= 0) & (values <= 1 + 1e-9))[finite].all()
        assert np.allclose(boxes.over_union(first, second)[finite], boxes.over_union(second, first).T[finite])


@given(hnp.arrays(float, (4,), elements=st.floats(-50, 50) | st.just(np.nan)))
def test_areas_are_never_negative_or_nan(box):
    area = boxes.areas(box)
    assert area >= 0
    if (box[2:] <= box[:2]).any() or np.isnan(box).any():
        assert area == 0


def test_the_less_confident_of_two_alike_goes():
    pair = np.array([[0, 0, 10, 10], [0, 0, 10, 9.0]])
    assert boxes.without_duplicates(pair, np.array([0.5, 0.6]), Boxes()).tolist() == [False, True]
    assert boxes.without_duplicates(pair, np.array([0.6, 0.5]), Boxes()).tolist() == [True, False]
    assert boxes.without_duplicates(pair, np.array([0.5, 0.5]), Boxes()).tolist() == [False, True]


def test_very_confident_boxes_always_stay():
    pair = np.tile(A, (2, 1))
    assert boxes.without_duplicates(pair, np.array([0.98, 0.99]), Boxes()).all()
    assert boxes.without_duplicates(pair, np.array([0.97, 0.99]), Boxes()).tolist() == [False, True]


@pytest.mark.parametrize(("width", "stays"), [(8.0, False), (7.99, True)])
def test_eighty_percent_of_the_smaller_box_is_too_much(width, stays):
    pair = np.array([[0, 0, 10, 10], [10 - width, 0, 20 - width, 10.0]])
    assert boxes.without_duplicates(pair, np.array([0.5, 0.9]), Boxes()).tolist() == [stays, True]


@given(st.integers(0, 8), st.integers(0, 2**32 - 1))
def test_someone_of_every_crowd_stays_and_nobody_who_stays_overlaps(n, seed):
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 3, (n, 2))
    some = np.concatenate([low, low + rng.uniform(1, 10, (n, 2))], axis=1)
    keep = boxes.without_duplicates(some, rng.uniform(0, 0.97, n), Boxes())
    assert keep.any() == (n > 0)
    overlap = boxes.over_smaller(some[keep], some[keep]) - np.eye(keep.sum())
    assert (overlap < Boxes().duplicate_overlap).all()


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ([], Reason.NO_PERSON),
        ([detection(OBJECT)], Reason.NO_PERSON),
        ([detection()], Reason.NO_OBJECT),
        ([detection(), detection(box=(11, 11, 20, 20)), detection(OBJECT)], Reason.SEVERAL_PEOPLE),
        ([detection(), detection(OBJECT), detection(OBJECT, (11, 11, 20, 20))], Reason.SEVERAL_OBJECTS),
        ([detection(), detection(OBJECT, (11, 11, 20, 20))], Reason.NO_OVERLAP),
        ([detection(), detection(OBJECT, (9, 0, 19, 10))], Reason.NO_OVERLAP),  # exactly 0.1
        ([detection(box=(0, 0, np.nan, 10)), detection(OBJECT)], Reason.NO_PERSON),
        ([detection(box=(5, 5, 5, 10)), detection(OBJECT)], Reason.NO_PERSON),
        ([detection(pixels=False), detection(OBJECT)], Reason.NO_PERSON),
        ([detection(), detection(OBJECT, pixels=False)], Reason.NO_OBJECT),
        ([detection(), detection(OBJECT, (0, 0, np.inf, 10))], Reason.NO_OBJECT),
    ],
)
def test_the_first_reason_of_the_box_screen(found, reason):
    assert boxes.person_and_object(image(*found), Boxes()) == reason


def test_the_pair_that_passes():
    person, thing = detection(), detection(OBJECT, (8.99, 0, 18.99, 10))
    assert boxes.person_and_object(image(thing, person), Boxes()) == (person, thing)
    double = detection(box=(0, 0, 10, 9.5), score=0.5)
    assert boxes.person_and_object(image(double, thing, person), Boxes()) == (person, thing)

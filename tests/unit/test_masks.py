"""Masks as row spans: nothing is lost, areas and boxes agree with the pixels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from chorus import masks
from chorus.masks import NO_SPANS, Ragged

MASKS = hnp.arrays(bool, st.tuples(st.integers(1, 40), st.integers(1, 40)))


@given(MASKS)
def test_a_mask_comes_back_as_it_was(mask):
    spans = masks.encode(mask)
    assert spans.dtype == np.uint16
    assert spans.shape[1:] == (3,)
    assert np.array_equal(masks.decode(spans, mask.shape), mask)


@given(MASKS)
def test_area_and_box_are_those_of_the_pixels(mask):
    assert masks.area(masks.encode(mask)) == mask.sum()
    box = masks.box_of(mask)
    if not mask.any():
        assert np.array_equal(box, np.zeros(4))
        return
    rows, columns = np.nonzero(mask)
    assert box.tolist() == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


@given(MASKS)
def test_spans_are_maximal_and_in_order(mask):
    spans = masks.encode(mask).astype(int)
    assert (spans[:, 2] > spans[:, 1]).all()
    keys = spans[:, 0] * 1000 + spans[:, 1]
    assert (np.diff(keys) > 0).all()
    same_row = spans[1:, 0] == spans[:-1, 0]
    assert (spans[1:, 1] > spans[:-1, 2])[same_row].all(), "touching spans would be one"


def test_the_union_of_overlapping_spans_is_a_union():
    spans = np.array([[0, 0, 3], [0, 2, 5], [0, 2, 5]], np.uint16)
    assert masks.decode(spans, (1, 6)).tolist() == [[True] * 5 + [False]]


def test_spans_outside_the_image_are_clipped():
    spans = np.array([[0, 2, 65535], [7, 0, 4], [1, 9, 12], [65535, 0, 1]], np.uint16)
    assert masks.decode(spans, (2, 4)).tolist() == [[False, False, True, True], [False] * 4]


@pytest.mark.parametrize("size", [(1, 65535), (65535, 1)])
def test_the_longest_side_that_fits(size):
    mask = np.ones(size, bool)
    assert np.array_equal(masks.decode(masks.encode(mask), size), mask)


@given(st.lists(hnp.arrays(np.uint16, st.tuples(st.integers(0, 5), st.just(3))), max_size=6))
def test_ragged_rows_come_back(rows):
    ragged = Ragged.of(rows, NO_SPANS)
    assert len(ragged) == len(rows)
    assert ragged.values.dtype == np.uint16
    assert ragged.values.shape == (sum(map(len, rows)), 3)
    assert all(np.array_equal(ragged[i], row) for i, row in enumerate(rows))


@given(st.lists(MASKS, max_size=4))
def test_several_masks(many):
    spans = masks.encode_all(many)
    assert all(np.array_equal(masks.decode(spans[i], mask.shape), mask) for i, mask in enumerate(many))


@given(st.lists(st.integers(0, 4), max_size=4), st.lists(st.integers(0, 4), max_size=4))
def test_added_rows_stand_one_after_the_other(first, second):
    rows = [np.full((length, 3), number, np.uint16) for number, length in enumerate(first + second)]
    both = Ragged.of(rows[: len(first)], NO_SPANS) + Ragged.of(rows[len(first) :], NO_SPANS)
    assert len(both) == len(rows)
    assert all(np.array_equal(both[number], row) for number, row in enumerate(rows))

"""Masks as cut-out bits: nothing is lost, overlaps unite, what lies outside the image is cut off."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from chorus import masks
from chorus.errors import FileError
from chorus.masks import NO_SPANS, Ragged
from chorus.occupancy.bitmasks import WORD, BitMasks

MASKS = hnp.arrays(bool, st.tuples(st.integers(1, 40), st.integers(1, 140)))
SPANS = hnp.arrays(np.uint16, st.tuples(st.integers(0, 6), st.just(3)), elements=st.integers(0, 80))


@given(st.lists(MASKS, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_masks_come_back_in_any_order(many, chance):
    order = np.array(chance.sample(range(len(many)), len(many)))
    size = np.array([many[i].shape for i in order])
    drawn = BitMasks.of_spans(masks.encode_all(many), order, size)
    for place, i in enumerate(order):
        assert np.array_equal(drawn.mask(place), many[i])
        assert np.array_equal(drawn.box[place], masks.box_of(many[i]))


@given(SPANS, st.integers(1, 60), st.integers(1, 60))
def test_any_spans_are_drawn_as_the_masks_module_draws_them(spans, height, width):
    spans = spans[spans[:, 1] <= spans[:, 2]]
    drawn = BitMasks.of_spans(Ragged.of([spans], NO_SPANS), np.array([0]), np.array([[height, width]]))
    assert np.array_equal(drawn.mask(0), masks.decode(spans, (height, width)))


@given(MASKS)
def test_cells_around_the_box_are_empty(mask):
    drawn = BitMasks.of_spans(masks.encode_all([mask]), np.array([0]), np.array([mask.shape]))
    cells = np.unpackbits(drawn.words.view(np.uint8), bitorder="little").reshape(-1, drawn.width[0])
    assert drawn.width[0] % WORD == 0
    assert cells.sum() == mask.sum()
    x0, y0, x1, y1 = drawn.box[0]
    assert cells.shape[0] == y1 - y0 + 2
    assert not cells[[0, -1]].any()
    assert not cells[:, 0].any()
    assert not cells[:, x1 - x0 + 1 :].any()


def test_no_image_and_no_mask():
    empty = np.zeros(0, np.int64)
    assert len(BitMasks.of_spans(Ragged.of([], NO_SPANS), empty, np.zeros((0, 2)))) == 0
    drawn = BitMasks.of_spans(masks.encode_all([np.zeros((3, 5), bool)]), np.array([0]), np.array([[3, 5]]))
    assert not drawn.mask(0).any()
    assert not drawn.words.any()


def test_an_image_beyond_int32_is_refused():
    corners = np.array([[0, 0, 1], [65534, 65534, 65535]], np.uint16)
    with pytest.raises(FileError, match="smaller"):
        BitMasks.of_spans(Ragged.of([corners], NO_SPANS), np.array([0]), np.array([[65535, 65535]]))

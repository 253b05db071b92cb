"""Scores of a field against the truth: closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from chorus.evaluation.baselines import body_blob, turned
from chorus.evaluation.truth_scores import best_iou, pearson_r, soft_iou, truth_scores
from chorus.occupancy.grid import Grid

FIELD = hnp.arrays(np.float32, (3, 3, 3), elements=st.floats(0, 1, width=32))
HALF = np.zeros((4, 4, 4), np.float32)
HALF[:2] = 1
NONE = np.zeros((4, 4, 4), np.float32)


def test_the_truth_itself_is_perfect():
    assert truth_scores(HALF, HALF) == pytest.approx({"pearson_r": 1, "best_iou": 1, "soft_iou": 1})


def test_the_opposite_is_as_wrong_as_can_be():
    scores = truth_scores(1 - HALF, HALF)
    assert scores["pearson_r"] == pytest.approx(-1)
    assert scores["best_iou"] == 0.5, "the lowest threshold takes everything"
    assert scores["soft_iou"] == 0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("phi", "truth"), [(NONE, NONE), (NONE, HALF), (HALF, NONE), (NONE + 0.2, HALF)])
def test_constant_fields_have_no_correlation_and_nothing_is_divided_by_zero(phi, truth):
    scores = truth_scores(phi, truth)
    assert scores["pearson_r"] == 0
    assert all(np.isfinite(value) for value in scores.values())


def test_empty_fields():
    assert best_iou(HALF, NONE) == 0
    assert best_iou(NONE, HALF) == 0.5
    assert soft_iou(NONE, NONE) == 0
    assert soft_iou(NONE, HALF) == 0


def test_half_the_height_is_half_the_soft_overlap():
    assert soft_iou(0.5 * HALF, HALF) == 0.5
    assert best_iou(0.5 * HALF, HALF) == 1
    assert pearson_r(0.5 * HALF, HALF) == pytest.approx(1)


def test_three_tenths_of_the_draws_are_not_yet_occupied():
    truth = np.array([0.3, 0.31, 0, 0], np.float64).reshape(1, 2, 2)
    assert best_iou(np.array([0, 1.0, 0, 0]).reshape(1, 2, 2), truth) == 1


@given(FIELD, FIELD)
def test_scores_equal_a_search_over_all_thresholds(phi, truth):
    wanted = truth > 0.3
    tried = [((phi >= t) & wanted).sum() / ((phi >= t) | wanted).sum() for t in np.unique(phi)]
    assert best_iou(phi, truth) == pytest.approx(max(tried) if wanted.any() else 0)
    assert 0 <= soft_iou(phi, truth) <= 1
    assert soft_iou(phi, truth) == pytest.approx(soft_iou(truth, phi))
    assert -1 - 1e-9 <= pearson_r(phi, truth) <= 1 + 1e-9


@given(FIELD)
def test_turning_twice_is_nothing(phi):
    assert np.array_equal(turned(turned(phi)), phi)
    assert turned(phi)[0, 1, 2] == phi[2, 1, 0]


def test_the_blob_is_one_on_the_body_and_falls_with_the_distance(open_body):
    blob = body_blob(Grid(16), open_body)
    assert blob.dtype == np.float32
    assert 0.7 < blob.max() <= 1
    assert blob[0, 0, 0] < 0.05
    assert np.abs(blob - blob[::-1]).max() < 0.05, "the body is nearly its own mirror image"

"""The screening's bars on scenes that nothing was tuned on: precision, recall, and a score that can be believed."""

from __future__ import annotations

import numpy as np
import pytest

from chorus.config import Screening
from chorus.perception.blazepose import BlazePose
from tests.benchmarks.measured_people import MODEL
from tests.benchmarks.measured_screening import ScreenedScenes, screened_scenes
from tests.benchmarks.screening import calibration_error, passes_boxes, quality

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not MODEL.is_file(), reason=f"no model file {MODEL}")]


@pytest.fixture(scope="module")
def scenes(open_body) -> ScreenedScenes:
    return screened_scenes(BlazePose(MODEL), open_body, 616)


def test_annotations_are_screened_almost_perfectly(scenes):
    found = quality(scenes.annotated, scenes.possible, Screening())
    assert found.precision >= 0.95
    assert found.recall >= 0.80


def test_blazepose_keeps_what_it_got_right(scenes):
    found = quality(scenes.estimated, scenes.possible & scenes.good, Screening())
    assert found.precision >= 0.85
    assert found.recall >= 0.80


def test_the_pose_score_is_a_probability(scenes):
    looked = np.array([passes_boxes(sight) for sight in scenes.estimated])
    wanted = scenes.possible & scenes.good
    assert calibration_error(scenes.scores[looked], wanted[looked]) <= 0.05

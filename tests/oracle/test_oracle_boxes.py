"""The reference's boxes against the original's."""

from __future__ import annotations

import numpy as np
import pytest

from tests.reference import boxes


@pytest.mark.parametrize(
    ("measure", "key"),
    [
        (boxes.over_union, "ov/iou"),
        (boxes.over_object, "ov/inter_over_object"),
        (boxes.over_smaller, "ov/inter_over_smaller"),
    ],
)
def test_overlaps(units, measure, key):
    pairs = zip(units["ov/human_xyxy"], units["ov/object_xyxy"], strict=True)
    np.testing.assert_allclose([measure(human, thing) for human, thing in pairs], units[key], rtol=1e-12)


def test_duplicates(units):
    for corner_and_size, scores, n, expected in zip(
        *(units[f"dup/{k}"] for k in ("boxes_xywh", "scores", "n", "keep")), strict=True
    ):
        corners = np.concatenate([corner_and_size[:n, :2], corner_and_size[:n, :2] + corner_and_size[:n, 2:]], axis=1)
        np.testing.assert_array_equal(boxes.kept(corners, scores[:n]), expected[:n])

"""The reference's PAP against the original's: curves, scores, posed field, renders."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.reference import pap
from tests.reference.votes import View

BORDER_PIXELS = 3  # an independent version differs in 0-2 mask pixels over all 99 thresholds
CASES = range(5)


@pytest.fixture(scope="module", params=CASES)
def case(request, pap_cases) -> dict[str, np.ndarray]:
    """One test image."""
    prefix = f"case{request.param}/"
    return {key.removeprefix(prefix): value for key, value in pap_cases.items() if key.startswith(prefix)}


@pytest.fixture(scope="module")
def rendered(case) -> pap.Render:
    """The original's posed field, rendered."""
    return pap.render(
        torch.from_numpy(case["prob_posed"]), torch.from_numpy(case["posed_vertices"]), view(case), case["mask"]
    )


def view(case: dict[str, np.ndarray]) -> View:
    return View(*(torch.from_numpy(case[f"cam_{key}"]) for key in "RtK"))


@pytest.mark.parametrize("index", range(12))
def test_curves_and_scores(units, index):
    """Among them: an empty target, an empty prediction, a perfect binary field (scores 0), only human pixels."""
    u = {key: units[f"pap{index}/{key}"] for key in ("prob2d", "gt", "human", "result", "pr", "pr_hoa")}
    objects = np.stack([(u["prob2d"] >= threshold).astype(np.uint8) for threshold in pap.THRESHOLDS])
    result = pap.score(pap.Render(u["gt"], u["human"], objects))
    np.testing.assert_allclose(table(result.plain), u["pr"], atol=1e-12)
    np.testing.assert_allclose(table(result.hoa), u["pr_hoa"], atol=1e-12)
    np.testing.assert_allclose(result.values(), u["result"], atol=1e-12)


def test_target(case, rendered):
    np.testing.assert_array_equal(rendered.target, case["target_mask"])


def test_human(case, rendered):
    assert (rendered.human != case["human_mask"]).sum() <= BORDER_PIXELS


def test_objects(case, rendered):
    assert rendered.objects.shape == case["object_masks"].shape
    assert (rendered.objects != case["object_masks"]).sum() <= BORDER_PIXELS


def test_score(case, rendered):
    np.testing.assert_allclose(pap.score(rendered).values(), case["pap"], atol=1e-3)


def test_curves_of_the_originals_masks(case):
    result = pap.score(pap.Render(case["target_mask"], case["human_mask"], case["object_masks"]))
    np.testing.assert_allclose(table(result.plain), case["precision_recall"], atol=1e-12)
    np.testing.assert_allclose(table(result.hoa), case["precision_recall_hoa"], atol=1e-12)
    np.testing.assert_allclose(result.values(), case["pap"], atol=1e-12)


def test_inverse_warp(space, aggregation, pap_cases):
    weights, pose = (torch.from_numpy(pap_cases[f"case0/{key}"]) for key in ("lbs_weight_grid_posed", "pose"))
    positions = pap.canonical_position(space, weights, pose)
    posed = pap.look_up(torch.from_numpy(aggregation["probability"]), positions)
    differ = ~np.isclose(posed, pap_cases["case0/prob_posed"].ravel(), atol=1e-6)
    assert differ.sum() <= 1e-5 * 48**3, "only voxels on a border may come from the neighbour"


def test_category_mean(pap_cases):
    values = [pap_cases[f"case{k}/pap"].tolist() for k in CASES]
    np.testing.assert_allclose(pap.category_mean(values), pap_cases["mean"], atol=1e-12)


def test_thresholds(pap_cases):
    np.testing.assert_allclose(pap.THRESHOLDS, pap_cases["thresholds"], rtol=1e-15)


def test_an_image_without_target_is_left_out_of_the_mean():
    assert pap.category_mean([[0.5, 0.4, 0.3, 0.2, 9, 9], [0, 0, 0, 0, 0, 0], [0.7, 0.6, 0, 0, 9, 0]]) == [
        0.6,
        0.5,
        0.3,
        0.2,
    ]


@pytest.mark.slow
def test_from_pose_to_score(space, aggregation, case):
    result = pap.evaluate(
        space, torch.from_numpy(aggregation["probability"]), torch.from_numpy(case["pose"]), view(case), case["mask"]
    )
    np.testing.assert_allclose(result.values()[:4], case["pap"][:4], atol=1e-3)


def table(curve: pap.Curve) -> np.ndarray:
    """The oracle's layout (99, 5): threshold, precision, recall, predicted area, target area."""
    return np.stack([pap.THRESHOLDS, curve.precision, curve.recall, curve.predicted, curve.target], axis=1)

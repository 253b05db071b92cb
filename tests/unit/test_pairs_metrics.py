"""Scores of pairs: closed forms and invariances."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from chorus.body.loading import OPEN_BODY, load_body
from chorus.pairs.curation import Thresholds, counts, reasons
from chorus.pairs.metrics import (
    PCC_RADII,
    aligned,
    contact_counts,
    joint_pa_mpjpe,
    pa_mpjpe,
    pcc,
    penetration_depths,
    person_pa_mpjpe,
    precision_recall,
)
from chorus.pairs.rows import Quality

RNG = np.random.default_rng(3)


def moved(points, seed=0):
    turn = Rotation.random(rng=np.random.default_rng(seed)).as_matrix()
    return 1.7 * points @ turn.T + np.array([1.0, -2.0, 3.0])


@pytest.mark.parametrize("seed", range(5))
def test_a_similarity_costs_nothing(seed):
    truth = RNG.normal(size=(4, 2, 24, 3))
    assert joint_pa_mpjpe(moved(truth, seed), truth) == pytest.approx(np.zeros(4), abs=1e-9)
    assert person_pa_mpjpe(moved(truth, seed), truth) == pytest.approx(np.zeros(4), abs=1e-9)


def test_a_mirror_image_is_no_similarity():
    truth = RNG.normal(size=(24, 3))
    assert pa_mpjpe(truth * [-1, 1, 1], truth) > 0.1


def test_people_moved_apart_count_jointly_and_not_alone():
    truth = RNG.normal(size=(1, 2, 24, 3))
    estimate = truth + np.array([[[[0.0, 0, 0]], [[0.5, 0, 0]]]])
    assert person_pa_mpjpe(estimate, truth) == pytest.approx([0.0], abs=1e-9)
    assert joint_pa_mpjpe(estimate, truth)[0] > 0.05


def test_the_order_of_the_people_does_not_count():
    truth, estimate = RNG.normal(size=(2, 3, 2, 24, 3))
    assert joint_pa_mpjpe(estimate, truth) == pytest.approx(joint_pa_mpjpe(estimate[:, ::-1], truth))


def test_no_alignment_is_better():
    truth, estimate = RNG.normal(size=(2, 10, 3))
    best = ((aligned(estimate, truth) - truth) ** 2).sum()
    for seed in range(20):
        turn = Rotation.random(rng=np.random.default_rng(seed)).as_matrix()
        other = estimate @ turn.T
        assert ((other - other.mean(0) + truth.mean(0) - truth) ** 2).sum() >= best


def test_pcc_is_the_mean_of_shares_by_pair():
    distances, pairs = np.array([0.01, 0.07, 0.03]), np.array([0, 0, 2])
    found = dict(zip(PCC_RADII, pcc(distances, pairs, 3), strict=True))
    assert found[0.0] == 0
    assert found[0.05] == pytest.approx((0.5 + 1.0) / 2)
    assert found[0.1] == 1
    assert (np.diff(pcc(distances, pairs, 3)) >= 0).all()


def test_penetration_of_bodies_apart_is_nought_and_of_overlapping_ones_is_not():
    body = load_body(OPEN_BODY)
    skin = body.v_template
    assert penetration_depths(body, skin, skin + np.array([3.0, 0, 0])).max() == 0
    depth = penetration_depths(body, skin, skin + np.array([0, 0, 0.1]))
    assert 0.03 < depth.max() < 0.12


def test_contact_scores():
    assert contact_counts([("a", "b"), ("a", "b"), ("x", "y")], [("a", "b"), ("c", "d")]) == (1, 1, 1)
    scores = precision_recall(np.array([[3, 1, 0], [0, 0, 3]]))
    assert scores == pytest.approx({"precision": 0.75, "recall": 0.5, "f1": 0.6})
    assert precision_recall(np.zeros((1, 3)))["f1"] == 0


def test_every_dropped_pair_has_the_first_reason_that_holds():
    worst = np.array(
        [[0.01, 0.01, 0.0, 0.0], [0.5, 0.5, 0, 0], [0.01, 0.5, 0, 0], [0, 0, 1, 1], [0, 0, 0, 1], [np.nan] * 4]
    )
    found = reasons(Quality(*worst.T), Thresholds())
    assert found.tolist() == ["", "reprojection", "contact", "penetration", "joint_limits", "not_finite"]
    assert counts(found)["kept"] == 1
    assert sum(counts(found).values()) == 6

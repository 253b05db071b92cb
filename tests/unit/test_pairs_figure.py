"""The bodies of pair fits: the same as the body model, differentiable, and filled with balls that stay inside."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from chorus.body.loading import OPEN_BODY, load_body  # noqa: E402
from chorus.body.regions import Surface  # noqa: E402
from chorus.pairs.figure import People, rotations_of  # noqa: E402
from chorus.pairs.fitting import boxes, figure_of  # noqa: E402
from chorus.pairs.labels import Label, labels_of  # noqa: E402
from chorus.pairs.surface import inscribed_balls, spread_out  # noqa: E402
from chorus.pairs.terms import (  # noqa: E402
    Inside,
    Labels,
    PoseRange,
    contact,
    contact_distances,
    near_and_far,
    near_or_given_up,
    penetration,
)
from chorus.pairs.training import mirrored  # noqa: E402


@pytest.fixture(scope="module")
def body():
    return load_body(OPEN_BODY)


@pytest.fixture(scope="module")
def figure(body):
    return figure_of(body, "cpu")


def people(n=3, spread=0.3, seed=0):
    rng = np.random.default_rng(seed)
    parts = rng.normal(0, spread, (n, 2, 24, 3)), rng.normal(0, 1, (n, 2, 10)), rng.normal(0, 1, (n, 2, 3))
    return People(*(torch.tensor(part, dtype=torch.float32) for part in parts))


def test_it_poses_like_the_body_model(body, figure):
    who = people()
    posed = figure(who)
    pose, betas = who.pose.numpy().reshape(-1, 24, 3), who.betas.numpy().reshape(-1, 10)
    place = who.translation.numpy().reshape(-1, 1, 3)
    assert np.allclose(posed.joints.numpy().reshape(6, 24, 3), body.joints(pose, betas) + place, atol=1e-5)
    assert np.allclose(posed.keypoints.numpy().reshape(6, 17, 3), body.coco_keypoints(pose, betas) + place, atol=1e-5)
    assert np.allclose(figure.roots(who).numpy(), posed.joints[:, :, 0].numpy(), atol=1e-6)


def test_points_are_vertices_of_their_part(body, figure):
    still = People(torch.zeros(1, 2, 24, 3), torch.zeros(1, 2, 10), torch.zeros(1, 2, 3))
    points = figure(still).points[0, 0].numpy()
    for name, rows in zip(figure.part_names, figure.part_points.numpy(), strict=True):
        skin = body.v_template[Surface.of(body).coarse[name]]
        distance = np.linalg.norm(points[rows][:, None] - skin[None], axis=2).min(axis=1)
        assert distance.max() < 1e-6, name


def test_rotations_are_rotations_and_smooth_at_zero():
    turns = torch.tensor([[0.0, 0.0, 0.0], [0.3, -1.0, 2.0], [0.0, np.pi, 0.0]], requires_grad=True)
    matrices = rotations_of(turns)
    assert torch.allclose(matrices @ matrices.transpose(-1, -2), torch.eye(3).expand(3, 3, 3), atol=1e-6)
    matrices.sum().backward()
    assert torch.isfinite(turns.grad).all()


def test_balls_touch_the_skin_from_inside_and_cover_the_trunk(body):
    balls = inscribed_balls(body)
    gap = np.linalg.norm(body.v_template[:, None] - balls.centre[None], axis=2) - balls.radius
    assert gap.min() > -0.002  # no vertex is deeper than 2 mm in any ball
    assert np.quantile(gap.min(axis=1)[Surface.of(body).coarse["stomach"]], 0.9) < 0.015


def test_spread_out_points_are_distinct_and_far_apart():
    line = np.stack([np.arange(11.0), np.zeros(11), np.zeros(11)], axis=1)
    assert spread_out(line, 3).tolist() == [0, 5, 10]
    assert spread_out(line, 50).tolist() == list(range(11))


def test_the_mirrored_pair_has_mirrored_joints(body, figure):
    who = people(2)
    who.betas.zero_()
    from chorus.body.model import JOINT_MIRROR

    one, other = figure(who).joints, figure(mirrored(who)).joints
    assert torch.allclose(other, one[:, :, JOINT_MIRROR.copy()] * torch.tensor([-1.0, 1, 1]), atol=1e-5)


def test_far_and_near_is_a_square_near_and_a_line_far():
    r = torch.tensor([0.0, 0.001, 10.0, 11.0], dtype=torch.float64)
    cost = near_and_far(r, 0.1)
    assert cost[1].item() == pytest.approx(1e-6, rel=1e-3)
    assert (cost[3] - cost[2]).item() == pytest.approx(2 * 0.1 * 1.0, rel=1e-2)


def test_what_is_given_up_is_a_square_near_and_never_pulls_far():
    r = torch.tensor([0.001, 0.1, 1.0, 10.0], dtype=torch.float64, requires_grad=True)
    cost = near_or_given_up(r, 0.1)
    cost.sum().backward()
    assert cost[0].item() == pytest.approx(1e-6, rel=1e-3)
    assert (cost.diff() > 0).all()
    assert cost[3].item() == pytest.approx(0.01, rel=1e-3)
    assert r.grad[1] > r.grad[2] > r.grad[3] > 0


def apart(distance):
    """Two people in rest pose, side by side, `distance` metres between their roots."""
    place = torch.tensor([[[0.0, 0, 0], [distance, 0, 0]]])
    return People(torch.zeros(1, 2, 24, 3), torch.zeros(1, 2, 10), place)


def test_contact_measures_the_gap_between_hands(body, figure):
    parts = Surface.of(body).coarse
    reach = body.v_template[parts["left_hand"], 0].max() - body.v_template[parts["right_hand"], 0].min()
    labels = Labels.of([labels_of([("left_hand", "right_hand")])], figure)
    posed = figure(apart(float(reach) + 0.2))
    soft, least = contact_distances(figure, posed, labels)
    assert least.item() == pytest.approx(0.2, abs=0.03)
    assert least.item() <= soft.item() < least.item() + 0.05
    assert contact(figure, posed, labels, 0.01).item() == pytest.approx(soft.item() ** 2 / 0.01**2)
    assert contact(figure, posed, labels, 0.01, torch.zeros_like).item() == 0.0


def test_of_two_readings_of_one_contact_the_nearer_one_counts(figure):
    posed = figure(apart(0.9))
    told, mirrored = ("right_hand", "left_hand"), ("left_hand", "right_hand")  # person 2 is on the left of person 1
    near, far = (contact(figure, posed, Labels.of([labels_of([one])], figure), 0.01) for one in (mirrored, told))
    assert near < far / 10
    unsure = Labels.of([[Label(told, 0.5, sure=False)]], figure)
    assert unsure.told.tolist() == [0, 0]
    assert contact(figure, posed, unsure, 0.01).item() == pytest.approx(near.item() / 2, rel=1e-3)
    distances = contact_distances(figure, posed, unsure)[1]
    pair, nearest = unsure.nearest(distances)
    assert (pair.tolist(), nearest.tolist()) == ([0], [distances.min().item()])


def test_readings_are_not_taken_where_both_sides_are_told_or_no_part_has_one(figure):
    both = [Label(("left_hand", "chest"), sure=False), Label(("right_hand", "chest"), sure=False)]
    assert Labels.of([both], figure).told.tolist() == [0, 1]
    labels = Labels.of([[Label(("head", "head"), sure=False)], [], [Label(("left_foot", "head"), sure=False)]], figure)
    assert (labels.told.tolist(), labels.pair.tolist()) == ([0, 1, 1], [0, 2, 2])
    shares = labels.shares(torch.tensor([5.0, 0.1, 0.1 + 0.03]))
    assert shares[0] == 1
    assert shares[2] / shares[1] == pytest.approx(np.exp(-1), rel=1e-4)
    assert labels.shares(torch.tensor([5.0, 90.0, 91.0])).isfinite().all()


def test_a_label_of_no_weight_and_no_label_cost_nothing(figure):
    posed = figure(apart(3.0))
    assert contact(figure, posed, Labels.of([[]], figure), 0.01).tolist() == [0.0]
    some = Labels.of([labels_of([("head", "head")])], figure)
    some.weight.zero_()
    assert contact(figure, posed, some, 0.01).tolist() == [0.0]


def test_people_apart_do_not_penetrate_and_people_in_one_place_do(figure):
    for distance, inside in ((3.0, False), (0.05, True)):
        posed = figure(apart(distance))
        found = penetration(posed, Inside.of(posed), 0.01).item()
        assert (found > 100) == inside
        assert found == 0 or inside


def test_penetration_pushes_people_apart(figure):
    who = apart(0.25)
    who.translation.requires_grad_()
    posed = figure(who)
    penetration(posed, Inside.of(posed), 0.01).sum().backward()
    assert who.translation.grad[0, 1, 0] < 0 < who.translation.grad[0, 0, 0]


def test_natural_angles_cost_less_than_a_knee_bent_forwards():
    pose = torch.zeros(2, 2, 24, 3)
    pose[1, 0, 4, 0] = -1.0
    cost = PoseRange("cpu").cost(pose)
    assert cost[1] > cost[0] + 100
    assert PoseRange("cpu").beyond(pose)[1].item() == pytest.approx(1.0, abs=1e-5)


def test_boxes_ignore_missing_keypoints():
    keypoints = torch.zeros(1, 2, 17, 3)
    keypoints[0, 0, :2] = torch.tensor([[10.0, 20, 1], [30.0, 100, 1]])
    keypoints[0, 0, 2] = torch.tensor([500.0, 500, 0])
    assert boxes(keypoints).tolist() == [[80.0, 1.0]]

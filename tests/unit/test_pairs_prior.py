"""The contact prior and the fits: what no camera changes, schedules, training, files, guidance."""

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from scipy.spatial.transform import Rotation  # noqa: E402

from chorus import store  # noqa: E402
from chorus.body.loading import OPEN_BODY, load_body  # noqa: E402
from chorus.errors import FileError  # noqa: E402
from chorus.pairs.card import read_prior, weights_of  # noqa: E402
from chorus.pairs.denoiser import TIMES, Denoiser, Sizes, noised, signal_share  # noqa: E402
from chorus.pairs.figure import People, rotations_of  # noqa: E402
from chorus.pairs.fit import FitSettings, Problem, fit  # noqa: E402
from chorus.pairs.fitting import figure_of  # noqa: E402
from chorus.pairs.labels import LabelFaults  # noqa: E402
from chorus.pairs.refine import PriorGuide, RefineSettings, halfway, placed, refine  # noqa: E402
from chorus.pairs.scenes import Plan, people_of, scenes  # noqa: E402
from chorus.pairs.tokens import (  # noqa: E402
    ALL_BUT_POSE,
    GROUPS,
    SIZES,
    WIDTH,
    exchanged,
    joints_of,
    pull,
    rotation_of_six,
    six_of,
    tokens_of,
)
from chorus.pairs.training import GUIDED, TrainingSettings, guidance, train  # noqa: E402
from chorus.pairs.views import Faults, upright  # noqa: E402

SMALL = Sizes(32, 1, 2, 32)


@pytest.fixture(scope="module")
def figure():
    return figure_of(load_body(OPEN_BODY), "cpu")


@pytest.fixture(scope="module")
def drawn(figure):
    plan = Plan(4, "test", 4, ("handshake", "side_by_side", "push", "massage"))
    return scenes(figure, plan, Faults(), LabelFaults())[0]


@pytest.fixture(scope="module")
def trained(figure, drawn):
    people = upright(figure, people_of(drawn.true, "cpu"))
    return train(figure, people, TrainingSettings(300, 16, 3e-3, 1), SMALL)


def test_six_numbers_are_a_rotation():
    rotations = torch.tensor(Rotation.random(20, rng=np.random.default_rng(0)).as_matrix(), dtype=torch.float32)
    assert torch.allclose(rotation_of_six(six_of(rotations)), rotations, atol=1e-5)
    made = rotation_of_six(torch.randn(10, 6, generator=torch.Generator().manual_seed(0)))
    assert torch.allclose(made @ made.transpose(-1, -2), torch.eye(3).expand(10, 3, 3), atol=1e-5)
    assert torch.allclose(torch.linalg.det(made), torch.ones(10), atol=1e-5)


def test_no_rotation_of_the_camera_changes_the_numbers(figure, drawn):
    who = people_of(drawn.true, "cpu")
    turn = torch.tensor(Rotation.from_rotvec([0.3, -0.5, 0.2]).as_matrix(), dtype=torch.float32)
    roots = figure.roots(who)
    pose = who.pose.clone()
    root = turn @ rotations_of(pose[:, :, 0])
    flat = Rotation.from_matrix(root.reshape(-1, 3, 3).double().numpy()).as_rotvec()
    pose[:, :, 0] = torch.tensor(flat, dtype=torch.float32).reshape(-1, 2, 3)
    moved = People(pose, who.betas, roots @ turn.T - (roots - who.translation))
    assert torch.allclose(tokens_of(figure, who), tokens_of(figure, moved), atol=1e-4)


def test_numbers_say_where_the_joints_are(figure, drawn):
    who = people_of(drawn.true, "cpu")
    joints, again = figure(who).joints.flatten(1, 2), joints_of(figure, tokens_of(figure, who)).flatten(1, 2)
    between, found = ((some[:, :, None] - some[:, None]).norm(dim=-1) for some in (joints, again))
    assert torch.allclose(between, found, atol=1e-3)


def test_people_of_numbers_have_these_numbers(figure, drawn):
    who = people_of(drawn.true, "cpu")
    numbers = tokens_of(figure, who)
    again = tokens_of(figure, placed(figure, numbers, people_of(drawn.initial, "cpu")))
    sight = slice(WIDTH - SIZES[-1], None)
    assert torch.allclose(again[:, 1], numbers[:, 1], atol=1e-3)
    assert torch.allclose(again[:, 0, : sight.start], numbers[:, 0, : sight.start], atol=1e-3)


def test_the_pull_is_nought_at_its_target_and_grows_away_from_it(figure, drawn):
    who = people_of(drawn.true, "cpu")
    target = tokens_of(figure, who)
    assert pull(figure, who, target, 0.1).max() < 1e-3
    other = people_of(drawn.initial, "cpu")
    assert (pull(figure, other, target, 0.1) > 10).all()
    assert torch.allclose(
        pull(figure, exchanged(who), tokens_of(figure, exchanged(who)), 0.1), torch.zeros(4), atol=1e-3
    )


def test_the_schedule_falls_from_one_to_nought():
    share = signal_share(torch.arange(TIMES + 1).float())
    assert share[0] == 1
    assert share[-1] < 1e-4
    assert (share.diff() <= 0).all()
    clean = torch.ones(2, 2, WIDTH)
    assert torch.equal(noised(clean, torch.zeros_like(clean), torch.zeros(2)), clean)


def test_guidance_is_dropped_at_the_rates_that_are_told():
    given = guidance(20000, np.random.default_rng(0))
    nothing, everything, without_pose, some = GUIDED
    by_chance = some / 2 ** len(GROUPS)  # any groups may be none, all, or all but the pose
    assert given.shape == (20000, 2, len(GROUPS))
    assert (given[:, 0] == given[:, 1]).all()
    for groups, rate in (([False] * 4, nothing), ([True] * 4, everything), (list(ALL_BUT_POSE), without_pose)):
        assert (given[:, 0] == groups).all(1).mean() == pytest.approx(rate + by_chance, abs=0.015)


def test_the_pull_of_a_prior_does_not_see_the_pose_of_the_first_estimate(figure, drawn, trained):
    first = people_of(drawn.initial, "cpu")
    other = People(first.pose.clone(), first.betas, first.translation)
    other.pose[:, :, 18:] += 0.3  # elbows, wrists and hands: no root moves
    costs = [PriorGuide(figure, trained[0], guide, RefineSettings())(first) for guide in (first, other)]
    assert torch.allclose(costs[0], costs[1], rtol=1e-4)
    away = People(first.pose, first.betas, first.translation + torch.tensor([[[0.0, 0, 0], [0, 0, 0.3]]]))
    assert not torch.allclose(costs[0], PriorGuide(figure, trained[0], away, RefineSettings())(first), rtol=1e-2)


def test_an_untrained_network_returns_its_guide(figure, drawn):
    prior = Denoiser(SMALL)
    guide = torch.ones(3, 2, WIDTH)
    assert torch.allclose(prior.denoised(torch.zeros_like(guide), 500, guide), guide)
    assert torch.allclose(prior.expected(guide), guide)


def test_training_lowers_the_loss_and_follows_from_its_seed(figure, drawn, trained):
    _, losses = trained
    assert all(np.isfinite(losses))
    people = upright(figure, people_of(drawn.true, "cpu"))
    short = [train(figure, people, TrainingSettings(3, 8, 1e-3, seed), SMALL)[0] for seed in (1, 1, 2)]
    first, same, other = (weights_of(one) for one in short)
    assert first == same != other
    assert losses[-1] < losses[0]


def test_a_prior_is_read_as_it_was_written(tmp_path, trained):
    prior, _ = trained
    weights, card = tmp_path / "prior.safetensors", tmp_path / "prior.json"
    store.write_recorded(weights, weights_of(prior), {"kind": "safetensors"})
    store.write_recorded(card, store.json_bytes({"sizes": vars(SMALL)}), {"kind": "json"})
    again = read_prior(weights, card, "cpu")
    guide = torch.ones(1, 2, WIDTH)
    assert torch.equal(again.denoised(guide, 10, guide), prior.denoised(guide, 10, guide))
    for wrong in ({"sizes": vars(Sizes(64, 1, 2, 32))}, {"sizes": {"width": "x"}}, {}):
        store.write_recorded(card, store.json_bytes(wrong), {"kind": "json"})
        with pytest.raises(FileError, match="is no prior"):
            read_prior(weights, card, "cpu")


def test_fits_fall_keep_apart_from_their_batch_and_contacts_are_met(figure, drawn):
    from chorus.pairs.fitting import fit_rows, plain_fit

    settings = FitSettings(steps=(40, 10))
    together = fit_rows(figure, drawn, "true", 4, plain_fit(settings))
    alone = fit_rows(figure, drawn[np.array([2])], "true", 4, plain_fit(settings))
    assert np.allclose(together.bodies.pose[2], alone.bodies.pose[0], atol=1e-3)
    without = fit_rows(figure, drawn, "none", 4, plain_fit(settings))
    assert (without.losses["contact"] == 0).all()
    assert np.median(together.quality.distance) < 0.05
    assert set(together.losses) == set(without.losses)
    assert (together.steps <= 50).all()


def test_a_fit_that_starts_at_the_truth_stays_there(figure, drawn):
    from chorus.pairs.fitting import labels_named, problem_of

    at_truth = problem_of(figure, drawn, labels_named(figure, drawn, "true"))
    start = Problem(people_of(drawn.true, "cpu"), at_truth.K, at_truth.keypoints, at_truth.box, at_truth.labels)
    done = fit(figure, start, FitSettings(steps=(30, 10)))
    assert (done.people.translation - start.initial.translation).norm(dim=-1).max() < 0.15


def test_a_prior_guides_without_gradients_through_it(figure, drawn, trained):
    from chorus.pairs.fitting import labels_named, problem_of

    problem = problem_of(figure, drawn, labels_named(figure, drawn, "none"))
    guide = PriorGuide(figure, trained[0], problem.initial, RefineSettings())
    who = problem.initial.detached()
    who.pose.requires_grad_()
    trained[0].zero_grad()
    guide(who).sum().backward()
    assert torch.isfinite(who.pose.grad).all()
    assert all(weight.grad is None for weight in trained[0].parameters())
    done = refine(figure, trained[0], problem, RefineSettings(), FitSettings(steps=(5, 3)))
    assert (done.losses["prior"] > 0).all()


def test_places_go_half_of_the_way_to_the_keypoints_and_poses_stay(figure, drawn):
    from chorus.pairs.fitting import labels_named, problem_of

    at_truth = problem_of(figure, drawn, labels_named(figure, drawn, "none"))
    far = at_truth.initial.translation + torch.tensor([0.4, 0.0, 0.0])  # a side error, which keypoints know best
    problem = dataclasses.replace(at_truth, initial=dataclasses.replace(at_truth.initial, translation=far))
    found = halfway(figure, problem, FitSettings(steps=(100, 50)))
    assert torch.equal(found.pose, problem.initial.pose)
    assert (found.translation - far)[..., 0].mean().item() == pytest.approx(-0.2, abs=0.06)

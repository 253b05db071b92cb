"""The contact prior and the fits: what no camera changes, schedules, training, files, guidance."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from scipy.spatial.transform import Rotation  # noqa: E402

from chorus import store  # noqa: E402
from chorus.body.loading import OPEN_BODY, load_body  # noqa: E402
from chorus.errors import FileError  # noqa: E402
from chorus.pairs.card import read_prior, weights_of  # noqa: E402
from chorus.pairs.denoiser import TIMES, Denoiser, Sizes, noised, signal_share  # noqa: E402
from chorus.pairs.depths import DepthJudge, first_fit, parted, relative_depth, seen, train_judge  # noqa: E402
from chorus.pairs.figure import People, rotations_of  # noqa: E402
from chorus.pairs.fit import FitSettings, Problem, fit  # noqa: E402
from chorus.pairs.fitting import figure_of  # noqa: E402
from chorus.pairs.labels import LabelFaults  # noqa: E402
from chorus.pairs.prior import ContactPrior, learn  # noqa: E402
from chorus.pairs.refine import OWN_DEPTH, PriorGuide, RefineSettings, in_contact, placed, refine  # noqa: E402
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
from chorus.pairs.touching import Touch, hand_distances  # noqa: E402
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
    first = people_of(drawn.initial, "cpu")
    made = placed(figure, numbers, first)
    place = WIDTH - SIZES[-1]
    assert torch.allclose(tokens_of(figure, made)[..., :place], numbers[..., :place], atol=1e-3)
    assert torch.allclose(figure.roots(made), figure.roots(first), atol=1e-5)


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
    prior = contact_prior(figure, trained[0])

    def cost(guide):
        return PriorGuide(figure, prior, guide, RefineSettings())(first, figure(first))

    assert torch.allclose(cost(first), cost(other), rtol=1e-4)
    away = People(first.pose, first.betas, first.translation + torch.tensor([[[0.0, 0, 0], [0, 0, 0.3]]]))
    assert not torch.allclose(cost(first), cost(away), rtol=1e-2)


def test_an_untrained_network_returns_its_guide(figure, drawn):
    prior = Denoiser(SMALL)
    guide = torch.ones(3, 2, WIDTH)
    assert torch.allclose(prior.denoised(torch.zeros_like(guide), 500, guide), guide)
    assert torch.allclose(prior.expected(guide), guide)


def test_what_is_expected_follows_from_the_guide_alone_and_not_from_its_batch(figure, drawn, trained):
    guide = trained[0].normalised(tokens_of(figure, people_of(drawn.initial, "cpu")))
    with torch.no_grad():
        expected = trained[0].expected(guide)
        assert torch.equal(trained[0].expected(guide), expected)
        assert torch.allclose(trained[0].expected(guide[2:3]), expected[2:3], atol=1e-5)


def test_training_lowers_the_loss_and_follows_from_its_seed(figure, drawn, trained):
    _, losses = trained
    assert all(np.isfinite(losses))
    people = upright(figure, people_of(drawn.true, "cpu"))
    short = [learn(figure, people, TrainingSettings(3, 8, 1e-3, seed, 3), SMALL)[0] for seed in (1, 1, 2)]
    first, same, other = (weights_of(one) for one in short)
    assert first == same != other
    assert losses[-1] < losses[0]


def test_a_prior_is_read_as_it_was_written(tmp_path, figure, trained):
    prior = contact_prior(figure, trained[0])
    weights, card = tmp_path / "prior.safetensors", tmp_path / "prior.json"
    store.write_recorded(weights, weights_of(prior), {"kind": "safetensors"})
    touch = vars(prior.touch)
    store.write_recorded(card, store.json_bytes({"sizes": vars(SMALL), "touch": touch}), {"kind": "json"})
    again = read_prior(weights, card, figure)
    guide, told = torch.ones(1, 2, WIDTH), torch.rand(2, len(prior.judge.candidates), 2, len(figure.part_names), 3)
    assert torch.equal(again.denoiser.denoised(guide, 10, guide), prior.denoiser.denoised(guide, 10, guide))
    assert torch.equal(again.judge(told), prior.judge(told))
    assert again.touch == prior.touch
    for wrong in (
        {"sizes": vars(Sizes(64, 1, 2, 32)), "touch": touch}, {"sizes": {"width": "x"}, "touch": touch},
        {"sizes": vars(SMALL), "touch": {"often": 1}}, {"sizes": vars(SMALL)}, {},
    ):  # fmt: skip
        store.write_recorded(card, store.json_bytes(wrong), {"kind": "json"})
        with pytest.raises(FileError, match="is no prior"):
            read_prior(weights, card, figure)


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
    prior = contact_prior(figure, trained[0])
    guide = PriorGuide(figure, prior, problem.initial, RefineSettings())
    who = problem.initial.detached()
    who.pose.requires_grad_()
    trained[0].zero_grad()
    guide(who, figure(who)).sum().backward()
    assert torch.isfinite(who.pose.grad).all()
    assert all(weight.grad is None for weight in trained[0].parameters())
    done = refine(figure, prior, problem, RefineSettings(), FitSettings(steps=(5, 3)))
    assert (done.losses["prior"] > 0).all()


def test_people_start_where_keypoints_put_them_at_the_depth_that_is_judged(figure, drawn):
    from chorus.pairs.fitting import labels_named, problem_of

    class Always(DepthJudge):
        def expected(self, figure, people):
            return torch.full((len(people.pose),), 0.2)

    problem = problem_of(figure, drawn, labels_named(figure, drawn, "true"))
    found = in_contact(figure, Always(len(figure.part_names)), problem, FitSettings(steps=(60, 50)))
    fitted = first_fit(figure, problem, FitSettings(steps=(60, 50)))
    assert torch.equal(found.pose, problem.initial.pose)
    own = relative_depth(figure, problem.initial, fitted)
    expected = (1 - OWN_DEPTH) * 0.2 + OWN_DEPTH * own
    assert torch.allclose(relative_depth(figure, found, fitted), expected, atol=1e-4)
    assert torch.allclose(figure.roots(found).mean(1), figure.roots(fitted).mean(1), atol=1e-5)


def test_a_first_fit_sees_no_labels(figure, drawn):
    from chorus.pairs.fitting import labels_named, problem_of

    short = FitSettings(steps=(10, 5))
    with_labels, without = (
        first_fit(figure, problem_of(figure, drawn, labels_named(figure, drawn, labels)), short)
        for labels in ("true", "none")
    )
    assert torch.equal(with_labels.translation, without.translation)


def contact_prior(figure, denoiser):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return ContactPrior(denoiser, DepthJudge(len(figure.part_names)).eval(), Touch(0.3, 0.4))


def test_moving_people_apart_changes_their_relative_depth_by_as_much(figure, drawn):
    who = people_of(drawn.true, "cpu")
    by = torch.tensor([0.1, -0.2, 0.0, 0.35])
    assert torch.allclose(relative_depth(figure, parted(figure, who, by), who), by, atol=1e-5)


def test_a_judge_sees_people_sink_into_each_other_and_leave_each_other(figure, drawn):
    who = people_of(drawn.true, "cpu")
    judge = DepthJudge(len(figure.part_names))
    distance, deepest, depths = seen(figure, who, judge.candidates).unbind(-1)
    assert distance.shape == (4, len(judge.candidates), 2, len(figure.part_names))
    assert (depths >= deepest).all()
    true = int(judge.candidates.abs().argmin())
    assert judge.candidates[true] == 0
    assert deepest[:, true].amax() < 0.06  # arranged people hardly penetrate
    assert (deepest.amax((1, 2, 3)) > 0.06).sum() == 3  # at some depth they do, but people who shake hands
    nearest = distance.amin((2, 3))
    assert (nearest[:, true] < 0.06).all()  # they touch; every second point is looked at
    assert (nearest[:, [0, -1]].amax(1) > nearest[:, true]).all()


def test_a_judge_does_not_care_who_is_first_and_gives_a_distribution(figure, drawn):
    who = people_of(drawn.true, "cpu")
    judge = contact_prior(figure, None).judge
    likely = judge(seen(figure, who, judge.candidates))
    backwards = judge(seen(figure, exchanged(who), judge.candidates))
    assert torch.allclose(likely.exp().sum(1), torch.ones(4), atol=1e-5)
    assert torch.allclose(backwards.flip(1), likely, atol=1e-3)


def test_training_a_judge_teaches_it_depths_and_follows_from_its_seed(figure, drawn):
    people = upright(figure, people_of(drawn.true, "cpu"))
    _, losses = train_judge(figure, people, 600, 3)
    assert losses[-1] < 0.7 * losses[0]
    first, again, third = (train_judge(figure, people, 5, seed)[0].state_dict()["pair.2.weight"] for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, third)


def test_hands_that_are_near_are_pulled_nearer(figure, drawn):
    who = people_of(drawn.true, "cpu")
    touch = Touch(0.3, 0.4)
    with torch.no_grad():
        distance = hand_distances(figure, figure(who), 1)
    handshake = int(np.flatnonzero(drawn.interaction == "handshake")[0])
    assert distance.shape == (4, 2, 2)
    assert (distance[handshake].amin(1) < 0.04).all()  # one hand of each

    moved = parted(figure, who, torch.full((4,), 0.05)).detached()
    moved.translation.requires_grad_()
    touch.cost(figure, figure(moved), 0.05)[handshake].backward()
    sight = torch.nn.functional.normalize(figure.roots(who).mean(1), dim=-1)[handshake]
    assert (moved.translation.grad[handshake, 1] * sight).sum() > 0  # downhill they come nearer


def test_distances_of_hands_have_a_density():
    touch, distance = Touch(0.3, 0.4), torch.linspace(0, 4, 40001, dtype=torch.float64)
    density = torch.exp(-touch.unlikely(distance, 0.05) / 2) * (2 / np.pi) ** 0.5
    assert torch.trapezoid(density, distance).item() == pytest.approx(1.0, abs=1e-4)
    pulled = touch.unlikely(distance, 0.05).diff() / distance.diff()
    assert pulled[500] > 5 * pulled[3000]  # at 5 cm and at 30 cm


def test_what_touching_is_like_follows_from_the_pairs(figure, drawn):
    who = people_of(drawn.true, "cpu")
    found = Touch.of(figure, who)
    distance = hand_distances(figure, figure(who), 1)
    assert found.share == pytest.approx((distance < 0.025).float().mean().item())
    assert 0.025 < found.far < 2
    away = Touch.of(figure, parted(figure, who, torch.full((4,), 3.0)))
    assert away.share < 0.05  # never nought: its logarithm is needed
    assert away.far > 2

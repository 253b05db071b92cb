"""Scenes of pairs: contacts that are real, faults of the size that was asked for, the same bytes from the same seed."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from chorus.body.loading import OPEN_BODY, load_body  # noqa: E402
from chorus.body.model import mirrored_name  # noqa: E402
from chorus.body.regions import PARTS  # noqa: E402
from chorus.errors import ConfigError  # noqa: E402
from chorus.pairs.arranging import TOUCH, arrange, draw  # noqa: E402
from chorus.pairs.fitting import figure_of  # noqa: E402
from chorus.pairs.improvising import IMPROVISED, shows  # noqa: E402
from chorus.pairs.labels import Label, LabelFaults, corrupted, labels_of, repaired  # noqa: E402
from chorus.pairs.scenes import Plan, drawn_pairs, interactions_of, scenes  # noqa: E402
from chorus.pairs.scoring import score  # noqa: E402
from chorus.pairs.templates import INTERACTIONS, Stance  # noqa: E402
from chorus.pairs.terms import Inside, Labels, contact_distances  # noqa: E402
from chorus.pairs.views import Faults, view  # noqa: E402


@pytest.fixture(scope="module")
def body():
    return load_body(OPEN_BODY)


@pytest.fixture(scope="module")
def figure(body):
    return figure_of(body, "cpu")


@pytest.fixture(scope="module")
def arranged(figure):
    draws = [draw(name, np.random.default_rng(5)) for name in ("handshake", "push", "sit_close", "massage")]
    people, reached = arrange(figure, draws)
    return draws, people, reached


def test_there_are_at_least_sixteen_interactions_and_their_parts_exist():
    assert len(INTERACTIONS) >= 16
    for name, interaction in INTERACTIONS.items():
        assert interaction.contacts, name
        assert {part for contact in interaction.contacts for part in contact} <= set(PARTS), name


def test_a_stance_without_numbers_stands_with_its_arms_down():
    pose = Stance().pose()
    assert pose.shape == (24, 3)
    assert pose[16, 2] < -1.0 < 1.0 < pose[17, 2]  # both shoulders turn the arms down
    assert pose[0].tolist() == [0, 0, 0]


def test_draws_are_mirrored_exchanged_and_decided_by_their_seed():
    found = {draw("hand_on_shoulder", np.random.default_rng(seed)).contacts for seed in range(30)}
    one = ("left_hand", "right_shoulder")
    twin = tuple(map(mirrored_name, one))
    assert found == {(one,), (twin,), (one[::-1],), (twin[::-1],)}
    a, b = (draw("hug", np.random.default_rng(1)) for _ in range(2))
    assert np.array_equal(a.pose, b.pose)


def test_arranged_people_touch_and_hardly_penetrate(figure, arranged):
    draws, people, reached = arranged
    assert reached.sum() >= 3
    posed = figure(people)
    labels = Labels.of([labels_of(one.contacts) for one in draws], figure)
    _, least = contact_distances(figure, posed, labels)
    assert (least[torch.tensor(reached)[labels.pair]] <= TOUCH).all()
    inside = Inside.of(posed)
    assert inside.depths(posed).max() < 0.04


def test_a_view_without_faults_shows_the_truth(figure, arranged):
    _, people, _ = arranged
    nought = Faults(0, 0, 0, 0, 0, 0, 0)
    seen = view(figure, people, np.random.default_rng(0), nought)
    assert torch.allclose(seen.truth.pose, seen.initial.pose, atol=1e-5)
    assert torch.allclose(seen.truth.translation, seen.initial.translation, atol=1e-5)
    posed = figure(seen.truth)
    depth = posed.keypoints[..., 2]
    assert (depth > 1).all()
    assert (seen.keypoints[..., :2] > -400).all()
    # People are not deformed by being looked at: distances among all joints stay.
    joints = (figure(who).joints.flatten(1, 2) for who in (people, seen.truth))
    before, after = ((some[:, :, None] - some[:, None]).norm(dim=-1) for some in joints)
    assert torch.allclose(before, after, atol=1e-4)


def test_faults_have_the_size_that_was_asked_for(figure, arranged):
    _, people, _ = arranged
    many = people[torch.arange(4).repeat(25)]
    seen = view(figure, many, np.random.default_rng(0), Faults(keypoint_dropout=0.2, pose_noise=0.2, depth_noise=0.1))
    off = (seen.initial.pose - seen.truth.pose)[:, :, 1:]
    assert off.std().item() == pytest.approx(0.2, rel=0.05)
    further = seen.initial.translation.norm(dim=-1) - seen.truth.translation.norm(dim=-1)
    assert further.std().item() == pytest.approx(0.1, rel=0.2)
    assert (seen.keypoints[..., 2] == 0).float().mean().item() > 0.2  # hidden ones go missing besides
    assert (seen.initial.betas == 0).all()


def test_labels_without_faults_are_the_truth_and_rates_are_met():
    contacts = (("left_hand", "right_shoulder"), ("chest", "upper_back"))
    rng = np.random.default_rng(0)
    assert corrupted(contacts, rng, LabelFaults(0, 0, 0, 0)) == contacts
    many = [corrupted(contacts[:1], rng, LabelFaults(0.4, 0, 0, 0))[0] for _ in range(1000)]
    wrong = [one for one in many if one != contacts[0]]
    assert len(wrong) / 1000 == pytest.approx(0.4, abs=0.05)
    assert set(wrong) == {("right_hand", "left_shoulder")}  # the relation stays
    assert all(corrupted(contacts, rng, LabelFaults(missing=1.0)) for _ in range(20))


def test_sides_told_wrong_are_repaired_by_the_keypoints():
    keypoints = np.zeros((2, 17, 3))
    keypoints[..., 2] = 1.0
    keypoints[0, 9, :2], keypoints[0, 10, :2] = [0, 0], [100, 0]  # wrists of person 1
    keypoints[1, 5, :2], keypoints[1, 6, :2] = [300, 0], [110, 0]  # shoulders of person 2
    right = Label(("right_hand", "right_shoulder"))
    assert repaired([("left_hand", "left_shoulder")], keypoints) == (right,)
    assert repaired([right.contact], keypoints) == (right,)
    keypoints[0, :, 2] = 0.0  # nobody sees person 1
    assert repaired([right.contact], keypoints) == (Label(right.contact, sure=False),)
    assert repaired([("chest", "head")], keypoints) == (Label(("chest", "head")),)  # nothing to choose


def test_splits_share_no_type_that_is_held_out():
    train, test = (interactions_of(["hug", "kick"], split) for split in ("train", "test"))
    assert test == ("hug", "kick")
    assert not set(train) & set(test)
    assert interactions_of([], "test") == tuple(INTERACTIONS)
    with pytest.raises(ConfigError, match="is no interaction"):
        interactions_of(["tickle"], "train")
    with pytest.raises(ConfigError, match="none is left"):
        interactions_of(list(INTERACTIONS), "train")


def test_improvised_pairs_touch_and_never_as_a_withheld_type_does(figure):
    types = ("hug", "push", "tackle")
    people, draws, counts = drawn_pairs(figure, Plan(5, "train", 2, types, improvised=6))
    assert counts[IMPROVISED][1] == 6
    assert sum(reached for _, reached in counts.values()) == len(draws) == len(people.pose) == 8
    withheld = set(INTERACTIONS) - set(types)
    for number, one in enumerate(draws):
        assert one.contacts
        assert not shows(one.contacts, withheld)
        _, least = contact_distances(
            figure, figure(people[number : number + 1]), Labels.of([labels_of(one.contacts)], figure)
        )
        assert least.max() <= TOUCH
    again = drawn_pairs(figure, Plan(5, "train", 2, types, improvised=6, batch=3))[1]
    assert [one.contacts for one in again] == [one.contacts for one in draws]


def test_an_interaction_is_known_in_a_mirror_and_with_people_exchanged():
    assert shows((("right_hand", "right_hand"),), {"handshake"})
    assert shows((("left_hand", "left_hand"), ("head", "head")), {"handshake"})
    assert shows((("right_thigh", "left_foot"),), {"kick"})
    assert not shows((("left_hand", "right_hand"),), {"handshake", "both_hands"})
    assert not shows((("left_hand", "left_hand"),), set())


def test_scenes_are_decided_by_the_seed_and_scored_as_true(body, figure):
    plan = Plan(3, "test", 2, ("handshake", "side_by_side"))
    (one, counts), (other, _) = (scenes(figure, plan, Faults(), LabelFaults()) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one.arrays().values(), other.arrays().values(), strict=True))
    assert sum(reached for _, reached in counts.values()) == len(one) == 2
    scores = score(body, one.true, one)
    assert scores.joint.max() < 1e-6
    assert scores.contact_distance.max() < TOUCH
    assert score(body, one.initial, one).joint.min() > 0.01

"""Scenes: people reach what they hold, pictures are deterministic, and annotations agree with the pixels."""

from pathlib import Path

import numpy as np
import pytest

from chorus.body.loading import load_body
from chorus.body.model import JOINT_NAMES
from chorus.errors import ConfigError
from chorus.prompts.views import View, load_views
from chorus.scenes.interactions import INTERACTIONS, draw
from chorus.scenes.mannequin import LIMBS, Mannequin
from chorus.scenes.scene import SITUATIONS, SceneRequest, draw_scene, photograph

RESOURCES = Path(__file__).parents[2] / "resources"
TEMPLATES = [(category, interaction) for category, known in INTERACTIONS.items() for interaction in known]
FRONT = View("", ((30.0, 150.0),), (0.0, 20.0), "full")
J = {name: index for index, name in enumerate(JOINT_NAMES)}


@pytest.fixture(scope="module")
def body():
    return load_body(RESOURCES / "body" / "open_body.npz")


def scene_of(body, situation, view=FRONT, size=128):
    request = SceneRequest("soccer_ball", "hold", view, size=size)
    seeds = (np.random.default_rng(seed) for seed in range(1000))
    return next(scene for rng in seeds if (scene := draw_scene(request, body, rng)).situation == situation)


@pytest.mark.parametrize("limb", LIMBS)
def test_limbs_reach_targets_within_their_length(body, limb):
    rng = np.random.default_rng(0)
    for _ in range(20):
        m = Mannequin(body, np.zeros(10))
        m.bend_spine(x=10.0, y=20.0)
        chain = LIMBS[limb]
        root = m.where(JOINT_NAMES[chain.root])
        lengths = [
            np.linalg.norm(m.rest_joints[chain.hinge] - m.rest_joints[chain.root]),
            np.linalg.norm(m.rest_joints[chain.end] - m.rest_joints[chain.hinge]),
        ]
        direction = rng.normal(size=3)
        target = root + rng.uniform(0.4, 0.95) * sum(lengths) * direction / np.linalg.norm(direction)
        m.reach(limb, target, rng.normal(size=3))
        assert np.allclose(m.where(JOINT_NAMES[chain.end]), target, atol=1e-6)
        joints = body.joints(m.pose[None], np.zeros(10))[0]
        assert np.allclose(joints[chain.end], target, atol=1e-6), "mannequin and body model agree"


def test_knees_and_elbows_flex_about_their_anatomical_axis_only(body):
    m = Mannequin(body, np.zeros(10))
    m.reach("left_foot", m.where("left_hip") + np.array([0.0, -0.6, 0.2]), np.array([0.0, 0.0, 1.0]))
    m.reach("left_hand", m.where("left_shoulder") + np.array([0.1, -0.3, 0.2]), np.array([0.3, -1.0, 0.0]))
    knee, elbow = m.pose[J["left_knee"]], m.pose[J["left_elbow"]]
    assert knee[0] > 0.3
    assert np.abs(knee[1:]).max() < 0.3
    assert elbow[1] < -0.3
    assert np.abs(elbow[[0, 2]]).max() < 0.3


@pytest.mark.parametrize(("category", "interaction"), TEMPLATES)
def test_every_template_keeps_person_and_object_close_and_limbs_unbroken(body, category, interaction):
    for seed in range(6):
        placement = draw(category, interaction, np.random.default_rng(seed), body)
        assert (placement.pose[0] == 0).all()
        assert placement.pose.shape == (24, 3)
        assert placement.betas.shape == (10,)
        joints = body.joints(placement.pose[None], placement.betas)[0]
        low, high = placement.object.bounds()
        gap = np.linalg.norm(np.maximum(0, np.maximum(low - joints, joints - high)), axis=1).min()
        assert gap < 0.3, "someone touches the thing or stands next to it"
        assert (np.abs(placement.object.bounds()) < 2.5).all()
        for side, sign in (("left", -1.0), ("right", 1.0)):
            assert placement.pose[J[f"{side}_knee"], 0] > -0.35, "no knee bends backwards"
            assert sign * placement.pose[J[f"{side}_elbow"], 1] > -0.45, "no elbow bends backwards"


def test_the_ridden_motorcycle_lies_under_and_around_the_legs(body):
    placement = draw("motorcycle", "ride", np.random.default_rng(0), body)
    joints = body.joints(placement.pose[None], placement.betas)[0]
    assert placement.object.contains(joints[[J["pelvis"]]] + [0.0, -0.13, -0.03]).all()
    between_knees = joints[[J["left_knee"], J["right_knee"]]].mean(axis=0)
    assert placement.object.contains(between_knees[None] + np.linspace(-0.1, 0.1, 5)[:, None] * [0, 1, 0]).any()
    hands = joints[[J["left_hand"], J["right_hand"]]]
    for hand in hands:
        ball = hand + 0.07 * np.random.default_rng(1).uniform(-1, 1, (3000, 3))
        assert placement.object.contains(ball).any(), "a hand is at a grip"


def test_left_and_right_are_exchanged_in_half_of_the_draws(body):
    centres = [
        draw("umbrella", "hold_up", np.random.default_rng(s), body).object.bounds().mean(axis=0)[0] for s in range(30)
    ]
    assert 6 < (np.array(centres) > 0).sum() < 24


def test_unknown_names_are_refused(body):
    with pytest.raises(ConfigError, match="piano"):
        draw("piano", "play", np.random.default_rng(0), body)
    with pytest.raises(ConfigError, match="fly"):
        draw("motorcycle", "fly", np.random.default_rng(0), body)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_picture(body):
    request = SceneRequest("motorcycle", "ride", FRONT, size=96)
    shots = [photograph(draw_scene(request, body, np.random.default_rng(seed)), body) for seed in (5, 5, 6)]
    assert shots[0].image.tobytes() == shots[1].image.tobytes()
    assert shots[0].keypoints.tobytes() == shots[1].keypoints.tobytes()
    assert shots[0].image.tobytes() != shots[2].image.tobytes()


def test_masks_are_disjoint_and_inside_their_boxes(body):
    for seed in range(4):
        request = SceneRequest("motorcycle", "push", FRONT, size=128)
        shot = photograph(draw_scene(request, body, np.random.default_rng(seed)), body)
        everyone = np.concatenate([shot.person_masks, shot.object_mask[None]]).sum(axis=0)
        assert everyone.max() <= 1
        for mask, (x0, y0, x1, y1) in zip(shot.person_masks, shot.person_boxes.astype(int), strict=True):
            assert mask.sum() == mask[y0:y1, x0:x1].sum() > 0


def test_the_person_hides_the_object_as_the_depths_say(body):
    scene = scene_of(body, "normal", View("", ((265.0, 275.0),), (0.0, 5.0), "full"))
    shot = photograph(scene, body)
    points = np.random.default_rng(0).uniform(*scene.object.bounds(), (2000, 3))
    pixels, _ = scene.camera.project(points[scene.object.contains(points)])
    column, row = np.floor(pixels).astype(int).T
    owned = shot.object_mask[row, column].mean()
    behind_the_back = shot.person_masks[0][row, column].mean()
    assert behind_the_back > 0.5 > owned, "the ball in front of the belly is hidden from behind"


def test_keypoints_lie_inside_and_visible_ones_on_the_person(body):
    for view in load_views(RESOURCES / "views.yaml"):
        shot = photograph(scene_of(body, "normal", view), body)
        x, y, visibility = shot.keypoints[0].T
        known = visibility > 0
        assert ((x[known] >= 0) & (x[known] < 128) & (y[known] >= 0) & (y[known] < 128)).all()
        visible = visibility == 2
        assert shot.person_masks[0][y[visible].astype(int), x[visible].astype(int)].all()
        assert (shot.keypoints[0][~known] == 0).all()


def test_seen_from_the_front_the_face_is_visible_and_from_behind_hidden(body):
    face = {}
    for name, azimuth in (("front", 90.0), ("back", 270.0)):
        view = View("", ((azimuth, azimuth),), (0.0, 0.0), "full")
        face[name] = photograph(scene_of(body, "normal", view, size=256), body).keypoints[0][:3, 2]
    assert (face["front"] == 2).all()
    assert (face["back"] == 1).all()


def test_situations_leave_out_or_add_what_they_say(body):
    assert photograph(scene_of(body, "no_person"), body).person_masks.shape == (0, 128, 128)
    empty_handed = photograph(scene_of(body, "no_object"), body)
    assert not empty_handed.object_mask.any()
    assert len(empty_handed.person_masks) == 1
    assert not photograph(scene_of(body, "no_person"), body).torso_visible
    crowd = photograph(scene_of(body, "two_people"), body)
    assert crowd.person_masks.shape[0] == crowd.keypoints.shape[0] == 2


def test_shares_of_the_situations(body):
    assert sum(SITUATIONS.values()) == pytest.approx(1.0)
    request = SceneRequest("sports_ball", "kick", FRONT)
    drawn = [draw_scene(request, body, np.random.default_rng(seed)).situation for seed in range(150)]
    assert 0.7 < drawn.count("normal") / len(drawn) < 0.97

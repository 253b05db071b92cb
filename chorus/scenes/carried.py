"""Templates of surfboard, backpack, balls and umbrella: what one carries, wears, holds or kicks."""

from __future__ import annotations

import numpy as np

from chorus.scenes.anchored import AnchoredObject
from chorus.scenes.mannequin import Mannequin
from chorus.scenes.placing import ELBOW_DOWN, GRIP_JITTER, KNEE_AHEAD, SIDES, jittered, leg_length, place, stand
from chorus.scenes.solids import vec

HALF_HAND = 0.025  # metres from the bones of the hand to the skin of the palm


def carry_surfboard(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """The board upright on its edge under the left arm, the hand on its lower rail."""
    stand(m, rng, step=rng.normal(0.0, 12.0))
    width = float(np.linalg.norm(thing.anchors["left_rail"] - thing.anchors["centre"]))
    armpit = m.where("left_shoulder") + vec(0.115, -0.12, 0.0)
    centre = jittered(rng, armpit - [0.0, width, rng.normal(-0.1, 0.08)], 0.015)
    degrees = (rng.normal(4.0, 6.0), rng.normal(0.0, 4.0), 90.0 + rng.normal(0.0, 3.0))
    transform = place(thing.anchors["centre"], centre, (0.0, 0.0, degrees[2]))
    transform = place(centre, centre, (degrees[0], degrees[1], 0.0)) @ transform
    rail = vec(centre[0] + 0.045, centre[1] - width + 0.03, m.where("left_shoulder")[2] + 0.06)
    m.reach("left_hand", jittered(rng, rail, GRIP_JITTER), vec(1.0, 0.0, -0.4))
    return transform


def wear_backpack(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """On the back, following the upper spine."""
    m.bend_spine(x=rng.normal(4.0, 4.0))
    stand(m, rng, step=rng.normal(0.0, 14.0))
    shoulders = 0.5 * (m.at_rest("left_shoulder") + m.at_rest("right_shoulder")) - m.at_rest("spine3")
    on_back = shoulders + vec(0.0, rng.normal(-0.17, 0.02), rng.normal(-0.10, 0.012))
    local = place(thing.anchors["back"], on_back, (rng.normal(0, 3), rng.normal(0, 2), rng.normal(0, 2)))
    return m.frame("spine3") @ local


def carry_backpack(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """Hanging from the left hand by its handle."""
    stand(m, rng, step=rng.normal(0.0, 14.0))
    shoulder = m.where("left_shoulder")
    hand = jittered(rng, shoulder + vec(0.2, -0.56, 0.08))
    m.reach("left_hand", hand, vec(0.5, 0.0, -1.0))
    return place(
        thing.anchors["handle"],
        m.where("left_hand") + vec(0.02, -0.015, 0),
        (rng.normal(0, 6), rng.uniform(-180, 180), rng.normal(0, 4)),
    )


def hold_ball(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """In the left hand, against the palm, the arm stretched away from the body: to the side or ahead, low or lifted."""
    stand(m, rng, step=rng.normal(0.0, 8.0))
    shoulder, wrist, hand = (m.at_rest(f"left_{joint}") for joint in ("shoulder", "wrist", "hand"))
    ahead, up = np.radians(rng.uniform(0.0, 80.0)), np.radians(rng.uniform(-25.0, 60.0))
    direction = vec(np.cos(ahead) * np.cos(up), np.sin(up), np.sin(ahead) * np.cos(up))
    distance = rng.uniform(0.65, 0.97) * float(np.linalg.norm(hand - shoulder))
    m.reach("left_hand", m.where("left_shoulder") + distance * direction, ELBOW_DOWN["left"])
    m.turn("left_wrist", x=rng.normal(0.0, 8.0))
    radius = float(np.linalg.norm(thing.anchors["left"] - thing.anchors["centre"]))
    palm = hand - wrist + vec(0.02, -(radius + HALF_HAND), 0.0)  # at rest the palms face down
    return m.frame("left_wrist") @ place(thing.anchors["centre"], jittered(rng, palm, GRIP_JITTER))


def hold_ball_in_both_hands(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """In both hands in front of the chest or the belly."""
    stand(m, rng, step=rng.normal(0.0, 5.0))
    chest = m.where("spine3") * [1, 1, 0] + m.where("spine2") * [0, 0, 1]
    centre = jittered(rng, chest + vec(0.0, rng.uniform(-0.08, 0.2), rng.uniform(0.3, 0.42)))
    transform = place(thing.anchors["centre"], centre)
    held = thing.transformed(transform)
    for side, sign in SIDES:
        palm = held.anchors[side] + [sign * 0.012, 0.0, -0.02]
        m.reach(f"{side}_hand", jittered(rng, palm, 0.006), ELBOW_DOWN[side] + [sign * 0.5, 0, 0])
    return transform


def kick_ball(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """The left leg swings forward and meets the ball; the right leg carries the body."""
    m.bend_spine(x=rng.normal(6.0, 5.0), y=rng.normal(8.0, 5.0))
    stand(m, rng)
    for side, sign in SIDES:
        outward = rng.normal(32.0, 10.0)
        m.turn(f"{side}_shoulder", z=sign * outward, y=rng.normal(0.0, 12.0))
    length, swing = leg_length(m), np.radians(rng.normal(34.0, 7.0))
    ankle = m.where("left_hip") + np.array(
        [rng.normal(0.0, 0.04), -0.95 * length * np.cos(swing), 0.95 * length * np.sin(swing)]
    )
    m.reach("left_foot", ankle, KNEE_AHEAD["left"])
    m.level_foot("left", yaw=rng.normal(5.0, 5.0), pitch=rng.normal(10.0, 8.0))
    radius = float(np.linalg.norm(thing.anchors["left"] - thing.anchors["centre"]))
    ball = m.where("left_foot") + vec(0.0, 0.35 * radius, 0.07 + radius)
    ball = jittered(rng, ball, 0.02)
    ball[1] = max(ball[1], m.sole_height() + radius)
    return place(thing.anchors["centre"], ball)


def hold_up_umbrella(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """The open umbrella over the head, the right hand in front of the shoulder."""
    stand(m, rng, step=rng.normal(0.0, 12.0))
    shoulder = m.where("right_shoulder")
    m.reach("right_hand", jittered(rng, shoulder + vec(0.03, -0.1, 0.27)), ELBOW_DOWN["right"])
    tilt = (rng.normal(-6.0, 7.0), 0.0, rng.normal(-6.0, 7.0))
    return place(thing.anchors["handle"], m.where("right_hand") + vec(0.0, 0.0, 0.025), tilt)


def carry_closed_umbrella(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """The rolled umbrella in the hanging right hand, its tip forward and down."""
    stand(m, rng, step=rng.normal(0.0, 12.0))
    shoulder = m.where("right_shoulder")
    m.reach("right_hand", jittered(rng, shoulder + vec(-0.16, -0.5, 0.12)), vec(-0.4, 0.0, -1.0))
    down = (rng.normal(130.0, 18.0), rng.normal(0.0, 8.0), 0.0)  # the shaft points up at 0, forward at 90 degrees
    return place(thing.anchors["handle"], m.where("right_hand") + vec(0.0, -0.01, 0.02), down)

"""Templates of people who lie: the sky is not above their heads (`Template.sky`)."""

from __future__ import annotations

import numpy as np

from chorus.scenes.anchored import AnchoredObject
from chorus.scenes.mannequin import Mannequin
from chorus.scenes.placing import JOINT_JITTER, KNEE_AHEAD, SIDES, jittered, leg_length, place
from chorus.scenes.solids import vec

BACK_BEHIND_PELVIS = 0.1  # metres from the pelvis to what the back lies on
BELLY_BEFORE_PELVIS = 0.13  # metres from the pelvis to what the belly lies on


def lie_on_bed(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """On the back, head on the pillow; each arm lies beside the body or on the belly."""
    m.turn("neck", x=rng.normal(12.0, 4.0), y=rng.normal(0.0, 15.0))
    m.jitter(rng, 0.5 * JOINT_JITTER)
    pelvis = m.where("pelvis")
    mattress = pelvis[2] - BACK_BEHIND_PELVIS
    for side, sign in SIDES:
        hip = m.where(f"{side}_hip")
        apart, straight = abs(rng.normal(0.05, 0.05)), rng.uniform(0.93, 0.99) * leg_length(m)
        m.reach(f"{side}_foot", vec(hip[0] + sign * apart, hip[1] - straight, mattress + 0.07), KNEE_AHEAD[side])
        m.level_foot(side, yaw=sign * rng.normal(25.0, 8.0), pitch=rng.normal(25.0, 8.0))
        beside = vec(sign * rng.normal(0.34, 0.02), pelvis[1] + rng.normal(0.0, 0.04), mattress + 0.045)
        on_belly = vec(sign * rng.normal(0.06, 0.02), pelvis[1] + rng.uniform(0.1, 0.2), pelvis[2] + 0.175)
        hand = on_belly if rng.random() < 0.4 else beside
        m.reach(f"{side}_hand", hand, vec(sign, 0.0, -0.15))
    return place(thing.anchors["hips"], vec(pelvis[0], pelvis[1], mattress), (90, 0, rng.normal(0, 3)))


def paddle_surfboard(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """On the belly, chest raised, looking ahead; one arm reaches forward, the other pulls through the water."""
    arch = rng.normal(30.0, 5.0)
    m.bend_spine(x=-arch)
    m.turn("neck", x=-0.7 * arch, y=rng.normal(0.0, 8.0))
    m.turn("head", x=-0.4 * arch)
    m.jitter(rng, 0.5 * JOINT_JITTER)
    pelvis, stroke = m.where("pelvis"), rng.uniform(-1.0, 1.0)
    deck = pelvis[2] + BELLY_BEFORE_PELVIS
    for side, sign in SIDES:
        hip, shoulder = m.where(f"{side}_hip"), m.where(f"{side}_shoulder")
        foot = vec(0.8 * hip[0] + sign * abs(rng.normal(0.0, 0.03)), hip[1] - 0.97 * leg_length(m), deck - 0.09)
        m.reach(f"{side}_foot", foot, KNEE_AHEAD[side])
        m.level_foot(side, pitch=rng.normal(70.0, 6.0))
        hand = vec(sign * 0.37, shoulder[1] + 0.05 + 0.3 * sign * stroke, deck + 0.04)
        m.reach(f"{side}_hand", jittered(rng, hand, 0.02), vec(sign, 0.0, -0.6))
    under_belly = vec(pelvis[0], pelvis[1] - rng.normal(0.12, 0.05), deck)
    return place(thing.anchors["deck"], under_belly, (-90, 0, rng.normal(0, 3)))

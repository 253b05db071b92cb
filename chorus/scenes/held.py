"""Templates of what one holds, throws, swings or works with in the hands."""

from __future__ import annotations

import numpy as np

from chorus.scenes.anchored import AnchoredObject
from chorus.scenes.mannequin import Mannequin
from chorus.scenes.placing import ELBOW_DOWN, GRIP_JITTER, JOINT_JITTER, SIDES, aim, jittered, leg_length, place, stand
from chorus.scenes.solids import vec

UP = vec(0.0, 1.0, 0.0)
FLOOR_BELOW_PELVIS = 0.1  # metres, of somebody who sits on it
THIGH_HALF_THICKNESS = 0.075  # metres


def carry_handbag(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """Hanging from the left hand by its bow, its broad side outward."""
    stand(m, rng, step=rng.normal(0.0, 14.0))
    hand = m.where("left_shoulder") + vec(0.14, -0.57, 0.06)
    m.reach("left_hand", jittered(rng, hand, 0.02), vec(0.5, 0.0, -1.0))
    m.face_palm("left", vec(-1.0, 0.0, 0.0))
    below = m.where("left_hand") + vec(0.0, -0.03, 0.01)
    return place(thing.anchors["handle"], below, (rng.normal(0, 6), 90 + rng.normal(0, 12), rng.normal(0, 3)))


def hold_tie(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """The tie hangs from the right hand, held out to be looked at."""
    stand(m, rng, step=rng.normal(0.0, 5.0))
    m.turn("neck", x=rng.normal(10.0, 5.0))
    hand = m.where("right_shoulder") + vec(rng.uniform(-0.05, 0.12), rng.uniform(-0.15, 0.05), rng.uniform(0.35, 0.45))
    m.reach("right_hand", hand, ELBOW_DOWN["right"])
    m.face_palm("right", vec(1.0, 0.0, 0.0))
    return place(thing.anchors["fold"], m.where("right_hand"), (rng.normal(0, 3), rng.uniform(-60, 60), 0))


def throw_frisbee(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """A backhand throw by the right hand, anywhere from the chest's left to the release ahead."""
    around = rng.uniform(45.0, 125.0)  # degrees from the person's left
    m.bend_spine(x=rng.normal(8.0, 4.0), y=0.5 * (90.0 - around))
    stand(m, rng, step=rng.normal(-14.0, 5.0))
    out = vec(np.cos(np.radians(around)), rng.normal(-0.25, 0.1), np.sin(np.radians(around)))
    m.reach("right_hand", m.where("right_shoulder") + 0.52 * out, vec(-0.8, -0.3, -0.3))
    along = (m.where("right_hand") - m.where("right_wrist")) * [1, 0, 1]
    tilted = UP + rng.normal(0.0, 0.15, 3)
    rim = m.where("right_hand") + 0.04 * along / np.linalg.norm(along)
    return aim(thing.anchors["rim"], rim, tilted, -along)


def hold_frisbee(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """Upright beside the thigh, in the hanging right hand."""
    stand(m, rng, step=rng.normal(0.0, 8.0))
    hand = m.where("right_shoulder") + vec(-0.13, -0.55, 0.07)
    m.reach("right_hand", jittered(rng, hand, 0.02), vec(-0.4, 0.0, -1.0))
    m.face_palm("right", vec(1.0, 0.0, 0.0))
    rim = m.where("right_hand") + vec(0.01, -0.04, 0.01)
    return aim(thing.anchors["rim"], rim, vec(-1.0, 0.0, rng.normal(0.2, 0.15)), vec(0.0, 1.0, rng.normal(-0.2, 0.2)))


def swing_racket(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """A forehand of the right arm, anywhere from far aside to the hit ahead."""
    around = rng.uniform(100.0, 195.0)  # degrees from the person's left
    m.bend_spine(x=rng.normal(8.0, 4.0), y=0.35 * (115.0 - around))
    stand(m, rng, step=rng.normal(12.0, 6.0))
    out = vec(np.cos(np.radians(around)), rng.uniform(-0.55, 0.1), np.sin(np.radians(around)))
    shoulder = m.where("right_shoulder")
    m.reach("right_hand", shoulder + 0.53 * out / np.linalg.norm(out), vec(-0.3, -0.8, -0.5))
    lag = np.radians(around + rng.normal(20.0, 15.0))
    along = vec(np.cos(lag), rng.normal(0.2, 0.2), np.sin(lag))
    return aim(thing.anchors["grip"], m.where("right_hand"), along, np.cross(UP, along))


def hold_racket(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """Ready for the ball: the racket across before the chest, the right hand at its grip, the left at its throat."""
    m.bend_spine(x=rng.normal(14.0, 5.0))
    stand(m, rng, step=rng.normal(0.0, 5.0))
    chest = m.where("spine2")
    m.reach("right_hand", jittered(rng, chest + vec(-0.1, -0.1, 0.36)), ELBOW_DOWN["right"])
    along = vec(rng.normal(0.75, 0.1), rng.normal(0.6, 0.1), rng.normal(0.2, 0.1))
    transform = aim(thing.anchors["grip"], m.where("right_hand"), along, vec(0.3, 0.0, 1.0))
    throat = thing.transformed(transform).anchors["throat"]
    m.reach("left_hand", jittered(rng, throat + vec(0.02, -0.01, -0.01), GRIP_JITTER), ELBOW_DOWN["left"])
    return transform


def call(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """The phone at the right ear, its lower end towards the mouth."""
    stand(m, rng, step=rng.normal(0.0, 10.0))
    head = m.frame("head")
    turn = head[:3, :3]
    at = jittered(rng, head[:3, 3] + turn @ vec(-0.103, 0.005, 0.02), 0.004)
    along = turn @ vec(-0.12, 1.0, rng.normal(-0.45, 0.1))
    m.reach("right_hand", at + turn @ vec(-0.03, -0.025, 0.012), vec(-0.7, -0.9, 0.1))
    m.face_palm("right", turn @ vec(1.0, 0.0, 0.0))
    return aim(thing.anchors["centre"], at, along, turn @ vec(1.0, 0.0, 0.0))


def look_at_phone(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """The phone before the chest in one hand or both, the head bent to its screen."""
    stand(m, rng, step=rng.normal(0.0, 6.0))
    m.turn("neck", x=rng.normal(20.0, 5.0))
    m.turn("head", x=rng.normal(8.0, 4.0))
    both = rng.random() < 0.5
    right = 0.0 if both else -0.07
    centre = jittered(rng, m.where("spine3") + vec(right, rng.uniform(-0.08, 0.1), rng.uniform(0.34, 0.42)))
    to_face = m.where("head") - centre
    transform = aim(thing.anchors["centre"], centre, vec(0.0, 1.0, 0.6), to_face)
    low = thing.transformed(transform).anchors["low"]
    for side, sign in SIDES if both else SIDES[1:]:
        m.reach(f"{side}_hand", low + vec(sign * (0.035 if both else 0.01), -0.025, -0.005), ELBOW_DOWN[side])
        m.face_palm(side, vec(-sign, 0.6, 0.0) if both else vec(0.0, 1.0, -0.4))
    return transform


def type_on_laptop(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """Sitting on the floor with stretched legs, the laptop on the thighs."""
    m.lower_arms(60.0, 30.0)
    m.bend_spine(x=rng.normal(10.0, 5.0))
    m.turn("neck", x=rng.normal(22.0, 5.0))
    m.jitter(rng, 0.7 * JOINT_JITTER)
    floor = m.where("pelvis")[1] - FLOOR_BELOW_PELVIS
    on_thighs = []
    for side, sign in SIDES:
        hip = m.where(f"{side}_hip")
        ahead = rng.uniform(0.95, 0.985) * leg_length(m)
        ankle = vec(hip[0] + sign * abs(rng.normal(0.02, 0.03)), floor + 0.07, hip[2] + ahead)
        m.reach(f"{side}_foot", ankle, vec(sign * 0.15, 1.0, 0.0))
        m.level_foot(side, yaw=sign * rng.normal(10.0, 6.0), pitch=-rng.normal(60.0, 8.0))
        on_thighs.append(0.3 * hip + 0.7 * m.where(f"{side}_knee"))
    thigh = m.where("left_knee") + m.where("right_knee") - m.where("left_hip") - m.where("right_hip")
    slope = np.degrees(np.arctan2(thigh[1], thigh[2]))
    base = np.mean(on_thighs, axis=0) + vec(0.0, THIGH_HALF_THICKNESS, 0.02)
    transform = place(thing.anchors["base"], base, (-slope, rng.normal(0, 4), 0))
    held = thing.transformed(transform)
    for side, _ in SIDES:
        keys = held.anchors[f"{side}_keys"] + vec(0.0, 0.035, -0.01)
        m.reach(f"{side}_hand", jittered(rng, keys, GRIP_JITTER), ELBOW_DOWN[side])
    return transform


def hold_hat(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """By its brim before the belly, in the right hand, the crown outward."""
    stand(m, rng, step=rng.normal(0.0, 5.0))
    hand = m.where("spine1") + vec(rng.normal(-0.06, 0.03), rng.uniform(0.02, 0.14), rng.normal(0.25, 0.015))
    m.reach("right_hand", hand, vec(-1.0, -0.6, -0.3))
    edge = m.where("right_hand") + vec(0.02, -0.03, 0.0)
    return aim(thing.anchors["edge"], edge, vec(rng.normal(0, 0.1), rng.normal(0.2, 0.1), 1.0), UP)


def hold_sunglasses(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """Open, by a temple, in the right hand before the chest."""
    stand(m, rng, step=rng.normal(0.0, 5.0))
    hand = m.where("right_shoulder") + vec(rng.normal(0.0, 0.03), rng.uniform(-0.25, -0.02), rng.uniform(0.32, 0.42))
    m.reach("right_hand", hand, ELBOW_DOWN["right"])
    m.face_palm("right", vec(1.0, 0.0, 0.0))
    temple = m.where("right_hand") + vec(0.02, 0.03, 0.02)
    return place(thing.anchors["right_temple"], temple, (rng.normal(0, 10), rng.normal(0, 15), rng.normal(0, 8)))


def raise_scarf(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """Stretched between both hands above the head, as supporters do."""
    stand(m, rng, step=rng.normal(0.0, 5.0))
    above = m.where("head") + vec(0.0, rng.uniform(0.22, 0.34), rng.uniform(0.02, 0.16))
    transform = place(np.zeros(3), above, (rng.normal(0, 5), rng.normal(0, 4), rng.normal(0, 4)))
    stretched = thing.transformed(transform)
    for side, sign in SIDES:
        end = stretched.anchors[f"{side}_end"] + vec(sign * 0.02, -0.02, 0.0)
        m.reach(f"{side}_hand", jittered(rng, end, GRIP_JITTER), vec(sign, -0.2, -0.3))
        m.face_palm(side, vec(0.0, 0.0, 1.0))
    return transform

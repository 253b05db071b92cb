"""Templates of things one sits or stands on, and of standing beside them."""

from __future__ import annotations

import numpy as np

from chorus.scenes.anchored import AnchoredObject
from chorus.scenes.mannequin import Mannequin
from chorus.scenes.placing import (
    ANKLE_ABOVE_SOLE,
    JOINT_JITTER,
    KNEE_AHEAD,
    SIDES,
    hold,
    jittered,
    place,
    stand,
    step_on,
)
from chorus.scenes.solids import vec

BUTTOCKS_BELOW_PELVIS = vec(0.0, -0.10, -0.03)  # metres, where a seat meets the body
BOTH_GRIPS = {"left": "left_grip", "right": "right_grip"}


def ride_motorcycle(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """Sitting astride, hands on the grips, feet on the pegs."""
    lean = rng.normal(16.0, 5.0)
    _sit_astride(m, rng, lean)
    transform = place(thing.anchors["seat"], _seat(m, rng), (rng.normal(0, 2), rng.normal(0, 3), rng.normal(0, 2)))
    held = thing.transformed(transform)
    hold(m, held, rng, BOTH_GRIPS)
    step_on(m, held, rng, {"left": "left_peg", "right": "right_peg"})
    return transform


def push_motorcycle(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """Standing or walking on the motorcycle's left side, both hands on the bars."""
    m.bend_spine(x=rng.normal(24.0, 5.0), y=rng.normal(-10.0, 4.0), z=rng.normal(14.0, 4.0))
    stand(m, rng, step=rng.uniform(0.0, 24.0) * rng.choice([-1.0, 1.0]))
    left_grip = jittered(rng, m.where("pelvis") + vec(-0.04, 0.0, 0.42))
    transform = place(thing.anchors["left_grip"], left_grip, (0, rng.normal(0, 4), rng.normal(-3, 2)))
    transform[1, 3] = m.sole_height()
    hold(m, thing.transformed(transform), rng, BOTH_GRIPS)
    return transform


def ride_bicycle(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """Sitting on the saddle, feet on the pedals wherever the crank stands."""
    _sit_astride(m, rng, rng.normal(20.0, 6.0))
    transform = place(thing.anchors["seat"], _seat(m, rng), (0, rng.normal(0, 3), rng.normal(0, 2)))
    held = thing.transformed(transform)
    hold(m, held, rng, BOTH_GRIPS)
    step_on(m, held, rng, {"left": "left_pedal", "right": "right_pedal"})
    return transform


def stand_next_to_bicycle(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """Standing beside a bicycle that may be anywhere around; a hand rests on saddle or bar if one is near."""
    stand(m, rng, step=rng.normal(0.0, 5.0))
    around, distance = rng.uniform(0.0, 2.0 * np.pi), rng.uniform(0.42, 0.62)
    middle = vec(0.0, 0.0, 0.08)
    at = m.where("pelvis") * [1, 0, 1] + distance * vec(np.cos(around), 0.0, np.sin(around))
    along = 90.0 * rng.choice([-1.0, 1.0]) + 90.0 - np.degrees(around)  # across the line of sight, either way
    transform = place(middle, at, (0, along + rng.normal(0.0, 10.0), rng.normal(0, 3)))
    transform[1, 3] = m.sole_height()
    held = thing.transformed(transform)
    _touch_nearest(m, held, rng)
    return transform


def sit_on_chair(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """Sitting upright, feet on the floor, hands on the thighs."""
    m.lower_arms(65.0, 25.0)
    m.bend_spine(x=rng.normal(2.0, 5.0))
    m.turn("neck", y=rng.normal(0.0, 12.0))
    m.jitter(rng, JOINT_JITTER)
    seat = jittered(rng, m.where("pelvis") + BUTTOCKS_BELOW_PELVIS + [0, 0, 0.04], 0.02)
    transform = place(thing.anchors["seat"], seat, (0, rng.normal(0, 5), 0))
    floor = transform[1, 3]
    for side, sign in SIDES:
        hip = m.where(f"{side}_hip")
        apart, ahead = rng.normal(0.08, 0.04), rng.normal(0.43, 0.05)
        ankle = np.array([hip[0] + sign * apart, floor + ANKLE_ABOVE_SOLE, hip[2] + ahead])
        m.reach(f"{side}_foot", ankle, KNEE_AHEAD[side] + [0, 1.0, 0])
        m.level_foot(side, yaw=sign * rng.normal(8.0, 5.0))
        thigh = 0.3 * hip + 0.7 * m.where(f"{side}_knee") + [0, 0.095, 0]
        m.reach(f"{side}_hand", jittered(rng, thigh, 0.02), vec(sign * 0.8, -0.3, -0.7))
    return transform


def stand_behind_chair(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """Standing behind a chair, hands on top of its back."""
    m.bend_spine(x=rng.normal(10.0, 5.0))
    stand(m, rng, step=rng.normal(0.0, 4.0))
    middle = 0.5 * (thing.anchors["left_back"] + thing.anchors["right_back"])
    ahead = jittered(rng, m.where("pelvis") + vec(0.0, 0.0, 0.38))
    transform = place(middle, ahead, (0, rng.normal(0, 6), 0))
    transform[1, 3] = m.sole_height()
    hold(m, thing.transformed(transform), rng, {"left": "left_back", "right": "right_back"})
    return transform


def _sit_astride(m: Mannequin, rng: np.random.Generator, lean: float) -> None:
    """Torso of a rider who leans `lean` degrees forward and looks ahead."""
    m.lower_arms()
    m.bend_spine(x=lean, z=rng.normal(0.0, 2.0))
    m.turn("neck", x=-0.5 * lean, y=rng.normal(0.0, 10.0))
    m.jitter(rng, JOINT_JITTER)


def _seat(m: Mannequin, rng: np.random.Generator) -> np.ndarray:
    return jittered(rng, m.where("pelvis") + BUTTOCKS_BELOW_PELVIS)


def _touch_nearest(m: Mannequin, held: AnchoredObject, rng: np.random.Generator) -> None:
    """Rest the hand of the nearer side on the nearest of saddle and grips, if an arm reaches it in front or beside."""
    best: tuple[float, str, str] | None = None
    for side, _ in SIDES:
        shoulder = m.where(f"{side}_shoulder")
        for anchor in ("seat", "left_grip", "right_grip"):
            offset = held.anchors[anchor] - shoulder
            distance = float(np.linalg.norm(offset))
            if 0.42 < distance < 0.66 and offset[2] > -0.1 and (best is None or distance < best[0]):
                best = (distance, side, anchor)
    if best is not None:
        hold(m, held, rng, {best[1]: best[2]})

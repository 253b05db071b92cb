"""The few moves that interaction templates share: standing, placing by an anchor, holding."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from chorus.scenes.anchored import AnchoredObject
from chorus.scenes.mannequin import Mannequin
from chorus.scenes.solids import vec

JOINT_JITTER = 0.12  # radians, standard deviation at a limb's joint
POSITION_JITTER = 0.03  # metres, standard deviation of the object's placement along each axis
GRIP_JITTER = 0.012  # metres, standard deviation of a hand or foot on what it holds
LONGEST_STEP = 24.0  # degrees of either leg from the vertical
ANKLE_ABOVE_SOLE = 0.08  # metres
ELBOW_DOWN = {"left": vec(0.45, -0.85, -0.3), "right": vec(-0.45, -0.85, -0.3)}
KNEE_AHEAD = {"left": vec(0.3, 0.1, 1.0), "right": vec(-0.3, 0.1, 1.0)}
SIDES = (("left", 1.0), ("right", -1.0))


def stand(m: Mannequin, rng: np.random.Generator, step: float = 0.0) -> None:
    """A loose standing pose, or a step of `step` degrees with the left leg ahead; arms hang."""
    m.lower_arms(rng.normal(70.0, 5.0), rng.normal(18.0, 6.0))
    m.turn("neck", y=rng.normal(0.0, 12.0))
    m.jitter(rng, JOINT_JITTER)
    spread = abs(rng.normal(0.0, 0.03))
    for side, sign in SIDES:
        hip = m.where(f"{side}_hip")
        length = leg_length(m)
        swing = np.radians(sign * np.clip(step, -LONGEST_STEP, LONGEST_STEP))
        ankle = hip + vec(sign * spread, -0.985 * length * np.cos(swing), 0.9 * length * np.sin(swing))
        m.reach(f"{side}_foot", ankle, KNEE_AHEAD[side])
        m.level_foot(side, yaw=sign * rng.normal(8.0, 4.0), pitch=max(0.0, -sign * step))


def leg_length(m: Mannequin) -> float:
    """Metres from hip to ankle of a straight leg."""
    hip, knee, ankle = m.where("left_hip"), m.where("left_knee"), m.where("left_ankle")
    return float(np.linalg.norm(knee - hip) + np.linalg.norm(ankle - knee))


def place(anchor: np.ndarray, at: np.ndarray, degrees: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> np.ndarray:
    """(4, 4) transform that turns an object by Euler angles (x, then y, then z) and brings its `anchor` to `at`."""
    transform = np.eye(4)
    transform[:3, :3] = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()
    transform[:3, 3] = at - transform[:3, :3] @ anchor
    return transform


def aim(anchor: np.ndarray, at: np.ndarray, along: np.ndarray, facing: np.ndarray) -> np.ndarray:
    """(4, 4) transform that turns an object's y axis to `along` and its z axis as nearly as possible to `facing`.

    Both are directions (3,), not parallel; the `anchor` comes to `at`.
    """
    y = along / np.linalg.norm(along)
    z = facing - (facing @ y) * y
    z = z / np.linalg.norm(z)
    transform = np.eye(4)
    transform[:3, :3] = np.stack([np.cross(y, z), y, z], axis=1)
    transform[:3, 3] = at - transform[:3, :3] @ anchor
    return transform


def jittered(rng: np.random.Generator, point: np.ndarray, sigma: float = POSITION_JITTER) -> np.ndarray:
    """The point (3,) moved by a normal vector, metres."""
    return point + rng.normal(0.0, sigma, 3)


def hold(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator, grips: dict[str, str]) -> None:
    """Bring hands to anchors: `grips` maps a side to the anchor's name; the palm rests on top."""
    for side, anchor in grips.items():
        palm = thing.anchors[anchor] + vec(0.0, 0.025, -0.02)
        m.reach(f"{side}_hand", jittered(rng, palm, GRIP_JITTER), ELBOW_DOWN[side])


def step_on(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator, anchors: dict[str, str]) -> None:
    """Bring feet to anchors with the ball of the foot on top: `anchors` maps a side to the anchor's name."""
    for side, anchor in anchors.items():
        ankle = thing.anchors[anchor] + vec(0.0, ANKLE_ABOVE_SOLE + 0.01, -0.09)
        m.reach(f"{side}_foot", jittered(rng, ankle, GRIP_JITTER), KNEE_AHEAD[side])
        m.level_foot(side, yaw=rng.normal(0.0, 5.0), pitch=rng.normal(6.0, 5.0))

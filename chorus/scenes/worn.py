"""Templates of what one wears on head, neck, trunk, shoulder or hand.

Positions are those of the mean body's skin, relative to joints: shapes differ by about a centimetre there.
"""

from __future__ import annotations

import numpy as np

from chorus.scenes.anchored import AnchoredObject
from chorus.scenes.mannequin import Mannequin
from chorus.scenes.placing import ELBOW_DOWN, SIDES, aim, jittered, place, stand
from chorus.scenes.solids import vec


def wear_hat(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """On the head, a little to the back."""
    stand(m, rng, step=rng.normal(0.0, 10.0))
    brim = vec(0.0, rng.normal(0.083, 0.006), -0.008)
    return m.frame("head") @ place(thing.anchors["brim"], brim, (rng.normal(-9, 4), 0, rng.normal(0, 3)))


def wear_sunglasses(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """Before the eyes, temples over the ears."""
    stand(m, rng, step=rng.normal(0.0, 10.0))
    eyes = vec(0.0, 0.036, rng.normal(0.122, 0.002))
    return m.frame("head") @ place(thing.anchors["bridge"], eyes, (rng.normal(2, 2), 0, 0))


def wear_tie(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """The knot at the throat, the blade down the front."""
    stand(m, rng, step=rng.normal(0.0, 10.0))
    throat = vec(0.0, 0.157, 0.112)
    return m.frame("spine3") @ place(thing.anchors["knot"], throat, (rng.normal(-1, 1), 0, rng.normal(0, 2)))


def wear_scarf(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """Around the neck, both ends on the chest."""
    stand(m, rng, step=rng.normal(0.0, 10.0))
    neck = vec(0.0, rng.normal(0.222, 0.008), 0.03)
    return m.frame("spine3") @ place(thing.anchors["neck"], neck, (0, rng.normal(0, 6), 0))


def wear_sweater(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """Over trunk and arms, of a size that fits: the arms follow the sleeves."""
    stand(m, rng, step=rng.normal(0.0, 12.0))
    arm = m.at_rest("left_elbow") - m.at_rest("left_shoulder")
    sleeve = thing.anchors["left_elbow"] - thing.anchors["left_shoulder"]
    fitting = np.diag([*np.full(3, np.linalg.norm(arm) / np.linalg.norm(sleeve)), 1.0])
    transform = m.frame("spine3") @ place(thing.anchors["shoulders"], _between_shoulders(m)) @ fitting
    worn = thing.transformed(transform)
    for side, _ in SIDES:
        shoulder, elbow, cuff = (worn.anchors[f"{side}_{part}"] for part in ("shoulder", "elbow", "cuff"))
        upper = _stretched(m, (f"{side}_shoulder", f"{side}_elbow"), elbow - shoulder)
        forearm = _stretched(m, (f"{side}_elbow", f"{side}_hand"), cuff - elbow)
        m.reach(f"{side}_hand", m.where(f"{side}_shoulder") + upper + forearm, upper - forearm)
    return transform


def hang_sweater_on_shoulders(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """On the upper back, the sleeves over the shoulders."""
    stand(m, rng, step=rng.normal(0.0, 12.0))
    at = jittered(rng, _between_shoulders(m) + vec(0.0, 0.01, -0.004), 0.006)
    return m.frame("spine3") @ place(thing.anchors["shoulders"], at, (0, rng.normal(0, 3), rng.normal(0, 2)))


def hang_bag_on_shoulder(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """The strap over the left shoulder, the bag under the arm, the hand at its front."""
    stand(m, rng, step=rng.normal(0.0, 12.0))
    shoulder = m.where("left_shoulder")
    strap = jittered(rng, shoulder + vec(-0.025, 0.075, -0.01), 0.006)
    transform = place(thing.anchors["strap"], strap, (rng.normal(0, 3), 90 + rng.normal(0, 5), rng.normal(0, 2)))
    front = thing.transformed(transform).anchors["front"]
    m.reach("left_hand", jittered(rng, front + vec(0.03, 0.0, 0.02), 0.01), vec(1.0, -0.2, -0.5))
    m.face_palm("left", vec(-1.0, 0.0, -0.3))
    return transform


def wear_glove(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """The gloved left hand waits before the belly, its palm to the right."""
    m.bend_spine(x=rng.normal(12.0, 6.0))
    stand(m, rng, step=rng.normal(0.0, 8.0))
    hand = m.where("left_shoulder") + vec(-0.04, rng.uniform(-0.4, -0.2), 0.33)
    return _gloved(m, thing, jittered(rng, hand), vec(-1.0, 0.5, 0.2))


def catch_with_glove(m: Mannequin, thing: AnchoredObject, rng: np.random.Generator) -> np.ndarray:
    """The gloved left hand reaches up and ahead for a ball."""
    m.bend_spine(x=rng.normal(-4.0, 5.0), z=rng.normal(-5.0, 4.0))
    stand(m, rng, step=rng.normal(0.0, 14.0))
    hand = m.where("left_shoulder") + vec(rng.uniform(0.0, 0.2), rng.uniform(0.3, 0.48), rng.uniform(0.15, 0.32))
    return _gloved(m, thing, hand, vec(0.0, 0.1, 1.0))


def _gloved(m: Mannequin, thing: AnchoredObject, hand: np.ndarray, palm: np.ndarray) -> np.ndarray:
    """Bring the left hand to `hand`, its palm facing `palm`; the glove around it."""
    m.reach("left_hand", hand, ELBOW_DOWN["left"])
    m.face_palm("left", palm)
    there = m.where("left_hand")
    return aim(thing.anchors["hand"], there, there - m.where("left_wrist"), palm)


def _between_shoulders(m: Mannequin) -> np.ndarray:
    """Middle between the shoulders (3,) in the frame of the upper spine, T pose."""
    return 0.5 * (m.at_rest("left_shoulder") + m.at_rest("right_shoulder")) - m.at_rest("spine3")


def _stretched(m: Mannequin, bone: tuple[str, str], along: np.ndarray) -> np.ndarray:
    """The vector (3,) between two joints, were their bone to point `along` (3,)."""
    start, end = bone
    return np.linalg.norm(m.at_rest(end) - m.at_rest(start)) * along / np.linalg.norm(along)

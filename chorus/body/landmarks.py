"""Landmark vertices (face, feet, fingertips) of a body mesh that does not name them, found by geometry.

Works on any standing body in the body frame whose skinning weights follow the 24 SMPL joints; good to about a
centimetre, which is less than a keypoint detector's own error.
"""

from __future__ import annotations

import numpy as np

from chorus.body.model import JOINT_NAMES

# SMPL's published vertex ids (the SMPL mesh has 6,890 vertices; smplx lists the same ones).
SMPL_LANDMARK_VERTICES = {
    "nose": 332,
    "left_eye": 2800,
    "right_eye": 6260,
    "left_ear": 583,
    "right_ear": 4071,
    "left_heel": 3387,
    "right_heel": 6787,
    "left_big_toe": 3216,
    "right_big_toe": 6617,
    "left_small_toe": 3226,
    "right_small_toe": 6624,
    "left_thumb": 2746,
    "right_thumb": 6191,
    "left_index": 2319,
    "right_index": 5782,
    "left_pinky": 2673,
    "right_pinky": 6133,
}

EYE_FROM_NOSE = np.array([0.032, 0.040, -0.030])  # metres, left eye of an adult head seen from the tip of the nose


def find_landmarks(vertices: np.ndarray, weights: np.ndarray, joints: np.ndarray) -> dict[str, int]:
    """Vertex ids of the landmarks, found on the rest pose.

    Args:
        vertices: (V, 3) rest pose, metres, body frame.
        weights: (V, 24) skinning weights.
        joints: (24, 3) joints of the rest pose.
    """
    dominant = np.argmax(weights, axis=1)
    return {
        **_face(vertices, dominant == JOINT_NAMES.index("head")),
        **_foot("left", vertices, dominant),
        **_foot("right", vertices, dominant),
        **_hand("left", vertices, dominant, joints),
        **_hand("right", vertices, dominant, joints),
    }


def _extreme(vertices: np.ndarray, chosen: np.ndarray, direction: np.ndarray) -> int:
    """Of the chosen vertices (V,) bool, the one farthest along `direction`."""
    ids = np.flatnonzero(chosen)
    return int(ids[np.argmax(vertices[ids] @ direction)])


def _nearest(vertices: np.ndarray, chosen: np.ndarray, point: np.ndarray) -> int:
    ids = np.flatnonzero(chosen)
    return int(ids[np.argmin(np.linalg.norm(vertices[ids] - point, axis=1))])


def _face(vertices: np.ndarray, head: np.ndarray) -> dict[str, int]:
    nose = _extreme(vertices, head, np.array([0.0, 0.0, 1.0]))
    return {
        "nose": nose,
        "left_eye": _nearest(vertices, head, vertices[nose] + EYE_FROM_NOSE),
        "right_eye": _nearest(vertices, head, vertices[nose] + EYE_FROM_NOSE * [-1.0, 1.0, 1.0]),
        "left_ear": _extreme(vertices, head, np.array([1.0, 0.0, 0.0])),
        "right_ear": _extreme(vertices, head, np.array([-1.0, 0.0, 0.0])),
    }


def _foot(side: str, vertices: np.ndarray, dominant: np.ndarray) -> dict[str, int]:
    outward = 1.0 if side == "left" else -1.0
    ankle, toes = JOINT_NAMES.index(f"{side}_ankle"), JOINT_NAMES.index(f"{side}_foot")
    foot = (dominant == ankle) | (dominant == toes)
    sole = foot & (vertices[:, 1] < vertices[foot, 1].min() + 0.04)
    forefoot = dominant == toes
    return {
        f"{side}_heel": _extreme(vertices, sole, np.array([0.0, 0.0, -1.0])),
        f"{side}_big_toe": _extreme(vertices, forefoot, np.array([-0.3 * outward, 0.0, 1.0])),
        f"{side}_small_toe": _extreme(vertices, forefoot, np.array([1.5 * outward, 0.0, 1.0])),
    }


def _hand(side: str, vertices: np.ndarray, dominant: np.ndarray, joints: np.ndarray) -> dict[str, int]:
    wrist, knuckles = JOINT_NAMES.index(f"{side}_wrist"), JOINT_NAMES.index(f"{side}_hand")
    hand = (dominant == wrist) | (dominant == knuckles)
    along = joints[knuckles] - joints[wrist]
    along /= np.linalg.norm(along)
    thumb_side = np.array([0.0, 0.0, 1.0]) - along[2] * along  # palms face down or the thighs: the thumb is in front
    thumb_side /= np.linalg.norm(thumb_side)
    return {
        f"{side}_thumb": _extreme(vertices, hand, thumb_side + 0.3 * along),
        f"{side}_index": _extreme(vertices, hand, along + 0.6 * thumb_side),
        f"{side}_pinky": _extreme(vertices, hand, along - 2.2 * thumb_side),
    }

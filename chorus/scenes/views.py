"""View suffixes as camera distributions: a suffix names a side, a height and a framing.

Azimuth follows docs/conventions.md: 0 = the person's left, 90 = in front.
"""

from __future__ import annotations

import numpy as np

from chorus.body.model import JOINT_NAMES
from chorus.camera import Camera, field_of_view_intrinsics
from chorus.prompts.views import View

FIELD_OF_VIEW = (35.0, 60.0)  # degrees
ROLL = 2.5  # degrees, standard deviation
HEAD_ROOM = 0.17  # metres between a joint and the person's outline that must fit into the picture
NEAREST = 0.5  # metres between the camera and the middle of what it frames

_J = {name: index for index, name in enumerate(JOINT_NAMES)}
_UPPER = [_J[n] for n in ("pelvis", "spine3", "head", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow")]
_FACE = [_J[n] for n in ("neck", "head")]
_HANDS = {side: [_J[f"{side}_wrist"], _J[f"{side}_hand"]] for side in ("left", "right")}

# Framing -> share of the half picture that the framed points may fill, lowest and highest.
_FILL = {
    "full": (0.72, 0.97),
    "far": (0.30, 0.55),
    "close": (0.75, 1.15),
    "upper": (0.75, 1.10),
    "hand": (0.30, 0.75),
    "face": (0.45, 0.95),
}


def draw_camera(
    view: View, joints: np.ndarray, object_bounds: np.ndarray | None, rng: np.random.Generator, size: int = 512
) -> Camera:
    """Draw a camera that shows a scene as the view says.

    Args:
        view: side, height and framing.
        joints: (24, 3) the person's joints, body frame, metres.
        object_bounds: (2, 3) box of the object, or None if there is none; the full and far framings show it all.
        rng: draws azimuth, elevation, roll, field of view and distance.
        size: width and height of the picture in pixels.
    """
    low, high = view.azimuth[rng.integers(len(view.azimuth))]
    azimuth, elevation = np.radians(rng.uniform(low, high)), np.radians(rng.uniform(*view.elevation))
    backward = np.array([np.cos(elevation) * np.cos(azimuth), np.sin(elevation), np.cos(elevation) * np.sin(azimuth)])
    R = _looking_along(-backward, np.radians(rng.normal(0.0, ROLL)))
    K = field_of_view_intrinsics((size, size), rng.uniform(*FIELD_OF_VIEW))

    points = _framed_points(view.framing, joints, object_bounds, rng) @ R.T
    target = 0.5 * (points.min(axis=0) + points.max(axis=0))
    tangent = 0.5 * size / K[0, 0] * rng.uniform(*_FILL[view.framing])
    offset = points - target
    fitting = np.abs(offset[:, :2]).max(axis=1) / tangent - offset[:, 2]  # distance at which each point just fits
    distance = max(float(fitting.max()), NEAREST)
    slack = 0.15 * max(0.0, 1.0 - tangent * K[0, 0] / (0.5 * size)) * distance * tangent
    aside = np.append(rng.uniform(-1.0, 1.0, 2) * slack, 0.0)
    return Camera(K, R, np.array([0.0, 0.0, distance]) - target + aside)


def _framed_points(
    framing: str, joints: np.ndarray, object_bounds: np.ndarray | None, rng: np.random.Generator
) -> np.ndarray:
    """Points (P, 3) of the body frame that a framing wants in the picture."""
    if framing in ("full", "far"):
        person = _padded(joints)
        if object_bounds is None:
            return person
        corners = np.stack(np.meshgrid(*object_bounds.T, indexing="ij"), axis=-1).reshape(-1, 3)
        return np.concatenate([person, corners])
    if framing == "upper":
        return _padded(joints[_UPPER])
    if framing == "face":
        return _padded(joints[_FACE])
    if framing == "hand":
        return _padded(joints[_HANDS["left" if rng.random() < 0.5 else "right"]])
    # close: about half of the person, anywhere from the head to the knees
    top = joints[:, 1].max() + HEAD_ROOM - rng.uniform(0.0, 0.75)
    near = np.abs(joints[:, 1] - (top - 0.4)) < 0.45
    return _padded(joints[near]) if near.any() else _padded(joints)


def _padded(joints: np.ndarray) -> np.ndarray:
    """Joints moved outwards along the axes, so that the outline fits as well."""
    steps = HEAD_ROOM * np.concatenate([np.eye(3), -np.eye(3)])
    return (joints[:, None] + steps).reshape(-1, 3)


def _looking_along(forward: np.ndarray, roll: float) -> np.ndarray:
    """Rotation (3, 3) body frame to camera frame of a camera that looks along `forward` (unit), turned by `roll`."""
    right = np.cross(forward, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    turn = np.array([[np.cos(roll), -np.sin(roll), 0.0], [np.sin(roll), np.cos(roll), 0.0], [0.0, 0.0, 1.0]])
    return turn @ np.stack([right, down, forward])

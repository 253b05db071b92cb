"""Body parts as sets of vertices: the paper's twelve (Table 4) and the two buttocks.

The paper merges a published segmentation of the SMPL mesh, whose labels follow the joints. Here the parts follow from
the model itself, so that they exist on any body: a vertex belongs to the joint that moves it most. As in the paper,
the twelve parts leave the hips out; the buttocks are the rear of the hips and of the topmost thighs, so they share
vertices with the upper legs.
"""

from __future__ import annotations

import numpy as np

from chorus.body.model import JOINT_NAMES, BodyModel
from chorus.errors import ModelError

PART_JOINTS: dict[str, tuple[str, ...]] = {
    "rightHand": ("right_wrist", "right_hand"),
    "leftHand": ("left_wrist", "left_hand"),
    "rightArm": ("right_shoulder", "right_elbow"),
    "leftArm": ("left_shoulder", "left_elbow"),
    "rightLowerLeg": ("right_knee",),
    "leftLowerLeg": ("left_knee",),
    "rightUpperLeg": ("right_hip",),
    "leftUpperLeg": ("left_hip",),
    "rightFoot": ("right_ankle", "right_foot"),
    "leftFoot": ("left_ankle", "left_foot"),
    "torso": ("spine1", "spine2", "spine3", "left_collar", "right_collar"),
    "face": ("head", "neck"),
}
PART_NAMES: tuple[str, ...] = (*PART_JOINTS, "leftButtock", "rightButtock")


def _twin(part: str) -> str:
    if part.startswith("left"):
        return "right" + part.removeprefix("left")
    if part.startswith("right"):
        return "left" + part.removeprefix("right")
    return part


MIRROR: dict[str, str] = {part: _twin(part) for part in PART_NAMES}

# The buttocks in units of the thigh's length, measured from the hip joints in the rest pose.
BUTTOCK_BEHIND = 0.10
BUTTOCK_BELOW = 0.25  # down to the gluteal fold


def part_vertices(body: BodyModel) -> dict[str, np.ndarray]:
    """Vertex ids (k,), ascending, of every part of PART_NAMES.

    Raises:
        ModelError: if a part has no vertex, so the weights do not follow the 24 joints.
    """
    dominant = np.argmax(body.weights, axis=1)
    members = {
        part: np.isin(dominant, [JOINT_NAMES.index(joint) for joint in joints]) for part, joints in PART_JOINTS.items()
    }
    members["leftButtock"], members["rightButtock"] = _buttocks(body, dominant)
    empty = [part for part in PART_NAMES if not members[part].any()]
    if empty:
        raise ModelError(f"body model {body.name}: no vertex belongs to {empty[0]!r}; its weights are no body's.")
    return {part: np.flatnonzero(members[part]) for part in PART_NAMES}


def _buttocks(body: BodyModel, dominant: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(V,) bool for the left and the right buttock, by position in the rest pose."""
    joint = dict(zip(JOINT_NAMES, body.joints_at_rest(), strict=True))
    hips = (joint["left_hip"] + joint["right_hip"]) / 2.0
    thigh = np.linalg.norm(joint["left_knee"] - joint["left_hip"])
    x, y, z = body.v_template.T
    pelvic = np.isin(dominant, [JOINT_NAMES.index(name) for name in ("pelvis", "left_hip", "right_hip")])
    rear = pelvic & (z < hips[2] - BUTTOCK_BEHIND * thigh)
    rear &= (y > hips[1] - BUTTOCK_BELOW * thigh) & (y < joint["pelvis"][1])
    return rear & (x > hips[0]), rear & (x < hips[0])

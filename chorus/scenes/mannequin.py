"""A posable person: turns joints by hand, and reaches with arms and legs by two-bone inverse kinematics.

Signs in the T pose with x = left, y = up, z = front: a hip flexes forward by negative x, a knee by positive x; the left
arm goes down by negative z, the right arm by positive z; the left elbow flexes about -y, the right elbow about +y.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from chorus.body.kinematics import bone_transforms
from chorus.body.model import JOINT_NAMES, N_JOINTS, BodyModel

COLLAR_DROP = 9.0  # degrees by which the collar bones sink when the arms hang
LONGEST_REACH = 0.995  # share of the limb's length: fully straight limbs look stiff and have no bending plane
MOST_ROLL = 80.0  # degrees by which a forearm turns the hand either way
SPINE = ("spine1", "spine2", "spine3")
_J = {name: index for index, name in enumerate(JOINT_NAMES)}

# Standard deviation of the jitter of each joint, as a share of a template's jitter.
_JITTER_SHARE = {"pelvis": 0.0, "hand": 0.0, "foot": 0.0, "collar": 0.2, "spine": 0.25, "wrist": 0.5, "neck": 0.7}


@dataclass(frozen=True)
class Limb:
    """A two-bone limb: joint ids of its root, its hinge and its end, and the axis about which the hinge flexes."""

    root: int
    hinge: int
    end: int
    flexion_axis: tuple[float, float, float]


LIMBS = {
    "left_hand": Limb(_J["left_shoulder"], _J["left_elbow"], _J["left_hand"], (0.0, -1.0, 0.0)),
    "right_hand": Limb(_J["right_shoulder"], _J["right_elbow"], _J["right_hand"], (0.0, 1.0, 0.0)),
    "left_foot": Limb(_J["left_hip"], _J["left_knee"], _J["left_ankle"], (1.0, 0.0, 0.0)),
    "right_foot": Limb(_J["right_hip"], _J["right_knee"], _J["right_ankle"], (1.0, 0.0, 0.0)),
}


class Mannequin:
    """One body being posed; the root stays unturned, so positions are in the body frame (metres)."""

    def __init__(self, body: BodyModel, betas: np.ndarray) -> None:
        """A body of shape `betas` (10,) in the T pose."""
        self.rest_joints = body.joints_at_rest(betas)
        self.parents = body.parents
        self.rotations = np.tile(np.eye(3), (N_JOINTS, 1, 1))
        self._bones: np.ndarray | None = None

    @property
    def pose(self) -> np.ndarray:
        """(24, 3) axis-angle, radians; the root's is zero."""
        return Rotation.from_matrix(self.rotations).as_rotvec()

    def turn(self, joint: str, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> None:
        """Turn a joint by `x`, then `y`, then `z` degrees about the fixed axes of its parent."""
        extra = Rotation.from_euler("xyz", [x, y, z], degrees=True).as_matrix()
        self._set(_J[joint], extra @ self.rotations[_J[joint]])

    def bend_spine(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> None:
        """Spread a bend over the three joints of the spine, degrees; positive x leans forward."""
        for joint in SPINE:
            self.turn(joint, x / len(SPINE), y / len(SPINE), z / len(SPINE))

    def lower_arms(self, degrees: float = 70.0, elbows: float = 15.0) -> None:
        """Let both arms hang, `degrees` below the horizontal, with slightly bent elbows."""
        for side, sign in (("left", -1.0), ("right", 1.0)):
            self.turn(f"{side}_collar", z=sign * COLLAR_DROP)
            self.turn(f"{side}_shoulder", z=sign * (degrees - COLLAR_DROP))
            self.turn(f"{side}_elbow", y=sign * elbows)

    def jitter(self, rng: np.random.Generator, sigma: float) -> None:
        """Turn every joint by a normal axis-angle vector, `sigma` radians for a limb's joint, less for the spine."""
        vectors = rng.normal(0.0, sigma, (N_JOINTS, 3))
        for index, name in enumerate(JOINT_NAMES):
            share = next((share for part, share in _JITTER_SHARE.items() if part in name), 1.0)
            if share > 0.0:
                extra = Rotation.from_rotvec(share * vectors[index]).as_matrix()
                self._set(index, extra @ self.rotations[index])

    def at_rest(self, joint: str) -> np.ndarray:
        """Position (3,) of a joint in the T pose."""
        return self.rest_joints[_J[joint]]

    def where(self, joint: str) -> np.ndarray:
        """Position (3,) of a joint."""
        return _apply(self._current()[_J[joint]], self.rest_joints[_J[joint]])

    def frame(self, joint: str) -> np.ndarray:
        """(4, 4) frame at a joint: its axes are the body frame's axes in the T pose."""
        frame = np.eye(4)
        frame[:3, :3] = self._current()[_J[joint], :3, :3]
        frame[:3, 3] = self.where(joint)
        return frame

    def reach(self, limb_name: str, target: np.ndarray, pole: np.ndarray) -> None:
        """Bring the end of a limb to `target`; the elbow or knee points towards `pole` (both (3,), pole a direction).

        A target out of reach is approached along a nearly straight limb. The hinge joint flexes about its one
        anatomical axis; everything else is the root joint's turn.
        """
        limb = LIMBS[limb_name]
        root = _apply(self._current()[limb.root], self.rest_joints[limb.root])
        upper_rest = self.rest_joints[limb.hinge] - self.rest_joints[limb.root]
        lower_rest = self.rest_joints[limb.end] - self.rest_joints[limb.hinge]
        upper, lower = float(np.linalg.norm(upper_rest)), float(np.linalg.norm(lower_rest))
        hinge, end = _two_bones(root, target, pole, (upper, lower))

        flexion = np.array(limb.flexion_axis)
        upper_from, upper_to = _frame(upper_rest, flexion), _frame(hinge - root, np.cross(hinge - root, end - hinge))
        turn_upper = upper_to @ upper_from.T
        lower_from, lower_to = _frame(lower_rest, flexion), _frame(end - hinge, np.cross(hinge - root, end - hinge))
        turn_lower = lower_to @ lower_from.T
        parent_turn = self._current()[self.parents[limb.root], :3, :3]
        self._set(limb.root, parent_turn.T @ turn_upper)
        self._set(limb.hinge, turn_upper.T @ turn_lower)
        for index in range(N_JOINTS):  # whatever lies between hinge and end (the wrist) stays straight
            if self.parents[index] == limb.hinge and index != limb.end:
                self._set(index, np.eye(3))

    def face_palm(self, side: str, towards: np.ndarray) -> None:
        """Roll a hand about its forearm until the palm faces the direction `towards` (3,), or as far as a wrist goes.

        Call it after `reach`, which straightens the wrist; the hand stays where it is.
        """
        _, y, z = self._current()[_J[f"{side}_elbow"], :3, :3].T @ towards
        roll = np.clip(np.degrees(np.arctan2(-z, -y)), -MOST_ROLL, MOST_ROLL)  # the palm faces -y in the T pose
        self._set(_J[f"{side}_wrist"], Rotation.from_euler("x", roll, degrees=True).as_matrix())

    def level_foot(self, side: str, yaw: float = 0.0, pitch: float = 0.0) -> None:
        """Turn an ankle so that the sole is level, its toes `yaw` degrees to the left of front and `pitch` down."""
        knee_turn = self._current()[_J[f"{side}_knee"], :3, :3]
        wanted = Rotation.from_euler("xy", [pitch, yaw], degrees=True).as_matrix()
        self._set(_J[f"{side}_ankle"], knee_turn.T @ wanted)

    def sole_height(self) -> float:
        """Height y of the lower sole, from the ankles and toes."""
        rest_sole = min(self.rest_joints[_J["left_foot"], 1], self.rest_joints[_J["right_foot"], 1]) - SOLE_BELOW_TOES
        drops = []
        for side in ("left", "right"):
            below = np.array(self.rest_joints[_J[f"{side}_foot"]])
            below[1] = rest_sole
            behind = np.array(self.rest_joints[_J[f"{side}_ankle"]])
            behind[1] = rest_sole
            ankle = self._current()[_J[f"{side}_ankle"]]
            drops += [_apply(ankle, below)[1], _apply(ankle, behind)[1]]
        return float(min(drops))

    def _set(self, index: int, rotation: np.ndarray) -> None:
        self.rotations[index] = rotation
        self._bones = None

    def _current(self) -> np.ndarray:
        """(24, 4, 4) bone transforms of the present pose."""
        if self._bones is None:
            self._bones = bone_transforms(self.rotations[None], self.rest_joints, self.parents)[0]
        return self._bones


SOLE_BELOW_TOES = 0.03  # metres from the toe joint to the ground in the rest pose


def _apply(transform: np.ndarray, point: np.ndarray) -> np.ndarray:
    return transform[:3, :3] @ point + transform[:3, 3]


def _frame(direction: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Right-handed orthonormal axes (columns): `direction`, and as nearly as possible `normal`."""
    first = direction / np.linalg.norm(direction)
    second = normal - (normal @ first) * first
    second = second / np.linalg.norm(second)
    return np.stack([first, second, np.cross(first, second)], axis=1)


def _two_bones(
    root: np.ndarray, target: np.ndarray, pole: np.ndarray, lengths: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Positions (3,), (3,) of hinge and end of a two-bone limb that reaches from `root` towards `target`."""
    upper, lower = lengths
    towards = target - root
    wanted = float(np.linalg.norm(towards))
    distance = float(np.clip(wanted, abs(upper - lower) + 0.02, LONGEST_REACH * (upper + lower)))
    along = towards / wanted
    aside = pole - (pole @ along) * along
    aside = aside / np.linalg.norm(aside)
    foot = (upper**2 - lower**2 + distance**2) / (2.0 * distance)
    rise = np.sqrt(max(upper**2 - foot**2, 0.0))
    return root + foot * along + rise * aside, root + distance * along

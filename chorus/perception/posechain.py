"""Points of the posed body and their exact derivatives, for a body fit by least squares.

Turning joint j by a small rotation vector d (in camera axes) moves a point x further down the chain by d x (x - p_j),
where p_j is the joint: that is all the calculus a kinematic chain needs. No mesh is skinned: a landmark vertex rides
rigidly on the bone that holds most of its skinning weight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chorus.body.kinematics import rotation_matrices
from chorus.body.model import JOINT_NAMES, N_BETAS, N_JOINTS, BodyModel

N_POSE = 3 * N_JOINTS


@dataclass(frozen=True)
class BodyState:
    """Pose and shape of n bodies.

    Attributes:
        root: (n, 3, 3) rotation, body frame to camera axes.
        turns: (n, 24, 3) axis-angle of the joints, radians; entry 0 is ignored (`root` holds it).
        betas: (n, 10) body shape.
    """

    root: np.ndarray
    turns: np.ndarray
    betas: np.ndarray

    def moved(self, step: np.ndarray) -> BodyState:
        """The state after a step (n, 82): 3 for the root (a turn in camera axes), 69 joint angles, 10 betas."""
        pose_step = step[:, :N_POSE].reshape(-1, N_JOINTS, 3)
        return BodyState(
            rotation_matrices(pose_step[:, 0]) @ self.root, self.turns + pose_step, self.betas + step[:, N_POSE:]
        )

    def where(self, condition: np.ndarray, other: BodyState) -> BodyState:
        """This state where the condition (n,) holds, else the other one."""
        pick = condition[:, None, None]
        return BodyState(
            np.where(pick, self.root, other.root),
            np.where(pick, self.turns, other.turns),
            np.where(condition[:, None], self.betas, other.betas),
        )


class PoseChain:
    """Chosen points of a body (joints and landmark vertices by name) as functions of pose and shape."""

    def __init__(self, body: BodyModel, names: Sequence[str]):
        self.names = tuple(names)
        self.parents = body.parents
        self.joints = body.joints_at_rest()  # (24, 3)
        self.joint_shapes = np.stack([body.joints_at_rest(unit) - self.joints for unit in np.eye(N_BETAS)], axis=-1)
        bones, offsets, offset_shapes = zip(*(self._attachment(body, name) for name in names), strict=True)
        self.bones = np.array(bones)
        self.offsets = np.stack(offsets)  # (K, 3) from the bone's joint to the point, rest pose
        self.offset_shapes = np.stack(offset_shapes)  # (K, 3, 10)
        self.moves = self._ancestors()[self.bones]  # (K, 24): does turning joint j move point k?

    def points(self, state: BodyState) -> tuple[np.ndarray, np.ndarray]:
        """Points (n, K, 3) in camera axes around the body origin, metres, and derivatives (n, K, 3, 82) by a step."""
        rotations = rotation_matrices(state.turns)
        rotations[:, 0] = state.root
        bone_turns, joints, joint_slopes = self._bones(rotations, state.betas)
        offsets = self.offsets + np.einsum("kab,nb->nka", self.offset_shapes, state.betas)
        turns = bone_turns[:, self.bones]
        points = joints[:, self.bones] + np.einsum("nkab,nkb->nka", turns, offsets)
        slopes = np.empty((*points.shape, N_POSE + N_BETAS))
        slopes[..., :N_POSE] = self._turn_slopes(points, joints, self._axes(state.turns, bone_turns))
        slopes[..., N_POSE:] = joint_slopes[:, self.bones] + turns @ self.offset_shapes
        return points, slopes

    def _bones(self, rotations: np.ndarray, betas: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Global rotations (n, 24, 3, 3), joints (n, 24, 3) and the joints' derivatives by the betas (n, 24, 3, 10)."""
        n = len(rotations)
        rest = self.joints + np.einsum("jab,nb->nja", self.joint_shapes, betas)
        turns, joints = np.empty_like(rotations), np.empty((n, N_JOINTS, 3))
        slopes = np.empty((n, N_JOINTS, 3, N_BETAS))
        turns[:, 0], joints[:, 0], slopes[:, 0] = rotations[:, 0], rest[:, 0], self.joint_shapes[0]
        for j, parent in enumerate(self.parents[1:], start=1):
            turns[:, j] = turns[:, parent] @ rotations[:, j]
            joints[:, j] = joints[:, parent] + np.einsum("nab,nb->na", turns[:, parent], rest[:, j] - rest[:, parent])
            slopes[:, j] = slopes[:, parent] + turns[:, parent] @ (self.joint_shapes[j] - self.joint_shapes[parent])
        return turns, joints, slopes

    def _axes(self, joint_turns: np.ndarray, bone_turns: np.ndarray) -> np.ndarray:
        """(n, 24, 3, 3): how a change of each joint's axis-angle vector turns it, in camera axes."""
        axes = np.empty_like(bone_turns)
        axes[:, 0] = np.eye(3)
        axes[:, 1:] = bone_turns[:, self.parents[1:]] @ left_jacobian(joint_turns[:, 1:])
        return axes

    def _turn_slopes(self, points: np.ndarray, joints: np.ndarray, axes: np.ndarray) -> np.ndarray:
        """Derivatives (n, K, 3, 72) of the points by the joints' axis-angle vectors: axis x (point - joint)."""
        arm = (points[:, :, None] - joints[:, None]) * self.moves[:, :, None]
        x, y, z = (arm[..., a, None] for a in range(3))
        ax, ay, az = (axes[:, None, :, a] for a in range(3))
        slopes = np.stack([ay * z - az * y, az * x - ax * z, ax * y - ay * x], axis=2)
        return slopes.reshape(*points.shape, N_POSE)

    def _ancestors(self) -> np.ndarray:
        """(24, 24) bool: row = joint, column = joints whose turning moves it (itself included)."""
        above = np.eye(N_JOINTS, dtype=bool)
        for j, parent in enumerate(self.parents[1:], start=1):
            above[j] |= above[parent]
        return above

    def _attachment(self, body: BodyModel, name: str) -> tuple[int, np.ndarray, np.ndarray]:
        """Bone, rest offset (3,) from the bone's joint, and the offset's derivative (3, 10) by the betas."""
        if name in JOINT_NAMES:
            return JOINT_NAMES.index(name), np.zeros(3), np.zeros((3, N_BETAS))
        vertex = body.landmark_vertices[name]
        bone = int(np.argmax(body.weights[vertex]))
        return bone, body.v_template[vertex] - self.joints[bone], body.shapedirs[vertex] - self.joint_shapes[bone]


def left_jacobian(turns: np.ndarray) -> np.ndarray:
    """Left Jacobian (..., 3, 3) of the rotation group: exp(v + d) = exp(J(v) d) exp(v) for small d; v (..., 3)."""
    angle = np.linalg.norm(turns, axis=-1)[..., None, None]
    safe = np.maximum(angle, 1e-8)
    axis = turns / safe[..., 0]
    sine = np.where(angle < 1e-8, 1.0, np.sin(safe) / safe)
    versine = (1.0 - np.cos(safe)) / safe
    x, y, z = np.moveaxis(axis, -1, 0)
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(*turns.shape, 3)
    return sine * np.eye(3) + (1.0 - sine) * axis[..., :, None] * axis[..., None, :] + versine * cross

"""Forward kinematics and linear blend skinning of a body with a kinematic tree, vectorised over a batch.

The formulas are SMPL's (Loper et al. 2015, Eqs. 2-4): joint j turns by its axis-angle vector about its own rest
position, in the frame of its parent; the root turns about its own joint, so a body without pose stays where it is.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

SKINNING_CHUNK = 8  # bodies skinned at once: large enough to vectorise, small enough to stay in cache


def rotation_matrices(pose: np.ndarray) -> np.ndarray:
    """Axis-angle vectors (..., 3), radians, to rotation matrices (..., 3, 3)."""
    if pose.size == 0:
        return np.zeros((*pose.shape, 3))
    writable = np.array(pose, dtype=np.float64).reshape(-1, 3)  # scipy refuses read-only memory
    return Rotation.from_rotvec(writable).as_matrix().reshape(*pose.shape, 3)


def bone_transforms(rotations: np.ndarray, rest_joints: np.ndarray, parents: np.ndarray) -> np.ndarray:
    """Transforms A_j that carry points of the rest pose with bone j into the pose.

    Args:
        rotations: (n, J, 3, 3) local rotations.
        rest_joints: (J, 3) or (n, J, 3) joint positions in the rest pose, metres.
        parents: (J,) parent of each joint, always smaller than the joint itself; the root's is -1.

    Returns:
        (n, J, 4, 4) rigid transforms.
    """
    n, n_joints = rotations.shape[:2]
    rest_joints = np.broadcast_to(rest_joints, (n, n_joints, 3))
    A = np.zeros((n, n_joints, 4, 4))
    A[..., 3, 3] = 1.0
    for j, parent in enumerate(parents):
        # A_j = A_parent (turn about the rest position of joint j); the joint itself moves with its parent.
        turn, joint = rotations[:, j], rest_joints[:, j]
        shift = joint - np.einsum("nab,nb->na", turn, joint)
        if parent < 0:
            A[:, j, :3, :3] = turn
            A[:, j, :3, 3] = shift
        else:
            A[:, j, :3, :3] = A[:, parent, :3, :3] @ turn
            A[:, j, :3, 3] = np.einsum("nab,nb->na", A[:, parent, :3, :3], shift) + A[:, parent, :3, 3]
    return A


def invert_rigid(transforms: np.ndarray) -> np.ndarray:
    """Inverse of rigid transforms (..., 4, 4), exact where `np.linalg.inv` would round."""
    inverse = np.zeros_like(transforms)
    inverse[..., :3, :3] = np.swapaxes(transforms[..., :3, :3], -1, -2)
    inverse[..., :3, 3] = -np.einsum("...ab,...b->...a", inverse[..., :3, :3], transforms[..., :3, 3])
    inverse[..., 3, 3] = 1.0
    return inverse


def transform_points(transforms: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Apply one transform (..., 4, 4) to one point (..., 3) each."""
    return np.einsum("...ab,...b->...a", transforms[..., :3, :3], points) + transforms[..., :3, 3]


def skin(rest_points: np.ndarray, weights: np.ndarray, transforms: np.ndarray) -> np.ndarray:
    """Linear blend skinning: y = sum_j w_j A_j x.

    Args:
        rest_points: (V, 3) or (n, V, 3) points of the rest pose, metres.
        weights: (V, J) skinning weights, each row sums to one.
        transforms: (n, J, 4, 4) bone transforms.

    Returns:
        (n, V, 3) posed points.
    """
    n, n_joints = transforms.shape[:2]
    n_points = len(weights)
    rest_points = np.broadcast_to(rest_points, (n, n_points, 3))
    rows = transforms[:, :, :3].reshape(n, n_joints, 12)
    posed = np.empty((n, n_points, 3))
    for start in range(0, n, SKINNING_CHUNK):
        chunk = slice(start, start + SKINNING_CHUNK)
        blended = (weights @ rows[chunk]).reshape(-1, n_points, 3, 4)
        posed[chunk] = np.einsum("nvab,nvb->nva", blended[..., :3], rest_points[chunk]) + blended[..., 3]
    return posed


def mirror_pose(pose: np.ndarray, joint_mirror: np.ndarray) -> np.ndarray:
    """The pose seen in a mirror at x = 0: limbs change sides, y and z of each axis-angle vector change sign.

    Args:
        pose: (..., J, 3) axis-angle, radians.
        joint_mirror: (J,) index of every joint's twin on the other side.
    """
    return pose[..., joint_mirror, :] * np.array([1.0, -1.0, -1.0])

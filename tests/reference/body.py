"""A body in SMPL's layout: bone transforms and linear blend skinning, one pose at a time.

Frames: T (rest pose, betas 0), metres, x = the person's left, y = up, z = front. Root rotation removed throughout.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

JOINTS = 24
LEFT_HIP, RIGHT_HIP = 1, 2


@dataclass(frozen=True)
class Body:
    """A skinned template with betas 0.

    Attributes:
        vertices: (V, 3) template in the T pose, metres.
        vertex_weights: (V, 24) skinning weights.
        pose_directions: (207, 3 V) pose blend shapes; rows are the entries of R_1 - I .. R_23 - I, row-major.
        joints: (24, 3) rest joints, metres.
        parents: (24,) parent of each joint, -1 for the root.
    """

    vertices: torch.Tensor
    vertex_weights: torch.Tensor
    pose_directions: torch.Tensor
    joints: torch.Tensor
    parents: list[int]


def load_body(path: Path) -> Body:
    """Read the oracle's `body_model.npz`."""
    with np.load(path) as file:
        vertices = torch.from_numpy(file["v_template"])
        return Body(
            vertices=vertices,
            vertex_weights=torch.from_numpy(file["weights"]),
            pose_directions=torch.from_numpy(file["posedirs"]).reshape(-1, 207).T.contiguous(),
            joints=torch.from_numpy(file["J_regressor"]) @ vertices,
            parents=file["parents"].tolist(),
        )


def star_pose() -> torch.Tensor:
    """Canonical pose (24, 3): hips opened by 30 degrees about z, everything else zero."""
    pose = torch.zeros(JOINTS, 3)
    pose[LEFT_HIP, 2] = torch.pi / 6
    pose[RIGHT_HIP, 2] = -torch.pi / 6
    return pose


def rotation_matrices(axis_angle: torch.Tensor) -> torch.Tensor:
    """Rodrigues' formula as smplx writes it: (J, 3) axis-angle, radians, to (J, 3, 3)."""
    angle = torch.norm(axis_angle + 1e-8, dim=1, keepdim=True)
    x, y, z = (axis_angle / angle).unbind(1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=1).reshape(-1, 3, 3)
    sine, cosine = torch.sin(angle)[:, :, None], torch.cos(angle)[:, :, None]
    return torch.eye(3) + sine * cross + (1 - cosine) * torch.bmm(cross, cross)


def without_root(pose: torch.Tensor) -> torch.Tensor:
    """The pose (24, 3) with its root rotation set to zero."""
    return torch.cat([torch.zeros(1, 3), pose[1:]])


def bone_transforms(body: Body, pose: torch.Tensor) -> torch.Tensor:
    """A_j(theta): (24, 4, 4) transforms from the T pose to `pose` (24, 3), root rotation removed."""
    rotations = rotation_matrices(without_root(pose))
    to_world = []
    for joint, parent in enumerate(body.parents):
        local = torch.eye(4)
        local[:3, :3] = rotations[joint]
        local[:3, 3] = body.joints[joint] - (body.joints[parent] if parent >= 0 else 0)
        to_world.append(local if parent < 0 else to_world[parent] @ local)
    transforms = torch.stack(to_world)
    moved_rest_joints = torch.matmul(transforms[:, :3, :3], body.joints[:, :, None])[:, :, 0]
    transforms[:, :3, 3] = transforms[:, :3, 3] - moved_rest_joints
    return transforms


def posed_vertices(body: Body, pose: torch.Tensor) -> torch.Tensor:
    """Linear blend skinning with pose blend shapes: (V, 3) vertices of `pose` (24, 3), root rotation removed."""
    rotations = rotation_matrices(without_root(pose))
    features = (rotations[1:] - torch.eye(3)).reshape(1, -1)
    shaped = body.vertices + torch.matmul(features, body.pose_directions).reshape(-1, 3)
    blended = torch.matmul(body.vertex_weights, bone_transforms(body, pose).reshape(JOINTS, 16)).reshape(-1, 4, 4)
    return transform_points(blended, shaped)


def transform_points(transforms: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    """Apply one (4, 4) matrix to each point: (P, 4, 4), (P, 3) to (P, 3)."""
    homogeneous = torch.cat([points, torch.ones(len(points), 1)], dim=1)
    return torch.matmul(transforms, homogeneous[:, :, None])[:, :3, 0]

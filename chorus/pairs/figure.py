"""Bodies as functions of torch tensors: joints, keypoints, skin points and balls of many people at once.

Everything is in camera axes (docs/conventions.md): `pose[0]` turns the body into them, `translation` moves its origin.
Joints of one depth of the kinematic tree are turned together, so that two people cost milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from chorus.body.model import COCO_KEYPOINTS, JOINT_NAMES, N_JOINTS, BodyModel, mirrored_name
from chorus.pairs.surface import inscribed_balls, points_of_parts


@dataclass
class People:
    """Parameters of people; leading axes are free (pair, person).

    Attributes:
        pose: (..., 24, 3) axis-angle, radians; joint 0 turns the body into camera axes.
        betas: (..., 10).
        translation: (..., 3) metres, camera axes.
    """

    pose: Tensor
    betas: Tensor
    translation: Tensor

    def __getitem__(self, index) -> People:
        return People(self.pose[index], self.betas[index], self.translation[index])

    def detached(self) -> People:
        """The same values in memory of their own, without gradients."""
        return People(*(part.detach().clone() for part in (self.pose, self.betas, self.translation)))


@dataclass(frozen=True)
class Posed:
    """Where people are, camera axes, metres; skin and balls are placed when they are first asked for.

    Attributes:
        joints: (..., 24, 3); keypoints: (..., 17, 3) of COCO.
        radii: (..., B) of the balls inside.
    """

    joints: Tensor
    keypoints: Tensor
    radii: Tensor
    _place: Callable[[], tuple[Tensor, Tensor]]

    @property
    def points(self) -> Tensor:
        """(..., P, 3) on the skin."""
        return self._placed[0]

    @property
    def centres(self) -> Tensor:
        """(..., B, 3) of the balls inside."""
        return self._placed[1]

    @cached_property
    def _placed(self) -> tuple[Tensor, Tensor]:
        return self._place()


@dataclass(frozen=True)
class _Skin:
    """Some rest points with their shape directions (P, 3, 10) and skinning weights (P, 24)."""

    rest: Tensor
    directions: Tensor
    weights: Tensor

    def placed(self, bones: Tensor, betas: Tensor) -> Tensor:
        """Points (n, P, 3) of bones' transforms (n, 24, 12) and shapes (n, 10)."""
        rest = self.rest + (betas @ self.directions.flatten(0, 1).T).unflatten(-1, (-1, 3))
        blended = (self.weights @ bones).unflatten(-1, (3, 4))
        return (blended[..., :3] * rest[..., None, :]).sum(-1) + blended[..., 3]


def rotations_of(turns: Tensor) -> Tensor:
    """Axis-angle vectors (..., 3), radians, to rotation matrices (..., 3, 3); smooth at zero."""
    angle = (turns.square().sum(-1, keepdim=True) + 1e-16).sqrt()
    x, y, z = (turns / angle).unbind(-1)
    nought = torch.zeros_like(x)
    cross = torch.stack([nought, -z, y, z, nought, -x, -y, x, nought], -1).unflatten(-1, (3, 3))
    sine, cosine = angle.sin()[..., None], angle.cos()[..., None]
    return torch.eye(3, dtype=turns.dtype, device=turns.device) + sine * cross + (1 - cosine) * (cross @ cross)


class Figure:
    """The differentiable body of a fit.

    Args:
        body: the body model; pose blend shapes (SMPL) are left out, which moves the skin by about a centimetre.
        parts: part name -> vertex ids; each keeps some tens of points.
    """

    def __init__(self, body: BodyModel, parts: Mapping[str, np.ndarray], device: torch.device | str = "cpu"):
        chosen = points_of_parts(body, parts)
        ids = np.unique(np.concatenate(list(chosen.values())))
        self.part_names = tuple(chosen)
        width = max(map(len, chosen.values()))
        # Parts of fewer points repeat some, so that all parts are one array; no minimum and no mean of minima minds.
        rows = [np.searchsorted(ids, np.resize(chosen[name], width)) for name in self.part_names]
        self.part_points = torch.tensor(np.array(rows), device=device)
        self.mirrored_parts = [self.part_names.index(mirrored_name(name)) for name in self.part_names]
        balls = inscribed_balls(body)
        face = np.array([body.landmark_vertices[name] for name in COCO_KEYPOINTS[:5]])
        self._coco_joints = [JOINT_NAMES.index(name) for name in COCO_KEYPOINTS[5:]]
        near, far = balls.touching.T
        regressor = body.J_regressor.toarray()
        shapes = body.shapedirs
        ball_shapes = (shapes[near] + shapes[far]) / 2
        outward = (body.v_template[near] - balls.centre) / balls.radius[:, None]
        ball_weights = (body.weights[near] + body.weights[far]) / 2

        def tensor(values: np.ndarray) -> Tensor:
            return torch.tensor(np.asarray(values), dtype=torch.float32, device=device)

        def skin(*parts: tuple[np.ndarray, np.ndarray, np.ndarray]) -> _Skin:
            return _Skin(*(tensor(np.concatenate(columns)) for columns in zip(*parts, strict=True)))

        self._face = skin((body.v_template[face], shapes[face], body.weights[face]))
        points = (body.v_template[ids], shapes[ids], body.weights[ids])
        self._skin, self._points = skin(points, (balls.centre, ball_shapes, ball_weights)), len(ids)
        self._radius = tensor(balls.radius)
        self._radius_directions = tensor(np.einsum("ba,bak->bk", outward, shapes[near] - ball_shapes))
        self._joints = tensor(regressor @ body.v_template)
        self._joint_directions = tensor(np.einsum("jv,vak->jak", regressor, shapes))
        self._levels = _levels(body.parents)
        self.device = self._joints.device

    def __call__(self, people: People) -> Posed:
        """Pose people: leading axes as given."""
        lead = people.pose.shape[:-2]
        pose = people.pose.reshape(-1, N_JOINTS, 3)
        betas = people.betas.reshape(-1, people.betas.shape[-1])
        translation = people.translation.reshape(-1, 1, 3)
        rest_joints = self._joints + torch.einsum("jak,nk->nja", self._joint_directions, betas)
        turn, joints = self._chain(rotations_of(pose), rest_joints)
        shift = joints - (turn @ rest_joints[..., None])[..., 0]
        bones = torch.cat([turn, shift[..., None]], -1).flatten(2)
        face = self._face.placed(bones, betas) + translation
        joints = joints + translation

        def of_lead(values: Tensor) -> Tensor:
            return values.reshape(*lead, *values.shape[1:])

        tracked = torch.is_grad_enabled()

        def place() -> tuple[Tensor, Tensor]:
            with torch.set_grad_enabled(tracked):  # as when the people were posed, whoever asks first
                skin = of_lead(self._skin.placed(bones, betas) + translation)
                return skin[..., : self._points, :], skin[..., self._points :, :]

        keypoints = torch.cat([face, joints[:, self._coco_joints]], 1)
        radii = self._radius + betas @ self._radius_directions.T
        return Posed(of_lead(joints), of_lead(keypoints), of_lead(radii), place)

    def roots(self, people: People) -> Tensor:
        """Root joints (..., 3) of people, about which the bodies turn, without posing them."""
        return self._joints[0] + people.betas @ self._joint_directions[0].T + people.translation

    def skeleton(self, local: Tensor, betas: Tensor) -> Tensor:
        """Joints (n, 24, 3) of local rotations (n, 24, 3, 3) and shapes (n, 10), not moved."""
        rest = self._joints + torch.einsum("jak,nk->nja", self._joint_directions, betas)
        return self._chain(local, rest)[1]

    def _chain(self, local: Tensor, rest_joints: Tensor) -> tuple[Tensor, Tensor]:
        """World rotations (n, 24, 3, 3) and joint positions (n, 24, 3), one depth of the tree at a time."""
        turns: list[Tensor] = [local[:, 0]] * N_JOINTS
        places: list[Tensor] = [rest_joints[:, 0]] * N_JOINTS
        for joints, parents in self._levels:
            above = torch.stack([turns[parent] for parent in parents], 1)
            turned = above @ local[:, joints]
            offset = (above @ (rest_joints[:, joints] - rest_joints[:, parents])[..., None])[..., 0]
            placed = torch.stack([places[parent] for parent in parents], 1) + offset
            for row, joint in enumerate(joints):
                turns[joint], places[joint] = turned[:, row], placed[:, row]
        return torch.stack(turns, 1), torch.stack(places, 1)


def _levels(parents: np.ndarray) -> list[tuple[list[int], list[int]]]:
    """Joints and their parents by depth below the root."""
    depth = [0] * len(parents)
    for joint, parent in enumerate(parents):
        depth[joint] = depth[parent] + 1 if parent >= 0 else 0
    levels = []
    for level in range(1, max(depth) + 1):
        joints = [joint for joint, found in enumerate(depth) if found == level]
        levels.append((joints, [int(parents[joint]) for joint in joints]))
    return levels

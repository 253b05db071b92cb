"""A pair as the prior sees it: numbers that no camera changes, in the frame of person 1's root.

Groups of a person: orientation (6), pose (23 joints in 6D: 138), shape (10), place (3). Person 2's orientation and
place are relative to person 1's root; person 1's own orientation is the identity, and its place is the direction of the
line of sight, along which a first estimate is wrong most. (BUDDI keeps orientations in the camera frame; ours needs
fewer examples, and a camera that was never seen is no new case.)
"""

from __future__ import annotations

import torch
from torch import Tensor

from chorus.pairs.figure import Figure, People, rotations_of

GROUPS: dict[str, int] = {"orientation": 6, "pose": 138, "shape": 10, "place": 3}
WIDTH = sum(GROUPS.values())
SIZES = list(GROUPS.values())
ALL_BUT_POSE = tuple(group != "pose" for group in GROUPS)


def six_of(rotation: Tensor) -> Tensor:
    """Rotation matrices (..., 3, 3) as their first two columns (..., 6) (Zhou et al. 2019)."""
    return rotation[..., :2].transpose(-1, -2).flatten(-2)


def rotation_of_six(six: Tensor) -> Tensor:
    """Rotation matrices (..., 3, 3) of two vectors each (..., 6), made orthonormal."""
    x = torch.nn.functional.normalize(six[..., :3], dim=-1)
    y = six[..., 3:] - (x * six[..., 3:]).sum(-1, keepdim=True) * x
    y = torch.nn.functional.normalize(y, dim=-1)
    return torch.stack([x, y, torch.linalg.cross(x, y, dim=-1)], -1)


def tokens_of(figure: Figure, people: People) -> Tensor:
    """Numbers (n, 2, WIDTH) of pairs (n, 2) in camera axes."""
    rotation = rotations_of(people.pose)
    roots = figure.roots(people)
    first = rotation[:, 0, 0].transpose(-1, -2)
    sight = torch.nn.functional.normalize(roots[:, 0], dim=-1)
    identity = torch.eye(3, dtype=first.dtype, device=first.device).expand_as(first)
    orientation = torch.stack([identity, first @ rotation[:, 1, 0]], 1)
    place = torch.stack([_turned(first, sight), _turned(first, roots[:, 1] - roots[:, 0])], 1)
    pose = six_of(rotation[:, :, 1:]).flatten(2)
    return torch.cat([six_of(orientation), pose, people.betas, place], -1)


def joints_of(figure: Figure, numbers: Tensor) -> Tensor:
    """Joints (n, 2, 24, 3) of numbers (n, 2, WIDTH) in the frame of person 1's root, metres."""
    orientation, pose, shape, place = numbers.split(SIZES, dim=-1)
    local = rotation_of_six(torch.cat([orientation[..., None, :], pose.unflatten(-1, (23, 6))], 2))
    joints = figure.skeleton(local.flatten(0, 1), shape.flatten(0, 1)).unflatten(0, (-1, 2))
    roots = torch.stack([torch.zeros_like(place[:, 1]), place[:, 1]], 1)
    return joints - joints[:, :, :1] + roots[:, :, None]


def exchanged(people: People) -> People:
    """The same pairs with person 2 first."""
    return People(people.pose.flip(1), people.betas.flip(1), people.translation.flip(1))


def _turned(turn: Tensor, vector: Tensor) -> Tensor:
    return (turn @ vector[..., None])[..., 0]


def pull(figure: Figure, people: People, target: Tensor, sigma: float) -> Tensor:
    """(n,) squared sigmas between pairs and what a prior would have: angles (radians), places (metres / 2), shapes / 5.

    Args:
        target: (n, 2, WIDTH) numbers of the wanted pairs, person 1 first as in `people`.
    """
    orientation, pose, shape, place = target.split(SIZES, dim=-1)
    rotation = rotations_of(people.pose)
    first = rotation[:, 0, 0].transpose(-1, -2)
    angles = _squared_angle(rotation[:, :, 1:], rotation_of_six(pose.unflatten(-1, (23, 6)))).sum((1, 2))
    angles = angles + _squared_angle(first @ rotation[:, 1, 0], rotation_of_six(orientation[:, 1]))
    roots = figure.roots(people)
    moved = (_turned(first, roots[:, 1] - roots[:, 0]) - place[:, 1]).square().sum(-1)
    shaped = (people.betas - shape).square().sum((1, 2))
    return (angles + 4 * moved + shaped / 25) / sigma**2


def _squared_angle(one: Tensor, other: Tensor) -> Tensor:
    """About the squared angle between rotations: half the squared distance of their matrices."""
    return (one - other).square().sum((-1, -2)) / 2

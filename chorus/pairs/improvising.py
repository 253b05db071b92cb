"""Improvised interactions: pairs that touch somewhere, in stances that are mixed and varied at random.

Templates are few, and a prior that learns from them alone learns which there are. Improvised pairs cover what lies
between: any heading, any side, whatever parts come near. Everything about them is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import torch

from chorus.body.kinematics import mirror_pose
from chorus.body.model import JOINT_MIRROR, N_BETAS
from chorus.pairs.arranging import BETA_SPREAD, POSE_SPREAD, Draw
from chorus.pairs.figure import Figure, People
from chorus.pairs.labels import Contacts, mirror
from chorus.pairs.templates import INTERACTIONS, Stance

IMPROVISED = "improvised"
_DISTANCES = np.linspace(1.6, 0.1, 46)  # metres between the roots, tried from far to near
_BESIDE = 0.02  # metres: people this close stand beside each other
_REACH = 0.35  # metres: a hand may go to a part this near
_NEAR = 0.12  # metres: parts this much farther are chosen 1/e as often
_MOST_CONTACTS = 4


def improvise(figure: Figure, types: Sequence[str], rng: np.random.Generator) -> Draw:
    """A random start of a pair, person 1 looking along +z, in contacts that no withheld type has.

    Args:
        types: interactions whose stances are mixed; a draw that touches as another interaction does is drawn again.
    """
    withheld = set(INTERACTIONS) - set(types)
    while True:
        drawn = _improvised(figure, types, rng)
        if not shows(drawn.contacts, withheld):
            return drawn


def shows(contacts: Contacts, types: set[str]) -> bool:
    """Whether contacts include all those of one of some interactions, in a mirror or with people exchanged or not."""
    found = set(contacts)
    return any(set(variant) <= found for name in types for variant in _variants(INTERACTIONS[name].contacts))


def _variants(contacts: Contacts) -> list[Contacts]:
    mirrored = tuple(map(mirror, contacts))
    return [contacts, mirrored, *(tuple((b, a) for a, b in some) for some in (contacts, mirrored))]


def _improvised(figure: Figure, types: Sequence[str], rng: np.random.Generator) -> Draw:
    pose = np.stack([_pose(types, rng), _pose(types, rng)])
    pose[1, 0] = [0.0, np.deg2rad(_heading(rng)), 0.0]
    betas = rng.normal(0.0, BETA_SPREAD, (2, N_BETAS))
    first, second = _skin(figure, pose, betas)
    place = _beside(first, second, rng)
    contacts = _contacts(figure, torch.cdist(first, second + second.new_tensor(place)), rng)
    return Draw(IMPROVISED, pose, betas, np.stack([np.zeros(3), place]), contacts)


def _pose(types: Sequence[str], rng: np.random.Generator) -> np.ndarray:
    """(24, 3) the pose of a varied stance of one of the types, mirrored in half of the draws."""
    template = INTERACTIONS[types[int(rng.integers(len(types)))]]
    pose = _varied((template.first, template.second)[rng.integers(2)], rng).pose()
    if rng.random() < 0.5:
        pose = mirror_pose(pose, JOINT_MIRROR)
    pose[1:] += rng.normal(0.0, POSE_SPREAD, pose[1:].shape)
    return pose


def _varied(stance: Stance, rng: np.random.Generator) -> Stance:
    """A stance of which each arm, and legs and trunk together, are drawn anew in half of the draws."""
    arms, elbows = [], []
    for side in range(2):
        if rng.random() < 0.5:
            arms.append(stance.arms[side % len(stance.arms)])
            elbows.append(stance.elbows[side])
        else:
            along = rng.normal(size=3)
            out, up, front = along / np.linalg.norm(along) + (0.4, -0.5, 0.5)  # mostly out, down and to the front
            arms.append((out, up, front))
            elbows.append(rng.uniform(5, 90))
    thighs, knees, bend, head = stance.thighs, stance.knees, stance.bend, stance.head
    if rng.random() < 0.5:
        bend, head = rng.uniform(-10, 40), (rng.uniform(-10, 20), rng.uniform(-20, 20))
        if rng.random() < 0.3:  # seated
            thighs, knees = (rng.uniform(70, 95),) * 2, (rng.uniform(70, 95),) * 2
        else:
            thighs, knees = _two(rng, -15, 45), _two(rng, 0, 50)
    return Stance(tuple(arms), (elbows[0], elbows[1]), thighs, knees, bend, head)


def _two(rng: np.random.Generator, low: float, high: float) -> tuple[float, float]:
    return rng.uniform(low, high), rng.uniform(low, high)


def _heading(rng: np.random.Generator) -> float:
    """Turn of person 2 about the vertical, degrees: mostly towards person 1 or the same way, else any."""
    if rng.random() < 0.6:
        return rng.choice([0.0, 180.0]) + rng.normal(0.0, 25.0)
    return rng.uniform(0.0, 360.0)


def _skin(figure: Figure, pose: np.ndarray, betas: np.ndarray) -> torch.Tensor:
    """(2, P, 3) skin points of two people at the origin."""

    def tensor(values: np.ndarray) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.float32, device=figure.device)

    with torch.no_grad():
        return figure(People(tensor(pose), tensor(betas), tensor(np.zeros((2, 3))))).points


def _beside(first: torch.Tensor, second: torch.Tensor, rng: np.random.Generator) -> np.ndarray:
    """(3,) where person 2 comes, from a random side, as near as a random gap (negative: nearer than touching)."""
    side = rng.uniform(0.0, 2 * np.pi)
    height = rng.uniform(-0.05, 0.05) if rng.random() < 0.75 else rng.uniform(-0.1, 0.4)
    gap = rng.uniform(-0.08, 0.12)
    towards, raised = np.array([np.sin(side), 0.0, np.cos(side)]), np.array([0.0, height, 0.0])
    for distance in _DISTANCES:
        place = second.new_tensor(distance * towards + raised)
        if torch.cdist(first[::2], second[::2] + place).amin() < max(gap, 0.0) + _BESIDE:
            break
    return max(distance + min(gap, 0.0), _DISTANCES[-1]) * towards + raised


def _contacts(figure: Figure, apart: torch.Tensor, rng: np.random.Generator) -> Contacts:
    """Parts that are to touch: one of the nearest pairs of parts, and what each hand may reach.

    Args:
        apart: (P, P) metres between skin points of person 1 and person 2.
    """
    points, names = figure.part_points, figure.part_names
    parts = apart[points.flatten()][:, points.flatten()].unflatten(0, points.shape).unflatten(-1, points.shape)
    distance = parts.amin((1, 3)).cpu().numpy()
    rank = min(int(rng.exponential(1.5)), 8)
    chosen = [divmod(int(np.argsort(distance, axis=None)[rank]), len(names))]
    for hand, person in product((names.index("left_hand"), names.index("right_hand")), (0, 1)):
        reach = distance[hand] if person == 0 else distance[:, hand]
        near = np.flatnonzero(reach < _REACH)
        if rng.random() < 0.35 and len(near) and all(contact[person] != hand for contact in chosen):
            share = np.exp(-reach[near] / _NEAR)
            other = int(rng.choice(near, p=share / share.sum()))
            chosen.append((hand, other) if person == 0 else (other, hand))
    return tuple((names[first], names[second]) for first, second in chosen[:_MOST_CONTACTS])

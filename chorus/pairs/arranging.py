"""Two bodies moved until they touch as a template says and do not sink into each other: the truth of pair scenes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from chorus.body.kinematics import mirror_pose
from chorus.body.model import JOINT_MIRROR, N_BETAS
from chorus.pairs.figure import Figure, People
from chorus.pairs.labels import Contacts, labels_of, mirror
from chorus.pairs.templates import INTERACTIONS
from chorus.pairs.terms import (
    LOOK_EVERY,
    Inside,
    Labels,
    PoseRange,
    contact,
    contact_distances,
    near_and_far,
    penetration,
)

BETA_SPREAD = 0.8
POSE_SPREAD = 0.10  # radians: how far real stances are from the template's
PLACE_SPREAD = 0.03  # metres
HEADING_SPREAD = 8.0  # degrees
TOUCH = 0.025  # metres: a contact is one if the parts come this near
ARRANGING_STEPS = 70
_RATE = 0.02
_CONTACT_FAR = 0.2  # metres: parts start this far apart, and all of these contacts are true
_CONTACT_SIGMA, _PENETRATION_SIGMA, _STANCE_SIGMA, _PLACE_SIGMA = 0.005, 0.004, 0.30, 0.25


@dataclass(frozen=True)
class Draw:
    """A random start of a pair, person 1 looking along +z: what `arrange` moves.

    Attributes:
        interaction: name of the template.
        pose: (2, 24, 3); betas: (2, 10); translation: (2, 3).
        contacts: coarse parts (of person 1, of person 2) that are to touch.
    """

    interaction: str
    pose: np.ndarray
    betas: np.ndarray
    translation: np.ndarray
    contacts: Contacts


def draw(interaction: str, rng: np.random.Generator) -> Draw:
    """A random start of an interaction: mirrored in half of the draws, people exchanged in half of them."""
    template = INTERACTIONS[interaction]
    pose = np.stack([template.first.pose(), template.second.pose()])
    pose[:, 1:] += rng.normal(0.0, POSE_SPREAD, pose[:, 1:].shape)
    heading = np.deg2rad(template.heading + rng.normal(0.0, HEADING_SPREAD))
    pose[1, 0] = [0.0, heading, 0.0]
    betas = rng.normal(0.0, BETA_SPREAD, (2, N_BETAS))
    translation = np.stack([np.zeros(3), np.array(template.place) + rng.normal(0.0, PLACE_SPREAD, 3)])
    contacts = template.contacts
    if rng.random() < 0.5:
        pose, translation = mirror_pose(pose, JOINT_MIRROR), translation * [-1.0, 1.0, 1.0]
        contacts = tuple(map(mirror, contacts))
    if rng.random() < 0.5:
        pose, betas, translation = pose[::-1], betas[::-1], translation[::-1]
        contacts = tuple((second, first) for first, second in contacts)
    return Draw(interaction, pose.copy(), betas.copy(), translation.copy(), contacts)


def _towards(distance: torch.Tensor) -> torch.Tensor:
    return near_and_far(distance, _CONTACT_FAR)


def arrange(figure: Figure, draws: Sequence[Draw]) -> tuple[People, np.ndarray]:
    """Move people until they touch: poses, and place and turn of both.

    Returns:
        the people (n, 2), y up, and whether all contacts of a pair came within TOUCH (n,).
    """

    def tensor(values: list[np.ndarray]) -> torch.Tensor:
        return torch.tensor(np.stack(values), dtype=torch.float32, device=figure.device)

    start = People(
        tensor([d.pose for d in draws]), tensor([d.betas for d in draws]), tensor([d.translation for d in draws])
    )
    people, limits = start.detached(), PoseRange(figure.device)
    labels = Labels.of([labels_of(d.contacts) for d in draws], figure)
    moved = [people.pose.requires_grad_(), people.translation.requires_grad_()]
    optimiser = torch.optim.Adam(moved, lr=_RATE)
    for step in range(ARRANGING_STEPS):
        posed = figure(people)
        if step % LOOK_EVERY == 0:
            inside = Inside.of(posed)
        stance = (people.pose - start.pose).square().sum((1, 2, 3)) / _STANCE_SIGMA**2
        place = (people.translation - start.translation).square().sum((1, 2)) / _PLACE_SIGMA**2
        cost = contact(figure, posed, labels, _CONTACT_SIGMA, _towards) + penetration(posed, inside, _PENETRATION_SIGMA)
        optimiser.zero_grad()
        (cost + stance + place + limits.cost(people.pose) / 4).sum().backward()
        optimiser.step()
    people = people.detached()
    with torch.no_grad():
        _, least = contact_distances(figure, figure(people), labels)
    apart = torch.zeros(len(draws), device=figure.device).index_add(0, labels.pair, (least > TOUCH).float())
    return people, (apart == 0).cpu().numpy()

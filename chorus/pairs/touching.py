"""How far hands are from the other person: what touches most often, and what pictures show best.

A hand of a pair in contact either touches the other person or is somewhere. Both are half normal distributions of its
distance, and a fit asks for the likelihood of their mixture: a hand that is near is pulled on, one that is far hardly,
and in between it depends on how often hands touch. Everything about it is ours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from chorus.pairs.figure import Figure, People, Posed
from chorus.pairs.terms import SOFTNESS, softly_least

HANDS = ("left_hand", "right_hand")
_TOUCHING = 0.025  # metres
_NEAREST = 12  # pairs of points that may be the nearest
_LEAST_SHARE, _MOST_SHARE = 0.02, 0.9
_AT_ONCE = 64


@dataclass(frozen=True)
class Touch:
    """How hands of pairs in contact are.

    Attributes:
        share: of hands that touch the other person.
        far: root mean square distance of those that do not, metres.
    """

    share: float
    far: float

    @classmethod
    def of(cls, figure: Figure, people: People) -> Touch:
        """As in pairs (n, 2)."""
        chunks = range(0, len(people.pose), _AT_ONCE)
        with torch.no_grad():
            distance = torch.cat([hand_distances(figure, figure(people[at : at + _AT_ONCE]), 1) for at in chunks])
        near = distance < _TOUCHING
        share = near.float().mean().clamp(_LEAST_SHARE, _MOST_SHARE)
        far = distance[~near].square().mean().sqrt() if (~near).any() else distance.new_tensor(1.0)
        return cls(share.item(), far.item())

    def cost(self, figure: Figure, posed: Posed, sigma: float) -> Tensor:
        """(n,) squared sigmas of the four hands of pairs; hands that touch are `sigma` metres off in a fit."""
        return self.unlikely(hand_distances(figure, posed), sigma).sum((1, 2))

    def unlikely(self, distance: Tensor, sigma: float) -> Tensor:
        """-2 log of the density of distances, but for a constant."""
        squared = distance.square()
        touching = math.log(self.share / sigma) - squared / (2 * sigma**2)
        somewhere = math.log((1 - self.share) / self.far) - squared / (2 * self.far**2)
        return -2 * torch.logaddexp(touching, somewhere)


def hand_distances(figure: Figure, posed: Posed, stride: int = 2) -> Tensor:
    """Soft least distances (n, 2, 2) of the left and the right hand of both people to the other's skin, metres.

    Args:
        stride: every how many points of the other's skin are looked at.
    """
    hands = figure.part_points[[figure.part_names.index(name) for name in HANDS]]
    found = []
    for me, other in ((0, 1), (1, 0)):
        mine, skin = posed.points[:, me, hands.flatten()], posed.points[:, other, ::stride]
        with torch.no_grad():
            apart = torch.cdist(mine, skin).unflatten(1, hands.shape).flatten(2)
            nearest = apart.topk(_NEAREST, 2, largest=False).indices
        pair = torch.arange(len(mine), device=mine.device)[:, None, None]
        hand = torch.arange(len(hands), device=mine.device)[None, :, None]
        point = mine.unflatten(1, hands.shape)[pair, hand, nearest // skin.shape[1]]
        found.append(softly_least((point - skin[pair, nearest % skin.shape[1]]).square().sum(-1), SOFTNESS))
    return torch.stack(found, 1)

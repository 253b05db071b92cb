"""What fits of pairs are made of, each a number a pair (n,) in squared sigmas: all are added without further weights.

Forms and constants are ours. The paper (Ask, Pose, Unite) names a soft contact loss and gives no formula: here it is a
soft minimum over the points of the two parts, quadratic near and given up far away, times the label's weight; where
keypoints could not tell left from right, a soft choice of the nearer of both readings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from chorus.pairs.figure import Figure, Posed
from chorus.pairs.labels import Label, mirror
from chorus.perception.jointprior import LIMIT_SIGMA, JointPrior

SOFTNESS = 0.01  # metres: points this much farther than the nearest count 1/e as much
READING_SOFTNESS = 0.03  # metres: likewise for the two readings of a contact whose sides are unsure
KEYPOINT_FAR = 3.0  # sigmas: likewise for keypoints
SMALLEST_DEPTH = 0.1  # metres
LOOK_EVERY = 4  # steps after which the points inside the other body are looked up again


@dataclass(frozen=True)
class Labels:
    """Contacts of a batch of pairs; one whose sides are unsure has two rows, as told and mirrored.

    Attributes:
        pair: (L,) index of the pair.
        part: (L, 2) index of the touching part of person 1 and of person 2.
        weight: (L,) how much each is believed, 0..1.
        told: (L,) index of the contact of which a row is a reading, from 0 on without gaps.
    """

    pair: Tensor
    part: Tensor
    weight: Tensor
    told: Tensor

    @classmethod
    def of(cls, told: Sequence[Sequence[Label]], figure: Figure) -> Labels:
        """The labels of every pair; where both sides are told, neither is mirrored."""
        index = {name: number for number, name in enumerate(figure.part_names)}
        rows: list[tuple[int, int, int, int]] = []
        weights, count = [], 0
        for pair, labels in enumerate(told):
            known = {label.contact for label in labels}
            for label in labels:
                readings = [label.contact]
                if not label.sure and mirror(label.contact) not in known:
                    readings.append(mirror(label.contact))
                rows += [(pair, index[first], index[second], count) for first, second in readings]
                weights += [label.weight] * len(readings)
                count += 1
        table = torch.tensor(rows, dtype=torch.long, device=figure.device).reshape(-1, 4)
        believed = torch.tensor(weights, dtype=torch.float32, device=figure.device)
        return cls(table[:, 0], table[:, 1:3], believed, table[:, 3])

    def shares(self, distance: Tensor) -> Tensor:
        """(L,) how much each reading counts by its distance (L,), metres: 1 for all readings of a contact together."""
        likely = torch.exp((self._least(distance)[self.told] - distance) / READING_SOFTNESS)
        return likely / torch.zeros_like(likely).index_add(0, self.told, likely)[self.told]

    def nearest(self, distance: Tensor) -> tuple[Tensor, Tensor]:
        """The pair of every contact and the distance of its nearer reading, from the distances (L,) of all readings."""
        least = self._least(distance)
        return torch.zeros_like(self.pair).scatter(0, self.told, self.pair)[least.isfinite()], least[least.isfinite()]

    def _least(self, distance: Tensor) -> Tensor:
        """(L,) the smallest distance of every contact, infinity for numbers that no contact has."""
        return torch.full_like(distance, torch.inf).scatter_reduce(0, self.told, distance, "amin")


def near_and_far(residual: Tensor, far: float) -> Tensor:
    """A residual's square, linear beyond `far`, smooth (pseudo-Huber, written so that it is r^2 near zero)."""
    return 2 * far**2 * ((1 + (residual / far).square()).sqrt() - 1)


def near_or_given_up(residual: Tensor, far: float) -> Tensor:
    """A residual's square that never exceeds far^2 (Geman-McClure): what stays far away pulls less and less."""
    squared = residual.square()
    return squared / (1 + squared / far**2)


def contact_distances(figure: Figure, posed: Posed, labels: Labels) -> tuple[Tensor, Tensor]:
    """Soft and least distance (L,) between the two parts of every row, metres."""
    first, second = (posed.points[labels.pair, person] for person in (0, 1))
    rows = torch.arange(len(labels.pair), device=first.device)[:, None]
    a = first[rows, figure.part_points[labels.part[:, 0]]]
    b = second[rows, figure.part_points[labels.part[:, 1]]]
    squared = (a[:, :, None] - b[:, None]).square().sum(-1).flatten(1)
    return softly_least(squared, SOFTNESS), (squared.amin(1) + 1e-8).sqrt()


def softly_least(squared: Tensor, softness: float) -> Tensor:
    """A soft minimum (...) of distances whose squares (..., k) are given; those `softness` farther count 1/e."""
    share = torch.softmax(-(squared.detach() + 1e-8).sqrt() / softness, dim=-1)
    return ((share * squared).sum(-1) + 1e-8).sqrt()


def contact(
    figure: Figure, posed: Posed, labels: Labels, sigma: float, loss: Callable[[Tensor], Tensor] = torch.square
) -> Tensor:
    """The soft contact loss; `loss` of the distances (L,), metres, says what far ones count."""
    if not len(labels.pair):
        return posed.joints.new_zeros(len(posed.joints))
    soft, _ = contact_distances(figure, posed, labels)
    cost = labels.weight * labels.shares(soft.detach()) * loss(soft) / sigma**2
    return cost.new_zeros(len(posed.joints)).index_add(0, labels.pair, cost)


def sunken(points: Tensor, centres: Tensor, radii: Tensor) -> Tensor:
    """How deep points (n, 2, P, 3) of both people are in every ball of the other: (n, 2, P, B), negative outside.

    Args:
        centres: (n, 2, B, 3) and radii: (n, 2, B) of their own balls.
    """
    return radii.flip(1)[:, :, None] - torch.cdist(points, centres.flip(1))


@dataclass(frozen=True)
class Inside:
    """Skin points that are in the other body's balls or nearly so, each with its deepest ball; looked up now and then.

    Attributes:
        pair, person, point: (C,) indices of the points.
        ball: (C,) index of the other person's ball.
    """

    pair: Tensor
    person: Tensor
    point: Tensor
    ball: Tensor

    @classmethod
    def of(cls, posed: Posed, stride: int = 2, margin: float = 0.02) -> Inside:
        """Look up, among every `stride`-th point, those at most `margin` metres outside a ball; no gradients."""
        with torch.no_grad():
            deepest, ball = sunken(posed.points[:, :, ::stride], posed.centres, posed.radii).max(-1)
            pair, person, point = torch.nonzero(deepest > -margin, as_tuple=True)
            return cls(pair, person, point * stride, ball[pair, person, point])

    def depths(self, posed: Posed) -> Tensor:
        """(C,) how deep every point is now in its ball, metres, 0 outside."""
        other = 1 - self.person
        away = posed.points[self.pair, self.person, self.point] - posed.centres[self.pair, other, self.ball]
        return torch.relu(posed.radii[self.pair, other, self.ball] - (away.square().sum(-1) + 1e-12).sqrt())


def penetration(posed: Posed, inside: Inside, sigma: float) -> Tensor:
    """Squared depths of the skin points of both people inside the other's balls."""
    squared = inside.depths(posed).square() / sigma**2
    return squared.new_zeros(len(posed.joints)).index_add(0, inside.pair, squared)


def projected(points: Tensor, K: Tensor) -> Tensor:
    """Pixels (n, 2, P, 2) of points in camera axes (n, 2, P, 3); K (n, 3, 3)."""
    depth = points[..., 2:].clamp_min(SMALLEST_DEPTH)
    return torch.einsum("nij,npkj->npki", K[:, :2], points / depth)


def keypoints(posed: Posed, K: Tensor, observed: Tensor, box: Tensor, sigma: float) -> Tensor:
    """Reprojection error in shares of the person's box, weighted by confidence, linear for outliers.

    Args:
        observed: (n, 2, 17, 3) pixels and confidence.
        box: (n, 2) side of the people's boxes, pixels.
        sigma: error of a keypoint, share of the box.
    """
    off = (projected(posed.keypoints, K) - observed[..., :2]) / (box[..., None, None] * sigma)
    error = (off.square().sum(-1) + 1e-12).sqrt()
    return (observed[..., 2] * near_and_far(error, KEYPOINT_FAR)).sum((1, 2))


class PoseRange:
    """Joint angles as people have them (`perception.jointprior`), for tensors."""

    def __init__(self, device: torch.device | str):
        prior = JointPrior.human()

        def of_joints(values: np.ndarray) -> Tensor:
            return torch.tensor(values[3:72].reshape(23, 3), dtype=torch.float32, device=device)

        self._mean, self._sigma, self._low, self._high = map(
            of_joints, (prior.mean, prior.sigma, prior.low, prior.high)
        )

    def cost(self, pose: Tensor) -> Tensor:
        """(n,) squared deviations of poses (n, 2, 24, 3) from the mean and from beyond the limits, in sigmas."""
        angle = pose[..., 1:, :]
        return (((angle - self._mean) / self._sigma).square() + self._squared_beyond(angle)).sum((1, 2, 3))

    def beyond(self, pose: Tensor) -> Tensor:
        """(n,) the largest angle beyond a limit, radians."""
        angle = pose[..., 1:, :]
        return (self._squared_beyond(angle).amax((1, 2, 3))).sqrt() * LIMIT_SIGMA

    def _squared_beyond(self, angle: Tensor) -> Tensor:
        return ((angle - torch.minimum(torch.maximum(angle, self._low), self._high)) / LIMIT_SIGMA).square()

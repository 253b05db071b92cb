"""Relative depth of two people, judged by what contact looks like: a small network that compares candidates.

Keypoints leave the relative depth of two people open by some 20 cm, because nobody knows their sizes. Where the two
are in contact, most depths are impossible, for the bodies would be in each other, or unlikely, for they would not
touch. So a fit to keypoints is moved along the line of sight, candidate by candidate, and for each the network is told
how near every part comes to the other person and how deep it is inside. What it learns is geometry, not types of
interaction. Everything about it is ours.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from chorus.pairs.figure import Figure, People
from chorus.pairs.fit import USUAL_FIT, FitSettings, Problem, fit
from chorus.pairs.terms import Labels, sunken
from chorus.pairs.training import optimised
from chorus.pairs.views import USUAL, view

REACH, STRIDE = 0.6, 0.05  # metres: largest candidate and distance between candidates
_NEAR = (0.02, 0.06, 0.2)  # metres: scales on which nearness is told
_DEEP, _MOST_DEEP = 0.03, 0.3  # metres: scale of depths, and the most of a sum
_AIM = 0.03  # metres: how sharply the true depth is aimed at
_WIDTH = 64
_BATCH, _RATE, _DECAY = 96, 2e-3, 1e-2
_FAULTY = (0.5, 1.5)  # faults of views are scaled by a factor from this range
_SEEN_AT_ONCE, _VIEWED_AT_ONCE = 16, 128


def first_fit(figure: Figure, problem: Problem, settings: FitSettings = USUAL_FIT) -> People:
    """A fit to keypoints alone (stage 1, bodies free to meet), whatever labels there are."""
    alone = replace(problem, labels=Labels.of((), figure))
    return fit(figure, alone, replace(settings, depth=0.0, steps=(settings.steps[0], 0))).people


def parted(figure: Figure, people: People, by: Tensor) -> People:
    """People moved apart along the line of sight by (n,) metres, the second away from the camera."""
    return People(people.pose, people.betas, people.translation + _shift(_sight(figure, people), by))


def relative_depth(figure: Figure, people: People, other: People) -> Tensor:
    """(n,) metres by which person 2 is farther from person 1 than in other people, along their line of sight."""
    gap, before = (roots[:, 1] - roots[:, 0] for roots in (figure.roots(people), figure.roots(other)))
    return ((gap - before) * _sight(figure, other)).sum(-1)


class DepthJudge(nn.Module):
    """The likelihood of relative depths.

    Attributes:
        candidates: (C,) metres, added to the relative depth of a fit to keypoints.
    """

    candidates: Tensor

    def __init__(self, parts: int):
        super().__init__()
        count = round(REACH / STRIDE)
        self.register_buffer("candidates", torch.arange(-count, count + 1) * STRIDE, persistent=False)
        self.person = nn.Sequential(nn.Linear(parts * (len(_NEAR) + 2), _WIDTH), nn.SiLU())
        self.pair = nn.Sequential(nn.Linear(_WIDTH + len(_NEAR) + 2, _WIDTH), nn.SiLU(), nn.Linear(_WIDTH, 1))

    def forward(self, seen: Tensor) -> Tensor:
        """Log likelihoods (n, C) of what is seen (n, C, 2, parts, 3) at every candidate (`seen`).

        Both people count alike, and so do both directions: with person 2 first the same comes out in reverse.
        """
        distance, deepest, depths = seen.unbind(-1)
        near = torch.stack([torch.exp(-distance / scale) for scale in _NEAR], -1)
        deep = torch.stack([deepest / _DEEP, depths.clamp_max(_MOST_DEEP) / (_MOST_DEEP / 3)], -1)
        people = self.person(torch.cat([near, deep], -1).flatten(-2)).sum(-2)
        offset = (self.candidates.abs() / 0.2)[:, None].expand(*seen.shape[:2], 1)
        pair = torch.cat([people, near.amax((2, 3)), offset, offset.square()], -1)
        return torch.log_softmax(self.pair(pair)[..., 0], 1)

    def expected(self, figure: Figure, people: People) -> Tensor:
        """(n,) metres by which the relative depth of fits to keypoints is most likely wrong (the mean)."""
        with torch.no_grad():
            return self(seen(figure, people, self.candidates)).exp() @ self.candidates


def seen(figure: Figure, people: People, candidates: Tensor) -> Tensor:
    """What is seen of pairs (n, 2) at candidates (C,): (n, C, 2, parts, 3).

    For every part: the least distance of its points to the other's, the largest depth in the other's balls, and the sum
    of its points' depths, all in metres.
    """
    chunks = range(0, len(people.pose), _SEEN_AT_ONCE)
    with torch.no_grad():
        return torch.cat([_seen(figure, people[start : start + _SEEN_AT_ONCE], candidates) for start in chunks])


def _seen(figure: Figure, people: People, candidates: Tensor) -> Tensor:
    posed, sight = figure(people), _sight(figure, people)
    parts = figure.part_points[:, ::2]
    points = posed.points[:, :, parts.flatten()]
    found = []
    for candidate in candidates:
        shift = _shift(sight, candidate.expand(len(sight)))[:, :, None]
        here, balls = points + shift, posed.centres + shift
        apart = torch.cdist(here[:, 0], here[:, 1])
        distance = torch.stack([apart.amin(2), apart.amin(1)], 1)
        depth = sunken(here, balls, posed.radii).amax(-1).clamp_min(0.0)
        distance, depth = (some.unflatten(-1, parts.shape) for some in (distance, depth))
        found.append(torch.stack([distance.amin(-1), depth.amax(-1), depth.sum(-1)], -1))
    return torch.stack(found, 1)


def train_judge(figure: Figure, people: People, steps: int, seed: int) -> tuple[DepthJudge, list[float]]:
    """Train on fits to the keypoints of one view of every pair.

    Args:
        people: (n, 2) pairs in contact in axes with y up.
        steps: of Adam; the rate falls to nought along a cosine.
        seed: of the weights and the views.

    Returns:
        the judge, ready for use, and its loss every hundred steps.
    """
    rng = np.random.default_rng(seed)
    judge = _fresh(len(figure.part_names), torch.Generator(device="cpu").manual_seed(seed)).to(figure.device)
    told, wanted = _examples(figure, people, judge, rng)

    def loss() -> Tensor:
        chosen = torch.tensor(rng.integers(0, len(told), _BATCH), device=figure.device)
        return -(wanted[chosen] * judge(told[chosen])).sum(1).mean()

    losses = optimised(judge, loss, steps, _RATE, _DECAY)
    return judge.eval(), losses


def _fresh(parts: int, generator: torch.Generator) -> DepthJudge:
    """A judge whose weights follow from the generator alone, spread as is usual for linear layers."""
    judge = DepthJudge(parts)
    with torch.no_grad():
        for layer in judge.modules():
            if isinstance(layer, nn.Linear):
                most = layer.in_features**-0.5
                for values in (layer.weight, layer.bias):
                    values.uniform_(-most, most, generator=generator)
    return judge


def _examples(figure: Figure, people: People, judge: DepthJudge, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """What is seen of fits (2n, C, 2, parts, 3), with their mirror images, and what is to be answered (2n, C)."""
    told, wanted = [], []
    for start in range(0, len(people.pose), _VIEWED_AT_ONCE):
        faults = USUAL.scaled(rng.uniform(*_FAULTY))
        views = view(figure, people[start : start + _VIEWED_AT_ONCE], rng, faults)
        found = first_fit(figure, Problem.of(views, Labels.of((), figure)))
        told.append(seen(figure, found, judge.candidates))
        true = relative_depth(figure, views.truth, found).clamp(-REACH, REACH)
        wanted.append(torch.softmax(-((judge.candidates - true[:, None]) / _AIM).square() / 2, 1))
    seen_all, answers = torch.cat(told), torch.cat(wanted)
    return torch.cat([seen_all, seen_all[:, :, :, figure.mirrored_parts]]), torch.cat([answers, answers])


def _sight(figure: Figure, people: People) -> Tensor:
    return torch.nn.functional.normalize(figure.roots(people).mean(1), dim=-1)


def _shift(sight: Tensor, by: Tensor) -> Tensor:
    """(n, 2, 3) half of a way along lines of sight (n, 3) for person 2, the opposite for person 1."""
    half = sight * by[:, None] / 2
    return torch.stack([-half, half], 1)

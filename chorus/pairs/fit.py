"""Two people fitted to keypoints and contact labels, many pairs at once, in two stages as BUDDI does.

Stage 1 moves pose, shape and place; stage 2 pose and place, more slowly, from where stage 1 ended. Stage 2
keeps the bodies out of each other, and stage 1 does so weakly where labels pull them together: limbs that are pulled
through the other body do not find back in stage 2. Labels that ask for too much are given up. Every term is a
negative log likelihood in squared sigmas, so a sigma says what a term is worth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from chorus.pairs.figure import Figure, People, Posed
from chorus.pairs.terms import (
    LOOK_EVERY,
    Inside,
    Labels,
    PoseRange,
    contact,
    keypoints,
    near_or_given_up,
    penetration,
)
from chorus.pairs.views import Views

SLOPE_OVER = 20  # steps over which the loss must still fall
GIVEN_UP = (0.3, 0.1)  # metres: labelled parts farther apart pull less and less, in stage 1 and in stage 2
EARLY_DEPTH = 6.0  # the sigma of depths in stage 1, in sigmas of stage 2
Guide = Callable[[People, Posed], Tensor]


@dataclass(frozen=True)
class FitSettings:
    """What a fit believes and how long it searches.

    Attributes:
        keypoint: sigma of a keypoint, share of the box.
        contact: sigma of a contact, metres.
        depth: sigma of a skin point inside the other body, metres, in stage 2; 0: no such term.
        pose: sigma of the anchor at the first estimate (stage 2: at stage 1's result), radians.
        place: sigma of the first estimate's place, metres.
        shape: sigma of a shape coefficient.
        pose_range: weight of the joint angles' natural range.
        steps: most steps of either stage; tolerance: a pair stops when its loss falls by less, per step and relative.
        rates: step sizes of Adam in stages 1 and 2, radians and metres.
    """

    keypoint: float = 0.015
    contact: float = 0.01
    depth: float = 0.003
    pose: float = 0.2
    place: float = 0.25
    shape: float = 1.0
    pose_range: float = 0.3
    steps: tuple[int, int] = (150, 100)
    tolerance: float = 1e-4
    rates: tuple[float, float] = (0.02, 0.005)


USUAL_FIT = FitSettings()


@dataclass(frozen=True)
class Problem:
    """What is known of pairs.

    Attributes:
        initial: first estimates (n, 2), camera axes.
        K: (n, 3, 3); keypoints: (n, 2, 17, 3); box: (n, 2), as in `Views`.
        labels: contacts; none for a fit to keypoints alone.
    """

    initial: People
    K: Tensor
    keypoints: Tensor
    box: Tensor
    labels: Labels

    @classmethod
    def of(cls, views: Views, labels: Labels) -> Problem:
        """The problem that views pose."""
        return cls(views.initial, views.K, views.keypoints, views.box, labels)


@dataclass(frozen=True)
class Fitted:
    """Fitted pairs.

    Attributes:
        people: (n, 2).
        losses: term -> (n,) squared sigmas at the end.
        steps: (n,) how many steps each pair took.
    """

    people: People
    losses: Mapping[str, Tensor]
    steps: Tensor


def fit(figure: Figure, problem: Problem, settings: FitSettings = USUAL_FIT, guide: Guide | None = None) -> Fitted:
    """Fit pairs; `guide` adds a cost (n,) of its own, such as a learned prior's."""
    limits = PoseRange(figure.device)
    people, steps = problem.initial, torch.zeros(len(problem.K), dtype=torch.long, device=figure.device)
    losses: dict[str, Tensor] = {}
    for stage in (1, 2):
        anchor = people.detached()
        stage_terms = _Terms(figure, problem, settings, anchor, limits, guide, last=stage == 2)
        people, taken = _descend(stage_terms, anchor, settings, stage)
        steps = steps + taken
        with torch.no_grad():
            losses, _ = stage_terms.each(people)
    return Fitted(people, losses, steps)


@dataclass(frozen=True)
class _Terms:
    figure: Figure
    problem: Problem
    settings: FitSettings
    anchor: People
    limits: PoseRange
    guide: Guide | None
    last: bool

    def each(self, people: People, inside: Inside | None = None) -> tuple[dict[str, Tensor], Inside | None]:
        """Every term (n,) at some people, and the points inside the other body, looked up anew if not given."""
        posed: Posed = self.figure(people)
        problem, sigma = self.problem, self.settings
        turned = (people.pose - self.anchor.pose).square().sum((1, 2, 3))
        moved = (people.translation - problem.initial.translation).square().sum((1, 2))
        terms = {
            "keypoints": keypoints(posed, problem.K, problem.keypoints, problem.box, sigma.keypoint),
            "contact": contact(self.figure, posed, problem.labels, sigma.contact, self._believed),
            "pose_anchor": turned / sigma.pose**2,
            "place_anchor": moved / sigma.place**2,
            "pose_range": sigma.pose_range * self.limits.cost(people.pose),
            "shape": (people.betas / sigma.shape).square().sum((1, 2)),
            "penetration": turned.new_zeros(len(turned)),
            "prior": turned.new_zeros(len(turned)),
        }
        if sigma.depth > 0 and (self.last or len(problem.labels.pair)):
            inside = inside or Inside.of(posed)
            terms["penetration"] = penetration(posed, inside, sigma.depth) * self._kept_apart()
        if self.guide is not None:
            terms["prior"] = self.guide(people, posed)
        return terms, inside

    def _believed(self, distance: Tensor) -> Tensor:
        """What distances of labelled parts (L,) count: a label that stage 1 could not meet is most likely wrong."""
        return near_or_given_up(distance, GIVEN_UP[int(self.last)])

    def _kept_apart(self) -> Tensor:
        """(n,) how much depths count: fully in stage 2, in stage 1 less and for labelled pairs alone."""
        weight = torch.ones(len(self.problem.K), device=self.figure.device)
        if self.last:
            return weight
        return torch.zeros_like(weight).index_fill(0, self.problem.labels.pair, EARLY_DEPTH**-2)


def _descend(terms: _Terms, start: People, settings: FitSettings, stage: int) -> tuple[People, Tensor]:
    """Adam from a start; a pair that no longer improves stays where it is, whatever the others of its batch do."""
    people = start.detached()
    moved = [people.pose, people.translation] + ([people.betas] if stage == 1 else [])
    optimiser = torch.optim.Adam([part.requires_grad_() for part in moved], lr=settings.rates[stage - 1])
    active = torch.ones(len(people.pose), dtype=torch.bool, device=people.pose.device)
    steps = torch.zeros(len(active), dtype=torch.long, device=active.device)
    history: list[Tensor] = []
    inside: Inside | None = None
    for step in range(settings.steps[stage - 1]):
        each, inside = terms.each(people, inside if step % LOOK_EVERY else None)
        cost = torch.stack(list(each.values())).sum(0)
        optimiser.zero_grad()
        cost.sum().backward()
        before = [part.detach().clone() for part in moved]
        optimiser.step()
        with torch.no_grad():
            for part, old in zip(moved, before, strict=True):
                part.copy_(torch.where(active.reshape(-1, *[1] * (part.ndim - 1)), part, old))
        steps += active
        history.append(cost.detach())
        active = active & ~_flat(history, settings.tolerance)
        if not active.any():
            break
    return people.detached(), steps


def _flat(history: list[Tensor], tolerance: float) -> Tensor:
    """(n,) bool: the line through the last losses falls by less than `tolerance` a step, relative to the loss."""
    if len(history) < SLOPE_OVER:
        return torch.zeros_like(history[-1], dtype=torch.bool)
    recent = torch.stack(history[-SLOPE_OVER:])
    time = torch.arange(SLOPE_OVER, dtype=recent.dtype, device=recent.device) - (SLOPE_OVER - 1) / 2
    slope = (time[:, None] * recent).sum(0) / time.square().sum()
    return slope > -tolerance * recent[-1]

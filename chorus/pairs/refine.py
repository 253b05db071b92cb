"""Fits with the contact prior in place of contact labels, as BUDDI's test-time optimisation does (score distillation).

What the prior expects, given the first estimate (its place corrected half of the way by a fit to keypoints), replaces
that estimate; then, at every step of the fit, the current pair is taken to a noise level, denoised under the guidance
of the first estimate, and pulled towards the result. Where BUDDI draws the noise, ours is its mean, nought: one draw
for a whole fit scatters its result by millimetres. And the pose is left out of the guidance: the current pair has it
from the same first estimate, corrected by keypoints, and what is told twice is believed too much. No gradient flows
through the denoiser.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from chorus.pairs.denoiser import Denoiser, noised
from chorus.pairs.figure import Figure, People
from chorus.pairs.fit import FitSettings, Fitted, Problem, fit
from chorus.pairs.tokens import ALL_BUT_POSE, SIZES, exchanged, pull, rotation_of_six, tokens_of


@dataclass(frozen=True)
class RefineSettings:
    """How a prior guides a fit.

    Attributes:
        time: noise level at which the current pair is denoised, 1..1000.
        sigma: of the pull towards the denoised pair: radians, half metres, five shape coefficients.
        place: sigma of the place that the prior expects, metres, instead of the first estimate's.
    """

    time: int = 400
    sigma: float = 0.3
    place: float = 0.15


class PriorGuide:
    """The pull of a prior: called with the current people, gives a cost (n,).

    Both orders of the people are denoised and count half each, so that no person is the first one.
    """

    def __init__(self, figure: Figure, prior: Denoiser, initial: People, settings: RefineSettings):
        self._figure, self._prior, self._settings = figure, prior, settings
        with torch.no_grad():
            self._guides = [prior.normalised(tokens_of(figure, who)) for who in (initial, exchanged(initial))]

    def __call__(self, people: People) -> Tensor:
        costs = []
        for who, guide in zip((people, exchanged(people)), self._guides, strict=True):
            with torch.no_grad():
                now = self._prior.normalised(tokens_of(self._figure, who))
                time = torch.full((len(now),), float(self._settings.time), device=now.device)
                middle = noised(now, torch.zeros_like(now), time)
                wanted = self._prior.restored(self._prior.denoised(middle, self._settings.time, guide, ALL_BUT_POSE))
            costs.append(pull(self._figure, who, wanted, self._settings.sigma))
        return (costs[0] + costs[1]) / 2

    def expected(self) -> Tensor:
        """Numbers (n, 2, WIDTH) of what the prior expects, given the first estimates, person 1 first."""
        with torch.no_grad():
            return self._prior.restored(self._prior.expected(self._guides[0]))


def placed(figure: Figure, numbers: Tensor, initial: People) -> People:
    """People of a prior's numbers, turned as person 1 of the first estimate and with the same middle of their roots."""
    orientation, pose, shape, place = numbers.split(SIZES, dim=-1)
    first = Rotation.from_rotvec(initial.pose[:, 0, 0].double().cpu().numpy())
    second = first * Rotation.from_matrix(rotation_of_six(orientation[:, 1]).double().cpu().numpy())
    n = len(numbers)
    local = rotation_of_six(pose.unflatten(-1, (23, 6))).double().cpu().numpy()
    turns = Rotation.from_matrix(local.reshape(-1, 3, 3)).as_rotvec().reshape(n, 2, 23, 3)
    roots = np.stack([first.as_rotvec(), second.as_rotvec()], axis=1)[:, :, None]
    apart = first.apply(place[:, 1].double().cpu().numpy())

    def tensor(values: np.ndarray) -> Tensor:
        return torch.tensor(values, dtype=torch.float32, device=figure.device)

    middle = figure.roots(initial).mean(1, keepdim=True)
    people = People(tensor(np.concatenate([roots, turns], axis=2)), shape.clone(), torch.zeros_like(place))
    half = tensor(np.stack([-apart / 2, apart / 2], axis=1))
    people.translation = middle + half - figure.roots(people)
    return people


def halfway(figure: Figure, problem: Problem, settings: FitSettings) -> People:
    """First estimates, each person moved half of the way to where a first fit (stage 1, bodies free to meet) puts them.

    A first estimate knows depths by itself and keypoints know them by sizes: their errors have little in common.
    """
    fitted = fit(figure, problem, replace(settings, depth=0.0, steps=(settings.steps[0], 0))).people
    first = problem.initial
    moved = (figure.roots(fitted) - figure.roots(first)) / 2
    return People(first.pose, first.betas, first.translation + moved)


def refine(
    figure: Figure, prior: Denoiser, problem: Problem, settings: RefineSettings, fit_settings: FitSettings
) -> Fitted:
    """Fit pairs with a prior; labels of the problem count besides, if there are any."""
    known = halfway(figure, problem, fit_settings)
    guide = PriorGuide(figure, prior, known, settings)
    start = placed(figure, guide.expected(), known)
    better = Problem(start, problem.K, problem.keypoints, problem.box, problem.labels)
    return fit(figure, better, replace(fit_settings, place=settings.place), guide)

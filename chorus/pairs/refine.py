"""Fits with the contact prior in place of contact labels, as BUDDI's test-time optimisation does (score distillation).

First the places: those of a fit to keypoints alone, at the relative depth that looks most like contact. There, what the
prior expects, given the first estimate, replaces that estimate; then, at every step of the fit, the current pair is
taken to a noise level, denoised under the guidance of the first estimate, and pulled towards the result, and hands that
are near the other person are pulled to touch. Where BUDDI draws the noise, ours is its mean, nought: one draw for a
whole fit scatters its result by millimetres. And the pose is left out of the guidance: the current pair has it from the
same first estimate, corrected by keypoints, and what is told twice is believed too much. No gradient flows through the
denoiser.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from chorus.pairs.denoiser import noised
from chorus.pairs.depths import DepthJudge, first_fit, parted, relative_depth
from chorus.pairs.figure import Figure, People, Posed
from chorus.pairs.fit import FitSettings, Fitted, Problem, fit
from chorus.pairs.prior import ContactPrior
from chorus.pairs.tokens import ALL_BUT_POSE, SIZES, exchanged, pull, rotation_of_six, tokens_of

OWN_DEPTH = 0.15  # the share of the first estimates' own relative depth


@dataclass(frozen=True)
class RefineSettings:
    """How a prior guides a fit.

    Attributes:
        time: noise level at which the current pair is denoised, 1..1000.
        sigma: of the pull towards the denoised pair: radians, half metres, five shape coefficients.
        place: sigma of the places at which a fit starts, metres, instead of the first estimate's.
        touch: how far a hand that touches is off in a fit, metres.
    """

    time: int = 400
    sigma: float = 0.3
    place: float = 0.07
    touch: float = 0.05


class PriorGuide:
    """The pull of a prior: called with the current people and where they are, gives a cost (n,).

    Both orders of the people are denoised and count half each, so that no person is the first one.
    """

    def __init__(self, figure: Figure, prior: ContactPrior, initial: People, settings: RefineSettings):
        self._figure, self._prior, self._touch, self._settings = figure, prior.denoiser, prior.touch, settings
        with torch.no_grad():
            self._guides = [self._prior.normalised(tokens_of(figure, who)) for who in (initial, exchanged(initial))]

    def __call__(self, people: People, posed: Posed) -> Tensor:
        costs = []
        for who, guide in zip((people, exchanged(people)), self._guides, strict=True):
            with torch.no_grad():
                now = self._prior.normalised(tokens_of(self._figure, who))
                time = torch.full((len(now),), float(self._settings.time), device=now.device)
                middle = noised(now, torch.zeros_like(now), time)
                wanted = self._prior.restored(self._prior.denoised(middle, self._settings.time, guide, ALL_BUT_POSE))
            costs.append(pull(self._figure, who, wanted, self._settings.sigma))
        return (costs[0] + costs[1]) / 2 + self._touch.cost(self._figure, posed, self._settings.touch)

    def expected(self) -> Tensor:
        """Numbers (n, 2, WIDTH) of what the prior expects, given the first estimates, person 1 first."""
        with torch.no_grad():
            return self._prior.restored(self._prior.expected(self._guides[0]))


def placed(figure: Figure, numbers: Tensor, initial: People) -> People:
    """People of a prior's numbers, turned as person 1 of first estimates and with their roots."""
    orientation, pose, shape, _ = numbers.split(SIZES, dim=-1)
    first = Rotation.from_rotvec(initial.pose[:, 0, 0].double().cpu().numpy())
    second = first * Rotation.from_matrix(rotation_of_six(orientation[:, 1]).double().cpu().numpy())
    n = len(numbers)
    local = rotation_of_six(pose.unflatten(-1, (23, 6))).double().cpu().numpy()
    turns = Rotation.from_matrix(local.reshape(-1, 3, 3)).as_rotvec().reshape(n, 2, 23, 3)
    roots = np.stack([first.as_rotvec(), second.as_rotvec()], axis=1)[:, :, None]

    def tensor(values: np.ndarray) -> Tensor:
        return torch.tensor(values, dtype=torch.float32, device=figure.device)

    people = People(tensor(np.concatenate([roots, turns], axis=2)), shape.clone(), initial.translation)
    return at_roots_of(figure, people, initial)


def at_roots_of(figure: Figure, people: People, others: People) -> People:
    """People moved to where others have their roots."""
    moved = figure.roots(others) - figure.roots(people)
    return People(people.pose, people.betas, people.translation + moved)


def in_contact(figure: Figure, judge: DepthJudge, problem: Problem, settings: FitSettings) -> People:
    """First estimates, moved to where a fit to keypoints alone puts them, at the depths that look most like contact.

    First estimates know depths by themselves, fits by sizes: errors of little in common, so a share of each is better.
    """
    first, fitted = problem.initial, first_fit(figure, problem, settings)
    judged = parted(figure, fitted, judge.expected(figure, fitted))
    known = parted(figure, judged, OWN_DEPTH * relative_depth(figure, first, judged))
    return at_roots_of(figure, first, known)


def refine(
    figure: Figure, prior: ContactPrior, problem: Problem, settings: RefineSettings, fit_settings: FitSettings
) -> Fitted:
    """Fit pairs with a prior; labels of the problem count besides, if there are any."""
    known = in_contact(figure, prior.judge, problem, fit_settings)
    guide = PriorGuide(figure, prior, known, settings)
    start = placed(figure, guide.expected(), known)
    better = Problem(start, problem.K, problem.keypoints, problem.box, problem.labels)
    return fit(figure, better, replace(fit_settings, place=settings.place), guide)

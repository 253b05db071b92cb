"""Training of the contact prior on pairs in contact: first estimates are drawn anew at every step."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from chorus.body.model import JOINT_MIRROR
from chorus.pairs.denoiser import TIMES, USUAL_SIZES, Denoiser, Sizes, noised
from chorus.pairs.figure import Figure, People
from chorus.pairs.tokens import ALL_BUT_POSE, GROUPS, SIZES, exchanged, joints_of, tokens_of
from chorus.pairs.views import USUAL, Faults, estimates

# How often nothing, everything, everything but the pose, and any groups of a first estimate are given. BUDDI has 20,
# 70, 0 and 10 %; fits are guided without the pose (`refine.PriorGuide`), so that has to be learnt well.
GUIDED = (0.15, 0.35, 0.3, 0.2)
ONE_WITHOUT = 0.5
_SMALLEST_SPREAD = 0.05
GROUP_WEIGHTS = (0.5, 0.5, 0.05, 0.5)  # orientation, pose, shape (which no first estimate tells), place
JOINT_WEIGHT, DECIMETRE = 0.5, 0.1
FAULTY = (0.3, 1.5)  # faults of a batch are scaled by a factor from this range, so that no one size is learnt


@dataclass(frozen=True)
class TrainingSettings:
    """How the prior is trained.

    Attributes:
        steps, batch, rate: of Adam; the rate falls to nought along a cosine.
        seed: of the weights, the noise and the first estimates.
        judge_steps: of the judge of depths (`depths`).
    """

    steps: int = 2500
    batch: int = 64
    rate: float = 1.5e-3
    seed: int = 0
    judge_steps: int = 1500


def mirrored(people: People) -> People:
    """The same pairs seen in a mirror at x = 0; only for people in axes of which x is horizontal."""
    joints = torch.tensor(JOINT_MIRROR.copy(), device=people.pose.device)
    sign, flip = torch.tensor([[1.0, -1.0, -1.0], [-1.0, 1.0, 1.0]], device=people.pose.device)
    return People(people.pose[:, :, joints] * sign, people.betas, people.translation * flip)


def train(
    figure: Figure,
    people: People,
    settings: TrainingSettings,
    sizes: Sizes = USUAL_SIZES,
    faults: Faults = USUAL,
) -> tuple[Denoiser, list[float]]:
    """Train a prior.

    Args:
        people: (n, 2) pairs in contact in axes with y up; mirrored and exchanged pairs are added.
        faults: the middle size of the errors of first estimates.

    Returns:
        the denoiser, ready for use, and its loss every hundred steps.
    """
    rng = np.random.default_rng(settings.seed)
    generator = torch.Generator(device="cpu").manual_seed(settings.seed)
    everyone = _augmented(people)
    prior = _fresh(sizes, generator).to(figure.device)
    first = tokens_of(figure, estimates(figure, everyone, rng, faults)[0])
    prior.mean.copy_(first.mean(0))
    prior.spread.copy_(first.std(0).clamp_min(_SMALLEST_SPREAD))

    def loss() -> Tensor:
        chosen = torch.tensor(rng.integers(0, len(everyone.pose), settings.batch), device=figure.device)
        return _loss(prior, figure, everyone[chosen], rng, faults)

    losses = optimised(prior, loss, settings.steps, settings.rate, decay=1e-4, longest=1.0)
    return prior.eval(), losses


def optimised(
    network: nn.Module, loss: Callable[[], Tensor], steps: int, rate: float, decay: float, longest: float = math.inf
) -> list[float]:
    """Lower a network's loss with AdamW; the rate falls to nought along a cosine.

    Args:
        loss: of a new batch at every call.
        longest: norm to which a gradient is cut.

    Returns:
        the mean loss of every hundred steps.
    """
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    losses, recent = [], []
    for step in range(1, steps + 1):
        now = loss()
        optimiser.zero_grad()
        now.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), longest)
        optimiser.step()
        schedule.step()
        recent.append(now.item())
        if step % 100 == 0 or step == steps:
            losses.append(float(np.mean(recent)))
            recent = []
    return losses


def _augmented(people: People) -> People:
    four = [people, mirrored(people), exchanged(people), exchanged(mirrored(people))]
    return People(*(torch.cat(parts) for parts in zip(*((p.pose, p.betas, p.translation) for p in four), strict=True)))


def _fresh(sizes: Sizes, generator: torch.Generator) -> Denoiser:
    """A network whose weights follow from the generator alone."""
    prior = Denoiser(sizes)
    with torch.no_grad():
        for name, weight in prior.named_parameters():
            if weight.ndim == 2 and weight.any():
                weight.copy_(torch.empty(weight.shape).normal_(0.0, weight.shape[1] ** -0.5, generator=generator))
            elif name in ("person", "group", "of_guide", "no_guide"):
                weight.copy_(torch.empty(weight.shape).normal_(0.0, 0.02, generator=generator))
            elif "norm" not in name:
                weight.zero_()
    return prior


def _loss(prior: Denoiser, figure: Figure, people: People, rng: np.random.Generator, faults: Faults) -> Tensor:
    """Squared errors of x0: of every group in normalised numbers, and of the joints of both people in decimetres."""
    both = estimates(figure, people, rng, faults.scaled(rng.uniform(*FAULTY)))
    clean, guide = (prior.normalised(tokens_of(figure, who)) for who in both)
    n = len(clean)
    time = torch.tensor(rng.integers(1, TIMES + 1, n), dtype=torch.float32, device=figure.device)
    noise = torch.tensor(rng.standard_normal(clean.shape), dtype=torch.float32, device=figure.device)
    guided = torch.tensor(guidance(n, rng), device=figure.device)
    found = prior(noised(clean, noise, time), time, guide, guided)
    groups = [part.square().mean() for part in (found - clean).split(SIZES, -1)]
    apart = (joints_of(figure, prior.restored(found)) - joints_of(figure, prior.restored(clean))).square().sum(-1)
    weighted = sum(weight * group for weight, group in zip(GROUP_WEIGHTS, groups, strict=True))
    return weighted + JOINT_WEIGHT * apart.mean() / DECIMETRE**2


def guidance(n: int, rng: np.random.Generator) -> np.ndarray:
    """Which groups of the first estimate are given: (n, 2, 4) bool, the same of both people."""
    kind = rng.choice(len(GUIDED), size=(n, 1), p=GUIDED)
    some = rng.random((n, len(GROUPS))) >= ONE_WITHOUT
    told = np.array([False]), np.array([True]), np.array(ALL_BUT_POSE)
    given = np.select([kind == number for number in range(len(told))], told, some)
    return np.repeat(given[:, None], 2, axis=1)

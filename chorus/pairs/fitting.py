"""From what is known of pairs to fitted rows: batches, label sets, and how well each fit agrees with what is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from chorus.body.model import BodyModel
from chorus.body.regions import Surface
from chorus.pairs.figure import Figure
from chorus.pairs.fit import FitSettings, Fitted, Problem, fit
from chorus.pairs.prior import ContactPrior
from chorus.pairs.refine import RefineSettings, refine
from chorus.pairs.rows import FittedRows, KnownPairs, Quality
from chorus.pairs.scenes import bodies_of, people_of
from chorus.pairs.terms import Inside, Labels, PoseRange, contact_distances, projected

Fit = Callable[[Figure, Problem], Fitted]


def figure_of(body: BodyModel, device: torch.device | str) -> Figure:
    """The differentiable body with the coarse parts that labels name."""
    return Figure(body, Surface.of(body).coarse, device)


def labels_named(figure: Figure, known: KnownPairs, labels: str) -> Labels:
    """The labels of a label set; `none` has none."""
    return Labels.of(() if labels == "none" else known.labels[labels], figure)


def problem_of(figure: Figure, known: KnownPairs, labels: Labels) -> Problem:
    """What a fit is given of pairs: never the truth."""
    keypoints = torch.tensor(known.keypoints, dtype=torch.float32, device=figure.device)
    K = torch.tensor(known.K, dtype=torch.float32, device=figure.device)
    return Problem(people_of(known.initial, figure.device), K, keypoints, boxes(keypoints), labels)


def boxes(keypoints: Tensor) -> Tensor:
    """(n, 2) longer side of the box around the keypoints found (n, 2, 17, 3), at least a pixel."""
    found = keypoints[..., 2:] > 0
    high = torch.where(found, keypoints[..., :2], -torch.inf).amax(2)
    low = torch.where(found, keypoints[..., :2], torch.inf).amin(2)
    return (high - low).amax(-1).clamp(1.0, 1e6)


def fit_rows(figure: Figure, known: KnownPairs, labels: str, batch: int, method: Fit, name: str = "") -> FittedRows:
    """Fit pairs with a label set, `batch` pairs at once.

    Args:
        name: what the rows say under `labels`; the label set if empty.
    """
    parts = []
    for start in range(0, len(known), batch):
        some = known[np.arange(start, min(start + batch, len(known)))]
        problem = problem_of(figure, some, labels_named(figure, some, labels))
        done = method(figure, problem)
        parts.append(
            FittedRows(
                some.id, some.interaction, some.split, np.full(len(some), name or labels), bodies_of(done.people),
                {term: loss.cpu().numpy() for term, loss in done.losses.items()}, done.steps.cpu().numpy(),
                quality_of(figure, problem, done), np.full(len(some), ""),
            )
        )  # fmt: skip
    return FittedRows.joined(parts)


def plain_fit(settings: FitSettings) -> Fit:
    """A fit without a prior."""
    return lambda figure, problem: fit(figure, problem, settings)


def prior_fit(prior: ContactPrior, settings: RefineSettings, fit_settings: FitSettings) -> Fit:
    """A fit with the contact prior."""
    return lambda figure, problem: refine(figure, prior, problem, settings, fit_settings)


def quality_of(figure: Figure, problem: Problem, done: Fitted) -> Quality:
    """Keypoint error, distance of the labelled parts, depth and joint angles of fits."""
    with torch.no_grad():
        posed = figure(done.people)
        off = (projected(posed.keypoints, problem.K) - problem.keypoints[..., :2]) / problem.box[..., None, None]
        found = (problem.keypoints[..., 2] > 0).float()
        error = ((off.square().sum(-1) * found).sum((1, 2)) / found.sum((1, 2)).clamp_min(1.0)).sqrt()
        told = problem.labels.nearest(contact_distances(figure, posed, problem.labels)[1])
        inside = Inside.of(posed, stride=1, margin=0.0)
        depths = inside.depths(posed)
        beyond = PoseRange(figure.device).beyond(done.people.pose)
    n = len(problem.K)
    pair, apart = (part.cpu().numpy() for part in told)
    distance = np.array([np.median(apart[pair == row]) if (pair == row).any() else 0.0 for row in range(n)])
    deepest = np.zeros(n, np.float32)
    np.maximum.at(deepest, inside.pair.cpu().numpy(), depths.cpu().numpy())
    return Quality(error.cpu().numpy(), distance, deepest, beyond.cpu().numpy())

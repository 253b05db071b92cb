"""Scenes of pairs: what a run draws, from its seed alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from chorus.errors import ConfigError
from chorus.naming import seed_of
from chorus.pairs.arranging import Draw, arrange, draw
from chorus.pairs.figure import Figure, People
from chorus.pairs.improvising import improvise
from chorus.pairs.labels import LabelFaults, corrupted, labels_of, repaired
from chorus.pairs.rows import Bodies, PairScenes
from chorus.pairs.templates import INTERACTIONS
from chorus.pairs.views import Faults, view

ATTEMPTS = 6  # a pair whose contacts were not reached is drawn again so often


@dataclass(frozen=True)
class Plan:
    """What to draw.

    Attributes:
        seed: of the run; split: `train` or `test`, whose pairs share nothing.
        count: how many pairs; interactions: their types, in turn.
        improvised: how many more, whose interactions are improvised from the same types.
        batch: how many are arranged at once; it changes no pair.
    """

    seed: int
    split: str
    count: int
    interactions: tuple[str, ...]
    improvised: int = 0
    batch: int = 64


def interactions_of(held_out: Sequence[str], split: str) -> tuple[str, ...]:
    """The types of a split: all, or with held-out ones these for `test` and the others for `train`.

    Raises:
        ConfigError: an unknown type, or none left to train on.
    """
    if unknown := sorted(set(held_out) - set(INTERACTIONS)):
        raise ConfigError(f"pairs.held_out: {unknown[0]!r} is no interaction; known are {', '.join(INTERACTIONS)}")
    if len(set(held_out)) == len(INTERACTIONS):
        raise ConfigError("pairs.held_out: names every interaction, so none is left to train on; leave some out")
    if not held_out:
        return tuple(INTERACTIONS)
    return tuple(name for name in INTERACTIONS if (name in held_out) == (split == "test"))


def drawn_pairs(figure: Figure, plan: Plan) -> tuple[People, list[Draw], dict[str, list[int]]]:
    """Pairs in contact, y up, with their draws, and per interaction [drawn, reached]."""
    people: list[People] = []
    draws: list[Draw] = []
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    missing = list(range(plan.count + plan.improvised))
    for attempt in range(ATTEMPTS):
        failed = []
        for start in range(0, len(missing), plan.batch):
            numbers = missing[start : start + plan.batch]
            tried = [_draw(figure, plan, number, attempt) for number in numbers]
            found, reached = arrange(figure, tried)
            for row, number in enumerate(numbers):
                counts[tried[row].interaction][0] += 1
                counts[tried[row].interaction][1] += int(reached[row])
                if not reached[row]:
                    failed.append(number)
            good = np.flatnonzero(reached)
            people.append(found[torch.tensor(good, device=figure.device)])
            draws += [tried[row] for row in good]
        missing = failed
        if not missing:
            break
    parts = (torch.cat([getattr(some, name) for some in people]) for name in ("pose", "betas", "translation"))
    return People(*parts), draws, dict(counts)


def _draw(figure: Figure, plan: Plan, number: int, attempt: int) -> Draw:
    rng = np.random.default_rng(seed_of(plan.seed, "pairs", plan.split, number, attempt))
    if number >= plan.count:
        return improvise(figure, plan.interactions, rng)
    return draw(plan.interactions[number % len(plan.interactions)], rng)


def scenes(figure: Figure, plan: Plan, faults: Faults, wrong: LabelFaults) -> tuple[PairScenes, dict[str, list[int]]]:
    """Scenes of a plan, and per interaction [drawn, reached]."""
    people, draws, counts = drawn_pairs(figure, plan)
    rng = np.random.default_rng(seed_of(plan.seed, "pair views", plan.split))
    seen = view(figure, people, rng, faults)
    keypoints = seen.keypoints.cpu().numpy()
    true = [one.contacts for one in draws]
    raw = tuple(corrupted(contacts, rng, wrong) for contacts in true)
    labels = {
        "true": tuple(map(labels_of, true)),
        "raw": tuple(map(labels_of, raw)),
        "repaired": tuple(repaired(contacts, points) for contacts, points in zip(raw, keypoints, strict=True)),
    }
    names = np.array([f"{plan.split}-{number:05d}" for number in range(len(draws))])
    made = PairScenes(
        names,
        np.array([one.interaction for one in draws]),
        np.full(len(draws), plan.split),
        bodies_of(seen.initial),
        seen.K.cpu().numpy(),
        keypoints,
        labels,
        bodies_of(seen.truth),
    )
    return made, counts


def bodies_of(people: People) -> Bodies:
    """Tensors as arrays."""
    return Bodies(*(part.detach().cpu().numpy() for part in (people.pose, people.betas, people.translation)))


def people_of(bodies: Bodies, device: torch.device | str) -> People:
    """Arrays as tensors."""
    parts = (bodies.pose, bodies.betas, bodies.translation)
    return People(*(torch.tensor(part, dtype=torch.float32, device=device) for part in parts))

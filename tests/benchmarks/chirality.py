"""How often left and right are right, told and after the check: `python -m tests.benchmarks.chirality [--pairs 600]`.

Pairs of open bodies touch at one known pair of parts (tests/two_people.py); the told sides are swapped with
probability 0.4 (both of a pair of sided parts, so that their relation stays true, or is wrong in a given share).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chorus.body.loading import load_body
from chorus.body.regions import PARTS
from chorus.contacts.sides import PairDistances, Skeleton, choose, possible, repair
from tests.two_people import TouchingPair, photographed, touching_pairs

SWAPPED = 0.4
CONFIDENT = 0.5
LEAST_MARGIN = 0.0  # nothing abstains but what is not seen
SURE = 0.2
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Condition:
    """Noise as a share of the person's height, share of missing keypoints, share of wrong relations."""

    noise: float
    missing: float
    relation: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """Shares that are right: as told, after the check, with all four combinations; share and accuracy of sure ones."""

    raw: float
    repaired: float
    all_four: float
    sure_share: float
    sure: float


def swapped(sides: tuple[str, str], rng: np.random.Generator, relation: float) -> tuple[str, str]:
    """Sides as a model tells them."""
    other = {"left": "right", "right": "left", "": ""}
    told = tuple(other[side] for side in sides) if rng.random() < SWAPPED else sides
    if all(told) and rng.random() < relation:
        told = (told[0], other[told[1]])
    return told


def measure(pairs: Sequence[TouchingPair], condition: Condition, rng: np.random.Generator, cameras: int = 3) -> Outcome:
    """The outcome over all pairs and cameras."""
    right = []
    for pair in [pair for pair in pairs for _ in range(cameras)]:
        first, second = photographed(pair, rng, condition.noise, condition.missing)
        distances = PairDistances(Skeleton.of(first, CONFIDENT), Skeleton.of(second, CONFIDENT))
        nouns, sides = zip(*((PARTS[part].noun, PARTS[part].side) for part in pair.parts), strict=True)
        told = swapped(sides, rng, condition.relation)
        result = repair(*nouns, told, distances, LEAST_MARGIN)
        unrestricted = choose(possible(*nouns, ("", "")), nouns, told, distances, LEAST_MARGIN)
        right.append((told == sides, result.sides == sides, unrestricted.sides == sides, result.margin > SURE))
    raw, repaired, all_four, sure = np.array(right, float).T
    return Outcome(raw.mean(), repaired.mean(), all_four.mean(), sure.mean(), repaired[sure > 0].mean())


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=600)
    rng = np.random.default_rng(0)
    pairs = touching_pairs(load_body(ROOT / "resources/body/open_body.npz"), rng, parser.parse_args().pairs)
    print(
        "| noise | missing | relation wrong | told | checked | all four | margin > 0.2: share | right |\n"
        + "|---" * 8
        + "|"
    )
    for condition in (
        Condition(0.0, 0.0), Condition(0.02, 0.0), Condition(0.02, 0.1), Condition(0.05, 0.1),
        Condition(0.02, 0.1, 0.15), Condition(0.02, 0.1, 0.3), Condition(0.02, 0.3),
    ):  # fmt: skip
        o = measure(pairs, condition, rng)
        figures = " | ".join(f"{100 * value:.1f} %" for value in (o.raw, o.repaired, o.all_four, o.sure_share, o.sure))
        print(f"| {condition.noise:.0%} | {condition.missing:.0%} | {condition.relation:.0%} | {figures} |", flush=True)


if __name__ == "__main__":
    main()

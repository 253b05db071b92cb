"""Left or right: the sides that an answer states, checked against keypoints ("chirality", APU section on denoising).

Language models name parts well and sides badly. Among the combinations that agree with what was told (the same side of
both, or opposite ones), the one whose keypoints lie closest is taken. Anchors, margin and abstaining are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

import numpy as np
from scipy.spatial import cKDTree

from chorus.body.model import COCO_KEYPOINTS
from chorus.body.regions import LEFT, PARTS, RIGHT
from chorus.contacts.votes import Sides

# A hand whose wrist is hidden is where its elbow is, on both sides alike.
_NEIGHBOUR = {"wrist": "elbow", "elbow": "shoulder", "ankle": "knee", "knee": "hip", "shoulder": "elbow", "hip": "knee"}


class Repair(IntEnum):
    """What became of the sides of a contact."""

    NOTHING_TO_CHOOSE = 0
    DECIDED = 1
    UNSURE = 2  # the best two combinations are too close to each other
    UNSEEN = 3  # keypoints are missing


@dataclass(frozen=True)
class Repaired:
    """The sides of a contact after the check; `margin` is (d2 - d1) / (d1 + d2), NaN where nothing was compared."""

    sides: Sides
    margin: float
    outcome: Repair


class Distances(Protocol):
    """How far two parts are from each other in a picture."""

    def __call__(self, choices: Sequence[tuple[str, str]]) -> np.ndarray:
        """(n,) distances of n pairs of coarse parts in any unit, comparable with each other, NaN where unseen."""
        ...


def named(noun: str, side: str) -> str:
    """The coarse part of a noun and a side, empty for no noun: `left_upper_arm`, `chest`."""
    return f"{side}_{noun}" if side else noun


def choices_of(first: str, second: str, stated: Sides) -> list[Sides]:
    """The combinations of sides that agree with what was told.

    Two sided parts keep their relation, the same side or opposite sides; where a side was not told, all are left.
    """
    options = possible(first, second, ("", ""))
    if len(options) == 4 and all(stated):
        return [(a, b) for a, b in options if (a == b) == (stated[0] == stated[1])]
    return options


def possible(first: str, second: str, sides: Sides) -> list[Sides]:
    """The combinations that sides may mean: a part that has sides and none stated may be either."""
    return [(a, b) for a in _sides(first) for b in _sides(second) if sides[0] in ("", a) and sides[1] in ("", b)]


def _sides(noun: str) -> tuple[str, ...]:
    return (LEFT, RIGHT) if f"{LEFT}_{noun}" in PARTS else ("",)


def repair(first: str, second: str, stated: Sides, distances: Distances, least_margin: float) -> Repaired:
    """The combination of sides that lies closest, or the stated one where that cannot be told.

    Args:
        first, second: nouns; `second` is empty for the object.
        stated: sides as told; nothing where none was told.
        least_margin: smaller margins abstain.
    """
    return choose(choices_of(first, second, stated), (first, second), stated, distances, least_margin)


def choose(
    options: Sequence[Sides], nouns: tuple[str, str], stated: Sides, distances: Distances, least_margin: float
) -> Repaired:
    """The closest of some combinations of sides (`repair`)."""
    first, second = nouns
    if len(options) < 2:
        return Repaired(options[0], np.nan, Repair.NOTHING_TO_CHOOSE)
    d = distances([(named(first, a), named(second, b)) for a, b in options])
    if not np.isfinite(d).all():
        return Repaired(stated, np.nan, Repair.UNSEEN)
    best, next_best = np.argsort(d, kind="stable")[:2]
    total = d[best] + d[next_best]
    margin = float((d[next_best] - d[best]) / total) if total > 0 else 0.0
    if margin < least_margin:
        return Repaired(stated, margin, Repair.UNSURE)
    return Repaired(options[best], margin, Repair.DECIDED)


@dataclass(frozen=True)
class Skeleton:
    """The keypoints of a person in a picture.

    Attributes:
        points: (17, 2) pixels, COCO order, the person's left and right.
        seen: (17,) bool.
    """

    points: np.ndarray
    seen: np.ndarray

    @classmethod
    def of(cls, keypoints: np.ndarray, confidence: float) -> Skeleton:
        """From rows (17, 3) x, y, confidence: seen from so much confidence on."""
        seen = np.isfinite(keypoints).all(axis=1) & (np.nan_to_num(keypoints[:, 2]) >= confidence)
        return cls(keypoints[:, :2], seen)

    def anchor(self, part: str, kinds: Sequence[str]) -> np.ndarray:
        """(2,) middle of the keypoints of these kinds (`wrist`) on a part's side; of both for a part in the middle."""
        rows = [row for row in _rows(part, kinds) if self.seen[row]]
        return self.points[rows].mean(axis=0) if rows else np.full(2, np.nan)

    def kinds(self, part: str) -> tuple[str, ...]:
        """The kinds of keypoints that are seen of a part and of its twin, so that the two can be compared."""
        own = tuple(dict.fromkeys(_kind(name) for name in PARTS[part].anchors))
        for kinds in (own, tuple(dict.fromkeys(_NEIGHBOUR.get(kind, kind) for kind in own))):
            usable = tuple(kind for kind in kinds if self._both_seen(part, kind))
            if usable:
                return usable
        return ()

    def _both_seen(self, part: str, kind: str) -> bool:
        rows = _rows(part, [kind]) + _rows(PARTS[part].mirror, [kind])
        return bool(self.seen[rows].all() if PARTS[part].side else self.seen[rows].any())


def _kind(keypoint: str) -> str:
    return keypoint.split("_")[-1]


def _rows(part: str, kinds: Sequence[str]) -> list[int]:
    """Rows of the keypoints of these kinds that lie on the side of a part."""
    side = PARTS[part].side
    return [
        row
        for row, name in enumerate(COCO_KEYPOINTS)
        if _kind(name) in kinds and (not side or name.startswith(f"{side}_"))
    ]


@dataclass(frozen=True)
class PairDistances:
    """Distances between parts of two people, by their keypoints."""

    first: Skeleton
    second: Skeleton

    def __call__(self, choices: Sequence[tuple[str, str]]) -> np.ndarray:
        """(n,) pixels."""
        between = [self._anchor(self.first, a) - self._anchor(self.second, b) for a, b in choices]
        return np.linalg.norm(between, axis=1)

    @staticmethod
    def _anchor(skeleton: Skeleton, part: str) -> np.ndarray:
        return skeleton.anchor(part, skeleton.kinds(part))


@dataclass(frozen=True)
class ObjectDistances:
    """Distances between parts of a person and the pixels of an object's mask.

    Attributes:
        tree: of the mask's pixel centres (k, 2), x and y.
        reach: pixels; how far inside the body the keypoint of a part lies, so smaller differences say nothing.
    """

    skeleton: Skeleton
    tree: cKDTree
    reach: float

    @classmethod
    def of(cls, skeleton: Skeleton, mask: np.ndarray) -> ObjectDistances:
        """From a mask (H, W), not empty; the reach is 3 % of the person's height in keypoints."""
        rows, columns = np.nonzero(mask)
        seen = skeleton.points[skeleton.seen]
        height = float(np.ptp(seen[:, 1])) if len(seen) else 0.0
        return cls(skeleton, cKDTree(np.stack([columns, rows], axis=1) + 0.5), 0.03 * height)

    def __call__(self, choices: Sequence[tuple[str, str]]) -> np.ndarray:
        """(n,) pixels, `reach` added, so that near nothing is not infinitely much nearer than something."""
        found = []
        for part, _ in choices:
            anchor = self.skeleton.anchor(part, self.skeleton.kinds(part))
            found.append(self.tree.query(anchor)[0] + self.reach if np.isfinite(anchor).all() else np.nan)
        return np.array(found)

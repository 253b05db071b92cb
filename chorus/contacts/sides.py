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

# A hand whose wrist is hidden is where its elbow is, on both sides alike; a chest is where the hips are.
_STAND_IN = {"wrist": "elbow", "elbow": "shoulder", "ankle": "knee", "knee": "hip", "shoulder": "elbow", "hip": "knee"}
_STAND_IN_OF_TRUNK = {"shoulder": "hip", "hip": "shoulder"}
STAND_IN_SLACK = 0.15  # of the person's height, how far a part may be from what stands in for it
SURE_MARGIN = 0.2  # from here on decided sides are nearly always right (docs/contacts.md)
OBJECT_SLACK = 0.03  # of the person's height, how deep in the body a keypoint lies


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

    @property
    def sure(self) -> bool:
        """Whether the sides can be relied on (`is_sure`)."""
        return is_sure(self.outcome, self.margin)


def is_sure(outcome: Repair, margin: float) -> bool:
    """Whether checked sides can be relied on: there was nothing to choose, or the choice was clear."""
    return outcome == Repair.NOTHING_TO_CHOOSE or (outcome == Repair.DECIDED and margin >= SURE_MARGIN)


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

    @property
    def height(self) -> float:
        """The larger extent of the seen keypoints, pixels."""
        seen = self.points[self.seen]
        return float(np.ptp(seen, axis=0).max()) if len(seen) else 0.0

    def locate(self, part: str) -> tuple[np.ndarray, float]:
        """Where a part is: (2,) pixels, NaN where unseen, and how far off that may be, pixels.

        It is the middle of the part's anchors that are seen on both sides, so that a part and its twin are looked at in
        the same way; where there are none, of those that stand in for them.
        """
        own = tuple(dict.fromkeys(_kind(name) for name in PARTS[part].anchors))
        stand_in = _STAND_IN if PARTS[part].side else _STAND_IN_OF_TRUNK
        for kinds, slack in ((own, 0.0), (tuple(stand_in.get(kind, kind) for kind in own), STAND_IN_SLACK)):
            rows = [row for kind in kinds if self._both_seen(part, kind) for row in _rows(part, kind)]
            if rows:
                return self.points[rows].mean(axis=0), slack * self.height
        return np.full(2, np.nan), 0.0

    def _both_seen(self, part: str, kind: str) -> bool:
        return bool(self.seen[_rows(part, kind) + _rows(PARTS[part].mirror, kind)].all())


def _kind(keypoint: str) -> str:
    return keypoint.split("_")[-1]


def _rows(part: str, kind: str) -> list[int]:
    """Rows of the keypoints of a kind (`wrist`) on the side of a part, of both sides for a part in the middle."""
    side = PARTS[part].side
    return [
        row
        for row, name in enumerate(COCO_KEYPOINTS)
        if _kind(name) == kind and (not side or name.startswith(f"{side}_"))
    ]


@dataclass(frozen=True)
class PairDistances:
    """Distances between parts of two people, by their keypoints."""

    first: Skeleton
    second: Skeleton

    def __call__(self, choices: Sequence[tuple[str, str]]) -> np.ndarray:
        """(n,) pixels; what is not known better is added to all alike, so that it lowers the margin."""
        found = []
        for a, b in choices:
            (at, slack), (other, other_slack) = self.first.locate(a), self.second.locate(b)
            found.append(np.linalg.norm(at - other) + slack + other_slack)
        return np.array(found)


@dataclass(frozen=True)
class ObjectDistances:
    """Distances between parts of a person and the pixels of an object's mask.

    Attributes:
        tree: of the mask's pixel centres (k, 2), x and y.
    """

    skeleton: Skeleton
    tree: cKDTree

    @classmethod
    def of(cls, skeleton: Skeleton, mask: np.ndarray) -> ObjectDistances:
        """From a mask (H, W), not empty."""
        rows, columns = np.nonzero(mask)
        return cls(skeleton, cKDTree(np.stack([columns, rows], axis=1) + 0.5))

    def __call__(self, choices: Sequence[tuple[str, str]]) -> np.ndarray:
        """(n,) pixels; keypoints lie inside the body, so near nothing is not infinitely much nearer than something."""
        found = []
        for part, _ in choices:
            at, slack = self.skeleton.locate(part)
            gap = self.tree.query(at)[0] if np.isfinite(at).all() else np.nan
            found.append(gap + slack + OBJECT_SLACK * self.skeleton.height)
        return np.array(found)

"""How probable it is that an estimated body is turned the right way (within 20 degrees), without knowing the truth.

Signs, chosen by measurement on rendered people (docs/perception.md): how far BlazePose disagrees with itself on the
mirrored person, how many body keypoints it calls visible, how many joints of the fitted body lie inside the person's
mask, how many sides of the picture cut the person, and how odd a body shape the fit needed. A logistic function joins
them; BlazePose's own "this is a person" multiplies it. The fit's residual is no such sign: a wrong pose can meet wrong
keypoints perfectly. People cut above the hips, whose hips BlazePose invents with confidence, are told by their cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chorus.perception.blazepose import COCO_FROM_BLAZEPOSE, Landmarks
from chorus.perception.bodyfit import People

# Logistic regression on 1849 rendered people (scenes as in tests/benchmarks/screening.py, seeds 1 and 2); good = torso
# in the picture and root within 20 degrees.
_OFFSET, _PER_DEGREE, _PER_VISIBILITY, _PER_INSIDE, _PER_CUT, _PER_STRAIN = -0.5, -0.087, 3.9, 0.7, -0.72, -9.9
_MOST_CUTS = 2  # sides beyond the second tell nothing more
_BODY = list(COCO_FROM_BLAZEPOSE[5:])  # shoulders to ankles


@dataclass(frozen=True)
class PoseSigns:
    """What the score is made of, (n,) each.

    Attributes:
        presence: BlazePose's probability that there is a person.
        spread: mean angle between the bones of the person and of the mirrored person, radians.
        visibility: mean visibility of shoulders, elbows, wrists, hips, knees and ankles.
        inside: share of the 24 projected joints inside the person's mask.
        cut: number of the picture's four sides that the person's mask touches.
        strain: mean size of the fitted betas.
    """

    presence: np.ndarray
    spread: np.ndarray
    visibility: np.ndarray
    inside: np.ndarray
    cut: np.ndarray
    strain: np.ndarray


def pose_signs(people: People, landmarks: Sequence[Landmarks], masks: Sequence[np.ndarray]) -> PoseSigns:
    """Signs of n people from their landmarks and masks (H, W) bool."""
    return PoseSigns(
        presence=np.array([person.score for person in landmarks], float),
        spread=np.array([person.spread for person in landmarks], float),
        visibility=np.array([person.image[_BODY, 2].mean() for person in landmarks], float),
        inside=np.array([_inside(joints, mask) for joints, mask in zip(people.joints2d, masks, strict=True)], float),
        cut=np.array([_cut(mask) for mask in masks], float),
        strain=np.abs(people.betas).mean(axis=1),
    )


def pose_scores(people: People, landmarks: Sequence[Landmarks], masks: Sequence[np.ndarray]) -> np.ndarray:
    """Score (n,) in 0..1, higher is better, of n fitted people; 0 where no body was fitted.

    Args:
        people: the fitted bodies.
        landmarks: n results of BlazePose.detect (they carry its doubt).
        masks: n boolean masks (H, W) of the person.
    """
    return score_of(people, pose_signs(people, landmarks, masks))


def score_of(people: People, signs: PoseSigns) -> np.ndarray:
    """Score (n,) of people whose signs are known."""
    logit = _OFFSET + _PER_DEGREE * np.degrees(signs.spread)
    logit = logit + _PER_VISIBILITY * signs.visibility + _PER_INSIDE * signs.inside
    logit = logit + _PER_CUT * np.minimum(signs.cut, _MOST_CUTS) + _PER_STRAIN * signs.strain
    score = signs.presence / (1.0 + np.exp(-logit))
    return np.where(people.found & np.isfinite(score), score, 0.0)


def _inside(joints: np.ndarray, mask: np.ndarray) -> float:
    """Share of joints (24, 2), pixels, on a mask; joints outside the picture are not on it."""
    if not np.isfinite(joints).all():
        return 0.0
    column, row = np.floor(joints).astype(int).T
    height, width = mask.shape
    visible = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    return float(mask[row[visible], column[visible]].sum() / len(joints))


def _cut(mask: np.ndarray) -> int:
    """Number of sides of the picture that a mask (H, W) touches."""
    return int(mask[0].any()) + int(mask[-1].any()) + int(mask[:, 0].any()) + int(mask[:, -1].any())

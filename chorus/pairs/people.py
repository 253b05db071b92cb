"""Two people in contact on a photograph: which two, what is seen of each, and one camera for both.

How the pair is chosen, when two people are one, and the focal length are ours (docs/pairs.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chorus import masks, store
from chorus.body.model import N_BETAS, N_JOINTS
from chorus.camera import WeakCamera
from chorus.detections import PERSON, Detection, ImageDetections
from chorus.pairs.rows import Bodies, KnownPairs
from chorus.perception.protocols import EstimatedPeople, Picture
from chorus.screening.boxes import distinct, over_union, usable

if TYPE_CHECKING:
    from chorus.config import Boxes

PHOTOGRAPH = "photograph"  # the split of pairs whose truth nobody knows
Two = tuple[Detection, Detection]


class PairReason(StrEnum):
    """Why a picture has no pair, in the order in which it is looked at; the empty one means that it has."""

    FOUND = ""
    NO_PERSON = "no person"
    ONE_PERSON = "one person"
    NO_OVERLAP = "no two people overlap"
    NO_KEYPOINTS = "keypoints not found"
    SAME_PERSON = "same person twice"
    NO_BODY = "no body pose found"


def pair_in(image: ImageDetections, rule: Boxes) -> Two | PairReason:
    """The two people whose boxes overlap most (intersection over union), the left one first, or why there are none."""
    people = distinct(usable(image, PERSON), rule)
    if len(people) < 2:
        return PairReason.ONE_PERSON if people else PairReason.NO_PERSON
    boxes = np.array([person.box for person in people], float)
    overlap = np.triu(over_union(boxes, boxes), k=1)
    if not overlap.any():
        return PairReason.NO_OVERLAP
    pair = np.array(np.unravel_index(overlap.argmax(), overlap.shape))
    left, right = pair[np.argsort(boxes[pair][:, [0, 2]].mean(axis=1), kind="stable")]
    return people[left], people[right]


def without(picture: Picture, other: Detection) -> Picture:
    """The picture with another person painted over in its mean colour, so that nobody is taken for that person."""
    pixels = picture.pixels.copy()
    pixels[masks.decode(other.spans, picture.size)] = picture.pixels.mean(axis=(0, 1)).astype(np.uint8)
    return Picture(picture.index, pixels)


def apart(keypoints: np.ndarray, people: Two) -> float:
    """Mean distance of keypoints (2, 17, 3) of the same name, as a share of the smaller box's longer side.

    Those count that were found on both people; infinite if there are none.
    """
    found = (keypoints[..., 2] > 0).all(axis=0)
    if not found.any():
        return np.inf
    side = min(float((person.box[2:] - person.box[:2]).max()) for person in people)
    return float(np.linalg.norm(keypoints[0, found, :2] - keypoints[1, found, :2], axis=1).mean() / side)


def intrinsics(size: tuple[int, int], focal: float) -> np.ndarray:
    """(3, 3) of a picture of (height, width): `focal` times its longer side, the principal point in the middle."""
    height, width = size
    length = focal * max(size)
    return np.array([[length, 0.0, width / 2], [0.0, length, height / 2], [0.0, 0.0, 1.0]])


def perspective(camera: WeakCamera, joints: np.ndarray, K: np.ndarray, depth_trust: float = 1.0) -> np.ndarray:
    """Places (k, 3) in camera axes, metres, at which people look as their weak cameras saw them.

    The middle of a person's joints falls where the weak camera puts it, at the depth focal length / scale: there a
    metre has as many pixels. A scale that is wrong by a tenth is wrong by half a metre of depth, and people in contact
    are nearer to each other than that, so their depths may be drawn to their mean.

    Args:
        camera: weak cameras (k,) of the people of one picture.
        joints: (k, 24, 3) around the body's origin, camera axes.
        K: (3, 3) intrinsics with one focal length.
        depth_trust: share of the difference to the mean depth that is believed.
    """
    middle = joints.mean(axis=-2)
    seen = camera.scale[:, None] * middle[:, :2] + camera.translation
    depth = K[0, 0] / camera.scale[:, None]
    depth = depth.mean() + depth_trust * (depth - depth.mean())
    return np.concatenate([(seen - K[:2, 2]) * depth / K[0, 0], depth], axis=1) - middle


@dataclass(frozen=True)
class PhotographedPairs:
    """The pairs of n photographs (file kind `pair_people`); NaN where a photograph has none.

    Attributes:
        index: (n,) image indices; reason: (n,) why there is no pair, empty where there is one.
        boxes: (n, 2, 4) of the two people, the left one first.
        initial: first estimates; K: (n, 3, 3).
        keypoints: (n, 2, 17, 3) pixels and confidence, 0 for those that were not found.
        score: (n, 2) how far the first estimates are trusted, 0..1.
    """

    index: np.ndarray
    reason: np.ndarray
    boxes: np.ndarray
    initial: Bodies
    K: np.ndarray
    keypoints: np.ndarray
    score: np.ndarray

    @classmethod
    def empty(cls, index: np.ndarray) -> PhotographedPairs:
        """Photographs of these indices (n,), to be filled in."""

        def nan(*shape: int) -> np.ndarray:
            return np.full((len(index), *shape), np.nan)

        bodies = Bodies(nan(2, N_JOINTS, 3), nan(2, N_BETAS), nan(2, 3))
        reason = np.full(len(index), PairReason.NO_PERSON, dtype=object)
        return cls(index, reason, nan(2, 4), bodies, nan(3, 3), nan(2, 17, 3), nan(2))

    def place(self, position: int, K: np.ndarray, found: EstimatedPeople, translation: np.ndarray) -> None:
        """Fill in the first estimates of the two people of a photograph, and where (2, 3) they are."""
        self.initial.pose[position], self.initial.betas[position] = found.pose, found.betas
        self.initial.translation[position] = translation
        self.K[position], self.score[position] = K, found.score
        self.reason[position] = PairReason.FOUND

    @property
    def found(self) -> np.ndarray:
        """Positions (k,) of the photographs that have a pair."""
        return np.flatnonzero(self.reason == PairReason.FOUND)

    def known(self, prompt: str) -> KnownPairs:
        """What is known of the pairs that were found, without any labels; `prompt` is the id of the photographs'."""
        rows = self.found
        names = np.array([pair_id(prompt, int(index)) for index in self.index[rows]], str)
        unknown = np.full(len(rows), "")
        split = np.full(len(rows), PHOTOGRAPH)
        return KnownPairs(names, unknown, split, self.initial[rows], self.K[rows], self.keypoints[rows], {})

    def arrays(self) -> dict[str, Any]:
        """The datasets of the file."""
        return {
            "index": self.index, "reason": self.reason.astype(str), "box": self.boxes, **self.initial.named("initial_"),
            "K": self.K, "keypoints": self.keypoints, "score": self.score,
        }  # fmt: skip

    @classmethod
    def read(cls, path: Path) -> PhotographedPairs:
        """Read a `pair_people` file."""
        arrays = store.read_arrays(path, "pair_people").arrays
        return cls(
            arrays["index"], arrays["reason"], arrays["box"], Bodies.of(arrays, "initial_"), arrays["K"],
            arrays["keypoints"], arrays["score"],
        )  # fmt: skip


def pair_id(prompt: str, index: int) -> str:
    """The id of the pair of a photograph."""
    return f"{prompt}/{index}"

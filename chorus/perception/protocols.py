"""What the three kinds of perception backends are given and give back; the stages know nothing else about them.

A backend is made once for a shard and then called with batches of at most `batch` items. What it says about an item
depends on that item alone, up to the last bits of a network's batched arithmetic.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from chorus.camera import WeakCamera
from chorus.detections import Detection

Item = TypeVar("Item")


@dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes:
        index: global image index of the prompt.
        pixels: (H, W, 3) uint8 RGB.
    """

    index: int
    pixels: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        """Height and width, pixels."""
        return self.pixels.shape[0], self.pixels.shape[1]


@dataclass(frozen=True)
class SeenPerson:
    """One person in a picture.

    Attributes:
        picture: where the person is seen.
        person: the person's detection: box, mask, score.
        keypoints: (17, 3) COCO-17 x, y in pixels and confidence; all NaN before the keypoint stage.
    """

    picture: Picture
    person: Detection
    keypoints: np.ndarray


@dataclass(frozen=True)
class EstimatedPeople:
    """Bodies of n people; NaN (score 0) where `found` is false.

    Attributes:
        found: (n,) bool, a body was estimated.
        pose: (n, 24, 3) axis-angle, radians; joint 0 turns the body into OpenCV camera axes.
        betas: (n, 10) body shape.
        camera: weak cameras, pixel = scale * X_xy + translation, X = body.joints(pose, betas).
        joints2d: (n, 24, 2) projected kinematic joints, pixels.
        residual: (n,) median distance of confident keypoints / longer side of the box.
        score: (n,) how far the backend trusts the body, 0..1.
    """

    found: np.ndarray
    pose: np.ndarray
    betas: np.ndarray
    camera: WeakCamera
    joints2d: np.ndarray
    residual: np.ndarray
    score: np.ndarray


class Segmenter(Protocol):
    """Finds people and the category's objects in pictures. `name`: network, revision and digest of its weights."""

    name: str
    batch: int

    def segment(self, pictures: Sequence[Picture]) -> list[tuple[Detection, ...]]:
        """The detections of each picture: masks of its size, scores from the configured threshold on.

        Args:
            pictures: all of one size, so that no network pads one because of another.
        """
        ...


class KeypointDetector(Protocol):
    """Finds the keypoints of people. `name`: network, revision and digest of its weights."""

    name: str
    batch: int

    def detect(self, people: Sequence[SeenPerson]) -> list[np.ndarray | None]:
        """COCO-17 keypoints (17, 3) of each person: x, y in pixels, confidence 0..1; None if there are none."""
        ...


class PeopleEstimator(Protocol):
    """Estimates bodies. `name`: network, revision and digest of its weights."""

    name: str
    batch: int

    def estimate(self, people: Sequence[SeenPerson]) -> EstimatedPeople:
        """The body of each person."""
        ...


def batches(items: Sequence[Item], size: int, kind: Callable[[Item], Hashable] = type) -> Iterator[Sequence[Item]]:
    """The items in their order, at most `size` at a time and only neighbours of one kind together."""
    for _, group in itertools.groupby(items, kind):
        alike = list(group)
        for start in range(0, len(alike), size):
            yield alike[start : start + size]

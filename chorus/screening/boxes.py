"""The box screen: one person, one object, boxes that overlap (paper 3.2, A.3), and duplicate removal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chorus.detections import OBJECT, PERSON, Detection, ImageDetections
from chorus.screening.reasons import Reason

if TYPE_CHECKING:
    from chorus.config import Boxes


def areas(boxes: np.ndarray) -> np.ndarray:
    """Areas (...,) of boxes (..., 4) x0, y0, x1, y1; 0 for empty, inverted or NaN boxes."""
    sides = boxes[..., 2:] - boxes[..., :2]
    return np.prod(np.where(sides > 0, sides, 0.0), axis=-1)


def intersections(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Intersection areas (n, m) of boxes (n, 4) and (m, 4)."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    return areas(np.concatenate([low, high], axis=-1))


def over_second(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Intersection / area of the second box, (n, m); 0 where the second box is empty."""
    return _ratio(intersections(first, second), areas(second)[None])


def over_smaller(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Intersection / smaller area, (n, m); 0 where a box is empty."""
    return _ratio(intersections(first, second), np.minimum(areas(first)[:, None], areas(second)[None]))


def over_union(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Intersection over union, (n, m)."""
    shared = intersections(first, second)
    return _ratio(shared, areas(first)[:, None] + areas(second)[None] - shared)


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    return np.where(denominator > 0, numerator / np.where(denominator > 0, denominator, 1.0), 0.0)


def without_duplicates(boxes: np.ndarray, scores: np.ndarray, rule: Boxes) -> np.ndarray:
    """Which boxes of one class stay (n,) bool: the less confident of two that overlap too much goes (A.3).

    Boxes are visited by rising score; one is dropped when it overlaps a box that is still there.
    """
    keep = np.ones(len(boxes), bool)
    overlap = over_smaller(boxes, boxes)
    for index in np.argsort(scores, kind="stable"):
        if scores[index] >= rule.always_keep:
            continue
        others = keep.copy()
        others[index] = False
        keep[index] = not (overlap[index, others] >= rule.duplicate_overlap).any()
    return keep


def distinct(found: list[Detection], rule: Boxes) -> list[Detection]:
    """Detections of one label without duplicates."""
    boxes = np.array([d.box for d in found], float).reshape(-1, 4)
    keep = without_duplicates(boxes, np.array([d.score for d in found], float), rule)
    return [detection for detection, stays in zip(found, keep, strict=True) if stays]


def person_and_object(image: ImageDetections, rule: Boxes) -> tuple[Detection, Detection] | Reason:
    """The one person and the one object of an image that passes the box screen, else the reason why it does not."""
    people, objects = distinct(usable(image, PERSON), rule), distinct(usable(image, OBJECT), rule)
    if not people:
        return Reason.NO_PERSON
    if len(people) > 1:
        return Reason.SEVERAL_PEOPLE
    if not objects:
        return Reason.NO_OBJECT
    if len(objects) > 1:
        return Reason.SEVERAL_OBJECTS
    if box_overlap(people[0], objects[0]) <= rule.overlap:
        return Reason.NO_OVERLAP
    return people[0], objects[0]


def box_overlap(person: Detection, thing: Detection) -> float:
    """Intersection of person and object box / object box."""
    return float(over_second(person.box[None], thing.box[None])[0, 0])


def usable(image: ImageDetections, label: int) -> list[Detection]:
    """Detections of a label with a finite box of positive area and a mask that is not empty."""
    return [d for d in image.of(label) if np.isfinite(d.box).all() and areas(d.box) > 0 and len(d.spans)]

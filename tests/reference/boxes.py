"""Boxes as the original screens them: overlaps and the removal of duplicate detections (A.3)."""

from __future__ import annotations

import numpy as np

DUPLICATE_SHARE = 0.8
SURE_SCORE = 0.98


def area(box: np.ndarray) -> float:
    """Area of a box (4,) x0, y0, x1, y1."""
    return float((box[2] - box[0]) * (box[3] - box[1]))


def intersection(first: np.ndarray, second: np.ndarray) -> float:
    """Common area of two boxes (4,) x0, y0, x1, y1; 0 if they do not meet."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    return float(width * height) if width > 0 and height > 0 else 0.0


def over_union(first: np.ndarray, second: np.ndarray) -> float:
    """Intersection over union."""
    common = intersection(first, second)
    return common / (area(first) + area(second) - common)


def over_object(human: np.ndarray, thing: np.ndarray) -> float:
    """Intersection over the object's box: the screen of human and object."""
    return intersection(human, thing) / area(thing)


def over_smaller(first: np.ndarray, second: np.ndarray) -> float:
    """Intersection over the smaller box."""
    return intersection(first, second) / min(area(first), area(second))


def kept(boxes: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(n,) bool: boxes (n, 4) x0, y0, x1, y1 of one class that are no duplicates.

    By rising score, a box below 0.98 goes when it shares 0.8 of its own or of the other's area with one still there.
    """
    keep = np.ones(len(boxes), dtype=bool)
    for i in np.argsort(scores, kind="stable"):
        if scores[i] >= SURE_SCORE:
            continue
        for j in range(len(boxes)):
            if i == j or not keep[j]:
                continue
            common = intersection(boxes[i], boxes[j])
            if common / area(boxes[i]) >= DUPLICATE_SHARE or common / area(boxes[j]) >= DUPLICATE_SHARE:
                keep[i] = False
    return keep

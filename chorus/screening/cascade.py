"""The cascade: every image is kept or rejected for exactly one reason (paper 3.2, A.3).

In mode `soft`, the paper's future work, images that are possible at all (one person, one object, boxes that overlap)
count as much as their keypoints and their pose are trusted: the thresholds of mode `hard` become ramps. Mode `hard` is
the special case of ramps without width, with weights 0 and 255.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chorus import coco, store
from chorus.detections import OBJECT, PERSON, ImageDetections
from chorus.errors import FileError
from chorus.screening import boxes
from chorus.screening.reasons import Reason

if TYPE_CHECKING:
    from chorus.config import Boxes, Screening

FULL_WEIGHT = 255
ABSENT = -1.0  # below every threshold
COLUMNS = (
    "index", "view", "kept", "reason", "weight", "people", "objects", "overlap", "keypoints_found", "pose_found",
    "pose_score", "residual", "person_score", "object_score",
)  # fmt: skip


@dataclass(frozen=True)
class Sight:
    """What perception found in one image.

    Attributes:
        detections: people and objects.
        keypoints: (17, 3) x, y, confidence, NaN where not run.
        keypoints_found, pose_found: whether the networks found a person.
        pose_score, residual: see `people` files.
    """

    detections: ImageDetections
    keypoints: np.ndarray
    keypoints_found: bool
    pose_found: bool
    pose_score: float
    residual: float


@dataclass(frozen=True)
class Row:
    """One line of the screening table; `weight` is 0 exactly where there is a reason against the image."""

    index: int
    view: int
    reason: Reason
    weight: int
    people: int
    objects: int
    overlap: float
    keypoints_found: bool
    pose_found: bool
    pose_score: float
    residual: float
    person_score: float
    object_score: float

    @property
    def kept(self) -> bool:
        """Whether the image votes."""
        return self.reason == Reason.KEPT


def screen(sight: Sight, box_rule: Boxes, rule: Screening) -> Row:
    """Run the cascade on one image."""
    people = boxes.distinct(boxes.usable(sight.detections, PERSON), box_rule)
    objects = boxes.distinct(boxes.usable(sight.detections, OBJECT), box_rule)
    reason, weight = verdict(sight, box_rule, rule)
    return Row(
        sight.detections.index,
        sight.detections.view,
        reason,
        weight,
        len(people),
        len(objects),
        boxes.box_overlap(people[0], objects[0]) if len(people) == len(objects) == 1 else 0.0,
        sight.keypoints_found,
        sight.pose_found,
        _finite(sight.pose_score),
        _finite(sight.residual),
        max((d.score for d in people), default=0.0),
        max((d.score for d in objects), default=0.0),
    )


def verdict(sight: Sight, box_rule: Boxes, rule: Screening) -> tuple[Reason, int]:
    """The first screen that an image fails, cheap screens first, and its vote weight 0..255."""
    pair = boxes.person_and_object(sight.detections, box_rule)
    if isinstance(pair, Reason):
        return pair, 0
    torso = trust(torso_confidence(sight, rule), rule.keypoint_confidence, rule)
    if not _vote(torso):
        return Reason.TORSO_HIDDEN, 0
    if not sight.pose_found:
        return Reason.NO_POSE, 0
    weight = _vote(torso * trust(sight.pose_score, rule.pose_score, rule))
    return (Reason.KEPT if weight else Reason.POOR_POSE), weight


def trust(confidence: float, threshold: float, rule: Screening) -> float:
    """How much a confidence counts, 0..1; a NaN counts nothing.

    Mode `hard`: all or nothing at the threshold. Mode `soft`: rising from 0 to 1 over `softness` on either side of it.
    """
    low, high = threshold - rule.softness, min(threshold + rule.softness, 1.0)
    if rule.mode == "hard" or low == high:
        return float(confidence >= threshold)
    return float(np.clip((confidence - low) / (high - low), 0.0, 1.0)) if confidence > ABSENT else 0.0


def torso_confidence(sight: Sight, rule: Screening) -> float:
    """Confidence of the weakest group of required keypoints, -1 = absent; a group is as sure as its surest keypoint."""
    if not rule.required_keypoints:
        return 1.0
    if not sight.keypoints_found:
        return ABSENT
    confidence = np.nan_to_num(sight.keypoints[:, 2], nan=ABSENT)
    if rule.inside_picture:
        height, width = sight.detections.size
        x, y = sight.keypoints[:, 0], sight.keypoints[:, 1]
        confidence = np.where((x >= 0) & (x < width) & (y >= 0) & (y < height), confidence, ABSENT)
    names = coco.KEYPOINT_NAMES
    return min(max(confidence[names.index(name)] for name in group) for group in rule.required_keypoints)


def table(rows: list[Row]) -> bytes:
    """The screening table as CSV."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_cell(getattr(row, column)) for column in COLUMNS])
    return text.getvalue().encode()


def read_table(path: Path) -> list[Row]:
    """Read a screening table.

    Raises:
        FileError: damaged, or not a screening table.
    """
    try:
        lines = list(csv.DictReader(io.StringIO(store.read_bytes(path).decode())))
        return [
            Row(
                int(line["index"]), int(line["view"]), Reason(line["reason"]), int(line["weight"]), int(line["people"]),
                int(line["objects"]), float(line["overlap"]), line["keypoints_found"] == "1",
                line["pose_found"] == "1", float(line["pose_score"]), float(line["residual"]),
                float(line["person_score"]), float(line["object_score"]),
            )
            for line in lines
        ]  # fmt: skip
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise FileError(f"{path}: is not a screening table ({error}); delete the file and run again.") from error


def _vote(share: float) -> int:
    return round(FULL_WEIGHT * share)


def _finite(value: float) -> float:
    return float(value) if np.isfinite(value) else 0.0


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return int(value)
    return f"{value:.4f}" if isinstance(value, float) else value

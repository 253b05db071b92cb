"""The cascade: every image is kept or rejected for exactly one reason (paper 3.2, A.3)."""

from __future__ import annotations

import csv
import io
from collections import Counter
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
    """One line of the screening table."""

    index: int
    view: int
    reason: Reason
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

    @property
    def weight(self) -> int:
        """Vote weight 0..255."""
        return FULL_WEIGHT if self.kept else 0


def screen(sight: Sight, box_rule: Boxes, rule: Screening) -> Row:
    """Run the cascade on one image."""
    people = boxes.distinct(boxes.usable(sight.detections, PERSON))
    objects = boxes.distinct(boxes.usable(sight.detections, OBJECT))
    return Row(
        sight.detections.index,
        sight.detections.view,
        reason_of(sight, box_rule, rule),
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


def reason_of(sight: Sight, box_rule: Boxes, rule: Screening) -> Reason:
    """The first screen that an image fails, cheap screens first."""
    pair = boxes.person_and_object(sight.detections, box_rule.overlap)
    if isinstance(pair, Reason):
        return pair
    if rule.required_keypoints and not (sight.keypoints_found and torso_visible(sight.keypoints, rule)):
        return Reason.TORSO_HIDDEN
    if not sight.pose_found:
        return Reason.NO_POSE
    if not sight.pose_score >= rule.pose_score:  # a NaN score is not trusted
        return Reason.POOR_POSE
    return Reason.KEPT


def torso_visible(keypoints: np.ndarray, rule: Screening) -> bool:
    """Whether every group of required keypoints has one with enough confidence."""
    present = keypoints[:, 2] >= rule.keypoint_confidence
    names = coco.KEYPOINT_NAMES
    return all(any(present[names.index(name)] for name in group) for group in rule.required_keypoints)


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
                int(line["index"]), int(line["view"]), Reason(line["reason"]), int(line["people"]),
                int(line["objects"]), float(line["overlap"]), line["keypoints_found"] == "1",
                line["pose_found"] == "1", float(line["pose_score"]), float(line["residual"]),
                float(line["person_score"]), float(line["object_score"]),
            )
            for line in lines
        ]  # fmt: skip
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise FileError(f"{path}: is not a screening table ({error}); delete the file and run again.") from error


def outcome(rows: list[Row]) -> str:
    """The outcome in one sentence: how many were kept and what most of the others were lost to."""
    kept = sum(row.kept for row in rows)
    lost = Counter(row.reason for row in rows if not row.kept)
    share = 100 * kept / len(rows) if rows else 0.0
    sentence = f"{kept} of {len(rows)} images kept ({share:.0f} %)"
    if lost:
        reason, number = lost.most_common(1)[0]
        sentence += f"; most others ({number}) were lost to: {reason}"
    return sentence + "."


def _finite(value: float) -> float:
    return float(value) if np.isfinite(value) else 0.0


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return int(value)
    return f"{value:.4f}" if isinstance(value, float) else value

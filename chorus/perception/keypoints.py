"""Stage `keypoints`: COCO-17 keypoints of the person in every image that passes the box screen.

Backends: `blazepose`, `transformers` and `mmpose` (networks), `annotations` (COCO json; visibility 2 counts as
confidence 1, hidden as 0.8, both above the default threshold, because an annotator who marked a hidden joint knew where
it is).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from chorus import coco
from chorus.detections import Detection, ImageDetections, read_detections
from chorus.images.shard import ImageShard, read_shard
from chorus.perception.blazepose import BlazePose, Landmarks, to_coco17
from chorus.perception.landmarks import landmark_arrays
from chorus.perception.models import runtime_of
from chorus.perception.protocols import KeypointDetector, Picture, SeenPerson, batches
from chorus.progress import progress
from chorus.screening.boxes import over_union, person_and_object
from chorus.screening.reasons import Reason

if TYPE_CHECKING:
    from chorus.config import Boxes
    from chorus.job import Job

ANNOTATED_CONFIDENCE = np.array([0.0, 0.8, 1.0])  # of COCO visibility 0, 1, 2
SAME_PERSON_IOU = 0.5


class BlazePoseKeypoints:
    """BlazePose on the person's box; `seen` keeps what it saw, by image index, for the people stage."""

    batch = 1

    def __init__(self, network: BlazePose):
        self.name = network.name
        self.seen: dict[int, Landmarks] = {}
        self._network = network

    def detect(self, people: Sequence[SeenPerson]) -> list[np.ndarray | None]:
        """See KeypointDetector."""
        for one in people:
            self.seen[one.picture.index] = self._network.detect(one.picture.pixels, one.person.box)
        found = [to_coco17(self.seen[one.picture.index]) for one in people]
        return [keypoints if np.isfinite(keypoints).all() else None for keypoints in found]


class AnnotatedKeypoints:
    """Annotated keypoints of the person whose box overlaps most."""

    name = "annotations"
    batch = 1

    def __init__(self, file: coco.CocoFile):
        self._file = file

    def detect(self, people: Sequence[SeenPerson]) -> list[np.ndarray | None]:
        """See KeypointDetector."""
        return [self._one(seen) for seen in people]

    def _one(self, seen: SeenPerson) -> np.ndarray | None:
        known = self._file.images.get(seen.picture.index)
        people = self._file.instances(known, (coco.PERSON,)) if known else []
        candidates = [item for item in people if item.keypoints is not None and item.mask.any()]
        if not candidates:
            return None
        boxes = np.array([Detection.of_mask(0, 1.0, item.mask).box for item in candidates])
        overlap = over_union(seen.person.box[None], boxes)[0]
        chosen = candidates[int(overlap.argmax())].keypoints
        if overlap.max() < SAME_PERSON_IOU or chosen is None:
            return None
        confidence = ANNOTATED_CONFIDENCE[np.clip(chosen[:, 2], 0, 2).astype(int)]
        return np.concatenate([chosen[:, :2], confidence[:, None]], axis=1)


def run(job: Job) -> None:
    """Write the keypoints of a shard; images that fail the box screen are not looked at."""
    shard, detections = read_shard(job.one("images")), read_detections(job.one("masks"))
    detector = detector_of(job)
    job.models["keypoints"] = detector.name
    keypoints = np.full((len(shard), 17, 3), np.nan)
    chosen = screened(detections, job.settings.boxes)
    for some in progress(list(batches(chosen, detector.batch)), "keypoints"):
        for (position, _), found in zip(some, detector.detect(people_of(shard, some, keypoints)), strict=True):
            if found is not None:
                keypoints[position] = found
    seen = detector.seen if isinstance(detector, BlazePoseKeypoints) else {}
    found_arrays = {"index": shard.index, "keypoints": keypoints, "found": np.isfinite(keypoints).all((1, 2))}
    job.write_arrays(
        "keypoints",
        found_arrays | landmark_arrays(seen, shard.index),
        {"category": job.names["category"], "model": detector.name},
    )


def detector_of(job: Job) -> KeypointDetector:
    """The configured backend."""
    chosen = job.settings.keypoints
    if chosen.backend == "blazepose":
        return BlazePoseKeypoints(BlazePose(job.one("model")))
    if chosen.backend == "annotations":
        return AnnotatedKeypoints(coco.read_coco(job.one("annotations")))
    reference, runtime = chosen.references()["model"], runtime_of(job.settings.networks)
    if chosen.backend == "transformers":
        from chorus.perception.vitpose import VitPose

        return VitPose(reference, runtime)
    from chorus.perception.mmpose_keypoints import MmposeKeypoints

    return MmposeKeypoints(reference, runtime)


def people_of(shard: ImageShard, chosen: Sequence[tuple[int, Detection]], keypoints: np.ndarray) -> list[SeenPerson]:
    """The people of some (position in the shard, detection) with their keypoints out of the shard's (n, 17, 3)."""
    return [
        SeenPerson(Picture(int(shard.index[position]), shard.pixels(position)), person, keypoints[position])
        for position, person in chosen
    ]


def screened(images: list[ImageDetections], rule: Boxes) -> list[tuple[int, Detection]]:
    """Position in the shard and person of every image that passes the box screen."""
    pairs = [(position, person_and_object(image, rule)) for position, image in enumerate(images)]
    return [(position, pair[0]) for position, pair in pairs if not isinstance(pair, Reason)]

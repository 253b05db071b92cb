"""Stage `pair_people`: the two people in contact in every photograph, with keypoints, first estimates and a camera."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from chorus.body.loading import load_body
from chorus.body.model import BodyModel
from chorus.detections import read_detections
from chorus.images.shard import ImageShard, read_shard
from chorus.pairs.people import PairReason, PhotographedPairs, Two, apart, intrinsics, pair_in, perspective, without
from chorus.perception.keypoints import detector_of
from chorus.perception.people import estimator_of
from chorus.perception.protocols import EstimatedPeople, KeypointDetector, PeopleEstimator, Picture, SeenPerson, batches
from chorus.progress import progress

if TYPE_CHECKING:
    from chorus.config_pairs import Pairs
    from chorus.job import Job


def run(job: Job) -> None:
    """Look at the photographs of a shard, and say of each whether it has a pair."""
    body, detections = load_body(job.one("body")), read_detections(job.one("masks"))
    detector, estimator = detector_of(job), estimator_of(job, body)
    job.models["keypoints"], job.models["people"] = detector.name, estimator.name
    pairs = PhotographedPairs.empty(np.array([image.index for image in detections], np.int64))
    chosen = []
    for position, image in enumerate(detections):
        pair = pair_in(image, job.settings.boxes)
        if isinstance(pair, PairReason):
            pairs.reason[position] = pair
        else:
            chosen.append((position, pair))
    onlooker = Onlooker(detector, estimator, body, job.settings.pairs)
    shard = read_shard(job.one("images"))
    for some in progress(list(batches(chosen, max(1, estimator.batch // 2))), "pair_people"):
        onlooker.look(shard, some, pairs)
    attributes = {
        "category": job.names["category"], "keypoints": detector.name, "people": estimator.name, "body": body.digest,
    }  # fmt: skip
    job.write_arrays("pair_people", pairs.arrays(), attributes)
    counted = Counter(str(reason) or "with a pair" for reason in pairs.reason)
    said = ", ".join(f"{n} {name}" for name, n in sorted(counted.items())) or "none"
    print(f"{job.names['category']}: {len(pairs.index)} photographs: {said}.")


class Onlooker:
    """Sees the two people of a photograph through the configured backends, each without the other one."""

    def __init__(self, detector: KeypointDetector, estimator: PeopleEstimator, body: BodyModel, settings: Pairs):
        self._detector, self._estimator, self._body, self._settings = detector, estimator, body, settings

    def look(self, shard: ImageShard, chosen: Sequence[tuple[int, Two]], pairs: PhotographedPairs) -> None:
        """Fill in the pairs of some photographs (position in the shard, people)."""
        seen = [one for position, two in chosen for one in self._people(shard, position, two)]
        estimated: list[tuple[int, SeenPerson]] = []
        for number, (position, two) in enumerate(chosen):
            people = seen[2 * number : 2 * number + 2]
            pairs.boxes[position] = [person.box for person in two]
            keypoints = np.array([one.keypoints for one in people])
            if not np.isfinite(keypoints).all():
                pairs.reason[position] = PairReason.NO_KEYPOINTS
                continue
            pairs.keypoints[position] = keypoints
            if apart(keypoints, two) < self._settings.least_apart:
                pairs.reason[position] = PairReason.SAME_PERSON
            else:
                estimated += [(position, one) for one in people]
        if estimated:
            self._estimate(estimated, pairs)

    def _people(self, shard: ImageShard, position: int, two: Two) -> list[SeenPerson]:
        """Both people with their keypoints, all NaN where there are none; one that is missing has confidence 0."""
        picture = Picture(int(shard.index[position]), shard.pixels(position))
        unknown = np.full((17, 3), np.nan)
        people = [SeenPerson(without(picture, two[1 - k]), person, unknown) for k, person in enumerate(two)]
        found: list[np.ndarray | None] = []
        for some in batches(people, self._detector.batch):
            found += self._detector.detect(some)
        return [
            SeenPerson(one.picture, one.person, unknown if points is None else _usable(points))
            for one, points in zip(people, found, strict=True)
        ]

    def _estimate(self, people: list[tuple[int, SeenPerson]], pairs: PhotographedPairs) -> None:
        found = self._estimator.estimate([one for _, one in people])
        for row in range(0, len(people), 2):
            position, one = people[row]
            both = _rows(found, slice(row, row + 2))
            if not both.found.all():
                pairs.reason[position] = PairReason.NO_BODY
                continue
            K, joints = intrinsics(one.picture.size, self._settings.focal), self._body.joints(both.pose, both.betas)
            pairs.place(position, K, both, perspective(both.camera, joints, K, self._settings.depth_trust))


def _usable(keypoints: np.ndarray) -> np.ndarray:
    found = np.isfinite(keypoints).all(axis=1) & (np.nan_to_num(keypoints[:, 2]) > 0)
    return np.where(found[:, None], keypoints, 0.0)


def _rows(people: EstimatedPeople, rows: slice) -> EstimatedPeople:
    camera = type(people.camera)(people.camera.scale[rows], people.camera.translation[rows])
    return EstimatedPeople(
        people.found[rows], people.pose[rows], people.betas[rows], camera, people.joints2d[rows],
        people.residual[rows], people.score[rows],
    )  # fmt: skip

"""Stage `people`: body pose, shape and weak camera of the person in every image that passes the box screen.

Backends: `blazepose` (3D landmarks of the network, then our body fit), `eft`, `spin`, `hmr2` and `nlf` (regressors of
SMPL parameters), `annotations` (the true people of the scenes).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chorus import masks, store
from chorus.body.loading import load_body
from chorus.body.model import BodyModel
from chorus.camera import Camera
from chorus.detections import PERSON, ImageDetections, read_detections
from chorus.errors import FileError
from chorus.images.shard import read_shard
from chorus.perception.blazepose import BlazePose, Landmarks
from chorus.perception.bodyfit import Observations, fit
from chorus.perception.keypoints import people_of, screened
from chorus.perception.landmarks import kept_landmarks
from chorus.perception.models import runtime_of
from chorus.perception.posescore import pose_scores
from chorus.perception.protocols import EstimatedPeople, PeopleEstimator, SeenPerson, batches
from chorus.progress import progress

if TYPE_CHECKING:
    from chorus.job import Job


def run(job: Job) -> None:
    """Estimate the people of a shard and write them."""
    body, detections = load_body(job.one("body")), read_detections(job.one("masks"))
    index = np.array([image.index for image in detections], np.int64)
    if job.settings.people.backend == "annotations":
        job.models["people"] = "annotations"
        arrays = true_people(store.read_arrays(job.one("scenes"), "scenes"), index, detections, body)
    else:
        estimator = estimator_of(job, body)
        job.models["people"] = estimator.name
        arrays = estimated_people(job, estimator, detections)
    attributes = {"category": job.names["category"], "model": job.models["people"], "body": body.digest}
    job.write_arrays("people", {"index": index, **arrays}, attributes)


def estimator_of(job: Job, body: BodyModel) -> PeopleEstimator:
    """The configured backend; BlazePose looks again at people of whom no file of the shard keeps the landmarks."""
    chosen = job.settings.people
    if chosen.backend == "blazepose":
        network = BlazePose(job.one("model"))
        kept = kept_landmarks(job.one("keypoints"), network.name) if job.many("keypoints") else {}
        return FittedPeople(network, body, kept)
    reference, runtime = chosen.references()["model"], runtime_of(job.settings.networks)
    if chosen.backend == "nlf":
        from chorus.perception.nlf import Nlf

        return Nlf(reference, body, runtime)
    if chosen.backend == "hmr2":
        from chorus.perception.hmr2 import Hmr2

        return Hmr2(reference, body, runtime)
    from chorus.perception.spin import Spin

    return Spin(chosen.backend, reference, body, runtime)


def estimated_people(job: Job, estimator: PeopleEstimator, detections: list[ImageDetections]) -> dict[str, Any]:
    """Datasets of the people in every image that passes the box screen and has keypoints."""
    shard, seen2d = read_shard(job.one("images")), store.read_arrays(job.one("keypoints"), "keypoints")
    chosen = [(p, person) for p, person in screened(detections, job.settings.boxes) if seen2d["found"][p]]
    arrays, keypoints = empty_people(len(detections)), seen2d["keypoints"].astype(float)
    for some in progress(list(batches(chosen, estimator.batch)), "people"):
        rows = np.array([position for position, _ in some], np.int64)
        people = estimator.estimate(people_of(shard, some, keypoints))
        arrays["found"][rows] = people.found
        arrays["pose"][rows], arrays["betas"][rows] = people.pose, people.betas
        arrays["weak_scale"][rows], arrays["weak_translation"][rows] = people.camera.scale, people.camera.translation
        arrays["joints2d"][rows], arrays["residual"][rows] = people.joints2d, people.residual
        arrays["score"][rows] = people.score
    return arrays


class FittedPeople:
    """Bodies fitted to BlazePose's 3D landmarks and to the 2D keypoints of any backend."""

    batch = 16  # as many as the fit solves together

    def __init__(self, network: BlazePose, body: BodyModel, kept: Mapping[int, Landmarks] | None = None):
        """`kept`: landmarks that this network saw before, by image index; it looks at nobody twice."""
        self.name = network.name
        self._network, self._body, self._kept = network, body, dict(kept or {})

    def estimate(self, people: Sequence[SeenPerson]) -> EstimatedPeople:
        """See PeopleEstimator."""
        landmarks = [self._landmarks(seen) for seen in people]
        keypoints = np.array([seen.keypoints for seen in people], float)
        boxes = np.array([seen.person.box for seen in people], float)
        fitted = fit(self._body, Observations.of(keypoints, landmarks, boxes))
        silhouettes = [masks.decode(seen.person.spans, seen.picture.size) for seen in people]
        score = pose_scores(fitted, landmarks, silhouettes)
        return EstimatedPeople(
            fitted.found, fitted.pose, fitted.betas, fitted.camera, fitted.joints2d, fitted.residual, score
        )

    def _landmarks(self, seen: SeenPerson) -> Landmarks:
        if seen.picture.index in self._kept:
            return self._kept[seen.picture.index]
        return self._network.detect(seen.picture.pixels, seen.person.box)


def true_people(
    truth: store.ArrayFile, index: np.ndarray, detections: list[ImageDetections], body: BodyModel
) -> dict[str, Any]:
    """Datasets of the true people of scenes, with their true cameras; only of images that have a detected person.

    Raises:
        FileError: the truth belongs to other images.
    """
    if not np.array_equal(truth["index"], index):
        raise FileError(f"{truth.path}: holds other images than the masks; delete both and run again.")
    arrays = empty_people(len(index))
    found = np.array([bool(image.of(PERSON)) for image in detections], bool)
    camera = Camera(truth["K"], truth["R"], truth["t"])
    rootless = truth["pose"].astype(float)
    rootless[:, 0] = 0.0
    joints = body.joints(rootless, truth["betas"].astype(float))
    arrays["found"] = arrays["camera_known"] = found
    for name in ("pose", "betas", "K", "R", "t"):
        arrays[name][found] = truth[name][found]
    arrays["joints2d"][found] = camera.project(joints)[0][found]
    arrays["residual"][found], arrays["score"][found] = 0.0, 1.0
    return arrays


def empty_people(n: int) -> dict[str, Any]:
    """Datasets of n images in which nobody was found: NaN, not zero."""

    def nan(*shape: int) -> np.ndarray:
        return np.full((n, *shape), np.nan)

    return {
        "found": np.zeros(n, bool),
        "pose": nan(24, 3),
        "betas": nan(10),
        "weak_scale": nan(),
        "weak_translation": nan(2),
        "joints2d": nan(24, 2),
        "residual": nan(),
        "score": np.zeros(n),
        "camera_known": np.zeros(n, bool),
        "K": nan(3, 3),
        "R": nan(3, 3),
        "t": nan(3),
    }

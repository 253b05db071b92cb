"""Stage `people`: body pose, shape and weak camera of the person in every image that passes the box screen.

Backends: `blazepose` (3D landmarks of the network, then our body fit), `annotations` (the true people of the scenes).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chorus import store
from chorus.body.loading import load_body
from chorus.body.model import BodyModel
from chorus.camera import Camera
from chorus.detections import PERSON, Detection, ImageDetections, read_detections
from chorus.errors import FileError
from chorus.images.shard import read_shard
from chorus.perception.blazepose import BLAZEPOSE, BlazePose, Landmarks
from chorus.perception.bodyfit import Observations, fit
from chorus.perception.keypoints import screened
from chorus.perception.landmarks import landmarks_at
from chorus.perception.posescore import pose_scores
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
        arrays = fitted_people(job, detections, body)
    attributes = {"category": job.names["category"], "model": job.models["people"], "body": body.digest}
    job.write_arrays("people", {"index": index, **arrays}, attributes)


def fitted_people(job: Job, detections: list[ImageDetections], body: BodyModel) -> dict[str, Any]:
    """Datasets of people fitted to BlazePose's 3D landmarks and the 2D keypoints of the keypoint stage."""
    seen2d = store.read_arrays(job.one("keypoints"), "keypoints")
    chosen = [(p, person) for p, person in screened(detections, job.settings.boxes) if seen2d["found"][p]]
    landmarks = landmarks_of(job, seen2d, chosen)
    rows = np.array([position for position, _ in chosen], np.int64)
    boxes = np.array([person.box for _, person in chosen], float).reshape(-1, 4)
    seen = Observations.of(seen2d["keypoints"][rows].astype(float), landmarks, boxes)
    people = fit(body, seen)
    silhouettes = [detections[position].union(PERSON) for position in rows]
    arrays = empty_people(len(detections))
    arrays["found"][rows] = people.found
    arrays["pose"][rows], arrays["betas"][rows] = people.pose, people.betas
    arrays["weak_scale"][rows], arrays["weak_translation"][rows] = people.camera.scale, people.camera.translation
    arrays["joints2d"][rows], arrays["residual"][rows] = people.joints2d, people.residual
    arrays["score"][rows] = pose_scores(people, landmarks, silhouettes)
    return arrays


def landmarks_of(job: Job, seen2d: store.ArrayFile, chosen: list[tuple[int, Detection]]) -> list[Landmarks]:
    """BlazePose's landmarks of the chosen people: those that it left in the keypoints, or else it looks now."""
    if seen2d.attributes["model"].startswith(BLAZEPOSE):
        job.models["people"] = seen2d.attributes["model"]
        return [landmarks_at(seen2d, position) for position, _ in chosen]
    shard, network = read_shard(job.one("images")), BlazePose(job.one("model"))
    job.models["people"] = network.name
    return [network.detect(shard.pixels(position), person.box) for position, person in progress(chosen, "people")]


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

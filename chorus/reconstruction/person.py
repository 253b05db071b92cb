"""The person of a photograph: body, camera, and how far to trust them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chorus.body.model import BodyModel
from chorus.camera import Camera
from chorus.coco import Instance
from chorus.config import Testset
from chorus.errors import QueryError
from chorus.evaluation.selection import WeakPeople, cameras_of
from chorus.masks import box_of
from chorus.perception.blazepose import BlazePose, Landmarks, to_coco17
from chorus.perception.bodyfit import Observations, fit
from chorus.perception.keypoints import ANNOTATED_CONFIDENCE
from chorus.perception.posescore import pose_scores

LEAST_PRESENCE = 0.5  # BlazePose's probability that it looks at a person
LEAST_VISIBLE = 0.5  # visibility of landmarks that bound the person
_BOX_MARGIN = 0.1  # of the landmarks' extent on every side: they lie inside the body


@dataclass(frozen=True)
class Person:
    """A person of a photograph.

    Attributes:
        pose: (24, 3) axis-angle, radians; the root is zero: `camera` sees the body frame.
        camera: body frame to pixels, calibrated by A.4 for a body of mean shape.
        size: height, width of the photograph, pixels.
        score: how probable it is that the body is turned right, 0..1; None without a mask of the person.
        residual: median distance of the keypoints / longer side of the person's box.
        keypoints: `annotated` or the name of the network.
    """

    pose: np.ndarray
    camera: Camera
    size: tuple[int, int]
    score: float | None
    residual: float
    keypoints: str

    def vertices(self, body: BodyModel) -> np.ndarray:
        """(V, 3) of the posed body of mean shape, body frame, metres: the one that field and camera are made for."""
        return body.vertices(self.pose[None], np.zeros((1, 10)))[0]


def person_of(pixels: np.ndarray, annotated: Instance | None, network: BlazePose, body: BodyModel) -> Person:
    """Fit body and camera to the person of a photograph.

    Args:
        pixels: (H, W, 3) uint8.
        annotated: the person's mask and perhaps keypoints; without it the network looks at the whole picture.

    Raises:
        QueryError: nobody is seen, or no body or camera fits.
    """
    size = pixels.shape[0], pixels.shape[1]
    box, landmarks = _looked_at(pixels, annotated, network)
    if not landmarks.score >= LEAST_PRESENCE:
        raise QueryError("nobody is seen in the photograph; crop it around the person, or give --annotations.")
    keypoints, source = to_coco17(landmarks), network.name
    if annotated is not None and annotated.keypoints is not None:
        confidence = ANNOTATED_CONFIDENCE[np.clip(annotated.keypoints[:, 2], 0, 2).astype(int)]
        marked = np.concatenate([annotated.keypoints[:, :2], confidence[:, None]], axis=1)
        if fit_possible(marked, landmarks, box):
            keypoints, source = marked, "annotated"
    people = fit(body, Observations.of(keypoints[None], [landmarks], box[None]))
    weak = WeakPeople(people.pose, people.betas, people.camera, np.array([size]))
    camera, _ = cameras_of(body, weak, Testset()) if people.found[0] else (None, None)
    if camera is None or not np.isfinite(camera[0].t).all():
        raise QueryError("no body fits the person of the photograph; take one that shows torso and limbs.")
    score = None if annotated is None else float(pose_scores(people, [landmarks], [annotated.mask])[0])
    pose = people.pose[0].copy()
    pose[0] = 0.0
    return Person(pose, camera[0], size, score, float(people.residual[0]), source)


def fit_possible(keypoints: np.ndarray, landmarks: Landmarks, box: np.ndarray) -> bool:
    """Whether enough keypoints (17, 3) are marked to hold a body."""
    return bool(Observations.of(keypoints[None], [landmarks], box[None]).usable[0])


def _looked_at(pixels: np.ndarray, annotated: Instance | None, network: BlazePose) -> tuple[np.ndarray, Landmarks]:
    """Box (4,) of the person and the landmarks in it."""
    if annotated is not None:
        box = box_of(annotated.mask)
        return box, network.detect(pixels, box)
    box = np.array([0.0, 0.0, pixels.shape[1], pixels.shape[0]])
    first = network.detect(pixels, box)
    seen = first.image[:, 2] >= LEAST_VISIBLE
    if not seen.any():
        return box, first
    low, high = first.image[seen, :2].min(axis=0), first.image[seen, :2].max(axis=0)
    margin = _BOX_MARGIN * (high - low).max()
    box = np.concatenate([low - margin, high + margin])
    return box, network.detect(pixels, box)

"""Test images from any COCO-annotated set with keypoints: our own body fit stands in for the true body.

The report says so: such a score also measures the fit. Depth comes from BlazePose, everything in the image plane from
the annotated keypoints.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chorus.body.model import BodyModel
from chorus.coco import CocoFile
from chorus.config import Testset
from chorus.evaluation.selection import Fate, Pair, WeakPeople, cameras_of, counted, images_of, pair_of
from chorus.evaluation.test_images import TestImage, TestSet
from chorus.images.photographs_stage import photograph
from chorus.images.pixels import decode
from chorus.masks import box_of
from chorus.perception.blazepose import BlazePose, Landmarks
from chorus.perception.bodyfit import Observations, People, fit
from chorus.perception.keypoints import ANNOTATED_CONFIDENCE
from chorus.perception.posescore import pose_scores
from chorus.progress import progress

SOURCE = "annotated photographs, bodies fitted to their keypoints (pseudo ground truth)"
LEAST_SCORE = 0.3  # pose score; kinder than screening.pose_score, since annotated sets are small


@dataclass(frozen=True)
class Photographs:
    """An annotated set: its COCO json with keypoints, the folder of its images, and the network that sees depth."""

    file: CocoFile
    folder: Path
    network: BlazePose


def test_set(body: BodyModel, photographs: Photographs, category: str, settings: Testset) -> TestSet:
    """The test images of a category (COCO's name) that pass the selection of B.1 and on whom a body fits."""
    file, fates, pairs = photographs.file, [], []
    for image in images_of(file, category):
        pair = pair_of(file, image, category, settings.crowds)
        if not isinstance(pair, Pair):
            fates.append(pair)
        elif pair.person.keypoints is None or not pair.person.mask.any():
            fates.append(Fate.NO_BODY)
        else:
            pairs.append(pair)
    people, trusted = bodies_of(body, photographs, pairs)
    sizes = np.array([pair.image.size for pair in pairs], np.int64).reshape(-1, 2)
    cameras, fits = cameras_of(body, WeakPeople(people.pose, people.betas, people.camera, sizes), settings)
    images = []
    for k, pair in enumerate(pairs):
        fates.append(Fate.NO_BODY if not trusted[k] else Fate.CHOSEN if fits[k] else Fate.NO_CAMERA)
        if fates[-1] == Fate.CHOSEN:
            image = pair.image
            images.append(
                TestImage(image.file_name, image.size, people.pose[k], people.betas[k], cameras[k], pair.thing.mask)
            )
    return TestSet(SOURCE, images, counted(fates))


def bodies_of(body: BodyModel, photographs: Photographs, pairs: list[Pair]) -> tuple[People, np.ndarray]:
    """Bodies fitted to the annotated keypoints of n people, and which of them can be trusted, (n,) bool."""
    landmarks: list[Landmarks] = []
    boxes = np.array([box_of(pair.person.mask) for pair in pairs], float).reshape(-1, 4)
    for pair, box in zip(progress(pairs, "testset"), boxes, strict=True):
        pixels = decode(photograph(photographs.folder, pair.image), pair.image.file_name)
        landmarks.append(photographs.network.detect(pixels, box))
    keypoints = np.array([pair.person.keypoints for pair in pairs], float).reshape(-1, 17, 3)
    keypoints[..., 2] = ANNOTATED_CONFIDENCE[np.clip(keypoints[..., 2], 0, 2).astype(int)]
    people = fit(body, Observations.of(keypoints, landmarks, boxes))
    scores = pose_scores(people, landmarks, [pair.person.mask for pair in pairs])
    return people, people.found & (scores >= LEAST_SCORE)

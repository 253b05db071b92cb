"""Which annotated images are test images (paper 4.1, B.1): one person, one object, boxes that overlap, a camera."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np

from chorus.body.model import BodyModel
from chorus.calibration.fit import Problem, fit_cameras
from chorus.camera import Camera, WeakCamera
from chorus.coco import PERSON, CocoFile, CocoImage, Instance
from chorus.config import Calibration, Testset
from chorus.errors import FileError
from chorus.screening.boxes import over_smaller

LEAST_OVERLAP = 0.5  # intersection of person and object box over the smaller box


class Fate(StrEnum):
    """What became of an image of the category."""

    CHOSEN = "chosen"
    PEOPLE = "not exactly one person"
    OBJECTS = "not exactly one object"
    APART = "boxes overlap too little"
    NO_BODY = "no body known"
    NO_CAMERA = "no camera fits"


@dataclass(frozen=True)
class Pair:
    """The one person and the one object of an image; `person_id` is COCO's annotation id."""

    image: CocoImage
    person_id: int | None
    person: Instance
    thing: Instance


def images_of(file: CocoFile, category: str) -> list[CocoImage]:
    """Images with an annotation of the category (COCO's name), ordered by file name.

    None where the annotations do not know it: five of the paper's 24 categories are LVIS's and have no test images.
    """
    if category not in file.categories.values():
        return []
    identity = file.category_id(category)
    return sorted((image for image in file.images.values() if image.has(identity)), key=lambda image: image.file_name)


def pair_of(file: CocoFile, image: CocoImage, category: str, crowds: bool = True) -> Pair | Fate:
    """The person and the object of an image, or why it cannot be a test image.

    Args:
        category: COCO's name of the object.
        crowds: crowd regions count as one more person or object, as in the original; false leaves them out.

    Raises:
        FileError: an annotation is not in COCO's form.
    """
    items = [item for item in image.annotations if crowds or not item.get("iscrowd", 0)]
    people, things = (
        [item for item in items if item["category_id"] == file.category_id(name)] for name in (PERSON, category)
    )
    if len(people) != 1:
        return Fate.PEOPLE
    if len(things) != 1:
        return Fate.OBJECTS
    boxes = np.array([_box(file, image, item) for item in (people[0], things[0])])
    if not boxes_meet(*boxes):
        return Fate.APART
    person, thing = (
        file.instances(replace(image, annotations=(item,)), (name,))[0]
        for item, name in ((people[0], PERSON), (things[0], category))
    )
    return Pair(image, people[0].get("id"), person, thing)


def boxes_meet(person: np.ndarray, thing: np.ndarray) -> bool:
    """Whether the boxes (4,) of a person and an object overlap enough."""
    return bool(over_smaller(person[None], thing[None])[0, 0] >= LEAST_OVERLAP)


@dataclass(frozen=True)
class WeakPeople:
    """n people known by weak cameras.

    Attributes:
        pose: (n, 24, 3) axis-angle, radians; the root in camera axes.
        betas: (n, 10).
        camera: n weak cameras, pixels.
        size: (n, 2) height, width of their images.
    """

    pose: np.ndarray
    betas: np.ndarray
    camera: WeakCamera
    size: np.ndarray


def cameras_of(body: BodyModel, people: WeakPeople, settings: Testset) -> tuple[Camera, np.ndarray]:
    """Perspective cameras of n people, and (n,) bool: which of them fit.

    Calibrated as for the learned images (A.4, betas 0), with the limits of the test set (B.1).
    """
    rootless = people.pose.copy()
    rootless[:, 0] = 0.0
    joints3d = body.joints(rootless, np.zeros_like(people.betas))
    joints2d = people.camera.project(body.joints(people.pose, people.betas))
    problem = Problem(joints3d, joints2d, people.pose[:, 0], people.camera, people.size)
    found = fit_cameras(problem, Calibration(stop_loss=settings.stop_loss))
    return found.camera, found.loss <= settings.largest_loss  # NaN does not fit


def counted(fates: Iterable[Fate]) -> dict[str, int]:
    """How many images met each fate, all fates named."""
    listed = list(fates)
    return {fate.value: listed.count(fate) for fate in Fate}


def _box(file: CocoFile, image: CocoImage, item: dict[str, Any]) -> np.ndarray:
    try:
        x, y, width, height = (float(value) for value in item["bbox"])
    except (KeyError, TypeError, ValueError):
        raise FileError(f"{file.path}: an annotation of {image.file_name} has no box of four numbers.") from None
    return np.array([x, y, x + width, y + height])

"""Test images from COCO-EFT: SMPL bodies fitted to COCO's people (Joo et al. 2021), with COCO's object masks (B.1)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from chorus.body.model import BodyModel
from chorus.camera import WeakCamera
from chorus.coco import MAX_JSON_BYTES, CocoFile
from chorus.config import Testset
from chorus.errors import FileError
from chorus.evaluation.selection import Fate, Pair, WeakPeople, cameras_of, counted, images_of, pair_of
from chorus.evaluation.test_images import TestImage, TestSet
from chorus.progress import progress

BOX_UNIT = 200.0  # pixels: EFT gives the side of the crop in these units
SOURCE = "COCO-EFT"
SMPL = "smpl"


@dataclass(frozen=True)
class EftPerson:
    """One fitted person.

    Attributes:
        image: COCO's file name.
        annotation: COCO's annotation id, or None.
        pose: (24, 3) axis-angle, radians; the root in camera axes.
        betas: (10,).
        camera: weak camera, pixels of the whole image.
    """

    image: str
    annotation: int | None
    pose: np.ndarray
    betas: np.ndarray
    camera: WeakCamera


def read_eft(path: Path) -> dict[str, list[EftPerson]]:
    """The SMPL bodies of an EFT json by image name; bodies of other models are left out.

    Raises:
        FileError: missing, too large, or not in EFT's form.
    """
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise FileError(f"{path}: has more than {MAX_JSON_BYTES} bytes; split the file.")
        items = json.loads(path.read_bytes())["data"]
        people = [_person(item) for item in items if item.get("smpltype", SMPL) == SMPL]
    except FileNotFoundError:
        raise FileError(
            f"{path}: no such file; set testset.eft to an EFT json (eft_fit/COCO2014-Val-ver01.json)."
        ) from None
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise FileError(f"{path}: is not in EFT's form (problem at {error}); give one of EFT's json files.") from None
    found: dict[str, list[EftPerson]] = {}
    for person in people:
        found.setdefault(person.image, []).append(person)
    return found


def _person(item: dict[str, Any]) -> EftPerson:
    rotations = np.asarray(item["parm_pose"], float).reshape(24, 3, 3)
    betas = np.asarray(item["parm_shape"], float).reshape(10)
    if not (np.isfinite(rotations).all() and np.isfinite(betas).all()):
        raise ValueError("a number that is not finite")
    annotation = [] if item.get("annotId") is None else np.asarray(item["annotId"]).reshape(-1).tolist()
    return EftPerson(
        Path(item["imageName"]).name,
        int(annotation[0]) if annotation else None,
        Rotation.from_matrix(rotations).as_rotvec(),
        betas,
        image_camera(item["parm_cam"], item["bbox_center"], item["bbox_scale"]),
    )


def image_camera(crop_camera: Any, centre: Any, scale: Any) -> WeakCamera:
    """EFT's weak camera in pixels of the whole image.

    EFT projects into its square crop, whose half side is 1: u = s X + t, the translation added after scaling. The
    crop's centre lies at `centre` (x, y) of the image, its side is 200 `scale` pixels. (EFT's own pictures round the
    crop to whole pixels, which moves them by less than one.)

    Args:
        crop_camera: s, t_x, t_y.
    """
    s, *translation = np.asarray(crop_camera, float).reshape(3)
    half = 0.5 * BOX_UNIT * float(scale)
    return WeakCamera(np.array(half * s), np.asarray(centre, float).reshape(2) + half * np.array(translation))


def test_set(
    body: BodyModel, file: CocoFile, people: dict[str, list[EftPerson]], category: str, settings: Testset
) -> TestSet:
    """The test images of a category (COCO's name) that pass the selection of B.1.

    Candidates are the images with the category in which EFT fitted somebody.
    """
    fates: list[Fate] = []
    chosen: list[tuple[Pair, EftPerson]] = []
    for image in progress([image for image in images_of(file, category) if image.file_name in people], "testset"):
        pair = pair_of(file, image, category, settings.crowds)
        person = person_of(pair, people[image.file_name]) if isinstance(pair, Pair) else None
        if isinstance(pair, Pair) and person:
            chosen.append((pair, person))
        else:
            fates.append(Fate.NO_BODY if isinstance(pair, Pair) else pair)
    known = weak_people(chosen)
    cameras, fits = cameras_of(body, known, settings)
    images = [
        TestImage(pair.image.file_name, pair.image.size, person.pose, person.betas, cameras[k], pair.thing.mask)
        for k, (pair, person) in enumerate(chosen)
        if fits[k]
    ]
    fates += [Fate.CHOSEN if fit else Fate.NO_CAMERA for fit in fits]
    return TestSet(SOURCE, images, counted(fates))


def weak_people(chosen: list[tuple[Pair, EftPerson]]) -> WeakPeople:
    """The chosen people as one batch."""
    people = [person for _, person in chosen]
    scale = np.array([person.camera.scale for person in people], float)
    translation = np.array([person.camera.translation for person in people], float).reshape(-1, 2)
    return WeakPeople(
        np.array([person.pose for person in people], float).reshape(-1, 24, 3),
        np.array([person.betas for person in people], float).reshape(-1, 10),
        WeakCamera(scale, translation),
        np.array([pair.image.size for pair, _ in chosen], np.int64).reshape(-1, 2),
    )


def person_of(pair: Pair, people: list[EftPerson]) -> EftPerson | None:
    """The fitted body of the annotated person: by annotation id, or the only one of the image."""
    for person in people:
        if person.annotation is not None and person.annotation == pair.person_id:
            return person
    return people[0] if len(people) == 1 and people[0].annotation is None else None

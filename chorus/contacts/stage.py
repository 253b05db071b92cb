"""Stage `contacts`: which parts of the body touch the object in every kept picture, with weights and checked sides.

Of category `person`: which parts of two people touch each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from chorus import store
from chorus.body.loading import load_body
from chorus.contacts.asking import parsed, read_asked
from chorus.contacts.contacts import ImageContacts, arrays_of, part_contacts
from chorus.contacts.sides import Distances, ObjectDistances, PairDistances, Skeleton
from chorus.contacts.truth import SceneFiles, contacts_of_scenes
from chorus.contacts.votes import tally
from chorus.detections import OBJECT, ImageDetections, read_detections
from chorus.errors import ConfigError, FileError
from chorus.naming import PERSON
from chorus.prompts.views import load_views
from chorus.scenes.scene import SceneRequest
from chorus.scenes.stage import shares_of, user_mesh
from chorus.screening.cascade import read_table

if TYPE_CHECKING:
    from chorus.job import Job


def run(job: Job) -> None:
    """Parse, vote and check the answers; or, source annotations, ask the scenes themselves.

    Raises:
        ConfigError: source geometry, which has no contacts of single pictures, or annotations for two people.
    """
    source = job.settings.contacts.source
    if source == "geometry":
        raise ConfigError("contacts.source: `geometry` makes no contacts files; set it to `lvlm` or `annotations`")
    if source == "annotations" and job.names["category"] == PERSON:
        raise ConfigError("contacts.source: `annotations` knows nothing of photographs; use `lvlm` or `geometry`")
    found = told_contacts(job) if source == "lvlm" else true_contacts_of(job)
    job.write_arrays("contacts", arrays_of(found), {**job.names, "source": source})
    outcomes = Counter(contact.repair.name.lower() for image in found for contact in image.contacts)
    counted = ", ".join(f"{number} {name}" for name, number in sorted(outcomes.items())) or "none"
    print(f"{job.names['category']}: contacts of {len(found)} pictures; sides: {counted}.")


def told_contacts(job: Job) -> list[ImageContacts]:
    """The contacts that the answers tell, sides checked against keypoints and the object's mask or the other person."""
    pair = job.names["category"] == PERSON
    distances = _between_people(job) if pair else _to_objects(job)
    found = []
    for asked in read_asked(job.one("asked")):
        if asked.index not in distances:
            raise FileError(f"{job.one('asked')}: image {asked.index} has no masks or keypoints; run the stage again.")
        answers = parsed(asked, pair)
        contacts = part_contacts(tally(answers), distances[asked.index](), job.settings.contacts.margin)
        found.append(ImageContacts(asked.index, sum(answer.usable for answer in answers), contacts))
    return found


def _to_objects(job: Job) -> dict[int, Callable[[], Distances]]:
    """Image index -> distances to the object, computed when they are asked for."""
    confidence, keypoints = job.settings.screening.keypoint_confidence, _keypoints(job)
    images = [image for path in job.many("masks") for image in read_detections(path) if image.index in keypoints]
    return {image.index: partial(distances_in, image, keypoints[image.index], confidence) for image in images}


def _between_people(job: Job) -> dict[int, Callable[[], Distances]]:
    """Image index -> distances between the two people of a photograph."""
    confidence = job.settings.screening.keypoint_confidence
    files = [store.read_arrays(path, "pair_people", ("index", "keypoints")) for path in job.many("pair_people")]
    return {
        int(index): partial(PairDistances, *(Skeleton.of(person, confidence) for person in people))
        for file in files
        for index, people in zip(file["index"], file["keypoints"], strict=True)
    }


def distances_in(image: ImageDetections, keypoints: np.ndarray, confidence: float) -> ObjectDistances:
    """The distances of a person's keypoints (17, 3) to the object of an image."""
    return ObjectDistances.of(Skeleton.of(keypoints, confidence), image.union(OBJECT))


def _keypoints(job: Job) -> dict[int, np.ndarray]:
    files = [store.read_arrays(path, "keypoints", ("index", "keypoints")) for path in job.many("keypoints")]
    return {int(i): points for file in files for i, points in zip(file["index"], file["keypoints"], strict=True)}


def true_contacts_of(job: Job) -> list[ImageContacts]:
    """The true contacts of the kept pictures of scenes."""
    body, views = load_body(job.one("body")), load_views(job.one("views"))
    wanted = {row.index for row in read_table(job.one("screening")) if row.kept}
    first = SceneRequest(
        job.names["category"], job.names["interaction"], views[0], shares_of(job.settings.scenes), user_mesh(job)
    )
    shards = [SceneFiles(*paths) for paths in zip(job.many("images"), job.many("scenes"), strict=True)]
    found = [
        image
        for files in shards
        for image in contacts_of_scenes(files, wanted, body, lambda view: replace(first, view=views[view]))
    ]
    return sorted(found, key=lambda image: image.index)

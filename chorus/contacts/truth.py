"""What truly touches in the pictures of scenes: every scene is drawn again from its seed, unrendered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chorus import store
from chorus.body.model import BodyModel
from chorus.body.regions import PARTS, REGIONS, Surface
from chorus.contacts.contacts import ImageContacts, PartContact
from chorus.contacts.sides import Repair
from chorus.errors import FileError
from chorus.scenes.scene import SceneRequest, draw_scene
from chorus.scenes.touching import TOUCH, region_distances


def true_parts(distances: np.ndarray) -> list[str]:
    """The coarse parts of which a region is closer than TOUCH to the object, given (70,) metres of all regions."""
    touching = {REGIONS[number].parent for number in np.flatnonzero(distances < TOUCH)}
    return [name for name in PARTS if name in touching]


def true_contacts(index: int, distances: np.ndarray) -> ImageContacts:
    """The truth as one certain answer."""
    contacts = [
        PartContact(name, "", name, "", 1.0, np.nan, Repair.NOTHING_TO_CHOOSE) for name in true_parts(distances)
    ]
    return ImageContacts(index, 1, tuple(contacts))


@dataclass(frozen=True)
class SceneFiles:
    """The files of a shard: its pictures' seeds and views, and what was true in them."""

    images: Path
    scenes: Path


def contacts_of_scenes(
    files: SceneFiles, wanted: set[int], body: BodyModel, request: Callable[[int], SceneRequest]
) -> list[ImageContacts]:
    """The true contacts of the wanted pictures of a shard.

    Args:
        request: what was asked of the scenes for the number of a view.

    Raises:
        FileError: the scene that is drawn is not the one of the file.
    """
    images = store.read_arrays(files.images, "images", ("index", "view", "seed"))
    truth, surface = store.read_arrays(files.scenes, "scenes", ("index", "pose")), Surface.of(body)
    found = []
    for row, index in enumerate(images["index"]):
        if int(index) not in wanted:
            continue
        scene = draw_scene(request(int(images["view"][row])), body, np.random.default_rng(int(images["seed"][row])))
        if not np.allclose(scene.pose[1:], truth["pose"][row, 1:], atol=1e-4):
            raise FileError(
                f"{files.scenes}: image {index} is another scene than its seed draws; delete it and run again."
            )
        vertices = body.vertices(scene.pose[None], scene.betas)[0]
        found.append(true_contacts(int(index), region_distances(vertices, surface, scene.object)))
    return found

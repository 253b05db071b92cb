"""Test images from held-out scenes: other seeds, bodies and cameras than the pictures learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chorus.body.model import BodyModel
from chorus.evaluation.selection import Fate, boxes_meet, counted
from chorus.evaluation.test_images import TestImage, TestSet
from chorus.naming import seed_of
from chorus.progress import progress
from chorus.prompts.views import View
from chorus.scenes.scene import SITUATIONS, Photograph, Scene, SceneRequest, draw_scene, photograph
from chorus.scenes.solids import SceneObject
from chorus.scenes.stage import body_and_camera

SOURCE = "held-out scenes"
TRIES = 20  # scenes drawn for one test image before the last one is taken as it is
FRAMING = "full"


@dataclass(frozen=True)
class HeldOut:
    """What is drawn: `images` scenes of a category, in turn over interactions and views; `mesh` as in `make_object`."""

    category: str
    interactions: list[str]
    views: Sequence[View]
    mesh: SceneObject | None
    images: int
    seed: int


def test_set(body: BodyModel, wanted: HeldOut) -> TestSet:
    """Scenes, each drawn until it passes the selection of B.1."""
    views = [view for view in wanted.views if view.framing == FRAMING]
    images = []
    for number in progress(range(wanted.images), "testset"):
        interaction, view = wanted.interactions[number % len(wanted.interactions)], views[number % len(views)]
        only_normal = {name: float(name == "normal") for name in SITUATIONS}
        request = SceneRequest(wanted.category, interaction, view, only_normal, wanted.mesh)
        identity = ("testset", wanted.category, interaction, view.suffix, number)
        scene, photo = _selected_scene(request, body, [seed_of(wanted.seed, *identity, n) for n in range(TRIES)])
        row = body_and_camera(scene)
        name = f"{number:04d}-{interaction}"
        images.append(TestImage(name, scene.image_size, row["pose"], row["betas"], scene.camera, photo.object_mask))
    return TestSet(SOURCE, images, counted([Fate.CHOSEN] * len(images)))


def _selected_scene(request: SceneRequest, body: BodyModel, seeds: list[int]) -> tuple[Scene, Photograph]:
    for seed in seeds:
        scene = draw_scene(request, body, np.random.default_rng(seed))
        photo = photograph(scene, body)
        if selected(photo):
            break
    return scene, photo


def selected(photo: Photograph) -> bool:
    """Whether person and object are seen and their boxes overlap enough (B.1)."""
    if not (photo.object_mask.any() and photo.person_masks.any() and photo.torso_visible):
        return False
    return boxes_meet(photo.person_boxes[0], photo.object_box)

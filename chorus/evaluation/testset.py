"""Stage `testset`: held-out scenes with known pose, camera and object mask (other seeds, bodies and cameras)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chorus.body.loading import load_body
from chorus.masks import encode_all
from chorus.naming import seed_of
from chorus.progress import progress
from chorus.prompts.views import load_views
from chorus.scenes.scene import SITUATIONS, Photograph, Scene, SceneRequest, draw_scene, photograph
from chorus.scenes.stage import body_and_camera, user_mesh
from chorus.screening.boxes import over_smaller

if TYPE_CHECKING:
    from chorus.job import Job

LEAST_OVERLAP = 0.5  # intersection of person and object box over the smaller box (B.1)
TRIES = 20  # scenes drawn for one test image before the last one is taken as it is
FRAMING = "full"


def run(job: Job) -> None:
    """Draw test images in turn over interactions and full-body views, until each passes the selection of B.1."""
    body, mesh = load_body(job.one("body")), user_mesh(job)
    views = [view for view in load_views(job.one("views")) if view.framing == FRAMING]
    category, mix = job.names["category"], job.names["interactions"].split(",")
    chosen: list[tuple[str, Scene, Photograph]] = []
    for number in progress(range(job.settings.testset.images), "testset"):
        interaction, view = mix[number % len(mix)], views[number % len(views)]
        request = SceneRequest(
            category, interaction, view, {name: float(name == "normal") for name in SITUATIONS}, mesh
        )
        for attempt in range(TRIES):
            seed = seed_of(job.settings.run.seed, "testset", category, interaction, view.suffix, number, attempt)
            scene = draw_scene(request, body, np.random.default_rng(seed))
            photo = photograph(scene, body)
            if selected(photo):
                break
        chosen.append((f"{number:04d}-{interaction}", scene, photo))
    rows = [body_and_camera(scene) for _, scene, _ in chosen]
    spans = encode_all([photo.object_mask for _, _, photo in chosen])
    job.write_arrays(
        "testset",
        {
            "id": np.array([identity for identity, _, _ in chosen]),
            "size": np.array([scene.image_size for _, scene, _ in chosen], np.int32),
            **{name: np.array([row[name] for row in rows]) for name in rows[0]},
            "span": spans.values,
            "span_offset": spans.offset,
        },
        {"category": category, "source": "held-out scenes"},
    )


def selected(photo: Photograph) -> bool:
    """Whether person and object are seen and their boxes overlap enough (B.1)."""
    if not (photo.object_mask.any() and photo.person_masks.any() and photo.torso_visible):
        return False
    return bool(over_smaller(photo.person_boxes[:1], photo.object_box[None])[0, 0] >= LEAST_OVERLAP)

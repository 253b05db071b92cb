"""Stage `scenes`: one shard of rendered pictures of a prompt, their COCO annotations and the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial.transform import Rotation

from chorus import coco
from chorus.body.loading import load_body
from chorus.images.pixels import encode
from chorus.images.shard import ImageRecord, Origin, Slot, arrays_of, slots
from chorus.naming import words
from chorus.progress import progress
from chorus.prompts.views import load_views
from chorus.scenes.mesh_object import load_mesh_object
from chorus.scenes.scene import SITUATIONS, Photograph, Scene, SceneRequest, draw_scene, photograph
from chorus.scenes.solids import SceneObject

if TYPE_CHECKING:
    from chorus.config import Scenes
    from chorus.job import Job


@dataclass(frozen=True)
class Shot:
    """One rendered picture and the scene behind it."""

    slot: Slot
    scene: Scene
    photo: Photograph


def run(job: Job) -> None:
    """Render the shard; an image depends only on seed, category, prompt, view and index, never on its turn."""
    body, views, mesh = load_body(job.one("body")), load_views(job.one("views")), user_mesh(job)
    names, images, shares = job.names, job.settings.images, shares_of(job.settings.scenes)
    identity = job.settings.run.seed, names["category"], names["prompt"]
    shots, records = [], []
    for slot in progress(slots(identity, views, images.per_view, int(names["shard"])), "scenes"):
        request = SceneRequest(
            names["category"], names["interaction"], views[slot.view], shares, mesh, size=images.size
        )
        scene = draw_scene(request, body, np.random.default_rng(slot.seed))
        shot = Shot(slot, scene, photograph(scene, body))
        content = encode(shot.photo.image, images.format)
        records.append(ImageRecord(slot.index, slot.view, slot.seed, scene.image_size, "", content))
        shots.append(annotated(shot, words(names["category"])))
    annotations = coco.coco_json(words(names["category"]), [(image, instances) for image, instances, _ in shots])
    origin = Origin(names["category"], names["prompt"], images.source)
    job.write_arrays("images", arrays_of(records), origin.attributes(), "images")
    job.write_json(annotations, "annotations")
    truth = [row for _, _, row in shots]
    arrays = {name: np.array([row[name] for row in truth]) for name in truth[0]}
    attributes = {name: names[name] for name in ("category", "prompt", "interaction")}
    job.write_arrays("scenes", arrays, attributes)


def annotated(shot: Shot, category: str) -> tuple[coco.CocoImage, list[coco.Instance], dict[str, Any]]:
    """The COCO image, its instances and the row of truth of a picture."""
    photo = shot.photo
    instances = [
        coco.Instance(coco.PERSON, mask, keypoints)
        for mask, keypoints in zip(photo.person_masks, photo.keypoints, strict=True)
        if mask.any()
    ]
    if photo.object_mask.any():
        instances.append(coco.Instance(category, photo.object_mask))
    image = coco.CocoImage(shot.slot.index, f"{shot.slot.index:06d}.png", shot.scene.image_size, ())
    return image, instances, truth_row(shot)


def truth_row(shot: Shot) -> dict[str, Any]:
    """What is true in a picture, as datasets of the `scenes` file; pose[0] turns the body into camera axes."""
    scene = shot.scene
    return {
        "index": shot.slot.index,
        "situation": list(SITUATIONS).index(scene.situation),
        "torso_visible": shot.photo.torso_visible,
        **body_and_camera(scene),
    }


def body_and_camera(scene: Scene) -> dict[str, np.ndarray]:
    """Pose with the root in camera axes, betas, K, R and t of a scene."""
    pose = scene.pose.copy()
    pose[0] = Rotation.from_matrix(scene.camera.R).as_rotvec()
    return {"pose": pose, "betas": scene.betas, "K": scene.camera.K, "R": scene.camera.R, "t": scene.camera.t}


def shares_of(settings: Scenes) -> dict[str, float]:
    """Share of every situation."""
    odd = {name: getattr(settings, name) for name in SITUATIONS if name != "normal"}
    return {name: odd.get(name, 1.0 - sum(odd.values())) for name in SITUATIONS}


def user_mesh(job: Job) -> SceneObject | None:
    """The user's object in place of the parametric one, if any."""
    return load_mesh_object(job.one("mesh")) if job.many("mesh") else None

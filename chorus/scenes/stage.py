"""Stage `scenes`: one shard of rendered pictures of a prompt, their COCO annotations and the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial.transform import Rotation

from chorus import coco
from chorus.body.loading import load_body
from chorus.images.pixels import encode_png
from chorus.images.shard import ImageRecord, arrays_of
from chorus.naming import seed_of, words
from chorus.progress import progress
from chorus.scenes.mesh_object import load_mesh_object
from chorus.scenes.scene import SITUATIONS, Photograph, Scene, SceneRequest, draw_scene, photograph
from chorus.scenes.solids import SceneObject
from chorus.scenes.views import load_views

if TYPE_CHECKING:
    from chorus.config import Scenes
    from chorus.job import Job


@dataclass(frozen=True)
class Shot:
    """One rendered picture and the scene behind it."""

    index: int
    view: int
    seed: int
    scene: Scene
    photo: Photograph


def run(job: Job) -> None:
    """Render the shard; an image depends only on seed, category, prompt, view and index, never on its turn."""
    body, views, mesh = load_body(job.one("body")), load_views(job.one("views")), user_mesh(job)
    per_view, shares = job.settings.images.per_view, shares_of(job.settings.scenes)
    size = len(views) * per_view
    names, first = job.names, int(job.names["shard"]) * size
    shots, records = [], []
    for index in progress(range(first, first + size), "scenes"):
        view = index % size // per_view
        seed = seed_of(job.settings.run.seed, names["category"], names["prompt"], views[view].suffix, index)
        request = SceneRequest(
            names["category"], names["interaction"], views[view], shares, mesh, size=job.settings.images.size
        )
        scene = draw_scene(request, body, np.random.default_rng(seed))
        shot = Shot(index, view, seed, scene, photograph(scene, body))
        content = encode_png(shot.photo.image)
        records.append(ImageRecord(index, view, seed, scene.image_size, "", content))
        shots.append(annotated(shot, words(names["category"])))
    annotations = coco.coco_json(words(names["category"]), [(image, instances) for image, instances, _ in shots])
    attributes = {"category": names["category"], "prompt": names["prompt"]}
    job.write_arrays("images", arrays_of(records), attributes, "images")
    job.write_json(annotations, "annotations")
    truth = [row for _, _, row in shots]
    arrays = {name: np.array([row[name] for row in truth]) for name in truth[0]}
    job.write_arrays("scenes", arrays, {**attributes, "interaction": names["interaction"]})


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
    image = coco.CocoImage(shot.index, f"{shot.index:06d}.png", shot.scene.image_size, ())
    return image, instances, truth_row(shot)


def truth_row(shot: Shot) -> dict[str, Any]:
    """What is true in a picture, as datasets of the `scenes` file; pose[0] turns the body into camera axes."""
    scene = shot.scene
    return {
        "index": shot.index,
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

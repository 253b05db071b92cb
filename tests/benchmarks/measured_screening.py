"""Scenes of every kind, with what perception says about them and what a perfect screening would keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chorus.body.model import BodyModel
from chorus.config import Config
from chorus.detections import OBJECT, PERSON, Detection, ImageDetections
from chorus.perception.blazepose import BlazePose, Landmarks, to_coco17
from chorus.perception.bodyfit import Observations, fit
from chorus.perception.keypoints import ANNOTATED_CONFIDENCE
from chorus.perception.posescore import pose_scores
from chorus.progress import progress
from chorus.prompts.views import load_views
from chorus.scenes.interactions import INTERACTIONS
from chorus.scenes.scene import Photograph, SceneRequest, draw_scene, photograph
from chorus.scenes.stage import body_and_camera, shares_of
from chorus.screening.cascade import Sight
from tests.benchmarks.measured_people import ROOT
from tests.benchmarks.pose_metrics import angles_between

# Scene number i is drawn by default_rng((SEED, i)). The pose score was fitted to scenes 0 to 1231 of the seeds 1 and 2.
SEED = 20_261_121
GOOD_ROOT = 20.0  # degrees: what counts as a good pose


@dataclass(frozen=True)
class ScreenedScenes:
    """n scenes of all views and situations.

    Attributes:
        annotated: with annotated keypoints and true people.
        estimated: with BlazePose's keypoints and fitted people.
        possible: (n,) bool, one person, one object, and the person's torso are in the picture.
        root: (n,) degrees, error of the estimated body's rotation; infinite where nobody was estimated.
    """

    annotated: list[Sight]
    estimated: list[Sight]
    possible: np.ndarray
    root: np.ndarray

    @property
    def good(self) -> np.ndarray:
        """(n,) bool: pose within 20 degrees."""
        return self.root < GOOD_ROOT

    @property
    def scores(self) -> np.ndarray:
        """(n,) pose scores."""
        return np.array([sight.pose_score for sight in self.estimated])


def screened_scenes(network: BlazePose, body: BodyModel, number: int, seed: int = SEED) -> ScreenedScenes:
    """Scenes that take turns through every interaction, and then through the views, with default situations."""
    views = load_views(ROOT / Config().images.views)
    shares = shares_of(Config().scenes)
    kinds = [(category, interaction) for category, known in INTERACTIONS.items() for interaction in known]
    seen, keypoints, possible, roots = [], [], [], []
    landmarks: dict[int, Landmarks] = {}
    for i in progress(range(number), "scenes"):
        view = i // len(kinds) % len(views)
        scene = draw_scene(
            SceneRequest(*kinds[i % len(kinds)], views[view], shares), body, np.random.default_rng((seed, i))
        )
        photo = photograph(scene, body)
        seen.append(ImageDetections(i, view, scene.image_size, detections_of(photo)))
        keypoints.append(annotated_keypoints(photo))
        alone = sum(mask.any() for mask in photo.person_masks) == 1
        possible.append(bool(alone and photo.object_mask.any() and photo.torso_visible))
        roots.append(body_and_camera(scene)["pose"][0])
        # Also where the box screen rejects: what a perfect screening would keep must not depend on ours.
        if alone:
            landmarks[i] = network.detect(photo.image, seen[i].of(PERSON)[0].box)
    true = [
        Sight(image, points, bool(np.isfinite(points).all()), bool(image.of(PERSON)), 1.0, 0.0)
        for image, points in zip(seen, keypoints, strict=True)
    ]
    estimated, root = estimated_sights(body, seen, landmarks, np.array(roots))
    return ScreenedScenes(true, estimated, np.array(possible), root)


def detections_of(photo: Photograph) -> tuple[Detection, ...]:
    """The annotated people and the object of a picture, score 1."""
    found = [Detection.of_mask(PERSON, 1.0, mask) for mask in photo.person_masks if mask.any()]
    if photo.object_mask.any():
        found.append(Detection.of_mask(OBJECT, 1.0, photo.object_mask))
    return tuple(found)


def annotated_keypoints(photo: Photograph) -> np.ndarray:
    """Keypoints (17, 3) of the first person that is in the picture, with confidences; NaN without one."""
    for mask, points in zip(photo.person_masks, photo.keypoints, strict=True):
        if mask.any() and points.any():
            return np.concatenate([points[:, :2], ANNOTATED_CONFIDENCE[points[:, 2].astype(int)][:, None]], axis=1)
    return np.full((17, 3), np.nan)


def estimated_sights(
    body: BodyModel, seen: Sequence[ImageDetections], landmarks: dict[int, Landmarks], true_root: np.ndarray
) -> tuple[list[Sight], np.ndarray]:
    """What the default backends say about n images, and the root errors (n,), degrees."""
    looked = [i for i in landmarks if np.isfinite(landmarks[i].image).all()]
    persons = [seen[i].of(PERSON)[0] for i in looked]
    found = [landmarks[i] for i in looked]
    keypoints = np.full((len(seen), 17, 3), np.nan)
    keypoints[looked] = np.array([to_coco17(person) for person in found]).reshape(-1, 17, 3)
    people = fit(body, Observations.of(keypoints[looked], found, np.array([person.box for person in persons])))
    scores = pose_scores(people, found, [seen[i].union(PERSON) for i in looked])
    row_of = {i: row for row, i in enumerate(looked)}
    sights, root = [], np.full(len(seen), np.inf)
    root[np.array(looked)[people.found]] = angles_between(people.pose[people.found, 0], true_root[looked][people.found])
    for i, image in enumerate(seen):
        row = row_of.get(i)
        if row is None:
            sights.append(Sight(image, keypoints[i], False, False, 0.0, np.nan))
        else:
            fitted = bool(people.found[row]), float(scores[row]), float(people.residual[row])
            sights.append(Sight(image, keypoints[i], True, *fitted))
    return sights, root

"""Reconstruction from one image on scenes that no field has seen: does the object's silhouette meet its mask?

    python -m tests.benchmarks.reconstruction RESULTS [CATEGORY ...] [--seed 2] [--images 24] [--true-people]

RESULTS is the results folder of a finished run of scenes. Pictures are rendered as its test set is, by another seed;
bodies and cameras are estimated from them by BlazePose and the body fit in the person's box, as the command does for an
annotated photograph, or are the true ones. Printed: median IoU of the visible silhouette with the visible mask for the
field of all prompts, of the best interaction and of the best type (interaction, body part), with the mask's area as the
rule of the threshold, and for all prompts with fixed shares of the greatest value.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import chorus
from chorus.body.model import BodyModel
from chorus.coco import PERSON, Instance
from chorus.distribution.distribution import Distribution
from chorus.errors import QueryError
from chorus.evaluation.heldout import FRAMING, TRIES, _selected_scene
from chorus.naming import seed_of
from chorus.perception.blazepose import BlazePose
from chorus.prompts.views import load_views
from chorus.reconstruction.choice import explanations_of, overlap_of
from chorus.reconstruction.person import Person, person_of
from chorus.scenes.scene import SITUATIONS, Photograph, Scene, SceneRequest

ROOT = Path(__file__).parents[2]
SHARES = np.arange(0.3, 0.95, 0.05)


def scenes_of(
    category: str, interactions: list[str], body: BodyModel, images: int, seed: int
) -> Iterator[tuple[str, Scene, Photograph]]:
    """Interaction, scene and picture of held-out scenes, in turn over interactions and views."""
    views = [view for view in load_views(ROOT / "resources/views.yaml") if view.framing == FRAMING]
    for number in range(images):
        interaction, view = interactions[number % len(interactions)], views[number % len(views)]
        only_normal = {name: float(name == "normal") for name in SITUATIONS}
        request = SceneRequest(category, interaction, view, only_normal)
        identity = ("reconstruction", category, interaction, view.suffix, number)
        yield interaction, *_selected_scene(request, body, [seed_of(seed, *identity, n) for n in range(TRIES)])


def true_person(scene: Scene) -> Person:
    """The scene's own body and camera; only its shape is the mean one, as in every reconstruction."""
    pose = scene.pose.copy()
    pose[0] = 0.0
    return Person(pose, scene.camera, scene.image_size, 1.0, 0.0, "true")


def measured(field: Distribution, images: int, seed: int, network: BlazePose | None) -> list[dict]:
    """One row an image; images in whom nobody is found count as 0 everywhere."""
    rows = []
    for interaction, scene, photo in scenes_of(field.category, field.interactions, field.body, images, seed):
        mask, nothing = (
            photo.object_mask,
            {"interaction": interaction, "chosen": "", "total": 0.0, "best": 0.0, "named": 0.0},
        )
        try:
            seen = Instance(PERSON, photo.person_masks[0])
            person = true_person(scene) if network is None else person_of(photo.image, seen, network, field.body)
        except QueryError:
            rows.append(nothing | {"shares": np.zeros(len(SHARES)), "score": 0.0})
            continue
        candidates = explanations_of(field, person, mask)
        named = [item for item in candidates if not item.part]
        best, total = max(candidates, key=lambda item: item.overlap), candidates[0]
        top = np.nanmax(total.field.phi)
        shares = np.array([overlap_of(total.seen >= share * top, mask) for share in SHARES])
        rows.append(
            nothing
            | {"chosen": best.interaction, "total": total.overlap, "best": best.overlap}
            | {"named": max(item.overlap for item in named)}
            | {"shares": shares, "score": person.score}
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("categories", nargs="*")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--images", type=int, default=24)
    parser.add_argument("--true-people", action="store_true")
    options = parser.parse_args()
    network = None if options.true_people else BlazePose(ROOT / "models/pose_landmark_full.tflite")
    names = options.categories or sorted(path.stem for path in (options.results / "voxels").glob("*.h5"))
    everything = []
    head = " | ".join(f"{share:.2f}" for share in SHARES)
    print(f"| category | all prompts | best interaction | best type | {head} | interaction right |")
    for name in names:
        field = chorus.load(options.results / "voxels" / f"{name}.h5")
        rows = measured(field, options.images, options.seed, network)
        everything += rows
        _print(name, rows)
    _print("all", everything)


def _print(name: str, rows: list[dict]) -> None:
    total, named, best = (np.median([row[key] for row in rows]) for key in ("total", "named", "best"))
    shares = np.median([row["shares"] for row in rows], axis=0)
    told = [row for row in rows if row["chosen"]]
    right = np.mean([row["chosen"] == row["interaction"] for row in told]) if told else 0.0
    cells = " | ".join(f"{value:.2f}" for value in shares)
    print(
        f"| {name} | {total:.2f} | {named:.2f} | {best:.2f} | {cells} | {right:.0%} of {len(told)}, n = {len(rows)} |",
        flush=True,
    )


if __name__ == "__main__":
    main()

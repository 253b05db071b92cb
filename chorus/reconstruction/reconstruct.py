"""From one photograph to person and object in 3D (paper 4.5): the command `python -m chorus reconstruct`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chorus import store
from chorus.distribution.distribution import Distribution
from chorus.distribution.loading import load
from chorus.perception.blazepose import BlazePose
from chorus.reconstruction.choice import Candidate, best_of, candidates_of, explanations_of
from chorus.reconstruction.meshes import in_view, write_meshes
from chorus.reconstruction.overlay import overlay
from chorus.reconstruction.person import Person, person_of
from chorus.reconstruction.photo import Photo, read_photo
from chorus.reconstruction.surface import Surface, surface_of

FORMAT_VERSION = 1
DOUBTFUL = 0.3  # pose score below which the sentence warns


@dataclass(frozen=True)
class Request:
    """What is asked for.

    Attributes:
        photo: PNG, JPEG or WebP file.
        voxels: `results/voxels/{category}.h5` of finished runs.
        annotations: COCO json that names the photograph, or None.
        interaction: interaction name, or text or id of a prompt; None tries all prompts and every interaction.
        body: body model of the runs if it is not the open body.
        model: BlazePose network file.
        output: folder; the files are named after the photograph.
    """

    photo: Path
    voxels: tuple[Path, ...]
    annotations: Path | None
    interaction: str | None
    body: Path | None
    model: Path
    output: Path


def reconstruct(request: Request) -> str:
    """Write GLB, OBJ, overlay and scores of a photograph; returns the outcome in a sentence.

    Raises:
        FileError, ModelError, MissingExtraError: an input is missing or unusable.
        QueryError: nobody is in the photograph, nothing says which category it is, or the field is empty.
    """
    distributions = [load(path, request.body) for path in request.voxels]
    photo = read_photo(request.photo, request.annotations, [item.category for item in distributions])
    body = distributions[0].body
    person = person_of(photo.pixels, photo.person, BlazePose(request.model), body)
    candidates = [item for one in distributions for item in _candidates(one, person, photo, request.interaction)]
    chosen = best_of(candidates)
    thing = surface_of(chosen.field.phi, chosen.threshold)
    stem = request.output / request.photo.stem
    surfaces = {"person": Surface(person.vertices(body), body.faces), "object": thing}
    seen = {name: in_view(surface, person.camera) for name, surface in surfaces.items()}
    write_meshes(seen, stem.with_name(f"{stem.name}.glb"), stem.with_name(f"{stem.name}.obj"))
    picture = overlay(photo.pixels, person, body, thing, photo.masks.get(chosen.category))
    store.write_bytes(stem.with_name(f"{stem.name}_overlay.png"), picture)
    report = report_of(photo, person, candidates, chosen, surfaces) | {
        "body": body.digest,
        "voxels": {path.name: store.read_record(path)["sha256"] for path in request.voxels},
    }
    store.write_bytes(stem.with_name(f"{stem.name}.json"), store.json_bytes(report))
    return sentence(report)


def _candidates(distribution: Distribution, person: Person, photo: Photo, interaction: str | None) -> list[Candidate]:
    mask = photo.masks.get(distribution.category)
    if interaction is None:
        return explanations_of(distribution, person, mask)
    return candidates_of(distribution, person, mask, [(interaction, "")])


def report_of(
    photo: Photo, person: Person, candidates: Sequence[Candidate], chosen: Candidate, surfaces: dict[str, Surface]
) -> dict[str, Any]:
    """What was chosen among what, and the figures that decided."""
    mask = photo.masks.get(chosen.category)
    return {
        "format_version": FORMAT_VERSION,
        "photo": {"name": photo.name, "sha256": hashlib.sha256(photo.content).hexdigest(), "size": list(person.size)},
        "person": {
            "keypoints": person.keypoints,
            "pose_score": None if person.score is None else round(person.score, 4),
            "residual": round(person.residual, 4),
            "pose": np.round(person.pose, 6).tolist(),
            "K": np.round(person.camera.K, 4).tolist(),
            "R": np.round(person.camera.R, 8).tolist(),
            "t": np.round(person.camera.t, 6).tolist(),
        },
        "candidates": [_about(candidate) for candidate in candidates],
        "chosen": _about(chosen),
        "threshold_rule": "fixed share of the greatest value" if mask is None else "largest overlap with the mask",
        "silhouette_pixels": int(chosen.silhouette.sum()),
        "mask_pixels": None if mask is None else int(mask.sum()),
        "iou": chosen.overlap if chosen.overlap is None else round(chosen.overlap, 4),
        "meshes": {
            name: {"vertices": len(surface.vertices), "faces": len(surface.faces)} for name, surface in surfaces.items()
        },
    }


def _about(candidate: Candidate) -> dict[str, Any]:
    return {
        "category": candidate.category,
        "interaction": candidate.interaction,
        "part": candidate.part,
        "images": candidate.field.images,
        "threshold": round(candidate.threshold, 6),
        "share_of_greatest": round(candidate.threshold / max(float(np.nanmax(candidate.field.phi)), 1e-9), 4),
        "overlap": None if candidate.overlap is None else round(candidate.overlap, 4),
    }


def sentence(report: dict[str, Any]) -> str:
    """The outcome for the command line."""
    chosen, score = report["chosen"], report["person"]["pose_score"]
    text = f"{report['photo']['name']}: {chosen['category']}"
    kind = ", ".join(filter(None, (chosen["interaction"], chosen["part"])))
    text += f" ({kind})" if kind else ""
    text += f", threshold {chosen['threshold']:.3f}"
    text += "." if report["iou"] is None else f", IoU with the mask {report['iou']:.2f}."
    if score is not None and score < DOUBTFUL:
        text += f" The person's pose is doubtful (score {score:.2f}): look at the overlay first."
    return text

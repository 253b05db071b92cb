"""Stage `pap`: the report of one category."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from chorus import masks, store
from chorus.body.loading import check_made_with, load_body
from chorus.body.model import BodyModel
from chorus.camera import Camera
from chorus.devices import PROCESSOR, torch_device
from chorus.errors import FileError
from chorus.evaluation.baselines import body_blob, turned
from chorus.evaluation.bootstrap import intervals
from chorus.evaluation.pap import THRESHOLDS, ImageScore, TestView, mean_values
from chorus.evaluation.rendering import FieldRenderer, Renderer
from chorus.evaluation.truth_scores import pearson_r, truth_scores
from chorus.evaluation.warps import digest_of
from chorus.masks import Ragged
from chorus.occupancy.grid import Grid
from chorus.progress import progress

if TYPE_CHECKING:
    from chorus.job import Job

FORMAT_VERSION = 1
PROTOCOL = {
    "thresholds": "0.01..0.99, step 0.01",
    "short_side": 32,
    "pap": "paper (B.2) as its original code computed it: no recall left over after the last threshold",
    "pap_with_tail": "the same plus the recall left at the last threshold times the highest precision",
}
LOOKUPS = {
    "nearest": "nearest voxel, inverse of the blended skinning matrix (A.7)",
    "forward": "the canonical voxel that the warp that voted (Eq. 5) brings closest",
}


def run(job: Job) -> None:
    """Score the field, its baselines and, for scenes, the true field."""
    renderer_of = renderer_on(job.settings.compute.device)
    body, voxels = load_body(job.one("body")), store.read_arrays(job.one("voxels"), "voxels")
    truth = store.read_arrays(job.one("truth"), "truth") if job.many("truth") else None
    check_made_with(body, voxels, *([truth] if truth is not None else []))
    phi, grid = voxels["phi"][0], Grid(voxels["phi"].shape[-1])
    fields = {"field": phi, "body_blob": body_blob(grid, body), "turned_180": turned(phi)}
    fields |= {"truth": truth["phi"][0]} if truth else {}
    canonical = set(fields) if voxels.attributes["canonicalise"] == "true" else {"truth", "body_blob"}
    testset = store.read_arrays(job.one("testset"), "testset")
    warps = store.read_arrays(job.one("warps"), "warps")
    sources = checked_warps(warps, testset, grid, body)
    scores = score_all(renderer_of(fields, canonical), testset, sources, body)
    report = pap_report(scores, testset["id"]) | {
        "category": job.names["category"],
        "protocol": PROTOCOL | {"lookup": LOOKUPS[warps.attributes["lookup"]]},
        "interval": intervals(scores["field"], job.names["category"]),
        "provenance": job.record("json") | {"test_images": testset.attributes["source"]},
    }
    if truth:
        people = "true" if job.settings.people.backend == "annotations" else "estimated"
        report["truth"] = {"people": people, **truth_report(voxels, truth), **_both(scores["truth"])}
    report["counts"]["voting_images"] = int(voxels["images"][0].sum())
    job.write_json(report)
    print(sentence(report))


def renderer_on(device: str) -> Callable[..., Renderer]:
    """The renderer of `compute.device`: takes fields and the names of the canonical ones.

    Raises:
        MissingExtraError, ConfigError: the device is not there (`chorus.devices.torch_device`).
    """
    if device == PROCESSOR:
        return FieldRenderer
    from chorus.evaluation.rendering_torch import TorchFieldRenderer

    return functools.partial(TorchFieldRenderer, device=torch_device(device))


def checked_warps(warps: store.ArrayFile, testset: store.ArrayFile, grid: Grid, body: BodyModel) -> np.ndarray:
    """The inverse warps (n, N^3) int32 of the test images.

    Raises:
        FileError: they were made for another body, test set or grid.
    """
    made_for = (warps.attributes["body"], warps.attributes["testset"], warps["index"].shape[1:])
    if made_for != (body.digest, digest_of(testset), grid.shape):
        raise FileError(f"{warps.path}: was made for another body, test set or grid; delete it and run again.")
    return warps["index"].reshape(len(warps["index"]), -1)


def score_all(
    renderer: Renderer, testset: store.ArrayFile, warps: np.ndarray, body: BodyModel
) -> dict[str, list[ImageScore]]:
    """PAP curves of every field on every test image; `warps` (n, N^3) are shared by all fields."""
    camera = Camera(testset["K"], testset["R"], testset["t"])
    spans = Ragged(testset["span"], testset["span_offset"])
    scores: dict[str, list[ImageScore]] = defaultdict(list)
    for position in progress(range(len(testset["id"])), "pap"):
        pose = testset["pose"][position].astype(float)
        pose[0] = 0.0
        height, width = testset["size"][position]
        mask = masks.decode(spans[position], (int(height), int(width)))
        view = TestView.of(camera[position], mask, body.vertices(pose[None], np.zeros((1, 10)))[0])
        for name, image in renderer.render(view.raster, warps[position]).items():
            scores[name].append(view.score(image))
    return scores


def pap_report(scores: dict[str, list[ImageScore]], ids: np.ndarray) -> dict[str, Any]:
    """Everything of the report that comes from the curves."""
    ours = scores["field"]
    return {
        "format_version": FORMAT_VERSION,
        "n_images": len(ours),
        "counts": {
            "with_target": sum(bool(s.plain.target_area) for s in ours),
            "with_target_hoa": sum(bool(s.plain.target_area and s.hoa.target_area) for s in ours),
        },
        **_both(ours),
        "curve": mean_curve(ours),
        "baselines": {name: _both(scores[name]) for name in ("body_blob", "turned_180")},
        "images": [
            {
                "id": str(identity),
                **score.values(),
                "target_area": score.plain.target_area,
                "target_area_hoa": score.hoa.target_area,
            }
            for identity, score in zip(ids, ours, strict=True)
        ],
    }


def _both(scores: list[ImageScore]) -> dict[str, dict[str, float]]:
    return {"pap": mean_values(scores), "pap_with_tail": mean_values(scores, tail=True)}


def mean_curve(scores: list[ImageScore]) -> dict[str, list[float]]:
    """Mean precision and recall at each threshold over the images that have target pixels."""
    curves: dict[str, list[float]] = {"threshold": [round(float(value), 2) for value in THRESHOLDS]}
    for suffix, part in (("", "plain"), ("_hoa", "hoa")):
        used = [getattr(s, part) for s in scores if s.plain.target_area and getattr(s, part).target_area]
        for name in ("precision", "recall"):
            values = np.mean([getattr(c, name) for c in used], axis=0) if used else np.zeros(len(THRESHOLDS))
            curves[name + suffix] = [round(float(value), 6) for value in values]
    return curves


def truth_report(voxels: store.ArrayFile, truth: store.ArrayFile) -> dict[str, Any]:
    """Scores of the field against the true one, in all and for every interaction from its own prompts.

    `pearson_r_of_total` is what asking for the interaction gains: the field of all prompts against its truth.
    """
    total, true = voxels["phi"][0], dict(zip(truth["group"], truth["phi"], strict=True))
    report: dict[str, Any] = truth_scores(total, true.pop("total"))
    report["interactions"] = {
        str(name): truth_scores(interaction_phi(voxels, name), phi) | {"pearson_r_of_total": pearson_r(total, phi)}
        for name, phi in true.items()
    }
    return report


def interaction_phi(voxels: store.ArrayFile, interaction: str) -> np.ndarray:
    """Mean field of the prompts of an interaction, each weighted by its evidence: sum n / sum d, (N, N, N)."""
    chosen = voxels["interaction"] == interaction
    chosen[0] = False
    numerator, denominator = voxels["numerator"][chosen].sum(0), voxels["denominator"][chosen].sum(0)
    return np.where(denominator > 0, numerator / np.where(denominator > 0, denominator, 1.0), 0.0)


def sentence(report: dict[str, Any]) -> str:
    """The outcome in one or two sentences."""
    hoa = 100 * report["pap"]["vanilla_hoa"]
    others = {name: 100 * item["pap"]["vanilla_hoa"] for name, item in report["baselines"].items()}
    text = f"{report['category']}: PAP (HOA) {hoa:.1f} on {report['n_images']} images; "
    text += ", ".join(f"{name.replace('_', ' ')} {value:.1f}" for name, value in others.items()) + "."
    if "truth" in report:
        t = report["truth"]
        text += f" Against the truth ({t['people']} people): r {t['pearson_r']:.2f}, best IoU {t['best_iou']:.2f}."
    if report["counts"]["voting_images"] == 0:
        text += " NO image voted: look at the screening table before you trust anything here."
    return text

"""How good fits of photographs of two people are, on rendered pairs whose truth is known (docs/pairs.md).

    python -m tests.benchmarks.person --output person.json

One core, about five minutes. First estimates are BlazePose's; keypoints are BlazePose's as well, or the true ones.
"""

import argparse
import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from chorus import coco
from chorus.body.loading import OPEN_BODY, load_body
from chorus.config import Boxes
from chorus.config_pairs import Pairs
from chorus.detections import ImageDetections
from chorus.images.pixels import decode
from chorus.pairs import people_stage
from chorus.pairs.curation import Thresholds, reasons
from chorus.pairs.fit import FitSettings
from chorus.pairs.fitting import figure_of, fit_rows, plain_fit, prior_fit
from chorus.pairs.labels import LabelFaults, corrupted, labels_of, repaired
from chorus.pairs.people import PairReason, PhotographedPairs, pair_in
from chorus.pairs.prior import learn
from chorus.pairs.refine import RefineSettings
from chorus.pairs.rows import Bodies, PairScenes
from chorus.pairs.scenes import Plan, drawn_pairs
from chorus.pairs.scoring import score
from chorus.pairs.templates import INTERACTIONS
from chorus.pairs.training import TrainingSettings
from chorus.perception.blazepose import BlazePose
from chorus.perception.keypoints import AnnotatedKeypoints, BlazePoseKeypoints
from chorus.perception.people import FittedPeople
from chorus.perception.protocols import Picture
from chorus.perception.segmentation import AnnotatedMasks
from tests.rendered_pairs import drawn, photographed

MODEL = Path("models/pose_landmark_full.tflite")
BATCH = 8


class Folder:
    """Rendered photographs in place of a shard."""

    def __init__(self, path: Path, number: int):
        self.path, self.index = path, np.arange(number)
        self.file = coco.read_coco(path / "annotations.json")
        pictures = [Picture(row, self.pixels(row)) for row in range(number)]
        found = AnnotatedMasks(self.file, "person").segment(pictures)
        self.detections = [ImageDetections(p.index, 0, p.size, f) for p, f in zip(pictures, found, strict=True)]

    def pixels(self, position: int) -> np.ndarray:
        return decode((self.path / f"{position:03d}.png").read_bytes(), "")


def seen(folder: Folder, body, detector, settings: Pairs) -> tuple[PhotographedPairs, np.ndarray]:
    """What the stage `pair_people` finds, and (n, 2) which annotated person is person 1 and 2."""
    pairs, order, chosen = PhotographedPairs.empty(folder.index), np.zeros((len(folder.index), 2), int), []
    for position, image in enumerate(folder.detections):
        pair = pair_in(image, Boxes())
        if isinstance(pair, PairReason):
            pairs.reason[position] = pair
            continue
        order[position] = [next(k for k, one in enumerate(image.found) if one is person) for person in pair]
        chosen.append((position, pair))
    onlooker = people_stage.Onlooker(detector, FittedPeople(BlazePose(MODEL), body), body, settings)
    for start in range(0, len(chosen), BATCH):
        onlooker.look(folder, chosen[start : start + BATCH], pairs)
    return pairs, order


def of_photographs(truth: PairScenes, pairs: PhotographedPairs, order: np.ndarray) -> PairScenes:
    """What is known of the pairs that were found, with their truth in the same order of the people."""
    rows = pairs.found
    mine, who = truth[rows], (np.arange(len(rows))[:, None], order[rows])
    true = Bodies(*(getattr(mine.true, name)[who] for name in ("pose", "betas", "translation")))
    contacts = tuple(
        tuple((a, b) if order[row][0] == 0 else (b, a) for a, b in found)
        for row, found in zip(rows, mine.contacts("true"), strict=True)
    )
    rng = np.random.default_rng(0)
    raw = tuple(corrupted(found, rng, LabelFaults()) for found in contacts)
    better = tuple(repaired(found, points) for found, points in zip(raw, pairs.keypoints[rows], strict=True))
    told = {"true": tuple(map(labels_of, contacts)), "raw": tuple(map(labels_of, raw)), "repaired": better}
    known = {"initial": pairs.initial[rows], "K": pairs.K[rows], "keypoints": pairs.keypoints[rows]}
    return replace(mine, true=true, labels=told, **known)


def scored(name: str, body, bodies: Bodies, scenes: PairScenes, reason: np.ndarray | None = None) -> dict:
    """Errors of all pairs, and the joint one of those that curation keeps (mm); printed as well."""
    scores = score(body, bodies, scenes)
    found = scores.summary(scenes.interaction)
    kept = np.zeros(0) if reason is None else 1000 * scores.joint[reason == ""]
    print(
        f"{name:48s} {found['pairs']:3d} pairs, joint {found['joint_pa_mpjpe']:6.1f} person "
        f"{found['person_pa_mpjpe']:6.1f} mm, PCC@5 {found['pcc']['0.05']:.2f} PCC@10 {found['pcc']['0.10']:.2f}, "
        f"penetration {found['penetration']:.2f} mm" + (f"; kept {len(kept)}: {kept.mean():.1f}" if len(kept) else ""),
        flush=True,
    )
    names = ("pairs", "joint_pa_mpjpe", "person_pa_mpjpe", "pcc", "penetration")
    return {key: found[key] for key in names} | {
        "kept": len(kept),
        "kept_joint": float(kept.mean()) if len(kept) else 0,
    }


def table(body, figure, truth: PairScenes, folder: Folder, prior) -> dict:
    """All rows of the table."""
    detectors = {
        "BlazePose": BlazePoseKeypoints(BlazePose(MODEL)), "true keypoints": AnnotatedKeypoints(folder.file)
    }  # fmt: skip
    found, without = {}, people_stage.without
    for name, detector in detectors.items():
        people_stage.without = lambda picture, other: picture
        seen_whole = seen(folder, body, detector, Pairs())
        people_stage.without = without
        scenes = of_photographs(truth, *seen_whole)
        key = f"{name}: first estimate, other person shown"
        found[key] = scored(key, body, scenes.initial, scenes)
        apart = of_photographs(truth, *seen(folder, body, detector, Pairs(depth_trust=1.0)))
        key = f"{name}: keypoints only, depths trusted"
        found[key] = scored(key, body, fit_rows(figure, apart, "none", 64, plain_fit(FitSettings())).bodies, apart)
        scenes = of_photographs(truth, *seen(folder, body, detector, Pairs()))
        key = f"{name}: first estimate"
        found[key] = scored(key, body, scenes.initial, scenes)
        guided = prior_fit(prior, RefineSettings(), FitSettings())
        plain = plain_fit(FitSettings())
        for labels, method, fitting in (
            ("none", "", plain), ("repaired", "", plain), ("true", "", plain),
            ("none", " and prior", guided), ("repaired", " and prior", guided),
        ):  # fmt: skip
            rows = fit_rows(figure, scenes, labels, 64, fitting)
            key = f"{name}: {'keypoints only' if labels == 'none' else labels + ' labels'}{method}"
            found[key] = scored(key, body, rows.bodies, scenes, reasons(rows.quality, Thresholds()))
    return found


def main() -> None:
    """Print a table and write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--count", type=int, default=44, help="pairs")
    parser.add_argument("--seed", type=int, default=41)
    parser.add_argument("--pairs", type=int, default=132, help="true pairs that the prior is trained on")
    parser.add_argument("--steps", type=int, default=600, help="training steps of the prior")
    options = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    body = load_body(OPEN_BODY)
    figure = figure_of(body, "cpu")
    people, _, _ = drawn_pairs(figure, Plan(21, "train", options.pairs, tuple(INTERACTIONS)))
    prior, _ = learn(figure, people, TrainingSettings(options.steps, seed=0))
    truth = drawn(figure, options.seed, options.count, tuple(INTERACTIONS))
    with tempfile.TemporaryDirectory() as path:
        photographed(body, figure, truth, Path(path))
        report = table(body, figure, truth, Folder(Path(path), len(truth)), prior)
    options.output.write_text(json.dumps(report, indent=1, sort_keys=True))


if __name__ == "__main__":
    main()

"""How good the fitted people are: Markdown tables over the annotated photographs and over rendered scenes.

    python -m tests.benchmarks.people [--photos ../shared/photos] [--scenes 140]

The tables depend on the arguments alone; docs/perception.md shows them and says what the columns mean.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from chorus.body.loading import load_body
from chorus.config import Config
from chorus.perception.blazepose import BlazePose
from tests.benchmarks.measured_people import (
    MODEL,
    PHOTOS,
    ROOT,
    SEED,
    THRESHOLD,
    Estimates,
    PhotoRow,
    SceneErrors,
    estimate,
    photo_rows,
    photo_subjects,
    scene_errors,
    scene_subjects,
    scores_nearby,
)
from tests.benchmarks.pose_metrics import auc

# What counts as a good pose: root within so many degrees, joints (PA-MPJPE) within so many millimetres.
GOOD, USABLE = (20.0, 80.0), (25.0, 120.0)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ["---"] * len(head), *rows))


def photo_table(rows: Sequence[PhotoRow], nearby: np.ndarray) -> str:
    """The table of photographs; lengths in percent of the longer side of the person's box.

    Args:
        rows: figures of n photographs.
        nearby: (n, 4) scores with the person's box moved by a pixel.
    """
    head = (
        "photograph",
        "keypoints",
        "OKS",
        "BlazePose error %",
        "body error px",
        "residual, annotated %",
        "residual, BlazePose %",
        "score",
    )
    cells = []
    for row, others in zip(rows, nearby, strict=True):
        figures = (row.oks, 100 * row.blazepose_error, row.body_error)
        figures += (100 * row.residual_annotated, 100 * row.residual_blazepose)
        shown = [
            f"{figure:.{digits}f}" if np.isfinite(figure) else "-"
            for figure, digits in zip(figures, (2, 1, 1, 1, 1), strict=True)
        ]
        scores = f"{row.score:.2f}", f"{others.min():.2f} to {others.max():.2f}"
        verdict = "kept" if row.kept else "rejected"
        cells.append((row.name, str(row.annotated or "-"), *shown, *scores, verdict, f"{row.overlap:.2f}"))
    return table((*head, "box moved 1 px", "verdict", "silhouette IoU"), cells)


def scene_table(names: Sequence[str], errors: SceneErrors) -> str:
    """The table of scenes: all, kept and rejected ones, and every interaction; median / 90th percentile (bias)."""
    kept, named = errors.score >= THRESHOLD, np.array(names)
    groups = {"all": named != "", f"score >= {THRESHOLD}": kept, f"score < {THRESHOLD}": ~kept}
    groups |= {name: named == name for name in dict.fromkeys(names)}
    head = ("people", "n", "MPJPE mm", "PA-MPJPE mm", "root deg", "azimuth deg (bias)", "elevation deg (bias)")
    rows = [(name, *_scene_cells(errors[chosen])) for name, chosen in groups.items() if chosen.any()]
    return table((*head, "good %", "usable %", "kept %"), rows)


def sign_table(estimates: Estimates, errors: SceneErrors) -> str:
    """How well the pose score, its parts and two tempting signs tell good people from bad ones."""
    signs, people, good, usable = estimates.signs, estimates.people, errors.within(GOOD), errors.within(USABLE)
    told_by = {
        "pose score": estimates.scores,
        "disagreement with the mirrored look": -signs.spread,
        "visibility of shoulders to ankles": signs.visibility,
        "joints inside the mask": signs.inside,
        "presence of a person": signs.presence,
        "sides of the picture that cut the person": -signs.cut,
        "size of the betas": -signs.strain,
        "residual of the keypoints": -people.residual,
        "disagreement with the 3D landmarks": -people.direction_error,
    }
    found = people.found
    rows = [
        (name, f"{auc(values[found], good[found]):.2f}", f"{auc(values[found], usable[found]):.2f}")
        for name, values in told_by.items()
    ]
    return table(("told by", "AUC, good", "AUC, usable"), rows)


def score_table(errors: SceneErrors) -> str:
    """What some thresholds of the pose score keep."""
    good, usable = errors.within(GOOD), errors.within(USABLE)
    rows = []
    for threshold in (0.0, 0.3, 0.5, THRESHOLD, 0.8, 0.9):
        kept = errors.score >= threshold
        if kept.any():
            rows.append((f"{threshold}", _share(kept), _share(good[kept]), _share(usable[kept])))
    return table(("threshold", "kept %", "of these good %", "usable %"), rows)


def elevation_table(errors: SceneErrors) -> str:
    """Errors of kept people by the true elevation of the camera."""
    kept = errors[errors.score >= THRESHOLD]
    rows = []
    for low, high in itertools.pairwise((-90, 0, 10, 20, 30, 90)):
        band = kept[(kept.true_elevation >= low) & (kept.true_elevation < high)]
        if len(band.root):
            rows.append(
                (f"{low} to {high}", str(len(band.root)), f"{np.median(band.elevation):+.0f}", _spread(band.root))
            )
    return table(("true elevation deg", "n", "elevation bias deg", "root deg"), rows)


def _scene_cells(errors: SceneErrors) -> tuple[str, ...]:
    sizes = [_spread(values) for values in (errors.mpjpe, errors.pa_mpjpe, errors.root)]
    signed = [f"{_spread(np.abs(values))} ({np.median(values):+.0f})" for values in (errors.azimuth, errors.elevation)]
    shares = [_share(part) for part in (errors.within(GOOD), errors.within(USABLE), errors.score >= THRESHOLD)]
    return str(len(errors.root)), *sizes, *signed, *shares


def _spread(values: np.ndarray) -> str:
    return f"{np.median(values):.0f} / {np.percentile(values, 90, method='higher'):.0f}"


def _share(chosen: np.ndarray) -> str:
    return f"{100 * chosen.mean():.0f}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, default=PHOTOS, help="folder with annotations.json and images/")
    parser.add_argument("--scenes", type=int, default=140, help="number of rendered scenes; 0 leaves them out")
    arguments = parser.parse_args()
    network, body = BlazePose(MODEL), load_body(ROOT / Config().body.file)
    print(f"Network {network.name}, body {body.digest[:12]}.\n")
    if arguments.photos.is_dir():
        subjects = photo_subjects(arguments.photos)
        print(photo_table(photo_rows(network, body, subjects), scores_nearby(network, body, subjects)))
    else:
        print(f"No folder {arguments.photos}: no table of photographs.\n")
    if arguments.scenes > 0:
        subjects, truth = scene_subjects(body, arguments.scenes)
        before = time.process_time()
        estimates = estimate(network, body, subjects)
        speed = len(subjects) / (time.process_time() - before)
        print(f"Network and fit: {speed:.0f} people per second of one core.", file=sys.stderr)
        errors = scene_errors(estimates, truth, body)
        print(f"{arguments.scenes} scenes, seed {SEED}; {len(subjects)} pass the box screen.\n")
        print(scene_table([subject.name for subject in subjects], errors))
        print(sign_table(estimates, errors))
        print(score_table(errors))
        print(elevation_table(errors))


if __name__ == "__main__":
    main()

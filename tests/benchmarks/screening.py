"""How well the screening tells pictures that can be used from others: Markdown tables and a figure over scenes.

    python -m tests.benchmarks.screening [--scenes 616] [--figure docs/images/pose_score.png]

The tables depend on the arguments alone; docs/perception.md shows them and says what the columns mean.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path
from typing import NamedTuple

import numpy as np

from chorus.body.loading import load_body
from chorus.config import Boxes, Config, Screening
from chorus.images.pixels import encode_png
from chorus.perception.blazepose import BlazePose
from chorus.screening.cascade import Sight, screen
from tests.benchmarks.measured_people import MODEL, ROOT
from tests.benchmarks.measured_screening import SEED, ScreenedScenes, screened_scenes
from tests.benchmarks.people import table
from tests.benchmarks.pose_metrics import auc

BINS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


class Quality(NamedTuple):
    """Share of images that a screening keeps, and how right it is: fractions; precision 0 if nothing is kept."""

    kept: float
    precision: float
    recall: float


def quality(sights: list[Sight], wanted: np.ndarray, rule: Screening) -> Quality:
    """How well a screening finds the wanted images (n,)."""
    kept = np.array([screen(sight, Boxes(), rule).kept for sight in sights])
    right = (kept & wanted).sum()
    return Quality(kept.mean(), right / max(kept.sum(), 1), right / max(wanted.sum(), 1))


def passes_boxes(sight: Sight) -> bool:
    """Whether an image passes the box screen and a body was estimated."""
    return screen(sight, Boxes(), Screening(pose_score=0.0, required_keypoints=[])).kept


def cascade_table(scenes: ScreenedScenes) -> str:
    """Precision and recall of the whole cascade: annotations, BlazePose, and BlazePose with other settings."""
    default, wanted = Screening(), scenes.possible & scenes.good
    rows = {
        "annotated keypoints, true people": (scenes.annotated, scenes.possible, default),
        "BlazePose (default)": (scenes.estimated, wanted, default),
        "BlazePose, wanted whatever the pose": (scenes.estimated, scenes.possible, default),
        "BlazePose, `inside_picture`": (scenes.estimated, wanted, Screening(inside_picture=True)),
        "BlazePose, keypoint rule alone": (scenes.estimated, wanted, Screening(pose_score=0.0)),
        "BlazePose, box screen alone": (
            scenes.estimated, wanted, Screening(pose_score=0.0, required_keypoints=[]),
        ),
    }  # fmt: skip
    cells = [
        (name, f"{100 * part[1].mean():.0f}", *(f"{100 * value:.0f}" for value in quality(*part)))
        for name, part in rows.items()
    ]
    return table(("screening", "wanted %", "kept %", "precision %", "recall %"), cells)


def threshold_table(scenes: ScreenedScenes) -> str:
    """What thresholds of the pose score give."""
    wanted, rows = scenes.possible & scenes.good, []
    for threshold in (0.1, 0.3, 0.5, 0.6, Screening().pose_score, 0.7, 0.8, 0.9):
        found = quality(scenes.estimated, wanted, Screening(pose_score=threshold))
        mark = " (default)" if threshold == Screening().pose_score else ""
        rows.append((f"{threshold}{mark}", *(f"{100 * value:.0f}" for value in found)))
    return table(("`screening.pose_score`", "kept %", "precision %", "recall %"), rows)


def reliability(scores: np.ndarray, good: np.ndarray) -> list[tuple[float, float, int]]:
    """Mean score, share of good poses and number of people, of every bin of BINS that is not empty."""
    rows = []
    for low, high in itertools.pairwise(BINS):
        inside = (scores >= low) & ((scores < high) | (high == 1.0))
        if inside.any():
            rows.append((float(scores[inside].mean()), float(good[inside].mean()), int(inside.sum())))
    return rows


def calibration_error(scores: np.ndarray, good: np.ndarray) -> float:
    """Expected calibration error: mean distance of score and share of good poses over the bins, by their size."""
    rows = reliability(scores, good)
    return sum(number * abs(score - share) for score, share, number in rows) / sum(number for *_, number in rows)


def reliability_table(scores: np.ndarray, good: np.ndarray) -> str:
    """The reliability of the pose score; says its calibration error and AUC."""
    rows = [(f"{score:.2f}", f"{share:.2f}", str(number)) for score, share, number in reliability(scores, good)]
    note = (
        f"Calibration error {calibration_error(scores, good):.3f}, AUC {auc(scores, good):.2f}, {len(scores)} people."
    )
    return table(("mean score", "within 20 degrees", "people"), rows) + "\n" + note + "\n"


def reliability_figure(scores: np.ndarray, good: np.ndarray) -> bytes:
    """PNG of the share of good poses over the score."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = np.array(reliability(scores, good))
    figure = Figure(figsize=(6.4, 4.2), layout="constrained", dpi=100)
    canvas = FigureCanvasAgg(figure)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    spread = 1.96 * np.sqrt(rows[:, 1] * (1 - rows[:, 1]) / rows[:, 2])
    upper.plot([0, 1], [0, 1], color="0.7", linestyle="--", label="perfect")
    upper.errorbar(rows[:, 0], rows[:, 1], spread, marker="o", capsize=3, label="people of scenes (95 %)")
    upper.set(ylabel="pose within 20 degrees", xlim=(0, 1), ylim=(0, 1.02))
    upper.legend(loc="upper left")
    lower.bar([(low + high) / 2 for low, high in itertools.pairwise(BINS)], np.histogram(scores, BINS)[0], 0.09)
    lower.set(xlabel="pose score", ylabel="people")
    canvas.draw()
    return encode_png(np.asarray(canvas.buffer_rgba())[..., :3].copy())


def main() -> None:
    """Print the tables; write the figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=616, help="number of rendered scenes")
    parser.add_argument("--figure", type=Path, help="also draw the reliability of the pose score")
    arguments = parser.parse_args()
    network, body = BlazePose(MODEL), load_body(ROOT / Config().body.file)
    scenes = screened_scenes(network, body, arguments.scenes)
    print(f"{arguments.scenes} scenes, seed {SEED}, network {network.name}, body {body.digest[:12]}.\n")
    print(cascade_table(scenes))
    print(threshold_table(scenes))
    fitted = np.array([passes_boxes(sight) for sight in scenes.estimated])
    print("People of images that pass the box screen:\n")
    wanted = (scenes.possible & scenes.good)[fitted]
    print(reliability_table(scenes.scores[fitted], wanted))
    if arguments.figure:
        arguments.figure.write_bytes(reliability_figure(scenes.scores[fitted], wanted))


if __name__ == "__main__":
    main()

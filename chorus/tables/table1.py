"""Stage `table1`: how many images are found and kept, and how evenly their cameras are spread (paper Table 1)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chorus import store
from chorus.camera import Camera
from chorus.config_tables import FULL
from chorus.evaluation.entropy import CELLS, SIGMA, camera_entropy
from chorus.naming import words
from chorus.screening.cascade import read_table
from chorus.screening.statistics import Statistics
from chorus.tables.published import published
from chorus.tables.runs import Run, files_of_runs, label, repetitions
from chorus.tables.sheet import Cell, Spread, Table, write

if TYPE_CHECKING:
    from chorus.job import Job

HEAD = ("images of", "category", "images", "after filtering", "rejection rate (%)", "camera entropy (bits)")
DIGITS = (0, 0, 2, 2)  # of the last four
NOTES = (
    "Mean ± standard deviation over repetitions with other seeds. Images that were not drawn count as not rejected.",
    f"Entropy of Gaussians (sigma {SIGMA} rad, geodesic) around the camera directions on a spiral grid of {CELLS} "
    f"cells of equal area, at most {np.log2(CELLS):.0f} bits. The paper names no grid: compare the order alone.",
    "The paper's rows are of the category motorcycle.",
)


def run(job: Job) -> None:
    """Write the table: the run by category, then every ablation with all categories together."""
    screening, cameras = (files_of_runs(job, kind) for kind in ("screening", "cameras"))
    categories = list(dict.fromkeys(path.parent.name for path in next(iter(screening.values()))))
    rows = [
        [
            label(FULL),
            words(name),
            *_measured([_numbers(screening, cameras, run, name) for run in _of(screening, FULL)]),
        ]
        for name in categories
    ]
    for name in repetitions(screening):
        numbers = [_numbers(screening, cameras, run) for run in _of(screening, name)]
        rows.append([label(name), "all", *_measured(numbers)])
    rows += [[f"paper: {name}", "motorcycle", *line.values()] for name, line in _paper(job).items()]
    write(job, Table("Table 1: images and cameras", NOTES, HEAD, rows))


def _of(runs: dict[Run, tuple[Path, ...]], name: str) -> list[Run]:
    return [run for run in runs if run.name == name]


def _paper(job: Job) -> dict[str, dict[str, float]]:
    return {name: dict(line) for name, line in published(job.one("published"), "table1").items()}


def _numbers(
    screening: dict[Run, tuple[Path, ...]], cameras: dict[Run, tuple[Path, ...]], run: Run, category: str | None = None
) -> tuple[float, float, float, float]:
    """Images, kept images, rejection rate and camera entropy of a run, of one category or of all."""
    tables, files = (
        [path for path in source[run] if category in (None, path.parent.name)] for source in (screening, cameras)
    )
    found = Statistics.of(row for path in tables for row in read_table(path))
    return found.images, found.kept, found.rejection_percent, camera_entropy(centres_of(files))


def centres_of(files: Sequence[Path]) -> np.ndarray:
    """Centres (n, 3) in the body frame, metres, of the cameras that vote."""
    found = []
    for path in files:
        file = store.read_arrays(path, "cameras", ("R", "t", "K", "weight"))
        voting = file["weight"] > 0
        found.append(Camera(file["K"], file["R"], file["t"]).centre[voting])
    return np.concatenate(found)


def _measured(numbers: Sequence[tuple[float, ...]]) -> list[Cell]:
    return [Spread.of(values, digits) for values, digits in zip(zip(*numbers, strict=True), DIGITS, strict=True)]

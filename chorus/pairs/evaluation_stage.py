"""Stage `pair_evaluation`: all methods against the truth of the held-out pairs, and a picture."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from chorus import store
from chorus.body.loading import load_body
from chorus.layout import FORMAT_VERSION
from chorus.pairs.picture import draw
from chorus.pairs.rows import Bodies, FittedRows, PairScenes
from chorus.pairs.scoring import label_scores, score

KEYPOINTS_ONLY = "keypoints"  # what the label set `none` is called in tables

if TYPE_CHECKING:
    from chorus.job import Job


def run(job: Job) -> None:
    """Write the scores as JSON and the picture."""
    body = load_body(job.one("body"))
    test = PairScenes.read(job.one("pairs")).of_split("test")
    fits = FittedRows.read(job.one("fits"), "pair_fits")
    refined = FittedRows.read(job.one("refined"), "pair_refinement")
    methods: dict[str, Bodies] = {"initial": test.initial}
    for rows in (fits[np.flatnonzero(fits.split == "test")], refined):
        for labels in dict.fromkeys(rows.labels.tolist()):
            chosen = rows[np.flatnonzero(rows.labels == labels)]
            methods[KEYPOINTS_ONLY if labels == "none" else labels] = chosen.bodies
    scores = {name: score(body, bodies, test).summary(test.interaction) for name, bodies in methods.items()}
    curated = store.read_arrays(job.one("curated"), "pair_curation", only=("id",))
    report = {
        "format_version": FORMAT_VERSION,
        "pairs": len(test),
        "methods": scores,
        "labels": label_scores(test),
        "curation": json.loads(curated.attributes["counts"]),
    }
    job.write_json(report)
    job.write_file(draw(body, test, methods, scores), "png", "figure")

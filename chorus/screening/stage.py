"""Stage `screening`: the table of kept and rejected images of a prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chorus import store
from chorus.detections import read_detections
from chorus.screening.cascade import Sight, table
from chorus.screening.drawing import Lot, screened_prompt
from chorus.screening.statistics import Statistics

if TYPE_CHECKING:
    from chorus.job import Job


def run(job: Job) -> None:
    """Screen every image of every shard of a prompt."""
    sights = []
    for masks_path, keypoints_path, people_path in zip(
        job.many("masks"), job.many("keypoints"), job.many("people"), strict=True
    ):
        keypoints = store.read_arrays(keypoints_path, "keypoints")
        people = store.read_arrays(people_path, "people")
        for position, detections in enumerate(read_detections(masks_path)):
            sights.append(
                Sight(
                    detections,
                    keypoints["keypoints"][position],
                    bool(keypoints["found"][position]),
                    bool(people["found"][position]),
                    float(people["score"][position]),
                    float(people["residual"][position]),
                )
            )
    lot = Lot(job.settings.run.seed, job.names["category"], job.names["prompt"])
    rows = screened_prompt(sights, job.settings.boxes, job.settings.screening, lot)
    job.write_file(table(rows), "screening")
    print(f"{job.names['category']}: {Statistics.of(rows).outcome}")

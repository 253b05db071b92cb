"""Stage `testset`: images with known pose, camera and object mask that PAP is measured on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from chorus import coco
from chorus.body.loading import load_body
from chorus.body.model import BodyModel
from chorus.errors import ConfigError
from chorus.evaluation import annotated, eft, heldout
from chorus.evaluation.test_images import TestSet, arrays_of
from chorus.naming import words
from chorus.perception.blazepose import BlazePose
from chorus.prompts.views import load_views
from chorus.scenes.stage import user_mesh

if TYPE_CHECKING:
    from chorus.job import Job


def run(job: Job) -> None:
    """Collect the test images from the configured source and write them."""
    body = load_body(job.one("body"))
    found = SOURCES[job.settings.testset.source](job, body)
    job.write_arrays(
        "testset",
        arrays_of(found.images),
        {"category": job.names["category"], "source": found.source, "fates": json.dumps(found.fates)},
    )
    listed = ", ".join(f"{number} {fate}" for fate, number in found.fates.items() if number)
    print(f"{job.names['category']}: test images from {found.source}: {listed or 'no candidate'}.")


def _scenes(job: Job, body: BodyModel) -> TestSet:
    settings, views = job.settings, load_views(job.one("views"))
    mix = job.names["interactions"].split(",")
    wanted = heldout.HeldOut(
        job.names["category"], mix, views, user_mesh(job), settings.testset.images, settings.run.seed
    )
    return heldout.test_set(body, wanted)


def _coco_eft(job: Job, body: BodyModel) -> TestSet:
    if not body.is_smpl:
        raise ConfigError("testset.source: coco_eft holds SMPL parameters; set body.file to your licensed SMPL file.")
    file, people = coco.read_coco(job.one("annotations")), eft.read_eft(job.one("eft"))
    return eft.test_set(body, file, people, words(job.names["category"]), job.settings.testset)


def _coco(job: Job, body: BodyModel) -> TestSet:
    settings = job.settings.testset
    photographs = annotated.Photographs(
        coco.read_coco(job.one("annotations")), Path(settings.folder), BlazePose(job.one("model"))
    )
    job.models["people"] = photographs.network.name
    return annotated.test_set(body, photographs, words(job.names["category"]), settings)


SOURCES = {"scenes": _scenes, "coco_eft": _coco_eft, "coco": _coco}

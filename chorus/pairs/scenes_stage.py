"""Stage `pair_scenes`: draw pairs of people in contact, training and held-out ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from chorus.body.loading import load_body
from chorus.config_pairs import Pairs
from chorus.devices import fitting_device

if TYPE_CHECKING:
    from chorus.job import Job


def run(job: Job) -> None:
    """Write the scenes of both splits."""
    device = fitting_device(job.settings.compute.device)
    from chorus.pairs.fitting import figure_of
    from chorus.pairs.labels import LabelFaults
    from chorus.pairs.rows import PairScenes
    from chorus.pairs.scenes import Plan, interactions_of, scenes
    from chorus.pairs.views import Faults

    settings: Pairs = job.settings.pairs
    body = load_body(job.one("body"))
    figure = figure_of(body, device)
    faults = Faults(
        settings.keypoint_noise, settings.keypoint_dropout, settings.pose_noise, depth_noise=settings.depth_noise
    )
    wrong = LabelFaults(settings.wrong_side, missing=settings.missing, invented=settings.invented)
    made: list[PairScenes] = []
    counts: dict[str, list[int]] = {}
    for split, count, improvised in (("train", settings.train, settings.improvised), ("test", settings.test, 0)):
        if count + improvised:
            types = interactions_of(settings.held_out, split)
            plan = Plan(job.settings.run.seed, split, count, types, improvised, settings.batch)
            some, drawn = scenes(figure, plan, faults, wrong)
            made.append(some)
            for name, (tried, reached) in drawn.items():
                before = counts.get(name, [0, 0])
                counts[name] = [before[0] + tried, before[1] + reached]
    attributes = {"body": body.digest, "counts": json.dumps(counts, sort_keys=True)}
    job.write_arrays("pair_scenes", PairScenes.joined(made).arrays(), attributes)

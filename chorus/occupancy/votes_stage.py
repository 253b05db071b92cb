"""Stage `votes`: partial sums of all kept images of a prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chorus import store
from chorus.body.loading import load_body
from chorus.camera import Camera
from chorus.detections import OBJECT, read_detections
from chorus.errors import FileError
from chorus.occupancy.grid import Grid
from chorus.occupancy.votes import Ballot, VoteCounter
from chorus.progress import progress

if TYPE_CHECKING:
    from chorus.job import Job


def run(job: Job) -> None:
    """Count the votes and write them with the group axis (`total` only, body parts come with interaction types)."""
    body, skinning = load_body(job.one("body")), store.read_arrays(job.one("skinning"), "skinning")
    if skinning.attributes["body"] != body.digest:
        raise FileError(f"{skinning.path}: was made with another body model; delete it and run again.")
    grid = Grid(len(skinning["weights"]))
    counter = VoteCounter(grid, skinning["weights"].reshape(-1, 24))
    cameras = store.read_arrays(job.one("cameras"), "cameras")
    masks = {image.index: image for path in job.many("masks") for image in read_detections(path)}
    poses = poses_of(job)
    camera = Camera(cameras["K"], cameras["R"], cameras["t"])
    for position in progress(range(len(cameras["index"])), "votes"):
        index = int(cameras["index"][position])
        counter.add(
            Ballot(
                camera[position],
                body.canonical_bones(poses[index][None])[0],
                masks[index].union(OBJECT),
                int(cameras["weight"][position]),
                int(cameras["bin"][position]),
            )
        )
    votes = counter.votes
    job.write_arrays(
        "votes",
        {
            "group": np.array(["total"]),
            "numerator": votes.numerator[None],
            "denominator": votes.denominator[None],
            "count": votes.count[None],
            "images": votes.images[None],
        },
        {
            "category": job.names["category"],
            "prompt": job.names["prompt"],
            "interaction": job.names["interaction"],
            "body": body.digest,
            "canonicalise": skinning.attributes["canonicalise"],
        },
    )


def poses_of(job: Job) -> dict[int, np.ndarray]:
    """Image index -> pose (24, 3)."""
    poses: dict[int, np.ndarray] = {}
    for path in job.many("people"):
        file = store.read_arrays(path, "people")
        poses |= {int(index): pose.astype(float) for index, pose in zip(file["index"], file["pose"], strict=True)}
    return poses

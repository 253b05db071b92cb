"""Stage `votes`: partial sums of all kept images of a prompt."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chorus import store
from chorus.body.loading import load_body
from chorus.body.model import BodyModel
from chorus.camera import Camera
from chorus.detections import OBJECT, read_masks
from chorus.devices import PROCESSOR, torch_device
from chorus.errors import FileError
from chorus.occupancy.gates import part_regions
from chorus.occupancy.grid import Grid
from chorus.occupancy.mirroring import mirrored
from chorus.occupancy.votes import Ballots, Tally, VoteCounter, Votes
from chorus.progress import progress

if TYPE_CHECKING:
    from chorus.job import Job

CHUNK = 1024  # images whose bones are held at once: 3 MB, whatever the number of images


@dataclass(frozen=True)
class VoteFiles:
    """The files of a prompt that its votes are counted from."""

    cameras: Path
    masks: Sequence[Path]
    people: Sequence[Path]


def run(job: Job) -> None:
    """Count the votes of all images and, for interaction types, of those whose mask touches a body part.

    Without canonicalisation the grid does not follow the limbs, so nothing there belongs to a body part.
    """
    tally_of = tally_on(job.settings.compute.device)
    body, skinning = load_body(job.one("body")), store.read_arrays(job.one("skinning"), "skinning")
    if skinning.attributes["body"] != body.digest:
        raise FileError(f"{skinning.path}: was made with another body model; delete it and run again.")
    grid, settings = Grid(len(skinning["weights"])), job.settings.occupancy
    regions = part_regions(grid, body) if settings.parts and skinning.attributes["canonicalise"] == "true" else {}
    counter = tally_of(grid, skinning["weights"].reshape(-1, 24), regions)
    files = VoteFiles(job.one("cameras"), job.many("masks"), job.many("people"))
    count_files(counter, body, files, settings.mirror)
    groups = [counter.of_group(name) for name in counter.groups]
    job.write_arrays(
        "votes",
        {
            "group": np.array(counter.groups),
            **{name: np.stack([getattr(votes, name) for votes in groups]) for name in Votes.__dataclass_fields__},
        },
        {
            "category": job.names["category"],
            "prompt": job.names["prompt"],
            "interaction": job.names["interaction"],
            "body": body.digest,
            "canonicalise": skinning.attributes["canonicalise"],
        },
    )


def tally_on(device: str) -> Callable[..., Tally]:
    """The counter of `compute.device`: takes grid, skinning weights and, if wanted, the regions of body parts.

    Raises:
        MissingExtraError, ConfigError: the device is not there (`chorus.devices.torch_device`).
    """
    if device == PROCESSOR:
        return VoteCounter
    from chorus.occupancy.votes_torch import TorchVoteCounter

    return functools.partial(TorchVoteCounter, device=torch_device(device))


def count_files(counter: Tally, body: BodyModel, files: VoteFiles, mirror: bool = False) -> None:
    """Count every image of the cameras file, one azimuth bin after the other, without holding a decoded mask.

    Args:
        mirror: count each image also as seen in a mirror (`chorus.occupancy.mirroring`).
    """
    cameras = store.read_arrays(files.cameras, "cameras", ("index", "K", "R", "t", "weight", "bin"))
    masks, poses = read_masks(files.masks, OBJECT), poses_of(files.people, cameras["index"])
    rows = masks.rows_of(cameras["index"])
    order = np.argsort(cameras["bin"], kind="stable")
    for begin in progress(range(0, len(order), CHUNK), "votes"):
        part = order[begin : begin + CHUNK]
        ballots = Ballots(
            Camera(cameras["K"][part], cameras["R"][part], cameras["t"][part]),
            body.canonical_bones(poses[part]),
            masks.size[rows[part]],
            masks.spans,
            rows[part],
            cameras["weight"][part],
            cameras["bin"][part],
        )
        counter.add_all(ballots)
        if mirror:
            counter.add_all(mirrored(ballots))


def poses_of(people: Sequence[Path], index: np.ndarray) -> np.ndarray:
    """Poses (n, 24, 3) of the images with these indices."""
    files = [store.read_arrays(path, "people", ("index", "pose")) for path in people]
    found = {int(i): pose for file in files for i, pose in zip(file["index"], file["pose"], strict=True)}
    missing = [int(i) for i in index if int(i) not in found]
    if missing:
        raise FileError(f"people: image {missing[0]} is missing; run the people stage again.")
    return np.array([found[int(i)] for i in index], float).reshape(-1, 24, 3)

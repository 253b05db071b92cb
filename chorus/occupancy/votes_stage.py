"""Stage `votes`: partial sums of all kept images of a prompt."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chorus import store
from chorus.body.loading import check_made_with, load_body
from chorus.body.model import BodyModel
from chorus.camera import Camera
from chorus.detections import OBJECT, PERSON, read_masks
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

    @classmethod
    def of(cls, job: Job) -> VoteFiles:
        """The inputs of a job."""
        return cls(job.one("cameras"), job.many("masks"), job.many("people"))


@dataclass(frozen=True)
class Space:
    """Where the votes of a job are counted.

    Attributes:
        grid: the voxels.
        weights: (N^3, 24) skinning weights.
        regions: part name -> (B,) uint64 words of its region, or nothing.
        body: the body model.
        canonicalise: "true" or "false", as in the `skinning` file.
    """

    grid: Grid
    weights: np.ndarray
    regions: dict[str, np.ndarray]
    body: BodyModel
    canonicalise: str

    @classmethod
    def of(cls, job: Job) -> Space:
        """Read body and skinning weights.

        Without canonicalisation the grid does not follow the limbs, so nothing there belongs to a body part.

        Raises:
            FileError: the skinning weights are those of another body.
        """
        body, skinning = load_body(job.one("body")), store.read_arrays(job.one("skinning"), "skinning")
        check_made_with(body, skinning)
        grid, canonicalise = Grid(len(skinning["weights"])), skinning.attributes["canonicalise"]
        parts = job.settings.occupancy.parts and canonicalise == "true"
        regions = part_regions(grid, body) if parts else {}
        return cls(grid, skinning["weights"].reshape(-1, 24), regions, body, canonicalise)


def run(job: Job) -> None:
    """Count the votes of all images and, for interaction types, of those whose mask touches a body part."""
    tally_of, space = tally_on(job.settings.compute.device), Space.of(job)
    counter = tally_of(space.grid, space.weights, space.regions)
    for ballots in read_ballots(space.body, VoteFiles.of(job), job.settings.occupancy.mirror):
        counter.add_all(ballots)
    write_votes(job, counter, space)


def write_votes(job: Job, counter: Tally, space: Space) -> None:
    """Write the sums of every group as the job's output."""
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
            "body": space.body.digest,
            "canonicalise": space.canonicalise,
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


def count_files(counter: Tally, body: BodyModel, files: VoteFiles) -> None:
    """Count every image of the cameras file, without holding a decoded mask."""
    for ballots in read_ballots(body, files):
        counter.add_all(ballots)


def read_ballots(body: BodyModel, files: VoteFiles, mirror: bool = False, *, people: bool = False) -> Iterator[Ballots]:
    """The ballots of every image of the cameras file, a chunk at a time, one azimuth bin after the other.

    Args:
        mirror: each image also as seen in a mirror (`chorus.occupancy.mirroring`).
        people: with the masks of the people.
    """
    cameras = store.read_arrays(files.cameras, "cameras", ("index", "K", "R", "t", "weight", "bin"))
    masks, poses = read_masks(files.masks, OBJECT), poses_of(files.people, cameras["index"])
    rows, spans = masks.rows_of(cameras["index"]), masks.spans
    if people:
        spans = spans + read_masks(files.masks, PERSON).spans
    order = np.argsort(cameras["bin"], kind="stable")
    for begin in progress(range(0, len(order), CHUNK), "votes"):
        part = order[begin : begin + CHUNK]
        ballots = Ballots(
            Camera(cameras["K"][part], cameras["R"][part], cameras["t"][part]),
            body.canonical_bones(poses[part]),
            masks.size[rows[part]],
            spans,
            rows[part],
            cameras["weight"][part],
            cameras["bin"][part],
            len(masks.index) + rows[part] if people else None,
        )
        yield ballots
        if mirror:
            yield mirrored(ballots)


def poses_of(people: Sequence[Path], index: np.ndarray) -> np.ndarray:
    """Poses (n, 24, 3) of the images with these indices."""
    files = [store.read_arrays(path, "people", ("index", "pose")) for path in people]
    found = {int(i): pose for file in files for i, pose in zip(file["index"], file["pose"], strict=True)}
    missing = [int(i) for i in index if int(i) not in found]
    if missing:
        raise FileError(f"people: image {missing[0]} is missing; run the people stage again.")
    return np.array([found[int(i)] for i in index], float).reshape(-1, 24, 3)

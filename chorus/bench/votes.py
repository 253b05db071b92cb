"""Benchmarks of the vote: the kernel, from files to the field, and reading masks (docs/performance.md).

What the others cost comes from outside, since the reference belongs to the tests: a `Reference` prepares itself for a
body, a skinning field and a workload, and returns a function that counts one image once.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chorus.bench.timing import cpu_seconds, fresh, interleaved, peak_memory, record
from chorus.bench.workload import SIDE, Workload, workload, write_files
from chorus.body.model import BodyModel
from chorus.detections import OBJECT, read_masks
from chorus.occupancy.bitmasks import BitMasks
from chorus.occupancy.field import field_of
from chorus.occupancy.grid import Grid
from chorus.occupancy.votes import BATCH, Ballots, VoteCounter, Votes
from chorus.occupancy.votes_stage import VoteFiles, count_files

Reference = Callable[[BodyModel, np.ndarray, Workload], Callable[[int], None]]
MaskReference = Callable[[Path, Workload], Callable[[int], None]]
IMAGES = 512
END_TO_END_IMAGES = 2048
MANY_IMAGES = 25_000
FEW = 10  # of many images one in so many shows that the cost is linear
SEED = 0


@dataclass(frozen=True)
class Space:
    """Where votes are counted: a body and skinning weights (N^3, 24) of a grid of N^3 voxels."""

    body: BodyModel
    weights: np.ndarray

    @property
    def grid(self) -> Grid:
        """The voxels."""
        return Grid(round(len(self.weights) ** (1 / 3)))


def votes_record(space: Space, reference: Reference, rounds: int = 5) -> dict[str, Any]:
    """The vote of an image: bones and masks' spans in memory to counts; against the reference and a torch GEMM."""
    load = workload(IMAGES, np.random.default_rng(SEED))
    counter, ballots = VoteCounter(space.grid, space.weights), ballots_of(load, space.body)
    some = range(max(1, 8 * 48**3 // space.grid.resolution**3 + 2))
    ways = {
        "reference": _each(reference(space.body, space.weights, load), some),
        "ours": lambda: _counted(counter, ballots),
        "torch_gemm": _each(torch_gemm(space, load), some),
    }
    return _record("votes", space, interleaved(ways, rounds))


def end_to_end_record(space: Space, reference: Reference, rounds: int = 5) -> dict[str, Any]:
    """Files to Phi, setting up and the field included; against two votes an image (the original's prompt and total)."""
    load = workload(END_TO_END_IMAGES, np.random.default_rng(SEED))
    vote = reference(space.body, space.weights, load)
    with tempfile.TemporaryDirectory() as folder:
        paths = write_files(load, space.body, Path(folder))
        files = VoteFiles(paths["cameras"], [paths["masks"]], [paths["people"]])
        ways = {
            "reference": lambda: (vote(0), vote(0), 1)[-1],
            "ours": lambda: _field_from(space, files, len(load)),
        }
        return _record("end_to_end", space, interleaved(ways, rounds))


def merge_record(grid: Grid, rounds: int = 5) -> dict[str, Any]:
    """Adding the votes of one set of images to those of another; seconds a merge."""
    total, part = Votes.none(grid), Votes.none(grid)
    seconds = interleaved({"ours": lambda: (total.__iadd__(part), 1)[1]}, rounds)
    return record("merge", grid.resolution, None, seconds["ours"])


def many_images_record(space: Space) -> dict[str, Any]:
    """Files of 25,000 images to Phi in a process of its own.

    `growth` is the cost of an image among them over that of an image among 2,500, `peak_bytes` all that the process
    ever held, interpreter and compiled code included.
    """
    many = workload(MANY_IMAGES // FEW, np.random.default_rng(SEED))
    with tempfile.TemporaryDirectory() as folder:
        work = []
        for name, load in (("few", many), ("many", many.repeated(FEW))):
            (Path(folder) / name).mkdir()
            work.append((write_files(load, space.body, Path(folder) / name), len(load)))
        few, all_of_them, peak = fresh(_seconds_and_peak, space, work)
    own = record("many_images", space.grid.resolution, None, all_of_them)
    return own | {"images": MANY_IMAGES, "growth": all_of_them / few, "peak_bytes": peak}


def _seconds_and_peak(space: Space, work: list[tuple[dict[str, Path], int]]) -> tuple[float, float, int]:
    def way(paths: dict[str, Path], images: int) -> float:
        files = VoteFiles(paths["cameras"], [paths["masks"]], [paths["people"]])
        return cpu_seconds(lambda: _field_from(space, files, images)) / images

    way(*work[0])  # compiled before the clock runs
    few, many = (way(*item) for item in work)
    return few, many, peak_memory()


def mask_io_record(body: BodyModel, reference: MaskReference, rounds: int = 5) -> dict[str, Any]:
    """Masks from a file to bits ready for sampling, one object and one person an image; and the bytes on disk."""
    load = workload(IMAGES, np.random.default_rng(SEED))
    with tempfile.TemporaryDirectory() as folder:
        path = write_files(load, body, Path(folder))["masks"]
        ways = {
            "reference": _each(reference(Path(folder), load), range(16)),
            "ours": lambda: _drawn(path),
        }
        measured = _record("mask_io", None, interleaved(ways, rounds))
        return measured | {"bytes": path.stat().st_size / len(load)}


def ballots_of(load: Workload, body: BodyModel) -> Ballots:
    """A workload with full weights."""
    n = len(load)
    bones, size = body.canonical_bones(load.pose), np.full((n, 2), SIDE)
    return Ballots(load.camera, bones, size, load.spans, np.arange(n), np.full(n, 255), load.azimuth_bin)


def torch_gemm(space: Space, load: Workload) -> Callable[[int], None]:
    """What a user would write: weights times camera-folded bones as one matrix product, then elementwise torch."""
    import torch

    weights = torch.from_numpy(np.ascontiguousarray(space.weights, np.float32))
    points = torch.from_numpy(space.grid.centres().astype(np.float32))
    sums = torch.zeros(2, len(points))

    def vote(image: int) -> None:
        bones = space.body.canonical_bones(load.pose[image : image + 1])
        projection = torch.from_numpy((load.camera[image].matrix @ bones[0]).astype(np.float32))
        blended = (weights @ projection.reshape(24, 12)).reshape(-1, 3, 4)
        p = torch.einsum("vab,vb->va", blended[..., :3], points) + blended[..., 3]
        pixel = torch.floor(p[:, :2] / p[:, 2:])
        seen = (p[:, 2] > 0) & (pixel >= 0).all(1) & (pixel < SIDE).all(1)
        column, row = pixel[seen].long().T
        sums[0] += seen
        sums[1, seen] += torch.from_numpy(load.mask(image))[row, column]

    return vote


def _each(do: Callable[[int], None], items: range) -> Callable[[], int]:
    def way() -> int:
        for item in items:
            do(item)
        return len(items)

    return way


def _counted(counter: VoteCounter, ballots: Ballots) -> int:
    counter.add_all(ballots)
    return len(ballots)


def _field_from(space: Space, files: VoteFiles, images: int) -> int:
    counter = VoteCounter(space.grid, space.weights)
    count_files(counter, space.body, files)
    field_of(counter.votes)
    return images


def _drawn(path: Path) -> int:
    masks = read_masks([path], OBJECT)
    for begin in range(0, len(masks.index), BATCH):
        rows = np.arange(begin, min(begin + BATCH, len(masks.index)))
        BitMasks.of_spans(masks.spans, rows, masks.size[rows])
    return len(masks.index)


def _record(kernel: str, space: Space | None, seconds: dict[str, float]) -> dict[str, Any]:
    resolution = space.grid.resolution if space else None
    peers = {f"{name}_s": value for name, value in seconds.items() if name not in ("reference", "ours")}
    return record(kernel, resolution, seconds["reference"], seconds["ours"]) | peers

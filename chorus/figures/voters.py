"""Which images voted for which voxel: an even choice of a category's voting images, counted once more one by one."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial.transform import Rotation

from chorus import store
from chorus.body.model import N_JOINTS, BodyModel
from chorus.camera import Camera
from chorus.detections import OBJECT, read_masks, read_thumbnails
from chorus.occupancy.bitmasks import BitMasks
from chorus.occupancy.bits import Views, projections, vote_words
from chorus.occupancy.blocks import BlockGrid, bits_of, from_blocks
from chorus.occupancy.grid import Grid
from chorus.occupancy.lanes import LANES
from chorus.occupancy.votes_stage import poses_of

if TYPE_CHECKING:
    from chorus.job import Job

MOST = 200  # images on a page


@dataclass(frozen=True)
class Voters:
    """Images that voted.

    Attributes:
        grid: the canonical grid.
        words: (B, m) uint64, m >= n: bit of every voxel that an image's mask holds (`vote_words`).
        poses: (n, 24, 3) axis-angle, radians, root zero.
        interactions: n interaction names; the prompt's id where it has none.
        pictures: n of {prompt, index, jpeg}: number of the prompt, image index, base64 of the thumbnail.
    """

    grid: Grid
    words: np.ndarray
    poses: np.ndarray
    interactions: list[str]
    pictures: list[dict[str, Any]]

    def hits(self) -> Iterator[np.ndarray]:
        """(N, N, N) bool of one image after the other: voxels that its mask holds."""
        for image in range(len(self.pictures)):
            yield from_blocks(self.grid, bits_of(self.words[:, image]))


@dataclass(frozen=True)
class _Chosen:
    """The chosen images of one prompt."""

    words: np.ndarray
    poses: np.ndarray
    pictures: list[dict[str, Any]]


def voters_of(job: Job, body: BodyModel, weights: np.ndarray, interactions: Mapping[str, str]) -> Voters:
    """The voters of a job with `cameras`, `masks` and `people` files of all prompts, at most MOST, evenly chosen.

    Args:
        weights: (N^3, 24) skinning weights of the canonical grid.
        interactions: prompt id -> interaction name, empty where it has none.
    """
    grid = Grid(round(len(weights) ** (1 / 3)))
    blocks, cameras = BlockGrid.of(grid, weights), job.many("cameras")
    each = -(-MOST // max(len(cameras), 1))
    parts = [_chosen_of(job, body, blocks, number, each) for number in range(len(cameras))]
    names = [
        interactions.get(path.stem) or path.stem
        for path, part in zip(cameras, parts, strict=True)
        for _ in part.pictures
    ]
    return Voters(
        grid,
        np.concatenate([part.words for part in parts], axis=1),
        np.concatenate([part.poses for part in parts]),
        names,
        [picture for part in parts for picture in part.pictures],
    )


def mean_pose(poses: np.ndarray) -> np.ndarray:
    """(24, 3) axis-angle, root zero: for each joint the rotation closest to those of poses (n, 24, 3)."""
    mean = np.zeros((N_JOINTS, 3))
    for joint in range(1, N_JOINTS):
        mean[joint] = Rotation.from_rotvec(poses[:, joint]).mean().as_rotvec()
    return mean


def _chosen_of(job: Job, body: BodyModel, blocks: BlockGrid, number: int, most: int) -> _Chosen:
    cameras = store.read_arrays(job.many("cameras")[number], "cameras", ("index", "K", "R", "t", "weight"))
    prompt = job.many("cameras")[number].stem
    masks_files = [path for path in job.many("masks") if path.parent.name == prompt]
    people_files = [path for path in job.many("people") if path.parent.name == prompt]
    voting = np.flatnonzero(cameras["weight"] > 0)
    rows = voting[:: max(1, -(-len(voting) // most))]
    index = cameras["index"][rows]
    poses = poses_of(people_files, index)
    masks = read_masks(masks_files, OBJECT)
    place = masks.rows_of(index)
    small = {image: content for path in masks_files for image, content in read_thumbnails(path).items()}
    camera = Camera(cameras["K"][rows], cameras["R"][rows], cameras["t"][rows])
    bits = BitMasks.of_spans(masks.spans, place, masks.size[place])
    views = Views.of(blocks, projections(camera, body.canonical_bones(poses)), bits)
    shape = len(blocks), -(-max(len(rows), 1) // LANES) * LANES
    seen, hit = np.zeros(shape, np.uint64), np.zeros(shape, np.uint64)
    vote_words(blocks, views, seen, hit)
    pictures = [
        {"prompt": number, "index": int(image), "jpeg": base64.b64encode(small[int(image)]).decode()} for image in index
    ]
    poses[:, 0] = 0.0
    return _Chosen(hit[:, : len(rows)], poses, pictures)

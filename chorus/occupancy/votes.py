"""Votes: every mask votes for the voxels that project into it, as exactly mergeable integers (Eq. 6, A.6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chorus.camera import AZIMUTH_BINS, Camera
from chorus.occupancy.grid import Grid
from chorus.occupancy.skinning import blended, transformed

FULL_WEIGHT = 255


@dataclass(frozen=True)
class Votes:
    """Partial sums of a set of images by azimuth bin; sums of disjoint sets add exactly.

    Attributes:
        numerator: (12, N, N, N) uint32, weight of the images whose mask holds the voxel.
        denominator: (12, N, N, N) uint32, weight of the images that contain the voxel.
        count: (12,) uint32, weight of all images.
        images: (12,) uint32, number of images with a positive weight.
    """

    numerator: np.ndarray
    denominator: np.ndarray
    count: np.ndarray
    images: np.ndarray

    @classmethod
    def none(cls, grid: Grid) -> Votes:
        """No votes: a valid, empty result."""
        volume = (AZIMUTH_BINS, *grid.shape)
        return cls(*(np.zeros(shape, np.uint32) for shape in (volume, volume, AZIMUTH_BINS, AZIMUTH_BINS)))

    def __add__(self, other: Votes) -> Votes:
        return Votes(
            self.numerator + other.numerator,
            self.denominator + other.denominator,
            self.count + other.count,
            self.images + other.images,
        )


@dataclass(frozen=True)
class Ballot:
    """What one image brings to the vote.

    Attributes:
        camera: unbatched, body frame to pixels.
        bones: (24, 4, 4) canonical to posed.
        mask: (H, W) bool, the object.
        weight: 0..255.
        azimuth_bin: 0..11.
    """

    camera: Camera
    bones: np.ndarray
    mask: np.ndarray
    weight: int
    azimuth_bin: int


class VoteCounter:
    """Counts ballots into `votes`, one image at a time."""

    def __init__(self, grid: Grid, weights: np.ndarray):
        self.votes = Votes.none(grid)
        self._weights = weights
        self._centres = grid.centres().astype(np.float32)

    def add(self, ballot: Ballot) -> None:
        """Count one image; an image of weight 0 or with a non-finite camera or pose does not count."""
        projection = ballot.camera.matrix @ ballot.bones
        if not ballot.weight or not np.isfinite(projection).all():
            return
        seen, hit = self._seen_and_hit(projection, ballot.mask)
        volume = self.votes.numerator.shape[1:]
        index, weight = ballot.azimuth_bin, np.uint32(ballot.weight)
        self.votes.denominator[index] += weight * seen.reshape(volume)
        self.votes.numerator[index] += weight * hit.reshape(volume)
        self.votes.count[index] += weight
        self.votes.images[index] += np.uint32(1)

    def _seen_and_hit(self, projection: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        # The camera is folded into the bones, so that a voxel is warped and projected by one blended 3x4 matrix.
        u, v, depth = transformed(blended(self._weights, projection), self._centres).T
        height, width = mask.shape
        with np.errstate(divide="ignore", invalid="ignore"):
            u, v = u / depth, v / depth
            seen = (depth > 0) & (u >= 0) & (u < width) & (v >= 0) & (v < height)
        hit = np.zeros(len(seen), bool)
        hit[seen] = mask[v[seen].astype(np.int64), u[seen].astype(np.int64)]
        return seen, hit

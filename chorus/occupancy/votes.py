"""Votes: every mask votes for the voxels that project into it, as exactly mergeable integers (Eq. 6, A.6)."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numba import njit

from chorus.camera import AZIMUTH_BINS, Camera
from chorus.masks import Ragged, encode_all
from chorus.occupancy.bitmasks import BitMasks
from chorus.occupancy.bits import Views, projections, vote_words
from chorus.occupancy.blocks import VOXELS, BlockGrid, from_blocks
from chorus.occupancy.gates import gates
from chorus.occupancy.grid import Grid
from chorus.occupancy.lanes import LANES, add_where

FULL_WEIGHT = 255
TOTAL = "total"
BATCH = 64  # images whose words are held at once: 33 MB at 128^3


@dataclass(frozen=True)
class Votes:
    """Partial sums of a set of images by azimuth bin; sums of disjoint sets add exactly.

    Attributes:
        numerator: (12, N, N, N) uint32, weight of the images whose mask holds the voxel.
        denominator: (12, N, N, N) uint32, weight of the images that contain the voxel.
        count: (12,) uint32, weight of all images; a body part's gate does not lower it (r_k is a property of the view).
        images: (12,) uint32, number of images with a positive weight that passed the gate.
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
        return Votes(*(getattr(self, name) + getattr(other, name) for name in Votes.__dataclass_fields__))

    def __iadd__(self, other: Votes) -> Votes:
        """Merge in place: a few milliseconds, since no memory is asked for."""
        for name in Votes.__dataclass_fields__:
            total = getattr(self, name)
            np.add(total, getattr(other, name), out=total)
        return self


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


@dataclass(frozen=True)
class Ballots:
    """What n images bring to the vote.

    Attributes:
        camera: n cameras, body frame to pixels.
        bones: (n, 24, 4, 4) canonical to posed.
        size: (n, 2) height, width, pixels.
        spans: row spans of many masks.
        mask: (n,) each image's row in `spans`: the object's mask.
        weight: (n,) integers 0..255.
        azimuth_bin: (n,) integers 0..11.
        person: (n,) likewise the person's mask, which may hide the object (`chorus.occupancy.rays`); None: not asked.
    """

    camera: Camera
    bones: np.ndarray
    size: np.ndarray
    spans: Ragged
    mask: np.ndarray
    weight: np.ndarray
    azimuth_bin: np.ndarray
    person: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.weight)

    @classmethod
    def of(cls, ballots: list[Ballot]) -> Ballots:
        """Several single images (at least one)."""
        camera = Camera(*(np.stack([getattr(item.camera, name) for item in ballots]) for name in ("K", "R", "t")))
        return cls(
            camera,
            np.stack([item.bones for item in ballots]),
            np.array([item.mask.shape for item in ballots]),
            encode_all([item.mask for item in ballots]),
            np.arange(len(ballots)),
            np.array([item.weight for item in ballots]),
            np.array([item.azimuth_bin for item in ballots]),
        )


class Tally(ABC):
    """Counts ballots for all images (`votes`) and for those whose mask touches a body part (`of_group`).

    Here stands which ballots count, in which batches and for which groups; a subclass finds and sums the bits.

    Args:
        grid: the canonical grid.
        parts: names of the body parts, in the order of their regions.
    """

    def __init__(self, grid: Grid, parts: tuple[str, ...]):
        self.grid = grid
        self.groups = (TOTAL, *parts)
        self._count = np.zeros(AZIMUTH_BINS, np.uint32)
        self._images = np.zeros((len(self.groups), AZIMUTH_BINS), np.uint32)

    @property
    def votes(self) -> Votes:
        """The votes of all images."""
        return self.of_group(TOTAL)

    def of_group(self, name: str) -> Votes:
        """The votes of `total` or of a body part."""
        g = self.groups.index(name)
        return Votes(*self._sums(g), self._count.copy(), self._images[g].copy())

    def add(self, ballot: Ballot) -> None:
        """Count one image; an image of weight 0 or with a non-finite camera or pose does not count."""
        self.add_all(Ballots.of([ballot]))

    def add_all(self, ballots: Ballots) -> None:
        """Count images, a batch at a time; the order and the batches do not matter."""
        projection = projections(ballots.camera, ballots.bones)
        with np.errstate(over="ignore"):
            finite = np.isfinite(projection.astype(np.float32)).all(axis=(1, 2, 3))
        counted = np.flatnonzero(finite & (ballots.weight > 0))
        # Images of a bin stand together, so that a batch changes the sums of one or two bins, which stay in the cache.
        counted = counted[np.argsort(ballots.azimuth_bin[counted], kind="stable")]
        for begin in range(0, len(counted), BATCH):
            chosen = counted[begin : begin + BATCH]
            touched = self._take(ballots, chosen, projection[chosen])
            self._count_batch(touched, ballots.weight[chosen], ballots.azimuth_bin[chosen].astype(np.int64))

    def _count_batch(self, touched: np.ndarray, weight: np.ndarray, azimuth_bin: np.ndarray) -> None:
        passes = np.vstack([np.ones((1, len(weight)), bool), touched])
        share = weight.astype(np.uint32) * passes
        np.add.at(self._count, azimuth_bin, share[0])
        for g, chosen in enumerate(passes):
            np.add.at(self._images[g], azimuth_bin, chosen.astype(np.uint32))
        self._add(share, azimuth_bin)

    def _take(self, ballots: Ballots, chosen: np.ndarray, projection: np.ndarray) -> np.ndarray:
        masks = BitMasks.of_spans(ballots.spans, ballots.mask[chosen], ballots.size[chosen])
        return self._find(projection, masks)

    @abstractmethod
    def _find(self, projection: np.ndarray, masks: BitMasks) -> np.ndarray:
        """Keep for `_add` which voxels fall into images and masks; say whose mask touches each part's region.

        Args:
            projection: (n, 24, 3, 4) canonical points in metres to pixels, n <= BATCH.
            masks: of the same n images.

        Returns:
            (P, n) bool.
        """

    @abstractmethod
    def _add(self, share: np.ndarray, azimuth_bin: np.ndarray) -> None:
        """Add the images found last to the sums: weights (G, n) uint32 in every group, bins (n,) int64, ascending."""

    @abstractmethod
    def _sums(self, group: int) -> tuple[np.ndarray, np.ndarray]:
        """Numerator and denominator (12, N, N, N) uint32 of a group, copies."""


class VoteCounter(Tally):
    """The vote on the processor: words of 64 bits, compiled.

    Args:
        grid: the canonical grid, N a multiple of 4.
        weights: (N^3, 24) skinning weights.
        regions: part name -> (B,) uint64 words of its region (`gates.part_regions`), or nothing.
    """

    def __init__(self, grid: Grid, weights: np.ndarray, regions: Mapping[str, np.ndarray] | None = None):
        super().__init__(grid, tuple(regions or ()))
        self._blocks = BlockGrid.of(grid, weights)
        self._regions = np.array(list((regions or {}).values()), np.uint64).reshape(-1, len(self._blocks))
        volume = (len(self.groups), AZIMUTH_BINS, len(self._blocks), VOXELS)
        self._numerator, self._denominator = np.zeros(volume, np.uint32), np.zeros(volume, np.uint32)
        self._seen, self._hit = (np.zeros((len(self._blocks), BATCH), np.uint64) for _ in range(2))

    def _find(self, projection: np.ndarray, masks: BitMasks) -> np.ndarray:
        vote_words(self._blocks, Views.of(self._blocks, projection, masks), self._seen, self._hit)
        return gates(self._hit[:, : len(masks)], self._regions)

    def _add(self, share: np.ndarray, azimuth_bin: np.ndarray) -> None:
        for g, weight in enumerate(share):
            count_words(self._seen, weight, azimuth_bin, self._denominator[g])
            count_words(self._hit, weight, azimuth_bin, self._numerator[g])

    def _sums(self, group: int) -> tuple[np.ndarray, np.ndarray]:
        return from_blocks(self.grid, self._numerator[group]), from_blocks(self.grid, self._denominator[group])


def count_words(words: np.ndarray, weight: np.ndarray, azimuth_bin: np.ndarray, sums: np.ndarray) -> None:
    """Add the weight of every image to the voxels whose bit it sets.

    Args:
        words: (B, >= n) uint64.
        weight: (n,) uint32.
        azimuth_bin: (n,) int64, best in runs.
        sums: (12, B, 64) uint32, changed.
    """
    borders = np.flatnonzero(np.diff(azimuth_bin)) + 1
    for begin, end in itertools.pairwise([0, *borders, len(weight)]):
        if end > begin:
            _count_run(words[:, begin:end], weight[begin:end], sums[azimuth_bin[begin]])


@njit(cache=True)
def _count_run(words, weight, sums):
    for b in range(len(words)):
        everywhere = np.uint32(0)  # most blocks are wholly inside an image: added once a run
        for image in range(len(weight)):
            word = words[b, image]
            everywhere += weight[image] if word == _ALL else np.uint32(0)
            if word + np.uint64(1) > np.uint64(1):  # neither none nor all
                _add_word(sums[b], word, weight[image])
        if everywhere:
            _add_word(sums[b], _ALL, everywhere)


_ALL = ~np.uint64(0)


@njit(forceinline=True)
def _add_word(sums, word, weight):
    for plane in range(VOXELS // LANES):
        add_where(sums, LANES * plane, word >> np.uint64(LANES * plane), weight)

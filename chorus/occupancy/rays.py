"""Beyond the paper: who on a ray is meant? The vote's sums again, with fractional votes (docs/rays.md).

A mask cannot tell the voxels of a ray apart, so in Eq. 6 all of them get a full vote and the field decays slowly away
from the object. Here every mask is read a second time, knowing roughly where the object is (`starting_field`, from the
votes): a pixel of the mask says that at least one voxel on its ray is occupied, a pixel outside that none is, and a
pixel of the person nothing new. For independent voxels with probabilities phi an image that hits voxel x gives it

    E(x) = phi(x) / (1 - prod_{y on the ray of x} (1 - phi(y))),

one step of expectation maximisation. The sums have the meaning and the layout of votes, so everything that reads
votes reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numba import njit

from chorus.occupancy.bitmasks import BitMasks
from chorus.occupancy.bits import Views, vote_words
from chorus.occupancy.blocks import VOXELS, to_blocks
from chorus.occupancy.field import field_of
from chorus.occupancy.grid import Grid
from chorus.occupancy.lanes import lowest
from chorus.occupancy.votes import BATCH, FULL_WEIGHT, Ballots, VoteCounter, Votes, count_words

BIN_PRIOR = 1.0  # images; how much a single direction's share is drawn towards that of all directions
PROMPT_PRIOR = 10.0  # images; how much a prompt's share is drawn towards that of its category
FEW_IMAGES = 60
LEAST_HIDDEN = 0.25
LARGEST = 0.99  # a start of 1 would be believed whatever an image says
RARE = 1e-4  # a direction that never hits a voxel speaks against it this strongly, not infinitely
PELVIS = 0
SMALLEST_DEPTH = 1e-6  # metres


@dataclass(frozen=True)
class Start:
    """What is believed of a prompt before its images are read a second time.

    Attributes:
        phi: (N, N, N) float64, probability 0..1.
        hidden: 0..1, how much an image counts that repeats phi for a voxel which its person hides.
    """

    phi: np.ndarray
    hidden: float

    @classmethod
    def of(cls, category: Votes, prompt: Votes) -> Start:
        """The start from the votes of all prompts of a category, and of the prompt, which is one of them."""
        return cls(starting_field(category, prompt), hidden_share(int(category.images.sum())))


def hidden_share(images: int) -> float:
    """How much an image counts for a voxel that its person hides, in a category of so many images.

    All of it with few images: then this is the expectation of what is missing, and keeps the few others from being
    believed too much. A quarter with many: what a person hides is not missing at random, since the object shows in
    front of a person and not behind.
    """
    return min(max(FEW_IMAGES / max(images, 1), LEAST_HIDDEN), 1.0)


def starting_field(category: Votes, prompt: Votes) -> np.ndarray:
    """Where the object of a prompt probably is, (N, N, N) float64 in 0..0.99, from votes alone.

    The side from which an image looks tells nothing of where the object is, so an occupied voxel is hit as often from
    every side, while a voxel before or behind the object is hit from some sides only: the shares of the azimuth bins
    are averaged geometrically. A prompt has too few images for twelve shares of its own; it scales the category's field
    by its own share of hits over the category's.

    Args:
        category: votes of all prompts of the category, this one included.
        prompt: votes of the prompt.
    """
    mean = field_of(category).phi.astype(float)
    bins = category.count > 0
    if not bins.any():
        return mean
    from_each = _drawn(category.numerator[bins], category.denominator[bins], mean, BIN_PRIOR)
    from_all = np.exp(np.log(from_each + RARE).mean(axis=0))
    of_prompt = _drawn(prompt.numerator.sum(axis=0), prompt.denominator.sum(axis=0), mean, PROMPT_PRIOR)
    share = np.divide(of_prompt, mean, out=np.zeros_like(mean), where=mean > 0)
    return np.minimum(from_all * share, LARGEST)


def _drawn(numerator: np.ndarray, denominator: np.ndarray, towards: np.ndarray, images: float) -> np.ndarray:
    weight = images * FULL_WEIGHT
    return (numerator + weight * towards) / (denominator + weight)


class RayCounter(VoteCounter):
    """Counts fractional votes: numerator = sum of round(weight E), denominator = sum of the weights behind it.

    A voxel that projects onto the person and not onto the object is hidden: there the image repeats the start at
    `start.hidden` of its weight.

    Args:
        grid: the canonical grid, N a multiple of 4.
        weights: (N^3, 24) skinning weights.
        start: what is believed before an image is looked at.
        regions: part name -> (B,) uint64 words of its region (`gates.part_regions`), or nothing.
    """

    def __init__(self, grid: Grid, weights: np.ndarray, start: Start, regions: Mapping[str, np.ndarray] | None = None):
        super().__init__(grid, weights, regions)
        phi = to_blocks(grid, start.phi.reshape(-1).astype(float))
        with np.errstate(divide="ignore"):
            self._odds = phi, np.log1p(-phi)
        self._hidden_share = start.hidden
        self._hidden = np.zeros((len(self._blocks), BATCH), np.uint64)

    def _take(self, ballots: Ballots, chosen: np.ndarray, projection: np.ndarray) -> np.ndarray:
        # The person first: `seen` and `hit` of the object are what `_add` needs.
        self._hidden[:, : len(chosen)] = 0
        if ballots.person is not None:
            people = BitMasks.of_spans(ballots.spans, ballots.person[chosen], ballots.size[chosen])
            vote_words(self._blocks, Views.of(self._blocks, projection, people), self._seen, self._hidden)
        return super()._take(ballots, chosen, projection)

    def _find(self, projection: np.ndarray, masks: BitMasks) -> np.ndarray:
        touched = super()._find(projection, masks)
        self._hidden &= ~self._hit
        self._seen &= ~self._hidden
        rows = (projection * np.array([self.grid.voxel] * 3 + [1.0])).reshape(len(masks), -1, 12)
        self._rays = rows, masks.box, ray_sides(projection, self.grid.voxel)
        return touched

    def _add(self, share: np.ndarray, azimuth_bin: np.ndarray) -> None:
        faint = (share * self._hidden_share + 0.5).astype(np.uint32)
        for g in range(len(share)):
            count_words(self._seen, share[g], azimuth_bin, self._denominator[g])
            count_words(self._hidden, faint[g], azimuth_bin, self._denominator[g])
        blocks = self._blocks
        table = blocks.centre, blocks.first, blocks.joint, blocks.weight
        _attribute(table, self._odds, self._hit, self._rays, (share, azimuth_bin), self._numerator)
        _repeat(self._odds[0], self._hidden, (faint, azimuth_bin), self._numerator)


def ray_sides(projection: np.ndarray, voxel: float) -> np.ndarray:
    """Width (n,) of a ray in pixels: a voxel's at the depth of the body's origin, at least one pixel.

    Args:
        projection: (n, 24, 3, 4) canonical points in metres to pixels; the pelvis' is a camera times a rigid motion.
        voxel: side of a voxel, metres.
    """
    across, forward = projection[:, PELVIS, 0, :3], projection[:, PELVIS, 2, :3]
    along = (across * forward).sum(axis=-1) / np.maximum((forward**2).sum(axis=-1), SMALLEST_DEPTH)
    focal = np.linalg.norm(across - along[:, None] * forward, axis=-1)
    return np.maximum(focal * voxel / np.maximum(projection[:, PELVIS, 2, 3], SMALLEST_DEPTH), 1.0)


@njit(cache=True, error_model="numpy")
def _attribute(table, odds, hit, rays, votes, numerator):
    """Add round(weight E) of every image to the voxels that its mask holds; float64, one image after the other."""
    rows, box, side = rays
    share, azimuth_bin = votes
    phi, log_empty = odds
    most = 0
    for image in range(len(side)):
        most = max(most, _hits(hit, image))
    voxel, ray = np.empty(most, np.int64), np.empty(most, np.int64)
    for image in range(len(side)):
        across = np.int64((box[image, 2] - box[image, 0]) / side[image]) + 1
        down = np.int64((box[image, 3] - box[image, 1]) / side[image]) + 1
        found = _list_hits(table, hit, rows[image], (image, box[image], side[image], across, down), voxel, ray)
        empty = np.zeros(across * down)
        for i in range(found):
            empty[ray[i]] += log_empty[voxel[i] // VOXELS, voxel[i] % VOXELS]
        for i in range(found):
            b, v = voxel[i] // VOXELS, voxel[i] % VOXELS
            if phi[b, v] > 0:
                expected = min(phi[b, v] / -np.expm1(empty[ray[i]]), 1.0)
                for g in range(len(share)):
                    numerator[g, azimuth_bin[image], b, v] += np.uint32(share[g, image] * expected + 0.5)


@njit(cache=True)
def _repeat(phi, hidden, votes, numerator):
    """Add round(weight phi) of every image to the voxels that its person hides."""
    share, azimuth_bin = votes
    for b in range(len(hidden)):
        for image in range(len(azimuth_bin)):
            word = hidden[b, image]
            while word:
                v = lowest(word)
                word &= word - np.uint64(1)
                for g in range(len(share)):
                    numerator[g, azimuth_bin[image], b, v] += np.uint32(share[g, image] * phi[b, v] + 0.5)


@njit(cache=True)
def _hits(hit, image):
    count = 0
    for b in range(len(hit)):
        word = hit[b, image]
        while word:
            word &= word - np.uint64(1)
            count += 1
    return count


@njit(cache=True, error_model="numpy")
def _list_hits(table, hit, rows, frame, voxel, ray):
    """Write voxel (64 block + place) and ray of every hit of an image; return how many there are."""
    centre, first, joint, weight = table
    image, box, side, across, down = frame
    found = 0
    for b in range(len(hit)):
        word = hit[b, image]
        while word:
            v = np.int64(lowest(word))
            word &= word - np.uint64(1)
            x = centre[b, 0] + (v // 16) - 1.5
            y = centre[b, 1] + (v // 4 % 4) - 1.5
            z = centre[b, 2] + (v % 4) - 1.5
            p, q, r = 0.0, 0.0, 0.0
            for e in range(first[b], first[b + 1]):
                m, w = rows[joint[e]], weight[e, v]
                p += w * (m[0] * x + m[1] * y + m[2] * z + m[3])
                q += w * (m[4] * x + m[5] * y + m[6] * z + m[7])
                r += w * (m[8] * x + m[9] * y + m[10] * z + m[11])
            # Rounding may put a place of the box's edge a hair outside of it.
            column = min(max(np.int64((p / r - box[0]) / side), 0), across - 1)
            row = min(max(np.int64((q / r - box[1]) / side), 0), down - 1)
            voxel[found], ray[found] = b * VOXELS + v, row * across + column
            found += 1
    return found

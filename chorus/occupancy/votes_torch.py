"""The vote on a torch device, two matrix products a batch: the counts of `votes.VoteCounter` (Eq. 5, 6).

With p = sum_j w_j(x) M_j x, as in `bits`, the places of all voxels in all images are one product: features
w_j(x) (x, y, z, 1) of the voxels times projections M_j of the images. Adding weights up is another: weights times bits,
whole numbers below 2^24, so exact in float32 in any order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from chorus.camera import AZIMUTH_BINS
from chorus.occupancy.bitmasks import MARGIN, WORD, BitMasks
from chorus.occupancy.bits import SMALLEST_DEPTH
from chorus.occupancy.blocks import bits_of, from_blocks
from chorus.occupancy.grid import Grid
from chorus.occupancy.votes import BATCH, Tally

if TYPE_CHECKING:
    import torch

CHUNK = 2**14  # voxels at once: a million places with a batch of images, 13 MB a coordinate and 100 MB in all


class TorchVoteCounter(Tally):
    """The vote on a torch device; places that float32 rounds across a pixel border may differ from the processor's.

    Args:
        grid: the canonical grid.
        weights: (N^3, 24) skinning weights.
        regions: part name -> (B,) uint64 words of its region (`gates.part_regions`), or nothing.
        device: from `chorus.devices.torch_device`.
    """

    def __init__(
        self,
        grid: Grid,
        weights: np.ndarray,
        regions: Mapping[str, np.ndarray] | None = None,
        *,
        device: torch.device,
    ):
        import torch

        super().__init__(grid, tuple(regions or ()))
        self._device = device
        self._weights = torch.tensor(weights, dtype=torch.float32, device=device)
        self._points = torch.tensor(_points(grid), device=device)
        inside = [from_blocks(grid, bits_of(words)).reshape(-1) for words in (regions or {}).values()]
        self._regions = [torch.tensor(np.flatnonzero(region), device=device) for region in inside]
        # torch adds no uint32; int32 has the same sums modulo 2^32 and is read as uint32 at the end.
        volume = (len(self.groups), AZIMUTH_BINS, len(self._points))
        self._numerator, self._denominator = (torch.zeros(volume, dtype=torch.int32, device=device) for _ in range(2))
        self._seen, self._hit = (
            torch.zeros((BATCH, len(self._points)), dtype=torch.bool, device=device) for _ in range(2)
        )

    def _find(self, projection: np.ndarray, masks: BitMasks) -> np.ndarray:
        import torch

        n, joints = projection.shape[:2]
        # Always a whole batch: another shape may be summed in another order, and sums must not depend on batches.
        rows = np.zeros((3, BATCH, joints, 4), np.float32)
        rows[:, :n] = np.moveaxis(projection * np.array([self.grid.voxel] * 3 + [1.0]), 2, 0)
        matrices = torch.tensor(rows.reshape(3 * BATCH, 4 * joints), device=self._device)
        views = _Views.of(masks, self._device)
        for part in self._parts():
            features = self._weights[part, :, None] * self._points[part, None]
            places = (matrices @ features.flatten(1).T).view(3, BATCH, -1)
            self._seen[:n, part], self._hit[:n, part] = views.bits(places[:, :n])
        touched = [self._hit[:n, region].any(dim=1).cpu().numpy() for region in self._regions]
        return np.array(touched, bool).reshape(-1, n)

    def _add(self, share: np.ndarray, azimuth_bin: np.ndarray) -> None:
        import torch

        weight = torch.tensor(share.astype(np.float32), device=self._device)
        for azimuth in np.unique(azimuth_bin).tolist():
            images = slice(*np.searchsorted(azimuth_bin, [azimuth, azimuth + 1]).tolist())
            for bits, sums in ((self._seen, self._denominator), (self._hit, self._numerator)):
                for part in self._parts():
                    added = weight[:, images] @ bits[images, part].to(torch.float32)
                    sums[:, azimuth, part] += added.to(torch.int32)

    def _sums(self, group: int) -> tuple[np.ndarray, np.ndarray]:
        volume = (AZIMUTH_BINS, *self.grid.shape)
        numerator, denominator = (
            sums[group].to("cpu", copy=True).numpy().view(np.uint32).reshape(volume)
            for sums in (self._numerator, self._denominator)
        )
        return numerator, denominator

    def _parts(self) -> Iterator[slice]:
        return (slice(begin, begin + CHUNK) for begin in range(0, len(self._points), CHUNK))


class _Views(NamedTuple):
    """`BitMasks` on a device; (n, 1) each, and the words of all masks, whose bits int32 holds as well as uint32."""

    height: torch.Tensor
    width: torch.Tensor
    box: tuple[torch.Tensor, ...]
    cells: torch.Tensor
    first: torch.Tensor
    words: torch.Tensor

    @classmethod
    def of(cls, masks: BitMasks, device: torch.device) -> _Views:
        """Take the masks of a batch to a device."""
        import torch

        def column(values: np.ndarray) -> torch.Tensor:
            return torch.tensor(values, device=device)[:, None]

        height, width = masks.size.T
        words = torch.tensor(masks.words.view(np.int32), device=device)
        box = tuple(column(edge) for edge in masks.box.T)
        return cls(column(height), column(width), box, column(masks.width), column(masks.first[:-1]), words)

    def bits(self, places: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Which places (3, n, C), homogeneous pixels, lie in the images and which in the masks: (n, C) bool each."""
        import torch

        column, row = places[:2] / places[2]  # not finite where the depth is 0: outside; cut to whole pixels below
        x0, y0, x1, y1 = self.box
        inside = (column >= 0) & (column < self.width) & (row >= 0) & (row < self.height)
        seen = inside & (places[2] > float(SMALLEST_DEPTH))
        near = seen & (column >= x0) & (column < x1) & (row >= y0) & (row < y1)
        column, row = (torch.where(near, place, 0).to(torch.int64) for place in (column, row))
        cell = torch.where(near, (row - y0 + MARGIN) * self.cells + column - x0 + MARGIN, 0)
        return seen, near & (self.words[self.first + cell // WORD] >> cell % WORD & 1).to(torch.bool)


def _points(grid: Grid) -> np.ndarray:
    """(N^3, 4) float32 homogeneous voxel centres in voxels from the body origin: exact, unlike metres."""
    points = np.ones((grid.resolution**3, 4), np.float32)
    points[:, :3] = np.round(grid.centres() / grid.voxel * 2) / 2
    return points

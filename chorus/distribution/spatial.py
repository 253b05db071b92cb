"""A probability in space around one posed body, and the questions a researcher asks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chorus.errors import QueryError
from chorus.occupancy.grid import Grid
from chorus.occupancy.posing import interpolated

Region = np.ndarray | Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class SpatialField:
    """Phi around a body in one pose: for each voxel the probability that the object is there.

    Space is that of docs/conventions.md: body frame, metres, arrays indexed [ix, iy, iz]. Where nobody looked, phi, low
    and high are NaN: that is unknown, not empty.

    Attributes:
        phi: (N, N, N) float32, probability 0..1 or NaN.
        low, high: (N, N, N) float32, ends of the 90 % interval for the value that many more images would give.
        n_eff: (N, N, N) float32, effective number of images that saw the voxel; 0 where nobody looked.
        directions: (N, N, N) uint8, number of the 12 azimuth bins that saw it.
        pose: (24, 3) axis-angle of the body, radians, root zero.
        images: number of images behind the field.
        about: category, interaction, part and body digest.
    """

    phi: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n_eff: np.ndarray
    directions: np.ndarray
    pose: np.ndarray
    images: int
    about: dict[str, str]

    @property
    def grid(self) -> Grid:
        """The voxels."""
        return Grid(len(self.phi))

    @property
    def known(self) -> np.ndarray:
        """(N, N, N) bool, voxels that somebody saw."""
        return np.isfinite(self.phi)

    def at(self, points: np.ndarray) -> np.ndarray:
        """Phi (...) float32 at points (..., 3) in metres, linear between voxels; NaN where unknown or outside."""
        points = np.asarray(points, float)
        if points.shape[-1:] != (3,):
            raise QueryError(f"at: points have shape {points.shape}, expected (..., 3) in metres; give x, y and z.")
        values = interpolated(np.where(self.known, self.phi, 0.0), points.reshape(-1, 3), self.known)
        return values.reshape(points.shape[:-1])

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Points (n, 3) in metres, as dense as Phi is high; unknown space gets none.

        Raises:
            QueryError: Phi is 0 everywhere.
        """
        share = self._shares().reshape(-1)
        voxel = rng.choice(len(share), size=n, p=share)
        return self.grid.centres()[voxel] + self.grid.voxel * (rng.random((n, 3)) - 0.5)

    def probability(self, region: Region) -> float:
        """Probability that a point of the object, drawn as by `sample`, lies in a region.

        It is the share of the expected occupied volume, so disjoint regions add up to 1. Phi says nothing about several
        voxels at once: the probability that *any* part of the object touches the region is at least the greatest Phi
        in it, and not determined by Phi.

        Args:
            region: (N, N, N) bool, or a function of points (n, 3) in metres that returns (n,) bool.

        Raises:
            QueryError: Phi is 0 everywhere, or the region has another shape.
        """
        inside = np.asarray(region(self.grid.centres()) if callable(region) else region, bool)
        if inside.size != self.phi.size:
            raise QueryError(
                f"probability: the region has shape {inside.shape}, expected {self.phi.shape} or a function."
            )
        return float(self._shares()[inside.reshape(self.phi.shape)].sum())

    def _shares(self) -> np.ndarray:
        filled = np.where(self.known, self.phi, 0.0).astype(float)
        total = filled.sum()
        if total <= 0:
            raise QueryError(f"{self.about['category']}: Phi is 0 everywhere, there is nothing to draw from.")
        return filled / total

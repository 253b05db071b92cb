"""The voxel grid: a 3 m cube around the body origin (docs/conventions.md)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SIDE = 3.0


@dataclass(frozen=True)
class Grid:
    """N x N x N voxels; centre of voxel i is -1.5 + 3/N (i + 0.5) metres, arrays are indexed [ix, iy, iz]."""

    resolution: int = 48

    @property
    def shape(self) -> tuple[int, int, int]:
        """(N, N, N)."""
        return (self.resolution,) * 3

    @property
    def voxel(self) -> float:
        """Side of a voxel, metres."""
        return SIDE / self.resolution

    def centres(self) -> np.ndarray:
        """Voxel centres (N^3, 3) in C order, metres, float64."""
        return np.stack(np.meshgrid(*(self.axis(),) * 3, indexing="ij"), axis=-1).reshape(-1, 3)

    def axis(self) -> np.ndarray:
        """Coordinates (N,) of the voxel centres along every side, metres, float64."""
        return -SIDE / 2 + self.voxel * (np.arange(self.resolution) + 0.5)

    def flat_index(self, points: np.ndarray) -> np.ndarray:
        """Flat voxel index (...,) int64 of points (..., 3) in metres; -1 outside the cube or not finite."""
        with np.errstate(invalid="ignore"):
            cell = np.floor((points + SIDE / 2) / self.voxel)
            inside = np.asarray(((cell >= 0) & (cell < self.resolution)).all(axis=-1))
        ix, iy, iz = np.moveaxis(np.where(inside[..., None], cell, 0).astype(np.int64), -1, 0)
        return np.where(inside, (ix * self.resolution + iy) * self.resolution + iz, -1)

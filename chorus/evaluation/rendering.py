"""Canonical fields as a test image would show them: pose, project, keep the largest value of every pixel."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

import numpy as np

from chorus.evaluation.pap import Raster
from chorus.occupancy.grid import Grid
from chorus.occupancy.posing import look_up


class Renderer(Protocol):
    """Renders the same fields on one test image after the other."""

    def render(self, raster: Raster, warp: np.ndarray) -> dict[str, np.ndarray]:
        """The largest value of every pixel, (h, w) float32 for every field.

        Args:
            raster: of the test image.
            warp: (N^3,) canonical voxel of every posed voxel, -1 outside (`chorus.occupancy.posing.canonical_index`).
        """


class FieldRenderer:
    """Rendering on the processor, compiled.

    Args:
        fields: name -> (N, N, N), one N for all, at least one.
        canonical: names of the fields around the canonical body; the others are posed already and are not warped.
    """

    def __init__(self, fields: Mapping[str, np.ndarray], canonical: Collection[str]):
        self._fields = {name: np.ascontiguousarray(field, np.float32) for name, field in fields.items()}
        self._canonical = frozenset(canonical)
        self._centres = grid_of(fields).centres()

    def render(self, raster: Raster, warp: np.ndarray) -> dict[str, np.ndarray]:
        """See `Renderer`."""
        pixel = raster.pixel_index(self._centres)
        return {
            name: raster.largest(look_up(field, warp) if name in self._canonical else field.reshape(-1), pixel)
            for name, field in self._fields.items()
        }


def grid_of(fields: Mapping[str, np.ndarray]) -> Grid:
    """The voxels that all fields share."""
    return Grid(len(next(iter(fields.values()))))

"""Rendering of fields on a torch device, bit for bit as `rendering.FieldRenderer` does it.

Coordinates are float64, computed in the order of the compiled kernel, and a largest value knows no order. All fields
stay on the device and are rendered at once; what comes back are pictures of a thousand pixels, whose histograms and
curves are those of `pap`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np

from chorus.evaluation.pap import Raster
from chorus.evaluation.rendering import grid_of

if TYPE_CHECKING:
    import torch


class TorchFieldRenderer:
    """Rendering on a torch device.

    Args:
        fields, canonical: see `chorus.evaluation.rendering.FieldRenderer`.
        device: from `chorus.devices.torch_device`.
    """

    def __init__(self, fields: Mapping[str, np.ndarray], canonical: Collection[str], *, device: torch.device):
        import torch

        flat = [torch.tensor(np.asarray(field, np.float32).reshape(-1), device=device) for field in fields.values()]
        self._names = tuple(fields)
        self._fields = torch.stack(flat)
        self._canonical = torch.tensor([[name in canonical] for name in fields], device=device)
        self._centres = torch.tensor(grid_of(fields).centres().T, device=device)

    def render(self, raster: Raster, warp: np.ndarray) -> dict[str, np.ndarray]:
        """See `chorus.evaluation.rendering.Renderer`."""
        import torch

        source = torch.tensor(warp, dtype=torch.int64, device=self._fields.device)
        warped = torch.where(source >= 0, self._fields[:, source.clamp(min=0)], 0)
        values = torch.where(self._canonical, warped, self._fields)
        pixel = self._pixels(raster)
        height, width = raster.size
        images = values.new_zeros(len(values), height * width + 1)  # the last pixel takes what falls beside the image
        images.scatter_reduce_(1, pixel.expand_as(values), values, "amax")
        pictures = images[:, :-1].reshape(-1, height, width).cpu().numpy()
        return dict(zip(self._names, pictures, strict=True))

    def _pixels(self, raster: Raster) -> torch.Tensor:
        """Flat pixel (N^3,) int64 of every voxel centre, height * width outside (`Raster.pixel_index`)."""
        import torch

        height, width = raster.size
        to_camera = np.column_stack([raster.camera.R, raster.camera.t]).tolist()
        x, y, depth = (_times(row, (*self._centres, 1.0)) for row in to_camera)
        p, q, scale = (_times(row, (x, y, depth)) for row in raster.camera.K.tolist())
        column, row = p / scale, q / scale
        inside = (depth > 0) & (column >= 0) & (column < width) & (row >= 0) & (row < height)
        column, row = (torch.where(inside, place, 0).to(torch.int64) for place in (column, row))
        return torch.where(inside, row * width + column, height * width)


def _times(row: list[float], vector: tuple) -> torch.Tensor:
    # Term by term, since a matrix product sums in an order of its own.
    return sum(factor * value for factor, value in zip(row, vector, strict=True))  # type: ignore[return-value]

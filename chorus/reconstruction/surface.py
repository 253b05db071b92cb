"""The surface of a field at a threshold, by marching cubes (paper 4.5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chorus.errors import MissingExtraError, QueryError
from chorus.occupancy.grid import Grid

INSTALL = 'pip install "chorus-hoi[reconstruction]"'


@dataclass(frozen=True)
class Surface:
    """A closed triangle mesh: vertices (V, 3) in metres, body frame; faces (F, 3), outward by the right-hand rule."""

    vertices: np.ndarray
    faces: np.ndarray


def surface_of(phi: np.ndarray, threshold: float) -> Surface:
    """Where a field passes a threshold, linear between voxel centres; closed at the border of the grid.

    Args:
        phi: (N, N, N); NaN (nobody looked) counts as 0.
        threshold: above 0.

    Raises:
        QueryError: the field stays below the threshold.
        MissingExtraError: scikit-image is not installed.
    """
    try:
        from skimage.measure import marching_cubes
    except ImportError as error:
        raise MissingExtraError(f"Marching cubes need scikit-image ({error}); install it: {INSTALL}.") from error
    values = np.pad(np.nan_to_num(np.asarray(phi, np.float32)), 1)
    if not 0 < threshold < values.max():
        raise QueryError(
            f"the field has no surface at {threshold:.3f}: its greatest value is {values.max():.3f}; "
            "choose a threshold between 0 and that."
        )
    cells, faces, _, _ = marching_cubes(values, float(threshold), allow_degenerate=False)
    grid = Grid(len(phi))
    vertices = grid.axis()[0] + grid.voxel * (cells.astype(float) - 1.0)
    return Surface(vertices, faces[:, ::-1].astype(np.int64))  # scikit-image's faces look inward

"""Benchmark of PAP: one field on one test image, from pose, camera and mask to the four values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chorus.bench.field import chance_pose, posed_vertices
from chorus.bench.timing import cpu_seconds, interleaved, record
from chorus.body.model import BodyModel
from chorus.camera import Camera, field_of_view_intrinsics
from chorus.evaluation.pap import ImageScore, TestView
from chorus.evaluation.rendering import FieldRenderer
from chorus.occupancy.grid import Grid
from chorus.occupancy.posing import canonical_index

SIDE = 512  # pixels


@dataclass(frozen=True)
class PapCase:
    """A field and the test image it is scored on.

    Attributes:
        phi: (N, N, N) canonical field.
        pose: (24, 3) axis-angle.
        camera: unbatched.
        mask: (512, 512) bool, the object; 5 % of the image.
    """

    body: BodyModel
    phi: np.ndarray
    pose: np.ndarray
    camera: Camera
    mask: np.ndarray

    @property
    def grid(self) -> Grid:
        """The voxels."""
        return Grid(len(self.phi))

    @classmethod
    def of(cls, body: BodyModel, grid: Grid) -> PapCase:
        """A body in a chance pose, seen from 3 m in front; the field is a soft ball in its right hand's reach."""
        distance = np.linalg.norm(grid.centres() - [-0.4, -0.1, 0.3], axis=1)
        phi = np.exp(-((distance / 0.3) ** 2)).astype(np.float32).reshape(grid.shape)
        camera = Camera(
            field_of_view_intrinsics((SIDE, SIDE), 46.4), np.diag([1.0, -1.0, -1.0]), np.array([0.0, -0.2, 3.0])
        )
        row, column = np.arange(SIDE)[:, None], np.arange(SIDE)[None]
        mask = (row - 265) ** 2 + (column - 165) ** 2 < 0.05 * SIDE**2 / np.pi
        return cls(body, phi, chance_pose(), camera, mask)

    def score(self, warp: np.ndarray) -> ImageScore:
        """Curves of the image, given the warp (N^3,) of its pose."""
        view = TestView.of(self.camera, self.mask, posed_vertices(self.body, self.pose))
        renderer = FieldRenderer({"field": self.phi}, {"field"})
        return view.score(renderer.render(view.raster, warp)["field"])


def pap_records(
    case: PapCase, reference: Callable[[], object] | None = None, rounds: int = 5
) -> list[dict[str, object]]:
    """PAP with and without a cached warp; `reference` scores the case once and is called once."""
    cached = canonical_index(case.grid, case.body, case.pose)

    def whole() -> int:
        case.score(canonical_index(case.grid, case.body, case.pose)).values()
        return 1

    def rest() -> int:
        case.score(cached).values()
        return 1

    seconds = interleaved({"pap": whole, "pap_cached": rest}, rounds)
    theirs = reference and cpu_seconds(reference)
    return [record(kernel, case.grid.resolution, theirs, seconds[kernel]) for kernel in ("pap", "pap_cached")]

"""Votes of images for voxels (Eq. 6): warp the grid, project it, truncate to pixels, look the mask up, accumulate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from tests.reference.body import Body, bone_transforms, posed_vertices, star_pose, transform_points
from tests.reference.skinning import distances_between, grid_centres

Pixel = Literal["truncate", "floor"]
SMALLEST_WEIGHT = 1e-7
AZIMUTH_BINS = 12
ON_AXIS = 1e-4  # metres: a camera closer than this to a plane x = 0 or z = 0 lies on it
PART_DISTANCE = 0.13  # metres from a part's vertices to the end of its region (Eq. 12)


@dataclass(frozen=True)
class View:
    """One image's camera: R (3, 3), t (3,) body frame to camera frame, metres; K (3, 3) pixels."""

    R: torch.Tensor
    t: torch.Tensor
    K: torch.Tensor


@dataclass(frozen=True)
class Semantics:
    """Where this project departs from the original (the defaults are the original's).

    Attributes:
        pixel: how a coordinate becomes an index, "truncate" toward zero or "floor".
        depth_test: whether only points in front of the camera count.
    """

    pixel: Pixel = "truncate"
    depth_test: bool = False


ORIGINAL = Semantics()
OURS = Semantics(pixel="floor", depth_test=True)


@dataclass(frozen=True)
class Scene:
    """One image: pose (24, 3) axis-angle, radians; its camera; mask (H, W) bool of the object; weight r_k."""

    pose: torch.Tensor
    view: View
    mask: torch.Tensor
    weight: float


@dataclass(frozen=True)
class Canonical:
    """What a warp needs: body, skinning weights (P, 24), centres (P, 3), inverse bones of the star pose (24, 4, 4)."""

    body: Body
    weights: torch.Tensor
    centres: torch.Tensor
    star_to_rest: torch.Tensor


@dataclass
class Sums:
    """Weighted votes (P,) of a set of images: in the mask, in the image; and how many images were counted."""

    in_mask: torch.Tensor
    in_image: torch.Tensor
    images: int = 0

    def probability(self) -> torch.Tensor:
        """(P,) votes in the mask over votes in the image; 0 where no image saw the voxel."""
        seen = torch.where(
            self.in_image > SMALLEST_WEIGHT, self.in_image, torch.full_like(self.in_image, SMALLEST_WEIGHT)
        )
        return self.in_mask / seen


def canonical(body: Body, field: torch.Tensor) -> Canonical:
    """The canonical grid with skinning field (N, N, N, 24)."""
    star_to_rest = torch.inverse(bone_transforms(body, star_pose()))
    return Canonical(body, field.reshape(-1, field.shape[-1]), grid_centres(field.shape[0]), star_to_rest)


def blended_transforms(space: Canonical, pose: torch.Tensor) -> torch.Tensor:
    """(P, 4, 4) blends of the bones B_j = A_j(pose) A_j(star)^-1 with the field's weights."""
    bones = torch.matmul(bone_transforms(space.body, pose), space.star_to_rest)
    return torch.matmul(space.weights, bones.reshape(-1, 16)).reshape(-1, 4, 4)


def warp(space: Canonical, pose: torch.Tensor) -> torch.Tensor:
    """Voxel centres (P, 3), metres, carried from the star pose to `pose` (Eq. 5)."""
    return transform_points(blended_transforms(space, pose), space.centres)


def project(points: torch.Tensor, view: View) -> tuple[torch.Tensor, torch.Tensor]:
    """Pixel coordinates (2, P) and depths (P,), metres, of points (P, 3)."""
    x_camera = torch.matmul(view.R, points.T) + view.t[:, None]
    homogeneous = torch.matmul(view.K, x_camera)
    return homogeneous[:2] / homogeneous[2:], x_camera[2]


def to_index(values: torch.Tensor, pixel: Pixel) -> torch.Tensor:
    """Integer index of a coordinate. Truncation sends (-1, 0) to 0, so a border one unit wide leaks in."""
    return (torch.floor(values) if pixel == "floor" else values).to(torch.long)


def visible_pixels(
    points: torch.Tensor, view: View, size: tuple[int, int], semantics: Semantics = ORIGINAL
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Column (P,), row (P,) and whether each point (P, 3) falls in an image of `size` (height, width)."""
    pixels, depth = project(points, view)
    column, row = to_index(pixels, semantics.pixel)
    inside = (column >= 0) & (column < size[1]) & (row >= 0) & (row < size[0])
    if semantics.depth_test:
        inside = inside & (depth > 0)
    return column, row, inside


def image_votes(space: Canonical, scene: Scene, semantics: Semantics = ORIGINAL) -> tuple[torch.Tensor, torch.Tensor]:
    """Votes (P,), 0 or 1, of one image: its mask at each voxel, and whether the voxel falls in the image."""
    posed_vertices(space.body, scene.pose)  # the original evaluates the whole body for every image, and drops it here
    column, row, inside = visible_pixels(warp(space, scene.pose), scene.view, tuple(scene.mask.shape), semantics)
    in_mask = torch.zeros(len(inside))
    in_mask[inside] = scene.mask[row[inside], column[inside]].to(torch.float32)
    return in_mask, inside.to(torch.float32)


def aggregate(
    space: Canonical, scenes: Sequence[Scene], regions: dict[str, torch.Tensor], semantics: Semantics = ORIGINAL
) -> tuple[Sums, dict[str, Sums]]:
    """Sums over all images, and for each part of `regions` ((P,) bool) over the images whose mask touches it (Eq. 13).

    Float32 running sums, one image at a time. Weights come from all images, also for the parts.
    """
    total = empty_sums(len(space.centres))
    parts = {part: empty_sums(len(space.centres)) for part in regions}
    for scene in scenes:
        in_mask, in_image = image_votes(space, scene, semantics)
        touched = [parts[part] for part, region in regions.items() if bool((in_mask[region] > 0).any())]
        for sums in [total, *touched]:
            sums.in_mask += scene.weight * in_mask
            sums.in_image += scene.weight * in_image
            sums.images += 1
    return total, parts


def empty_sums(voxels: int) -> Sums:
    """No votes yet."""
    return Sums(torch.zeros(voxels), torch.zeros(voxels))


def part_region(centres: torch.Tensor, part_vertices: torch.Tensor) -> torch.Tensor:
    """(P,) bool: centres closer than 0.13 m (strictly) to a star-pose vertex (V, 3) of the part (Eq. 12)."""
    near = [(distances_between(part_vertices, chunk) < PART_DISTANCE).any(dim=0) for chunk in centres.split(4096)]
    return torch.cat(near)


def azimuth_degrees(view: View) -> float:
    """Angle in [0, 360) of the camera centre's (x, z): 0 = the person's left, 90 = in front; 0 on the vertical axis."""
    centre = -torch.matmul(view.R.T, view.t)
    x, z = float(centre[0]), float(centre[2])
    if abs(z) < ON_AXIS:
        return 180.0 if x < -ON_AXIS else 0.0
    if abs(x) < ON_AXIS:
        return 90.0 if z > 0 else 270.0
    return float(np.degrees(np.arctan2(z, x))) % 360.0


def azimuth_bins(views: Sequence[View]) -> np.ndarray:
    """(n,) index 0..11 of each camera's 30-degree bin."""
    return np.array([int(azimuth_degrees(view) // (360.0 / AZIMUTH_BINS)) for view in views], dtype=np.int64)


def camera_weights(views: Sequence[View]) -> np.ndarray:
    """r_k (n,): one over the number of cameras in the same azimuth bin."""
    bins = azimuth_bins(views)
    return 1.0 / np.bincount(bins, minlength=AZIMUTH_BINS)[bins]

"""Projective Average Precision of one test image: posed field, 99 renders, precision and recall (A.7, B.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from tests.reference.body import posed_vertices, transform_points
from tests.reference.skinning import SIDE, grid_centres, skinning_field
from tests.reference.votes import ORIGINAL, Canonical, Semantics, View, blended_transforms, to_index, visible_pixels

THRESHOLDS = [i / 100 for i in range(1, 100)]
SHORT_SIDE = 32


@dataclass(frozen=True)
class Curve:
    """Precision, recall, predicted pixels and target pixels, (99,) each, by rising threshold."""

    precision: np.ndarray
    recall: np.ndarray
    predicted: np.ndarray
    target: np.ndarray

    def average_precision(self, strict: bool = False) -> float:
        """sum_i (R_{i-1} - R_i) max_{k<i} P_k; strict: 0 where nothing is predicted at i. No tail after 0.99."""
        total = 0.0
        for i in range(1, len(self.recall)):
            if strict and self.predicted[i] == 0:
                continue
            total += (self.recall[i - 1] - self.recall[i]) * self.precision[:i].max()
        return total


@dataclass(frozen=True)
class Render:
    """What PAP compares in the small image: target (h, w), human (h, w) and objects (99, h, w), all 0 or 1."""

    target: np.ndarray
    human: np.ndarray
    objects: np.ndarray


@dataclass(frozen=True)
class Score:
    """PAP and strict PAP, over all pixels and without the human's (HOA)."""

    plain: Curve
    hoa: Curve

    def values(self) -> list[float]:
        """PAP, strict, HOA, strict HOA, target pixels, target pixels outside the human."""
        average = [curve.average_precision(strict) for curve in (self.plain, self.hoa) for strict in (False, True)]
        return [*average, float(self.plain.target[0]), float(self.hoa.target[0])]


def canonical_position(space: Canonical, posed_weights: torch.Tensor, pose: torch.Tensor) -> torch.Tensor:
    """Where each voxel of posed space comes from, (P, 3) metres: the inverse of the blended matrix."""
    posed = Canonical(space.body, posed_weights.reshape(-1, 24), space.centres, space.star_to_rest)
    return transform_points(torch.inverse(blended_transforms(posed, pose)), space.centres)


def look_up(field: torch.Tensor, points: torch.Tensor, semantics: Semantics = ORIGINAL) -> torch.Tensor:
    """Value (P,) of the voxel of `field` (N, N, N) that holds each point (P, 3), metres; 0 outside the cube."""
    resolution = field.shape[0]
    index = to_index((points + SIDE / 2) / (SIDE / resolution), semantics.pixel)
    inside = ((index >= 0) & (index < resolution)).all(dim=1)
    values = torch.zeros(len(points))
    values[inside] = field[index[inside, 0], index[inside, 1], index[inside, 2]]
    return values


def posed_field(
    space: Canonical, field: torch.Tensor, pose: torch.Tensor, semantics: Semantics = ORIGINAL
) -> torch.Tensor:
    """The canonical `field` (N, N, N) around the body in `pose` (24, 3); the skinning field is made anew."""
    vertices = posed_vertices(space.body, pose)
    weights = skinning_field(vertices, space.body.vertex_weights, field.shape[0])
    return look_up(field, canonical_position(space, weights, pose), semantics).reshape(field.shape)


def raster_size(size: tuple[int, int]) -> tuple[int, int]:
    """(height, width) with the shorter side 32 and the longer truncated."""
    factor = SHORT_SIDE / min(size)
    height, width = (SHORT_SIDE if side == min(size) else int(factor * side) for side in size)
    return height, width


def raster_view(view: View, size: tuple[int, int]) -> View:
    """The camera of the raster: both axes by the factor of the shorter side, though the longer is truncated."""
    K = view.K.clone()
    K[:2] *= SHORT_SIDE / min(size)
    return View(view.R, view.t, K)


def splat(points: torch.Tensor, view: View, size: tuple[int, int], semantics: Semantics = ORIGINAL) -> np.ndarray:
    """(h, w) uint8: 1 where at least one point (P, 3) falls into the pixel."""
    column, row, inside = visible_pixels(points, view, size, semantics)
    image = torch.zeros(size, dtype=torch.uint8)
    image[row[inside], column[inside]] = 1
    return image.numpy()


def shrink(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(h, w) uint8: 1 where more than half of the target pixel's area is mask (H, W); exactly half is 0."""
    coverage = overlaps(mask.shape[0], size[0]) @ mask.astype(np.float64) @ overlaps(mask.shape[1], size[1]).T
    return (coverage > 0.5 + 1e-9).astype(np.uint8)


def overlaps(source: int, target: int) -> np.ndarray:
    """(target, source): the share of each target pixel's length that each source pixel covers."""
    ratio = source / target
    shares = np.zeros((target, source))
    for i in range(target):
        for j in range(int(i * ratio), min(source, int(np.ceil((i + 1) * ratio)))):
            shares[i, j] = max(0.0, min((i + 1) * ratio, j + 1) - max(i * ratio, j)) / ratio
    return shares


def render(
    posed: torch.Tensor, vertices: torch.Tensor, view: View, mask: np.ndarray, semantics: Semantics = ORIGINAL
) -> Render:
    """99 renders of the posed field (N, N, N), one of the vertices (V, 3), and the mask (H, W), in the raster."""
    size, small = raster_size(mask.shape), raster_view(view, mask.shape)
    centres, values = grid_centres(posed.shape[0]), posed.reshape(-1)
    objects = [splat(centres[values >= threshold], small, size, semantics) for threshold in THRESHOLDS]
    return Render(shrink(mask, size), splat(vertices, small, size, semantics), np.stack(objects))


def curve(objects: np.ndarray, target: np.ndarray) -> Curve:
    """Precision and recall of predictions (99, h, w) against `target` (h, w); an empty prediction has 0 and 0."""
    rows = []
    for predicted in objects:
        hit, area, wanted = (predicted & target).sum(), predicted.sum(), target.sum()
        rows.append((hit / max(1, area), hit / max(1, wanted), area, wanted))
    return Curve(*np.array(rows, dtype=np.float64).T)


def score(rendered: Render) -> Score:
    """The curves of an image, over all pixels and with the human's pixels taken from prediction and target."""
    visible = (1 - rendered.human).astype(np.uint8)
    return Score(curve(rendered.objects, rendered.target), curve(rendered.objects * visible, rendered.target * visible))


def evaluate(space: Canonical, field: torch.Tensor, pose: torch.Tensor, view: View, mask: np.ndarray) -> Score:
    """PAP of a canonical field (N, N, N) on one test image, from nothing but its pose, camera and mask."""
    return score(render(posed_field(space, field, pose), posed_vertices(space.body, pose), view, mask))


def category_mean(values: list[list[float]]) -> list[float]:
    """Means of the first four of `Score.values`: images without target pixels are left out, for HOA also those
    whose target lies within the human."""
    seen = [value for value in values if value[4] > 0]
    means = []
    for i in range(4):
        used = [value[i] for value in seen if i < 2 or value[5] > 0]
        means.append(float(np.mean(used)) if used else 0.0)
    return means

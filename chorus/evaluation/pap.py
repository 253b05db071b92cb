"""Projective Average Precision (paper 4.2, B.2), exactly as its original code computed it, and with the tail.

The original drops the recall that is left after the last threshold, so a perfect binary field scores 0; the tail adds
that term. All four variants: vanilla/strict, with and without the pixels of the person.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from chorus.camera import Camera

THRESHOLDS = (np.arange(1, 100) / 100).astype(np.float32)
SHORT_SIDE = 32
VARIANTS = ("vanilla", "strict", "vanilla_hoa", "strict_hoa")


@dataclass(frozen=True)
class Raster:
    """The small image in which PAP is measured.

    Attributes:
        size: (h, w), the shorter side 32.
        camera: unbatched, scaled to the raster.
    """

    size: tuple[int, int]
    camera: Camera

    @classmethod
    def of(cls, camera: Camera, size: tuple[int, int]) -> Raster:
        """The raster of an image of `size` (H, W): shorter side 32, longer side truncated, K scaled by 32/shorter."""
        factor = SHORT_SIDE / min(size)
        height, width = (SHORT_SIDE if side == min(size) else int(factor * side) for side in size)
        return cls((height, width), camera.scaled(factor))

    def pixel_index(self, points: np.ndarray) -> np.ndarray:
        """Flat raster pixel (P,) of points (P, 3) of the body frame; -1 outside or behind the camera."""
        to_camera = np.column_stack([self.camera.R, self.camera.t]).astype(float)
        index = np.empty(len(points), np.int32)
        _project(np.asarray(points, float), to_camera, self.camera.K.astype(float), self.size, index)
        return index

    def splat(self, points: np.ndarray) -> np.ndarray:
        """(h, w) bool: pixels that hold at least one of the points (P, 3)."""
        return self.largest(np.ones(len(points), np.float32), self.pixel_index(points)) > 0

    def largest(self, values: np.ndarray, index: np.ndarray) -> np.ndarray:
        """(h, w) float32: the largest value (P,) that falls into each pixel.

        Thresholded sets are nested, so thresholding this image equals rendering every threshold on its own.
        """
        image = np.zeros(self.size[0] * self.size[1], np.float32)
        _splat_largest(values, index, image)
        return image.reshape(self.size)

    def target(self, mask: np.ndarray) -> np.ndarray:
        """(h, w) bool: pixels covered by more than half of the mask (H, W), by area averaging."""
        return (
            _area_matrix(mask.shape[0], self.size[0]) @ mask @ _area_matrix(mask.shape[1], self.size[1]).T > 0.5 + 1e-9
        )


@njit(cache=True, error_model="numpy")
def _project(
    points: np.ndarray, to_camera: np.ndarray, K: np.ndarray, size: tuple[int, int], index: np.ndarray
) -> None:
    height, width = size
    for point in range(len(points)):
        X = (points[point, 0], points[point, 1], points[point, 2], 1.0)
        x, y, depth = _times(to_camera, 0, X), _times(to_camera, 1, X), _times(to_camera, 2, X)
        index[point] = -1
        if depth > 0:
            seen = (x, y, depth)
            scale = _times(K, 2, seen)
            u, v = _times(K, 0, seen) / scale, _times(K, 1, seen) / scale
            if 0 <= u < width and 0 <= v < height:
                index[point] = int(v) * width + int(u)


@njit(cache=True, error_model="numpy")
def _times(matrix: np.ndarray, row: int, vector: tuple[float, ...]) -> float:
    total = 0.0
    for column in range(len(vector)):
        total += matrix[row, column] * vector[column]
    return total


@njit(cache=True, error_model="numpy")
def _splat_largest(values: np.ndarray, index: np.ndarray, image: np.ndarray) -> None:
    for point in range(len(values)):
        pixel = index[point]
        if pixel >= 0:
            image[pixel] = max(image[pixel], values[point])


def _area_matrix(source: int, target: int) -> np.ndarray:
    # Row i holds the share of every source pixel in target pixel i (what OpenCV calls INTER_AREA).
    edges = np.linspace(0, source, target + 1)
    low, high = edges[:-1, None], edges[1:, None]
    pixel = np.arange(source)[None]
    return np.clip(np.minimum(high, pixel + 1) - np.maximum(low, pixel), 0, None) / (high - low)


@dataclass(frozen=True)
class Curve:
    """Precision and recall at the 99 thresholds.

    Attributes:
        precision, recall: (99,); 0 where nothing is predicted.
        predicted: (99,) number of predicted pixels.
        target_area: pixels of the target.
    """

    precision: np.ndarray
    recall: np.ndarray
    predicted: np.ndarray
    target_area: int

    def average_precision(self, strict: bool = False, tail: bool = False) -> float:
        """sum_i (R_{i-1} - R_i) max_{k<i} P_k over rising thresholds.

        Args:
            strict: a term counts 0 when nothing is predicted at its threshold i.
            tail: add the recall left at the last threshold times the highest precision so far.
        """
        best = np.maximum.accumulate(self.precision)
        terms = (self.recall[:-1] - self.recall[1:]) * best[:-1]
        if strict:
            terms = np.where(self.predicted[1:] > 0, terms, 0.0)
        last = self.recall[-1] * best[-1] if tail else 0.0
        return float(terms.sum() + last)


def curve(score: np.ndarray, target: np.ndarray, valid: np.ndarray | None = None) -> Curve:
    """Precision and recall of an image of scores (h, w) against a target (h, w) bool, on `valid` pixels only."""
    valid = np.ones(target.shape, bool) if valid is None else valid
    level = np.searchsorted(THRESHOLDS, score[valid], side="right")  # number of thresholds reached
    wanted = target[valid]
    predicted = _reached(level)
    correct = _reached(level[wanted])
    area = int(wanted.sum())
    return Curve(correct / np.maximum(predicted, 1), correct / max(area, 1), predicted, area)


def _reached(level: np.ndarray) -> np.ndarray:
    histogram = np.bincount(level, minlength=len(THRESHOLDS) + 1)
    return np.cumsum(histogram[::-1])[::-1][1:]


@dataclass(frozen=True)
class ImageScore:
    """The curves of one image, with and without the person's pixels."""

    plain: Curve
    hoa: Curve

    def values(self, tail: bool = False) -> dict[str, float]:
        """The four PAP values."""
        curves = (self.plain, self.plain, self.hoa, self.hoa)
        return {
            name: item.average_precision(strict=name.startswith("strict"), tail=tail)
            for name, item in zip(VARIANTS, curves, strict=True)
        }


@dataclass(frozen=True)
class TestView:
    """What PAP needs of one test image, shared by every field that is scored on it.

    Attributes:
        raster: the small image.
        target: (h, w) bool.
        person: (h, w) bool, the posed body's vertices.
    """

    __test__ = False  # not a pytest class

    raster: Raster
    target: np.ndarray
    person: np.ndarray

    @classmethod
    def of(cls, camera: Camera, mask: np.ndarray, vertices: np.ndarray) -> TestView:
        """Prepare an image from its camera, object mask (H, W) and posed body vertices (V, 3)."""
        raster = Raster.of(camera, mask.shape)  # type: ignore[arg-type]
        return cls(raster, raster.target(mask), raster.splat(vertices))

    def score(self, image: np.ndarray) -> ImageScore:
        """Score a rendered field (h, w), the largest probability of every pixel."""
        return ImageScore(curve(image, self.target), curve(image, self.target, ~self.person))


def mean_values(scores: list[ImageScore], tail: bool = False) -> dict[str, float]:
    """Category means: images without target pixels are left out, for HOA those without any outside the person."""
    means = {}
    for name in VARIANTS:
        used = [s for s in scores if (s.hoa if name.endswith("hoa") else s.plain).target_area and s.plain.target_area]
        means[name] = float(np.mean([s.values(tail)[name] for s in used])) if used else 0.0
    return means

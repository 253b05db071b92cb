"""A field drawn as coloured haze: light gathered along the line of sight of every pixel, before and behind a body."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from chorus.camera import Camera
from chorus.figures.shading import Layer, decoded
from chorus.occupancy.grid import SIDE
from chorus.occupancy.sightlines import STEP, bounds, crossing, rays_of, sample

COLOURS = 256
SHOWN_FROM = 0.3  # share of the greatest probability from which the haze begins
DENSEST = 14.0  # 1/metre: opacity of the greatest probability
_PALETTE = "YlOrRd"


@dataclass(frozen=True)
class Haze:
    """How probabilities look.

    Attributes:
        top: probability of the last colour.
        colours: (256, 3) float32 linear RGB from 0 to `top`.
        density: (256,) float32, 1/metre.
    """

    top: float
    colours: np.ndarray
    density: np.ndarray

    @classmethod
    def up_to(cls, top: float) -> Haze:
        """Yellow to dark red; nothing below SHOWN_FROM of the top."""
        from matplotlib import colormaps

        share = np.linspace(0.0, 1.0, COLOURS)
        risen = np.clip((share - SHOWN_FROM) / (1.0 - SHOWN_FROM), 0.0, 1.0)
        colours = decoded(255.0 * colormaps[_PALETTE](0.15 + 0.85 * risen)[:, :3])
        return cls(max(top, 1e-6), colours.astype(np.float32), (DENSEST * risen**1.5).astype(np.float32))


def seen_through(field: np.ndarray, haze: Haze, camera: Camera, body: Layer, background: np.ndarray) -> np.ndarray:
    """The picture of a field around a body.

    Args:
        field: (N, N, N) in the body frame, metres; NaN counts as 0.
        camera: one camera, body frame to pixels.
        body: what stands in the field; its opacity decides how much of the haze behind it is seen.
        background: linear RGB that broadcasts to (H, W, 3).

    Returns:
        (H, W, 3) linear RGB.
    """
    nothing = np.zeros_like(body.depth)
    endless = np.full_like(body.depth, np.inf)
    before = _layer(field, haze, camera, nothing, body.depth)
    behind = _layer(field, haze, camera, np.where(np.isfinite(body.depth), body.depth, endless), endless)
    return before.over(body.over(behind.over(background)))


def _layer(field: np.ndarray, haze: Haze, camera: Camera, begin: np.ndarray, end: np.ndarray) -> Layer:
    """The haze between two depths (H, W), metres along the camera's axis."""
    values = np.nan_to_num(np.asarray(field, np.float32)) / np.float32(haze.top)
    values[values < SHOWN_FROM] = 0.0
    origin, to_ray = rays_of(camera)
    low, high = bounds(values)
    colour, opacity = np.zeros((*end.shape, 3), np.float32), np.zeros(end.shape, np.float32)
    depths = np.asarray(begin, np.float32), np.asarray(end, np.float32)
    _gather(values, haze.colours, haze.density, (origin, to_ray), (low, high), depths, colour, opacity)
    return Layer(colour, opacity, end)


@njit(cache=True, error_model="numpy")
def _gather(values, colours, density, rays, box, depths, colour, opacity):  # pragma: no cover - compiled
    origin, to_ray = rays
    low, high = box
    step = STEP * SIDE / len(values)
    ray = np.empty(3)
    for row in range(opacity.shape[0]):
        for column in range(opacity.shape[1]):
            first, last = depths[0][row, column], depths[1][row, column]
            begin, end, along = crossing(origin, to_ray, column, row, low, high, last, ray)
            depth = max(begin, float(first))
            left = np.float32(1.0)
            while depth < end and left > 0.01:
                level = min(int(sample(values, origin, ray, depth) * (COLOURS - 1)), COLOURS - 1)
                if density[level] > 0.0:
                    stopped = left * (np.float32(1.0) - np.exp(-density[level] * np.float32(step)))
                    for channel in range(3):
                        colour[row, column, channel] += stopped * colours[level, channel]
                    left -= stopped
                depth += step / along
            opacity[row, column] = np.float32(1.0) - left

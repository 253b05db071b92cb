"""Surfaces drawn plainly for reading: lit from the viewer's side, partly transparent, over whatever lies behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chorus.body.surface import vertex_normals
from chorus.camera import Camera, field_of_view_intrinsics
from chorus.scenes.raster import NO_FACE, interpolate, rasterise
from chorus.scenes.render import together
from chorus.scenes.solids import TriangleMesh

OVERSAMPLING = 2  # samples per pixel along each side
GAMMA = 2.2
FIELD_OF_VIEW = 30.0  # degrees, of cameras that look at a body
_AMBIENT = 0.35  # share of the light that comes from everywhere
_LIGHT = np.array([-0.35, -0.6, -0.72])  # camera axes, towards the light: the viewer's upper left


@dataclass(frozen=True)
class Layer:
    """A picture that lets what lies behind it through.

    Attributes:
        colour: (H, W, 3) float32 linear RGB, already multiplied by the opacity.
        opacity: (H, W) float32 0..1.
        depth: (H, W) float32 metres of the nearest surface in the pixel along the camera's axis, infinity for none.
    """

    colour: np.ndarray
    opacity: np.ndarray
    depth: np.ndarray

    def over(self, background: np.ndarray) -> np.ndarray:
        """(H, W, 3) linear RGB of this layer before a background, linear RGB that broadcasts to (H, W, 3)."""
        return self.colour + (1.0 - self.opacity[..., None]) * background


def shaded(meshes: Sequence[TriangleMesh], opacity: Sequence[float], camera: Camera, size: tuple[int, int]) -> Layer:
    """Draw the nearest surface in every pixel.

    Args:
        meshes: coloured surfaces in the frame of the camera's extrinsics; at least one.
        opacity: one a mesh, 0..1.
        camera: one camera for an image of `size`.
        size: (height, width) in pixels.
    """
    everything, owner = together(list(meshes))
    fine = (size[0] * OVERSAMPLING, size[1] * OVERSAMPLING)
    raster = rasterise(everything.vertices, everything.faces, camera.scaled(OVERSAMPLING), fine)
    covered = raster.face != NO_FACE
    alpha, colour = np.zeros(fine, np.float32), np.zeros((*fine, 3), np.float32)
    if covered.any():
        values = np.concatenate([everything.colours, vertex_normals(everything.vertices, everything.faces)], axis=1)
        chosen = raster.face[covered], raster.barycentric[covered]
        values = interpolate(values.astype(np.float32), everything.faces, *chosen)
        alpha[covered] = np.asarray(opacity, np.float32)[owner[raster.face[covered]]]
        colour[covered] = alpha[covered][:, None] * values[:, :3] * _lit(values[:, 3:], camera)[:, None]
    return Layer(_pooled(colour).mean((1, 3)), _pooled(alpha).mean((1, 3)), _pooled(raster.depth).min((1, 3)))


def encoded(linear: np.ndarray) -> np.ndarray:
    """sRGB uint8 (H, W, 3) of linear RGB."""
    return (255.0 * np.clip(linear, 0.0, 1.0) ** (1.0 / GAMMA) + 0.5).astype(np.uint8)


def decoded(pixels: np.ndarray) -> np.ndarray:
    """Linear RGB float32 of sRGB uint8 (or a colour 0..255)."""
    return (np.asarray(pixels, np.float32) / 255.0) ** GAMMA


def camera_around(target: np.ndarray, azimuth: float, elevation: float, distance: float, side: int) -> Camera:
    """A camera for a square picture that looks at a point of the body frame.

    Args:
        target: (3,) metres, falls on the middle of the picture.
        azimuth: degrees, 0 = from the person's left, 90 = from in front (docs/conventions.md).
        elevation: degrees above the horizon, less than 90.
        distance: metres.
        side: width and height in pixels.
    """
    a, e = np.radians([azimuth, elevation])
    backward = np.array([np.cos(a) * np.cos(e), np.sin(e), np.sin(a) * np.cos(e)])
    right = np.cross([0.0, 1.0, 0.0], backward)
    right /= np.linalg.norm(right)
    R = np.stack([right, -np.cross(backward, right), -backward])
    K = field_of_view_intrinsics((side, side), FIELD_OF_VIEW)
    return Camera(K, R, -R @ (np.asarray(target, float) + distance * backward))


def _lit(normals: np.ndarray, camera: Camera) -> np.ndarray:
    """Light (P,) on surfaces with normals (P, 3) of the body frame; both sides of a surface are lit."""
    in_camera = normals @ camera.R.T.astype(np.float32)
    in_camera /= np.maximum(np.linalg.norm(in_camera, axis=1, keepdims=True), 1e-9)
    in_camera[in_camera[:, 2] > 0.3] *= -1.0
    light = np.maximum(in_camera @ (_LIGHT / np.linalg.norm(_LIGHT)).astype(np.float32), 0.0)
    return _AMBIENT + (1.0 - _AMBIENT) * light


def _pooled(fine: np.ndarray) -> np.ndarray:
    """The samples of each pixel along axes 1 and 3: (H, n, W, n, ...)."""
    n = OVERSAMPLING
    return fine.reshape(fine.shape[0] // n, n, fine.shape[1] // n, n, *fine.shape[2:])

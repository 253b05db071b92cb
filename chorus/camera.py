"""Cameras and projection: one type for perspective, one for weak perspective.

Axes are OpenCV's (x right, y down, z forward). Pixels have their origin at the top-left corner of the image, so
pixel (column, row) = (floor(u), floor(v)); a point counts only where its depth is positive (docs/conventions.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

AZIMUTH_BINS = 12  # paper A.6: twelve bins of 30 degrees


@dataclass(frozen=True)
class Camera:
    """A batch of pinhole cameras, body frame to pixels: x = K (R X + t).

    Attributes:
        K: (..., 3, 3) intrinsics, pixels.
        R: (..., 3, 3) rotation, body frame to camera frame.
        t: (..., 3) translation, metres.
    """

    K: np.ndarray
    R: np.ndarray
    t: np.ndarray

    def __getitem__(self, index) -> Camera:
        return Camera(self.K[index], self.R[index], self.t[index])

    def __len__(self) -> int:
        return len(self.t)

    @property
    def centre(self) -> np.ndarray:
        """(..., 3) camera centre in the body frame, metres."""
        return -np.einsum("...cb,...c->...b", self.R, self.t)

    @property
    def matrix(self) -> np.ndarray:
        """(..., 3, 4) projection matrix K [R | t]."""
        return self.K @ np.concatenate([self.R, self.t[..., None]], axis=-1)

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Project points of the body frame.

        Args:
            points: (..., P, 3) metres; leading dimensions broadcast with the camera's.

        Returns:
            pixels (..., P, 2) and depth (..., P) in metres. Pixels of points with depth <= 0 are NaN.
        """
        x_camera = np.einsum("...cb,...pb->...pc", self.R, points) + self.t[..., None, :]
        depth = x_camera[..., 2]
        in_front = depth > 0
        homogeneous = np.einsum("...ic,...pc->...pi", self.K, x_camera)
        safe = np.where(in_front, homogeneous[..., 2], 1.0)
        pixels = homogeneous[..., :2] / safe[..., None]
        return np.where(in_front[..., None], pixels, np.nan), depth

    def scaled(self, factor: float) -> Camera:
        """The same camera for an image resized by `factor` (focal length and principal point scale alike)."""
        K = np.array(self.K, copy=True)
        K[..., :2, :] *= factor
        return Camera(K, self.R, self.t)


@dataclass(frozen=True)
class WeakCamera:
    """A batch of weak-perspective cameras: pixel = scale * X_xy + translation.

    X is already rotated into camera axes; the translation is in pixels and is added after scaling. EFT and FrankMocap
    also add after scaling, SPIN, HMR and HMR2 before (scale * (X + t)): an adapter converts, nobody else does.

    Attributes:
        scale: (...,) pixels per metre.
        translation: (..., 2) pixels, where the body's origin falls.
    """

    scale: np.ndarray
    translation: np.ndarray

    def project(self, points_camera: np.ndarray) -> np.ndarray:
        """Pixels (..., P, 2) of points (..., P, 3) given in camera axes around the body origin."""
        return self.scale[..., None, None] * points_camera[..., :2] + self.translation[..., None, :]


def azimuth_degrees(centre: np.ndarray) -> np.ndarray:
    """Azimuth (...,) in [0, 360) of camera centres (..., 3): 0 = the person's left, 90 = in front of the person."""
    degrees = np.degrees(np.arctan2(centre[..., 2], centre[..., 0])) % 360.0
    return np.where(degrees >= 360.0, 0.0, degrees)  # a tiny negative angle rounds up to 360


def azimuth_bin(degrees: np.ndarray) -> np.ndarray:
    """Index (...,) of the 30-degree azimuth bin, 0..11 (paper A.6)."""
    return (np.floor(degrees / (360.0 / AZIMUTH_BINS)).astype(np.int64)) % AZIMUTH_BINS


def field_of_view_intrinsics(size: tuple[int, int] | np.ndarray, degrees: float) -> np.ndarray:
    """Intrinsics (..., 3, 3) of images of `size` (..., 2) height and width, pixels.

    The width spans `degrees`; the principal point is the centre.
    """
    height, width = np.moveaxis(np.asarray(size, float), -1, 0)
    K = np.zeros((*height.shape, 3, 3))
    K[..., 0, 0] = K[..., 1, 1] = 0.5 * width / np.tan(np.radians(degrees) / 2)
    K[..., 0, 2], K[..., 1, 2], K[..., 2, 2] = width / 2, height / 2, 1.0
    return K

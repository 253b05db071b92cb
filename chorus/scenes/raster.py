"""A z-buffer rasteriser: triangles to face ids, barycentric coordinates and depth, one pixel at a time.

It works in homogeneous coordinates (Olano and Greer, "Triangle scan conversion using 2D homogeneous coordinates",
1997): with A = [h_0 h_1 h_2] the triangle's corners h_i = K (R X_i + t), the solution of A e = (u, v, 1) holds the
perspective-correct barycentric coordinates b_i = e_i / sum(e) and the depth 1 / sum(e). Nothing is clipped, so a
triangle that reaches behind the camera is drawn correctly where it is in front.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from chorus.camera import Camera

NEAR = 0.02  # metres; anything closer to the camera's plane is not drawn
NO_FACE = -1


@dataclass(frozen=True)
class Raster:
    """What each pixel centre sees.

    Attributes:
        face: (H, W) int32 face id, -1 where there is none.
        barycentric: (H, W, 3) float32 weights of the face's corners, perspective-correct.
        depth: (H, W) float32 metres along the camera's axis, infinity where there is nothing.
    """

    face: np.ndarray
    barycentric: np.ndarray
    depth: np.ndarray


def rasterise(vertices: np.ndarray, faces: np.ndarray, camera: Camera, size: tuple[int, int]) -> Raster:
    """Rasterise two-sided triangles.

    Args:
        vertices: (V, 3) metres, the frame of the camera's extrinsics.
        faces: (F, 3) int vertex ids.
        camera: one camera (no batch dimension); a pixel's centre lies at its index + 0.5.
        size: (height, width) in pixels.
    """
    height, width = size
    homogeneous = (vertices @ camera.R.T + camera.t) @ camera.K.T
    face = np.full((height, width), NO_FACE, np.int32)
    barycentric = np.zeros((height, width, 3), np.float32)
    depth = np.full((height, width), np.inf, np.float32)
    _draw(
        np.ascontiguousarray(homogeneous, np.float64), np.ascontiguousarray(faces, np.int64), face, barycentric, depth
    )
    return Raster(face, barycentric, depth)


@njit(cache=True)
def _draw(corners, faces, face_at, barycentric_at, depth_at):  # pragma: no cover - compiled
    height, width = depth_at.shape
    for f in range(len(faces)):
        a, b, c = corners[faces[f, 0]], corners[faces[f, 1]], corners[faces[f, 2]]
        if a[2] < NEAR and b[2] < NEAR and c[2] < NEAR:
            continue
        # Rows of A^-1 are the cross products of A's columns over its determinant.
        ax, ay, az = b[1] * c[2] - b[2] * c[1], b[2] * c[0] - b[0] * c[2], b[0] * c[1] - b[1] * c[0]
        bx, by, bz = c[1] * a[2] - c[2] * a[1], c[2] * a[0] - c[0] * a[2], c[0] * a[1] - c[1] * a[0]
        cx, cy, cz = a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
        determinant = a[0] * ax + a[1] * ay + a[2] * az
        if abs(determinant) < 1e-12:
            continue  # seen edge-on, or no area
        ax, ay, az = ax / determinant, ay / determinant, az / determinant
        bx, by, bz = bx / determinant, by / determinant, bz / determinant
        cx, cy, cz = cx / determinant, cy / determinant, cz / determinant

        x0, y0, x1, y1 = 0, 0, width, height
        if a[2] >= NEAR and b[2] >= NEAR and c[2] >= NEAR:
            ua, ub, uc = a[0] / a[2], b[0] / b[2], c[0] / c[2]
            va, vb, vc = a[1] / a[2], b[1] / b[2], c[1] / c[2]
            x0, x1 = max(0, int(np.floor(min(ua, ub, uc)))), min(width, int(np.ceil(max(ua, ub, uc))))
            y0, y1 = max(0, int(np.floor(min(va, vb, vc)))), min(height, int(np.ceil(max(va, vb, vc))))
        for y in range(y0, y1):
            v = y + 0.5
            first, last = _within(ax, ay * v + az, float(x0), float(x1))
            first, last = _within(bx, by * v + bz, first, last)
            first, last = _within(cx, cy * v + cz, first, last)
            for x in range(max(x0, int(np.floor(first)) - 1), min(x1, int(np.ceil(last)) + 1)):
                u = x + 0.5
                ea = ax * u + ay * v + az
                if ea < 0.0:
                    continue
                eb = bx * u + by * v + bz
                ec = cx * u + cy * v + cz
                total = ea + eb + ec  # 1 / depth
                if eb < 0.0 or ec < 0.0 or total <= 0.0:
                    continue
                depth = np.float32(1.0 / total)
                if depth < NEAR or depth >= depth_at[y, x]:
                    continue
                face_at[y, x] = f
                depth_at[y, x] = depth
                barycentric_at[y, x, 0] = ea / total
                barycentric_at[y, x, 1] = eb / total
                barycentric_at[y, x, 2] = ec / total


@njit(cache=True, error_model="numpy")
def _within(slope, constant, first, last):  # pragma: no cover - compiled
    """The part of the columns first..last where slope (x + 0.5) + constant >= 0, up to rounding."""
    if slope == 0.0:
        return first, last
    edge = min(max(-constant / slope - 0.5, first), last)
    return (edge, last) if slope > 0.0 else (first, edge)


@njit(cache=True)
def interpolate(values: np.ndarray, faces: np.ndarray, face: np.ndarray, barycentric: np.ndarray) -> np.ndarray:
    """(P, C) float32: values (V, C) of the corners of the faces `face` (P,), weighted by `barycentric` (P, 3)."""
    result = np.zeros((len(face), values.shape[1]), np.float32)
    for p in range(len(face)):
        for k in range(3):
            vertex = faces[face[p], k]
            for channel in range(values.shape[1]):
                result[p, channel] += barycentric[p, k] * values[vertex, channel]
    return result

"""Draws a scene: shaded people and object before ground and backdrop, with the masks that the pixels' owners give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from chorus.body.surface import vertex_normals
from chorus.camera import Camera
from chorus.scenes.appearance import Backdrop
from chorus.scenes.raster import NO_FACE, Raster, interpolate, rasterise
from chorus.scenes.solids import TriangleMesh

OVERSAMPLING = 2  # colour samples per pixel along each side
SHADOW_COARSENESS = 2  # shadows are drawn on a grid this much coarser: they are blurred anyway
SHADOW_BLUR = 2.0  # pixels
GAMMA = 2.2
_SHADOW_LIGHT = 0.55  # share of the light that reaches shaded ground


@dataclass(frozen=True)
class Picture:
    """A rendered image and what it shows.

    Attributes:
        image: (H, W, 3) uint8 sRGB.
        owner: (H, W) int, index of the mesh that owns the pixel (occlusion resolved), -1 for the background.
        depth: (H, W) metres of the nearest surface in the pixel, infinity for none.
    """

    image: np.ndarray
    owner: np.ndarray
    depth: np.ndarray


def picture(meshes: list[TriangleMesh], camera: Camera, backdrop: Backdrop, size: tuple[int, int]) -> Picture:
    """Render meshes standing on the ground below them.

    Args:
        meshes: coloured surfaces in the frame of the camera's extrinsics; the lowest vertex touches the ground.
        camera: one camera for an image of `size`.
        backdrop: ground, sky or wall, and light.
        size: (height, width) in pixels.
    """
    everything, owner_of_face = together(meshes)
    fine = (size[0] * OVERSAMPLING, size[1] * OVERSAMPLING)
    raster = rasterise(everything.vertices, everything.faces, camera.scaled(OVERSAMPLING), fine)
    ground_height = float(everything.vertices[:, 1].min()) if len(everything.vertices) else 0.0

    covered = raster.face != NO_FACE
    colour = np.zeros((*fine, 3), np.float32)
    colour[covered] = _shade(everything, raster, covered, camera, backdrop)
    share = _pooled(covered.astype(np.float32))
    background = _background(camera, backdrop, ground_height, size)
    background *= _shadow(everything, camera, backdrop, ground_height, size)[..., None]
    image = _pooled(colour) + (1.0 - share)[..., None] * background

    owner, depth = _owners(raster, np.append(owner_of_face, -1).astype(np.int8), len(meshes))
    encoded = np.clip(image, 0.0, 1.0) ** (1.0 / GAMMA)
    return Picture((255.0 * encoded + 0.5).astype(np.uint8), owner, depth)


def together(meshes: list[TriangleMesh]) -> tuple[TriangleMesh, np.ndarray]:
    """All meshes as one, and the index of the mesh each face came from."""
    offsets = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes])
    empty, no_faces = np.zeros((0, 3)), np.zeros((0, 3), np.int64)
    faces = [mesh.faces + offset for mesh, offset in zip(meshes, offsets[:-1], strict=True)]
    owner = np.repeat(np.arange(len(meshes)), [len(mesh.faces) for mesh in meshes])
    vertices = np.concatenate([*(mesh.vertices for mesh in meshes), empty])
    colours = np.concatenate([*(mesh.colours for mesh in meshes), empty])
    return TriangleMesh(vertices, np.concatenate([*faces, no_faces]), colours), owner


def _shade(mesh: TriangleMesh, raster: Raster, covered: np.ndarray, camera: Camera, backdrop: Backdrop) -> np.ndarray:
    """Linear RGB (P, 3) of the covered pixels: one directional light, and ambient light that is weaker from below."""
    values = np.concatenate([mesh.colours, vertex_normals(mesh.vertices, mesh.faces)], axis=1).astype(np.float32)
    values = interpolate(values, mesh.faces, raster.face[covered], raster.barycentric[covered])
    albedo, normal = values[:, :3], values[:, 3:]
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    away = camera.R[2].astype(np.float32)
    normal[normal @ away > 0.35] *= -1.0  # the inside of a thin surface
    sun = np.maximum(normal @ backdrop.light.astype(np.float32), 0.0) * (1.0 - backdrop.ambient) * 1.6
    sky = backdrop.ambient * (0.75 + 0.25 * normal[:, 1])
    return albedo * (sun + sky)[:, None]


def _background(camera: Camera, backdrop: Backdrop, ground_height: float, size: tuple[int, int]) -> np.ndarray:
    """Linear RGB (H, W, 3) of a tiled ground up to the wall's (or the sky's) foot, and the wall or sky above."""
    to_ray = (camera.R.T @ np.linalg.inv(camera.K)).astype(np.float32)
    rows, columns = np.arange(size[0], dtype=np.float32) + 0.5, np.arange(size[1], dtype=np.float32) + 0.5
    rays = columns[None, :, None] * to_ray[:, 0] + (rows[:, None, None] * to_ray[:, 1] + to_ray[:, 2])
    rays /= np.sqrt(np.einsum("hwc,hwc->hw", rays, rays))[..., None]
    centre = camera.centre
    height = np.float32(centre[1] - ground_height)
    radius = max(backdrop.radius, float(np.abs(centre[[0, 2]]).max()) + 1.0)

    elevation = np.sqrt(np.maximum(rays[..., 1], 0.0))[..., None]
    horizon, overhead = backdrop.far.astype(np.float32)
    image = horizon + (overhead - horizon) * elevation
    distance = np.maximum(height, 0.0) / np.maximum(-rays[..., 1], np.float32(1e-6))
    hit_x, hit_z = centre[0] + distance * rays[..., 0], centre[2] + distance * rays[..., 2]
    in_room = np.maximum(np.abs(hit_x), np.abs(hit_z)) < radius
    on_ground = in_room & (rays[..., 1] < 0.0) & (height > 0.0)
    hit_x, hit_z, distance = hit_x[on_ground], hit_z[on_ground], distance[on_ground]
    pattern = np.sin(2 * np.pi * hit_x / backdrop.tile) * np.sin(2 * np.pi * hit_z / backdrop.tile)
    fading = np.exp(-0.12 * distance)  # far tiles would alias
    haze = (1.0 - np.exp(-0.02 * distance))[:, None]
    tiles = backdrop.ground.astype(np.float32) * (1.0 + 0.18 * np.tanh(4.0 * pattern) * fading)[:, None]
    image[on_ground] = tiles * (1.0 - haze) + horizon * haze
    return image


def _shadow(
    mesh: TriangleMesh, camera: Camera, backdrop: Backdrop, ground_height: float, size: tuple[int, int]
) -> np.ndarray:
    """(H, W) share of light on the ground: the meshes flattened along the light, softened."""
    if camera.centre[1] <= ground_height:
        return np.ones(size, np.float32)
    drop = (mesh.vertices[:, 1] - ground_height) / backdrop.light[1]
    flat = mesh.vertices - drop[:, None] * backdrop.light
    coarse = (size[0] // SHADOW_COARSENESS, size[1] // SHADOW_COARSENESS)
    shaded = rasterise(flat, mesh.faces, camera.scaled(1.0 / SHADOW_COARSENESS), coarse).face != NO_FACE
    fine = shaded.astype(np.float32).repeat(SHADOW_COARSENESS, axis=0).repeat(SHADOW_COARSENESS, axis=1)
    return 1.0 - (1.0 - _SHADOW_LIGHT) * gaussian_filter(fine, SHADOW_BLUR)


def _samples(fine: np.ndarray) -> list[np.ndarray]:
    """The samples of each pixel, one array (H, W, ...) per position within the pixel."""
    n = OVERSAMPLING
    return [fine[row::n, column::n] for row in range(n) for column in range(n)]


def _pooled(fine: np.ndarray) -> np.ndarray:
    """Mean (H, W, ...) over the samples of each pixel."""
    first, *others = _samples(fine)
    total = first.copy()
    for sample in others:
        total += sample
    return total / np.float32(OVERSAMPLING**2)


def _owners(raster: Raster, owner_of_face: np.ndarray, n_meshes: int) -> tuple[np.ndarray, np.ndarray]:
    """Owner (H, W) of most samples of each pixel (ties go to the lower mesh index, then background), and depth."""
    samples = _samples(owner_of_face[raster.face])
    most = sum((sample == -1).astype(np.int8) for sample in samples)
    owner = np.full(most.shape, -1, np.int8)
    for mesh in reversed(range(n_meshes)):
        count = sum((sample == mesh).astype(np.int8) for sample in samples)
        wins = (count >= most) & (count > 0)
        owner[wins], most[wins] = mesh, count[wins]
    return owner, np.minimum.reduce(_samples(raster.depth))

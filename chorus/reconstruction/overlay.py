"""The picture of a reconstruction: the photograph, body and object over it, and both seen from the side."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy.ndimage import binary_dilation

from chorus.body.model import BodyModel
from chorus.figures.shading import camera_around, decoded, encoded, shaded
from chorus.images.pixels import encode_png
from chorus.reconstruction.meshes import COLOURS
from chorus.reconstruction.person import Person
from chorus.reconstruction.surface import Surface
from chorus.scenes.solids import TriangleMesh

HEIGHT = 360  # pixels of every panel
OPACITY = (0.85, 0.8)  # of person and object over the photograph
_ASIDE = 60.0  # degrees around the person, from the photographer to the last panel
_DISTANCE = 5.0  # metres
_PAPER = np.array([250, 250, 250])
_OUTLINE = np.array([255, 230, 0])


def overlay(pixels: np.ndarray, person: Person, body: BodyModel, thing: Surface, mask: np.ndarray | None) -> bytes:
    """PNG of three panels; a known mask is outlined in yellow on the first.

    Args:
        pixels: (H, W, 3) uint8, the photograph.
        thing: the object in the body frame.
        mask: (H, W) bool, the object's visible pixels, or None.
    """
    scale = HEIGHT / pixels.shape[0]
    size = HEIGHT, max(1, round(pixels.shape[1] * scale))
    small = np.asarray(Image.fromarray(pixels).resize(size[::-1], Image.Resampling.LANCZOS))
    meshes = [
        _coloured(Surface(person.vertices(body), body.faces), "person"),
        _coloured(thing, "object"),
    ]
    drawn = shaded(meshes, OPACITY, person.camera.scaled(scale), size).over(decoded(small))
    aside = shaded(meshes, (1.0, 1.0), _from_aside(person, meshes), (HEIGHT, HEIGHT)).over(decoded(_PAPER))
    return encode_png(np.concatenate([_outlined(small, mask), encoded(drawn), encoded(aside)], axis=1))


def _coloured(surface: Surface, name: str) -> TriangleMesh:
    colours = np.broadcast_to(np.array(COLOURS[name]), surface.vertices.shape)
    return TriangleMesh(surface.vertices, surface.faces, colours)


def _from_aside(person: Person, meshes: list[TriangleMesh]):
    centre = person.camera.centre
    azimuth = float(np.degrees(np.arctan2(centre[2], centre[0]))) + _ASIDE
    everything = np.concatenate([mesh.vertices for mesh in meshes])
    low, high = everything.min(axis=0), everything.max(axis=0)
    # As far away as the larger of the two needs: half the diagonal within half the field of view.
    distance = max(_DISTANCE, 2.1 * float(np.linalg.norm(high - low)))
    return camera_around((low + high) / 2, azimuth, 12.0, distance, HEIGHT)


def _outlined(pixels: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    if mask is None:
        return pixels
    fitted = Image.fromarray(mask).resize(pixels.shape[1::-1], Image.Resampling.NEAREST)
    inside = np.asarray(fitted)
    drawn = pixels.copy()
    drawn[binary_dilation(inside, iterations=2) & ~inside] = _OUTLINE
    return drawn

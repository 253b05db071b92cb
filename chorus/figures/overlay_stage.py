"""Stage `overlays`: the fitted bodies drawn over their images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from PIL import Image, ImageDraw

from chorus import store
from chorus.body.loading import load_body
from chorus.body.model import BodyModel
from chorus.camera import Camera, WeakCamera
from chorus.detections import OBJECT, ImageDetections, read_detections, read_thumbnails
from chorus.figures.sheets import KEPT, REJECTED, Tile, decode_thumbnail, draw_sheet
from chorus.images.shard import read_shard
from chorus.naming import words
from chorus.screening.cascade import read_table

if TYPE_CHECKING:
    from chorus.job import Job

BODY_COLOUR, BONE_COLOUR, OBJECT_COLOUR = np.array([70, 130, 255]), (255, 220, 0), np.array([255, 90, 60])
OPACITY = 0.45
SIDE, COLUMNS = 320, 4


def run(job: Job) -> None:
    """Draw an even choice of the category's people that were fitted, with the verdict of the screening."""
    body = load_body(job.one("body"))
    verdicts = {path.stem: {row.index: row for row in read_table(path)} for path in job.many("screening")}
    tiles = []
    sources = job.many("images") or job.many("masks")
    for source, masks_path, people_path in zip(sources, job.many("masks"), job.many("people"), strict=True):
        detections = read_detections(masks_path)
        pictures = pictures_of(source, masks_path)
        people, rows = store.read_arrays(people_path, "people"), verdicts[masks_path.parent.name]
        wanted = -(-job.settings.figures.overlays // len(sources))
        fitted = np.flatnonzero(people["found"])
        for position in fitted[:: max(1, len(fitted) // max(wanted, 1))][:wanted]:
            row = rows[detections[position].index]
            pixels = pictures.pixels(int(position)).astype(float)
            blend(pixels, detections[position].union(OBJECT), OBJECT_COLOUR)
            caption = f"score {row.pose_score:.2f}, residual {100 * row.residual:.1f} %\n{row.reason or 'kept'}"
            drawn = draw_person(pixels, body, people, int(position))
            tiles.append(Tile(drawn, caption, KEPT if row.kept else REJECTED))
    title = f"{words(job.names['category'])}: fitted bodies (blue), object masks (red)"
    job.write_file(draw_sheet(tiles, title, SIDE, COLUMNS), "png")


class Pictures(Protocol):
    """Where the pixels of a shard come from."""

    def pixels(self, position: int) -> np.ndarray:
        """RGB pixels (H, W, 3) uint8 of the image at a position in the shard."""


def pictures_of(source: Path, masks: Path) -> Pictures:
    """The pictures of a shard; if they were not kept, `source` is its `masks` file, beside which thumbnails live on."""
    return Thumbnails(masks, read_detections(masks)) if source == masks else read_shard(source)


class Thumbnails:
    """The thumbnails of a `masks` file, enlarged to the size of their images."""

    def __init__(self, masks: Path, detections: list[ImageDetections]):
        """Read the thumbnails beside the detections of a shard."""
        self._small, self._detections = read_thumbnails(masks), detections

    def pixels(self, position: int) -> np.ndarray:
        """RGB pixels (H, W, 3) uint8 of the image at a position in the shard."""
        image = self._detections[position]
        small = Image.fromarray(decode_thumbnail(self._small[image.index]))
        return np.asarray(small.resize(image.size[::-1], Image.Resampling.BICUBIC))


def draw_person(pixels: np.ndarray, body: BodyModel, people: store.ArrayFile, position: int) -> np.ndarray:
    """The picture (H, W, 3) uint8 with the body and bones of one person."""
    blend(pixels, silhouette(vertex_pixels(body, people, position), body.faces, pixels.shape[:2]), BODY_COLOUR)
    image = Image.fromarray(pixels.round().astype(np.uint8))
    draw = ImageDraw.Draw(image)
    joints = people["joints2d"][position]
    for joint, parent in enumerate(body.parents):
        if parent >= 0:
            draw.line([tuple(map(float, joints[parent])), tuple(map(float, joints[joint]))], BONE_COLOUR, 2)
    return np.asarray(image)


def vertex_pixels(body: BodyModel, people: store.ArrayFile, position: int) -> np.ndarray:
    """Pixels (V, 2) of the vertices, by the true camera where it is known, else by the weak one; NaN if unseen."""
    pose, betas = people["pose"][position].astype(float), people["betas"][position].astype(float)
    if people["camera_known"][position]:
        pose[0] = 0.0  # the true camera sees the body frame, its R holds the root
        camera = Camera(people["K"][position], people["R"][position], people["t"][position])
        return camera.project(body.vertices(pose[None], betas[None])[0])[0]
    weak = WeakCamera(people["weak_scale"][position], people["weak_translation"][position])
    return weak.project(body.vertices(pose[None], betas[None])[0])


def silhouette(vertices2d: np.ndarray, faces: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(H, W) bool: pixels covered by triangles (F, 3) of projected vertices (V, 2)."""
    image = Image.new("1", (size[1], size[0]))
    draw = ImageDraw.Draw(image)
    corners_of = vertices2d[faces].reshape(-1, 6)
    for corners in corners_of[np.isfinite(corners_of).all(axis=1)].tolist():
        draw.polygon(corners, fill=1)
    return np.asarray(image)


def blend(pixels: np.ndarray, covered: np.ndarray, colour: np.ndarray) -> None:
    """Tint the covered pixels of a float picture in place."""
    pixels[covered] = (1 - OPACITY) * pixels[covered] + OPACITY * colour

"""Stage `interactions_figure`: every interaction in one row (as the paper's Figs. 7-10), and a turntable of the field.

A row: a picture that voted with the field over it, the field around the star pose, and around that picture's body from
two sides.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from chorus import store
from chorus.body.loading import check_made_with, load_body
from chorus.body.model import STAR_POSE, BodyModel
from chorus.camera import Camera
from chorus.errors import FileError
from chorus.figures.haze import SHOWN_FROM, Haze, seen_through
from chorus.figures.kinds import Kind, interactions_of, total_of
from chorus.figures.overlay_stage import pictures_of
from chorus.figures.shading import Layer, camera_around, decoded, encoded, shaded
from chorus.images.pixels import encode_png
from chorus.naming import words
from chorus.occupancy.grid import Grid
from chorus.occupancy.posing import forward_sources
from chorus.scenes.raster import rasterise
from chorus.scenes.solids import TriangleMesh
from chorus.screening.cascade import read_table

if TYPE_CHECKING:
    from chorus.job import Job

SIDE = 300  # pixels of a panel
FRAMES, FRAME_SIDE, FRAME_MILLISECONDS = 36, 300, 90
BODY_COLOUR, BODY_OPACITY = (0.50, 0.54, 0.60), 0.8
PAPER = decoded(np.array([252, 252, 250]))
TARGET, DISTANCE = (0.0, -0.3, 0.0), 5.6  # metres: what a camera around the body looks at, and from how far
CANONICAL_VIEW = (60.0, 12.0)  # azimuth and elevation, degrees
POSED_VIEWS = ((40.0, 10.0), (220.0, 10.0))
COLUMNS = ("a picture that voted", "star pose", "that picture's pose", "the same from the other side")
_THINNER = np.float32(0.5)  # over a picture, whose object shall be seen too
_GAP, _HEAD, _CAPTION, _BAR = 6, 48, 22, 90


@dataclass(frozen=True)
class Reference:
    """A picture that voted: pixels (H, W, 3) uint8, pose (24, 3) with root zero, camera of the body frame."""

    pixels: np.ndarray
    pose: np.ndarray
    camera: Camera


@dataclass(frozen=True)
class Stage3D:
    """What all panels share: the body, the grid's skinning weights (N^3, 24), and whether the field follows limbs."""

    body: BodyModel
    weights: np.ndarray
    follows: bool

    def posed(self, kind: Kind, pose: np.ndarray) -> np.ndarray:
        """The field (N, N, N) around a pose (24, 3)."""
        if not self.follows:
            return kind.phi
        grid = Grid(len(kind.phi))
        sources = forward_sources(grid, self.weights, self.body.canonical_bones(pose[None])[0])
        return sources.values(kind.phi, kind.known).reshape(grid.shape)

    def mesh(self, pose: np.ndarray) -> TriangleMesh:
        """The body in a pose, root zero."""
        vertices = self.body.vertices(pose[None])[0]
        return TriangleMesh(vertices, self.body.faces, np.broadcast_to(np.array(BODY_COLOUR), vertices.shape))


def run(job: Job) -> None:
    """Draw the rows and the turntable."""
    body, voxels = load_body(job.one("body")), store.read_arrays(job.one("voxels"), "voxels")
    skinning = store.read_arrays(job.one("skinning"), "skinning")
    check_made_with(body, voxels, skinning)
    stage = Stage3D(body, skinning["weights"].reshape(-1, 24), voxels.attributes["canonicalise"] == "true")
    kinds = interactions_of(voxels) or [total_of(voxels)]
    haze = Haze.up_to(max(float(kind.phi.max()) for kind in kinds))
    category = words(job.names["category"])
    rows = [
        (f"{kind.name}: {kind.images} images", row_of(stage, kind, reference_of(job, kind), haze)) for kind in kinds
    ]
    job.write_file(sheet(rows, f"{category}: where it is, by interaction", haze), "png")
    job.write_file(turntable(stage, total_of(voxels)), "gif", "turntable")


def row_of(stage: Stage3D, kind: Kind, reference: Reference | None, haze: Haze) -> list[np.ndarray]:
    """The panels (SIDE, SIDE, 3) uint8 of an interaction; the star pose alone where no picture voted."""
    canonical = panel(stage.mesh(STAR_POSE), kind.phi, haze, around(CANONICAL_VIEW, SIDE))
    if reference is None:
        blank = np.full((SIDE, SIDE, 3), encoded(PAPER[None, None])[0, 0], np.uint8)
        return [blank, canonical, blank, blank]
    field, mesh = stage.posed(kind, reference.pose), stage.mesh(reference.pose)
    posed = [panel(mesh, field, haze, around(view, SIDE)) for view in POSED_VIEWS]
    return [over_picture(reference, mesh, field, haze), canonical, *posed]


def panel(mesh: TriangleMesh, field: np.ndarray, haze: Haze, camera: Camera) -> np.ndarray:
    """A body with its field on paper, as large as the camera's picture, uint8."""
    side = round(2 * float(camera.K[0, 2]))
    layer = shaded([mesh], [BODY_OPACITY], camera, (side, side))
    return encoded(seen_through(field, haze, camera, layer, PAPER))


def over_picture(reference: Reference, mesh: TriangleMesh, field: np.ndarray, haze: Haze) -> np.ndarray:
    """The picture with the part of the field that its body does not hide, fitted into a square of paper."""
    scale = SIDE / max(reference.pixels.shape[:2])
    height, width = (max(1, round(length * scale)) for length in reference.pixels.shape[:2])
    small = Image.fromarray(reference.pixels).resize((width, height), Image.Resampling.LANCZOS)
    camera = reference.camera.scaled(scale)
    depth = rasterise(mesh.vertices, mesh.faces, camera, (height, width)).depth
    # The person in the picture hides what lies behind: opaque, in the picture's own colours.
    background, covered = decoded(np.asarray(small)), np.isfinite(depth)
    person = Layer(background * covered[..., None], covered.astype(np.float32), depth)
    thin = replace(haze, density=_THINNER * haze.density)
    drawn = encoded(seen_through(field, thin, camera, person, background))
    square = np.broadcast_to(encoded(PAPER[None, None]), (SIDE, SIDE, 3)).copy()
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    square[top : top + height, left : left + width] = drawn
    return square


def around(view: tuple[float, float], side: int) -> Camera:
    """The camera of an azimuth and elevation, degrees."""
    return camera_around(np.array(TARGET), *view, DISTANCE, side)


def turntable(stage: Stage3D, kind: Kind) -> bytes:
    """GIF of the field of all prompts around the star pose, turned once; equal fields give equal bytes."""
    haze, mesh = Haze.up_to(float(kind.phi.max())), stage.mesh(STAR_POSE)
    angles = 360.0 * np.arange(FRAMES) / FRAMES + CANONICAL_VIEW[0]
    frames = [panel(mesh, kind.phi, haze, around((float(angle), 12.0), FRAME_SIDE)) for angle in angles]
    # One palette for all frames, or their colours would flicker.
    palette = Image.fromarray(np.concatenate(frames[:: FRAMES // 6])).quantize(128, Image.Quantize.MEDIANCUT)
    drawn = [Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG) for frame in frames]
    buffer = io.BytesIO()
    drawn[0].save(
        buffer, "GIF", save_all=True, append_images=drawn[1:], duration=FRAME_MILLISECONDS, loop=0, optimize=False
    )
    return buffer.getvalue()


def reference_of(job: Job, kind: Kind) -> Reference | None:
    """Of the pictures that voted for an interaction, the one whose pose is trusted most; the first of equals."""
    best: tuple[float, str, int] | None = None
    for path in job.many("screening"):
        if path.stem in kind.prompts:
            for row in read_table(path):
                if row.kept and (best is None or row.pose_score > best[0]):
                    best = row.pose_score, path.stem, row.index
    if best is None:
        return None
    _, prompt, index = best
    cameras = store.read_arrays(
        next(path for path in job.many("cameras") if path.stem == prompt), "cameras", ("index", "K", "R", "t")
    )
    place = int(np.flatnonzero(cameras["index"] == index)[0])
    camera = Camera(cameras["K"][place], cameras["R"][place], cameras["t"][place])
    pixels, pose = _picture_of(job, prompt, index)
    return Reference(pixels, pose, camera)


def _picture_of(job: Job, prompt: str, index: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixels and pose of an image."""
    sources = job.many("images") or job.many("masks")
    for source, masks, people_path in zip(sources, job.many("masks"), job.many("people"), strict=True):
        people = store.read_arrays(people_path, "people", ("index", "pose")) if masks.parent.name == prompt else None
        if people is not None and index in people["index"]:
            position = int(np.flatnonzero(people["index"] == index)[0])
            pose = people["pose"][position].astype(float)
            pose[0] = 0.0
            return pictures_of(source, masks).pixels(position), pose
    raise FileError(f"people: image {index} of {prompt} is missing; run the people stage again.")


def sheet(rows: list[tuple[str, list[np.ndarray]]], title: str, haze: Haze) -> bytes:
    """PNG of the rows under the names of their columns, with a colour bar."""
    width = len(COLUMNS) * (SIDE + _GAP) + _GAP + _BAR
    image = Image.new("RGB", (width, _HEAD + len(rows) * (SIDE + _CAPTION) + _GAP), "white")
    draw = ImageDraw.Draw(image)
    draw.text((_GAP, 4), title, fill="black", font=ImageFont.load_default(18))
    small = ImageFont.load_default(13)
    for number, name in enumerate(COLUMNS):
        draw.text((_GAP + number * (SIDE + _GAP), _HEAD - 18), name, fill="#555555", font=small)
    for number, (caption, panels) in enumerate(rows):
        y = _HEAD + number * (SIDE + _CAPTION)
        for column, pixels in enumerate(panels):
            image.paste(Image.fromarray(pixels), (_GAP + column * (SIDE + _GAP), y))
        draw.text((_GAP, y + SIDE + 3), caption, fill="black", font=small)
    _draw_bar(image, width - _BAR + 14, haze)
    return encode_png(np.asarray(image))


def _draw_bar(image: Image.Image, x: int, haze: Haze) -> None:
    """The haze's colours from where it begins to the top."""
    draw, small = ImageDraw.Draw(image), ImageFont.load_default(12)
    share = np.linspace(1.0, SHOWN_FROM, SIDE - 40)
    colours = encoded(haze.colours[np.rint(share * (len(haze.colours) - 1)).astype(int)][:, None])
    image.paste(Image.fromarray(np.repeat(colours, 16, axis=1)), (x, _HEAD + 20))
    draw.text((x, _HEAD), "probability", fill="black", font=small)
    for part in (1.0, (1.0 + SHOWN_FROM) / 2, SHOWN_FROM):
        y = _HEAD + 14 + (SIDE - 40) * (1.0 - part) / (1.0 - SHOWN_FROM)
        draw.text((x + 20, y), f"{part * haze.top:.2f}", fill="black", font=small)

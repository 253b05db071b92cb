"""Stage `pairs_figure`: two people in contact: the photograph, first estimate and fit over it, the fit from elsewhere.

What a photograph does not show is depth, so the fit is drawn from the side and from above as well. Skin that lies close
to the other person is orange.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy.spatial import cKDTree

from chorus.body.loading import load_body
from chorus.body.model import BodyModel
from chorus.camera import Camera
from chorus.figures.overlay_stage import pictures_of
from chorus.figures.shading import FIELD_OF_VIEW, camera_around, decoded, encoded, shaded
from chorus.images.pixels import encode_png
from chorus.pairs.people import PhotographedPairs, pair_id
from chorus.pairs.rows import Bodies, FittedRows
from chorus.pairs.scoring import posed
from chorus.scenes.solids import TriangleMesh

if TYPE_CHECKING:
    from chorus.job import Job

PREFERRED = ("prior_repaired", "repaired", "prior", "none")  # of the fits of a pair, the first that there is is drawn
NAMES = {
    "none": "keypoints", "repaired": "told contacts", "prior": "prior", "prior_repaired": "prior and told contacts",
}  # fmt: skip
MOST_ROWS = 12
TOUCHING = 0.03  # metres between skins that are drawn as touching
COLOURS = ((0.60, 0.05, 0.03), (0.04, 0.15, 0.60))  # linear RGB of person 1 and person 2, as their boxes
TOUCHED = (0.95, 0.42, 0.02)
BACKGROUND = 0.9
MARGIN = 0.2  # around the people, share of the longer side of what they fill
OPACITY = 0.8
SIDE, GAP, HEAD, CAPTION = 300, 6, 34, 18
COLUMNS = ("photograph", "first estimate", "fit", "from the side", "from above")
TO_UPRIGHT = np.array([1.0, -1.0, -1.0])  # from camera axes to y up, as if the camera were level


@dataclass(frozen=True)
class Shown:
    """One pair to draw.

    Attributes:
        pixels: (H, W, 3) uint8; boxes: (2, 4); K: (3, 3), all of the part of the photograph around the people.
        initial, fitted: (2, V, 3) vertices, camera axes.
        caption: one line.
    """

    pixels: np.ndarray
    boxes: np.ndarray
    K: np.ndarray
    initial: np.ndarray
    fitted: np.ndarray
    caption: str


def run(job: Job) -> None:
    """Draw an even choice of the pairs that were fitted."""
    body = load_body(job.one("body"))
    rows = FittedRows.read(job.one("fits"), "person_fits")
    chosen = best_rows(rows)
    names = list(chosen)
    most = min(MOST_ROWS, job.settings.figures.overlays)
    wanted = {name: chosen[name] for name in names[:: max(1, -(-len(names) // max(most, 1)))][:most]}
    shown = []
    sources = job.many("images") or job.many("masks")
    for source, masks, path in zip(sources, job.many("masks"), job.many("pair_people"), strict=True):
        pairs = PhotographedPairs.read(path)
        here = [(p, pair_id(path.parent.name, int(pairs.index[p]))) for p in pairs.found]
        here = [(position, name) for position, name in here if name in wanted]
        if here:
            pictures = pictures_of(source, masks)
            shown += [
                _shown(body, pictures.pixels(int(position)), (pairs, int(position)), (rows, wanted[name]))
                for position, name in here
            ]
    title = f"Two people in contact: {len(shown)} of {len(names)} pairs. Orange: closer than {100 * TOUCHING:.0f} cm"
    job.write_file(sheet(body, shown, title), "png")


def best_rows(rows: FittedRows) -> dict[str, int]:
    """Pair id -> row of the fit that is drawn, in the order of the ids in the file."""
    found: dict[str, dict[str, int]] = {}
    for row, (name, labels) in enumerate(zip(rows.id.tolist(), rows.labels.tolist(), strict=True)):
        found.setdefault(name, {})[labels] = row
    return {name: next(of[labels] for labels in PREFERRED if labels in of) for name, of in found.items()}


def _shown(
    body: BodyModel, pixels: np.ndarray, seen: tuple[PhotographedPairs, int], fit: tuple[FittedRows, int]
) -> Shown:
    pairs, position = seen
    rows, row = fit
    quality, reason = rows.quality, str(rows.reason[row])
    caption = (
        f"{rows.id[row]}, fit: {NAMES[str(rows.labels[row])]}; keypoints {100 * quality.reprojection[row]:.1f} % of "
        f"the box off, {100 * quality.depth[row]:.1f} cm inside each other; {reason or 'kept'}"
    )
    part, boxes, K = around(pixels, pairs.boxes[position].astype(float), pairs.K[position].astype(float))
    return Shown(
        part, boxes, K, _vertices(body, pairs.initial, position), _vertices(body, rows.bodies, row), caption
    )  # fmt: skip


def around(pixels: np.ndarray, boxes: np.ndarray, K: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The part of a photograph (H, W, 3) around its people, with their boxes (2, 4) and K (3, 3) in that part."""
    size = np.array(pixels.shape[1::-1])
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    reach = (0.5 + MARGIN) * (high - low).max()
    start = np.clip(np.floor((low + high) / 2 - reach), 0, size - 1).astype(int)
    stop = np.maximum(np.clip(np.ceil((low + high) / 2 + reach), 0, size).astype(int), start + 1)
    moved = K.copy()
    moved[:2, 2] -= start
    return pixels[start[1] : stop[1], start[0] : stop[0]], boxes - np.tile(start, 2), moved


def _vertices(body: BodyModel, bodies: Bodies, row: int) -> np.ndarray:
    return posed(body, bodies[np.array([row])])[1][0].astype(float)


def panels(body: BodyModel, pair: Shown) -> list[np.ndarray]:
    """The pictures (SIDE, SIDE, 3) uint8 of a pair, in the order of COLUMNS."""
    fitted = _meshes(body, pair.fitted, touching(pair.fitted))
    upright = [TriangleMesh(mesh.vertices * TO_UPRIGHT, mesh.faces, mesh.colours) for mesh in fitted]
    return [
        _boxed(pair), _over(pair, _meshes(body, pair.initial, np.zeros(pair.initial.shape[:2], bool))),
        _over(pair, fitted), _from(upright, 0.0, 5.0), _from(upright, 90.0, 85.0),
    ]  # fmt: skip


def touching(vertices: np.ndarray) -> np.ndarray:
    """(2, V) bool: vertices (2, V, 3) of each person that lie closer than TOUCHING to the other's."""
    trees = [cKDTree(of_one) for of_one in vertices]
    return np.stack([trees[1 - k].query(vertices[k], distance_upper_bound=TOUCHING)[0] < TOUCHING for k in (0, 1)])


def _meshes(body: BodyModel, vertices: np.ndarray, touched: np.ndarray) -> list[TriangleMesh]:
    return [
        TriangleMesh(who, body.faces, np.where(touched[k][:, None], TOUCHED, COLOURS[k]))
        for k, who in enumerate(vertices)
    ]


def _boxed(pair: Shown) -> np.ndarray:
    image, scale = Image.fromarray(_fitted_in(pair.pixels)), SIDE / max(pair.pixels.shape[:2])
    left, top = (SIDE - np.array(pair.pixels.shape[1::-1]) * scale) // 2
    pen = ImageDraw.Draw(image)
    for number, (box, colour) in enumerate(zip(pair.boxes, COLOURS, strict=True), 1):
        x0, y0, x1, y1 = (float(v) for v in np.asarray(box, float) * scale + [left, top, left, top])
        shade = tuple(int(v) for v in encoded(np.array(colour)))
        pen.rectangle((x0, y0, max(x1 - 1, x0), max(y1 - 1, y0)), outline=shade, width=2)
        pen.rectangle((x0, y0, x0 + 13, y0 + 16), fill=shade)
        pen.text((x0 + 3, y0 + 1), str(number), fill="white", font=ImageFont.load_default(13))
    return np.asarray(image)


def _over(pair: Shown, meshes: list[TriangleMesh]) -> np.ndarray:
    size = pair.pixels.shape[0], pair.pixels.shape[1]
    layer = shaded(meshes, [OPACITY, OPACITY], Camera(pair.K, np.eye(3), np.zeros(3)), size)
    return _fitted_in(encoded(layer.over(decoded(pair.pixels))))


def _from(meshes: list[TriangleMesh], azimuth: float, elevation: float) -> np.ndarray:
    points = np.concatenate([mesh.vertices for mesh in meshes])
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    reach = np.linalg.norm(points - middle, axis=1).max()
    camera = camera_around(middle, azimuth, elevation, 1.02 * reach / np.sin(np.radians(FIELD_OF_VIEW / 2)), SIDE)
    return encoded(shaded(meshes, [1.0, 1.0], camera, (SIDE, SIDE)).over(np.full(3, BACKGROUND**2.2)))


def _fitted_in(pixels: np.ndarray) -> np.ndarray:
    """A picture in the middle of a square of SIDE pixels."""
    scale = SIDE / max(pixels.shape[:2])
    small = Image.fromarray(pixels).resize(
        [max(1, round(side * scale)) for side in pixels.shape[1::-1]], Image.Resampling.BICUBIC
    )
    square = Image.new("RGB", (SIDE, SIDE), (230, 230, 230))
    square.paste(small, ((SIDE - small.width) // 2, (SIDE - small.height) // 2))
    return np.asarray(square)


def sheet(body: BodyModel, shown: list[Shown], title: str) -> bytes:
    """PNG of all pairs, one a row."""
    row_height = SIDE + CAPTION + GAP
    width = len(COLUMNS) * (SIDE + GAP) + GAP
    image = Image.new("RGB", (width, 2 * HEAD + len(shown) * row_height), "white")
    pen, small = ImageDraw.Draw(image), ImageFont.load_default(13)
    pen.text((GAP, 8), title, fill="black", font=ImageFont.load_default(18))
    for column, name in enumerate(COLUMNS):
        pen.text((GAP + column * (SIDE + GAP), HEAD + 10), name, fill="black", font=small)
    for row, pair in enumerate(shown):
        top = 2 * HEAD + row * row_height
        for column, picture in enumerate(panels(body, pair)):
            image.paste(Image.fromarray(picture), (GAP + column * (SIDE + GAP), top))
        pen.text((GAP, top + SIDE + 1), pair.caption, fill="black", font=small)
    return encode_png(np.asarray(image))

"""Stage `field_figure`: the canonical field around the body from the front, the side and above."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chorus import store
from chorus.body.loading import check_made_with, load_body
from chorus.body.model import STAR_POSE, BodyModel
from chorus.naming import words
from chorus.occupancy.grid import SIDE
from chorus.occupancy.uncertainty import interval

if TYPE_CHECKING:
    from chorus.job import Job

SHOWN_FROM = 0.25  # share of the largest probability from which colour begins to cover the body
OPACITY = 0.9
BODY_GREY = 0.78
CROP = 1.35  # metres around the origin that are drawn
EXTENT = (-SIDE / 2, SIDE / 2, -SIDE / 2, SIDE / 2)
UNKNOWN = (0.55, 0.55, 0.6, 0.5)  # red, green, blue, opacity


@dataclass(frozen=True)
class View:
    """An orthographic view: which body axes point right, up and towards the viewer, with their signs."""

    title: str
    right: tuple[int, int]
    up: tuple[int, int]
    towards: tuple[int, int]


# The person's left is on the right of the picture when seen from the front.
VIEWS = (
    View("front", (0, 1), (1, 1), (2, 1)),
    View("the person's left", (2, -1), (1, 1), (0, 1)),
    View("above", (0, 1), (2, -1), (1, 1)),
)


def run(job: Job) -> None:
    """Draw the total field, and below it how much of it is sure."""
    body, voxels = load_body(job.one("body")), store.read_arrays(job.one("voxels"), "voxels")
    check_made_with(body, voxels)
    images, phi, known = int(voxels["images"][0].sum()), voxels["phi"][0], voxels["denominator"][0] > 0
    low, _ = interval(phi, voxels["n_eff"][0])
    title = f"{words(job.names['category'])}: {images} images; grey: nobody looked"
    rows = {"probability": phi, "lower end of its 90 % interval": low}
    job.write_file(draw_fields(rows, known, body, title), "png")


def draw_fields(fields: Mapping[str, np.ndarray], known: np.ndarray, body: BodyModel, title: str) -> bytes:
    """PNG of fields around the canonical body: largest value along the line of sight, three views of each.

    Args:
        fields: name -> (N, N, N), one row of pictures each; the first one sets the colours.
        known: (N, N, N) bool, voxels that somebody saw; lines of sight without any are grey.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4.6 * len(fields)), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    vertices = body.vertices(STAR_POSE[None], np.zeros((1, 10)))[0]
    top = max(float(next(iter(fields.values())).max()), 0.01)  # an empty field is drawn as nothing
    grid_of_axes = figure.subplots(len(fields), len(VIEWS), squeeze=False)
    for (name, field), row in zip(fields.items(), grid_of_axes, strict=True):
        for view, axes in zip(VIEWS, row, strict=True):
            _draw_body(axes, view, vertices, body.faces)
            _draw_unknown(axes, view, known)
            shown = _draw_projection(axes, view, field, top)
            axes.set(title=view.title, xlim=(-CROP, CROP), ylim=(-CROP, CROP), aspect="equal")
            axes.set_xlabel("metres")
            axes.tick_params(labelsize=7)
        figure.colorbar(shown, ax=row, label=name, shrink=0.85)
    figure.suptitle(title)
    buffer = io.BytesIO()
    canvas.print_png(buffer)
    return buffer.getvalue()


def _draw_body(axes: Any, view: View, vertices: np.ndarray, faces: np.ndarray) -> None:
    from matplotlib.collections import PolyCollection

    right, up, towards = (sign * vertices[:, axis] for axis, sign in (view.right, view.up, view.towards))
    corners = vertices[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    axis, sign = view.towards
    facing = sign * normals[:, axis] / np.maximum(np.linalg.norm(normals, axis=1), 1e-12)
    visible = np.flatnonzero(facing > 0)
    order = visible[np.argsort(towards[faces[visible]].mean(axis=1))]
    shade = BODY_GREY * (0.35 + 0.65 * facing[order])
    polygons = np.stack([right, up], axis=1)[faces[order]]
    axes.add_collection(PolyCollection(polygons, facecolors=np.repeat(shade[:, None], 3, axis=1), edgecolors="none"))


def _draw_projection(axes: Any, view: View, phi: np.ndarray, top: float) -> Any:
    """Maximum along the line of sight; the more probable, the more opaque."""
    image = _upright(phi.max(axis=view.towards[0]), view)
    alpha = OPACITY * np.clip((image / top - SHOWN_FROM) / (1 - SHOWN_FROM), 0.0, 1.0)
    return axes.imshow(
        image,
        origin="lower",
        extent=EXTENT,
        cmap="inferno",
        vmin=0,
        vmax=top,
        alpha=alpha,
        interpolation="bilinear",
        zorder=3,
    )


def _draw_unknown(axes: Any, view: View, known: np.ndarray) -> None:
    """Lines of sight along which nobody saw anything."""
    unseen = _upright(np.asarray(~known.any(axis=view.towards[0])), view)
    shade = np.zeros((*unseen.shape, 4))
    shade[unseen] = UNKNOWN
    axes.imshow(shade, origin="lower", extent=EXTENT, interpolation="nearest", zorder=2)


def _upright(flat: np.ndarray, view: View) -> np.ndarray:
    """A projection along the view's line of sight with rows upwards and columns to the right."""
    remaining = [axis for axis in range(3) if axis != view.towards[0]]
    image = flat.T if remaining[0] == view.right[0] else flat
    return image[:: view.up[1], :: view.right[1]]

"""`python -m chorus explain`: why a test image has the PAP that it has: prediction, target, person and the curve."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chorus import masks, store
from chorus.body.loading import load_body
from chorus.body.model import BodyModel
from chorus.camera import Camera
from chorus.errors import FileError
from chorus.evaluation.pap import THRESHOLDS, Curve, ImageScore, TestView
from chorus.evaluation.rendering import FieldRenderer
from chorus.evaluation.warps import sources_by
from chorus.masks import Ragged
from chorus.naming import words
from chorus.occupancy.grid import Grid

MARKED = (0.1, 0.25, 0.5)  # thresholds named on the curve


@dataclass(frozen=True)
class Explanation:
    """One test image as PAP sees it.

    Attributes:
        category: its category.
        id: its id in the test set.
        prediction: (h, w) largest probability of every pixel of the raster.
        view: target and person in the same raster.
        score: the curves, with and without the person's pixels.
    """

    category: str
    id: str
    prediction: np.ndarray
    view: TestView
    score: ImageScore

    def sentence(self) -> str:
        """The four values in one line, percent."""
        values = ", ".join(f"{name.replace('_', ' ')} {100 * value:.2f}" for name, value in self.score.values().items())
        return f"{self.category}, image {self.id}: {values}."


def explain(voxels: Path, testset: Path, identity: str, body: BodyModel, lookup: str = "nearest") -> Explanation:
    """Score one image of a test set again, with the run's `warps.lookup`.

    Raises:
        FileError: the test set has no such image, or the field belongs to another category or body.
    """
    field, tests = store.read_arrays(voxels, "voxels"), store.read_arrays(testset, "testset")
    if field.attributes["body"] != body.digest:
        raise FileError(f"{voxels}: was made with another body model than {body.name}; give its file as --body.")
    if field.attributes["category"] != tests.attributes["category"]:
        raise FileError(f"{voxels}: is of {field.attributes['category']}, {testset.name} of another category.")
    found = np.flatnonzero(tests["id"] == identity)
    if not len(found):
        known = ", ".join(map(str, tests["id"][:5]))
        raise FileError(f"{testset}: has no image {identity!r}; it has {len(tests['id'])}, such as {known}.")
    view, pose = _view(tests, int(found[0]), body)
    phi, canonical = field["phi"][0], field.attributes["canonicalise"] == "true"
    warp = sources_by(lookup, Grid(len(phi)), body)(pose) if canonical else np.empty(0, np.int32)
    image = FieldRenderer({"field": phi}, {"field"} if canonical else ()).render(view.raster, warp)["field"]
    return Explanation(field.attributes["category"], identity, image, view, view.score(image))


def _view(tests: store.ArrayFile, position: int, body: BodyModel) -> tuple[TestView, np.ndarray]:
    """The view of an image of a test set, and the pose (24, 3) of its person without the root."""
    pose = tests["pose"][position].astype(float)
    pose[0] = 0.0
    height, width = tests["size"][position]
    mask = masks.decode(Ragged(tests["span"], tests["span_offset"])[position], (int(height), int(width)))
    camera = Camera(tests["K"][position], tests["R"][position], tests["t"][position])
    return TestView.of(camera, mask, body.vertices(pose[None], np.zeros((1, 10)))[0]), pose


def draw(found: Explanation) -> bytes:
    """PNG: prediction with the outline of the target, target and person, precision over recall, the four values."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4.2), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    left, middle, right = figure.subplots(1, 3)
    shown = left.imshow(found.prediction, cmap="inferno", vmin=0, vmax=max(float(found.prediction.max()), 0.01))
    figure.colorbar(shown, ax=left, shrink=0.8, label="largest probability in the pixel")
    if found.view.target.any():
        left.contour(found.view.target, levels=[0.5], colors="cyan", linewidths=1.2)
    left.set_title("prediction; line: target")
    middle.imshow(_owners(found.view))
    middle.set_title("target (red), person (blue), both (violet)")
    for curve, name in ((found.score.plain, "all pixels"), (found.score.hoa, "without the person's pixels")):
        _draw_curve(right, curve, name)
    right.set(xlabel="recall", ylabel="precision", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), title="by threshold")
    right.legend(fontsize=8, loc="lower left")
    figure.suptitle(found.sentence().replace(found.category, words(found.category), 1), fontsize=10)
    buffer = io.BytesIO()
    canvas.print_png(buffer)
    return buffer.getvalue()


def _owners(view: TestView) -> np.ndarray:
    """(h, w, 3) colours of target and person."""
    colours = np.ones((*view.target.shape, 3))
    colours[view.target] = (0.9, 0.2, 0.2)
    colours[view.person] = (0.45, 0.6, 0.95)
    colours[view.target & view.person] = (0.6, 0.3, 0.75)
    return colours


def _draw_curve(axes: Any, curve: Curve, name: str) -> None:
    """Precision over recall where anything is predicted; some thresholds are named."""
    used = curve.predicted > 0
    (line,) = axes.plot(curve.recall[used], curve.precision[used], marker=".", markersize=3, label=name)
    for threshold in MARKED:
        place = int(np.argmin(np.abs(THRESHOLDS - threshold)))
        if used[place]:
            point = (curve.recall[place], curve.precision[place])
            axes.annotate(f"{threshold:g}", point, fontsize=7, color=line.get_color())


def run(voxels: Path, testset: Path, identity: str, body: Path | str, output: Path, lookup: str) -> str:
    """Write the picture of one image and return its values as a sentence.

    Raises:
        FileError: see `explain`, or the picture cannot be written.
    """
    found = explain(voxels, testset, identity, load_body(body), lookup)
    store.write_bytes(output, draw(found))
    return found.sentence()

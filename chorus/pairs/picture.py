"""The picture of an evaluation: one pair before and after, and the PCC curves of all methods."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np

from chorus.body.model import BodyModel
from chorus.pairs.metrics import joint_pa_mpjpe
from chorus.pairs.rows import Bodies, PairScenes
from chorus.pairs.scoring import posed

_COLOURS = ("#c2410c", "#1d4ed8")
_EVERY = 2  # of the vertices, drawn as points


def draw(body: BodyModel, scenes: PairScenes, methods: Mapping[str, Bodies], scores: Mapping[str, Any]) -> bytes:
    """PNG: the truth, the first estimate and the best fit of a typical pair from the side, and PCC by radius."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    best = min(scores, key=lambda name: (name == "true", scores[name]["joint_pa_mpjpe"]))
    row = _typical(body, scenes, methods[best])
    shown = {"truth": scenes.true, "first estimate": scenes.initial, f"fit: {best}": methods[best]}
    figure = Figure(figsize=(12, 3.6), dpi=110, layout="constrained")
    axes = figure.subplots(1, 4, width_ratios=[1, 1, 1, 1.6])
    for axis, (title, bodies) in zip(axes, shown.items(), strict=False):
        _, vertices = posed(body, bodies[np.array([row])])
        middle = vertices[0].reshape(-1, 3).mean(axis=0)
        for person, colour in enumerate(_COLOURS):
            # Seen from the side: the camera looks along +z, so that errors in depth show from left to right.
            points = vertices[0, person, ::_EVERY] - middle
            axis.scatter(points[:, 2], -points[:, 1], s=0.4, c=colour, linewidths=0)
        axis.set(title=title, xlim=(-1.3, 1.3), ylim=(-1.3, 1.3), aspect="equal", xticks=[], yticks=[])
    axes[0].set_ylabel(f"{scenes.interaction[row]}, seen from the side")
    for name, summary in scores.items():
        radii = [float(radius) * 100 for radius in summary["pcc"]]
        axes[3].plot(radii, [100 * share for share in summary["pcc"].values()], label=name)
    axes[3].set(xlabel="radius, cm", ylabel="PCC, %", xlim=(0, 50), ylim=(0, 102), title="contacts that are met")
    axes[3].legend(fontsize=7)
    canvas, buffer = FigureCanvasAgg(figure), io.BytesIO()
    canvas.print_figure(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _typical(body: BodyModel, scenes: PairScenes, bodies: Bodies) -> int:
    """The pair whose error is the median one."""
    estimate, truth = (
        body.joints(some.pose.reshape(-1, 24, 3), some.betas.reshape(-1, 10)).reshape(len(scenes), 2, -1, 3)
        + some.translation[:, :, None]
        for some in (bodies, scenes.true)
    )
    return int(np.argsort(joint_pa_mpjpe(estimate, truth), kind="stable")[len(scenes) // 2])

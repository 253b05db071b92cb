"""Stage `images_vs_pap`: mPAP and agreement with the truth against the number of images that vote."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from chorus.tables.published import published
from chorus.tables.runs import mean_scores, repetitions, reports_of_runs
from chorus.tables.sheet import Spread

if TYPE_CHECKING:
    from chorus.job import Job

PAPER_SHARES = {"share_1": 0.01, "share_10": 0.1, "full": 1.0}


def run(job: Job) -> None:
    """Draw the run and its smaller shares, ours beside the paper's."""
    from matplotlib.figure import Figure

    runs, least = repetitions(reports_of_runs(job)), job.settings.testset.least_images
    images, scores, correlations = [], [], []
    for repeated in runs.values():
        means = [mean_scores(reports, least) for reports in repeated]
        images.append(
            Spread.of(
                sum(report["counts"]["voting_images"] for report in reports.values()) / len(reports)
                for reports in repeated
            )
        )
        scores.append(Spread.of(100 * mean["pap"]["vanilla_hoa"] for mean in means))
        correlations += [Spread.of(mean["pearson_r"] for mean in means)] if "pearson_r" in means[0] else []
    figure = Figure(figsize=(9.0, 3.2), layout="constrained")
    panels = figure.subplots(1, 3)
    _draw(panels[0], images, scores, "mPAP, HOA (%)")
    if correlations:
        _draw(panels[1], images, correlations, "Pearson r with the true field")
    panels[1].set_visible(bool(correlations))
    paper = published(job.one("published"), "table2")
    kept = sum(line["after filtering"] for line in published(job.one("published"), "table3").values())
    kept /= len(published(job.one("published"), "table3"))
    shares = [name for name in PAPER_SHARES if name in paper]
    _draw(
        panels[2],
        [Spread(kept * PAPER_SHARES[name], None) for name in shares],
        [Spread(paper[name]["vanilla_hoa"], None) for name in shares],
        "the paper's mPAP, HOA (%), on COCO",
    )
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=150, metadata={"Software": None})
    job.write_file(target.getvalue(), "png")


def _draw(panel: Any, images: list[Spread], values: list[Spread], title: str) -> None:
    """One curve with its spread over a logarithmic number of images a category."""
    panel.errorbar(
        [number.mean for number in images],
        [value.mean for value in values],
        yerr=[value.deviation or 0.0 for value in values],
        marker="o",
        capsize=3,
    )
    if min(number.mean for number in images) > 0:
        panel.set_xscale("log")
    panel.set_xlabel("voting images of a category")
    panel.set_title(title, fontsize=9)
    panel.grid(alpha=0.3)

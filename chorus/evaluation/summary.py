"""Stage `summary`: the scores of all categories and variants in one table."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from chorus import store
from chorus.evaluation.bootstrap import interval_of_mean
from chorus.evaluation.pap import VARIANTS

if TYPE_CHECKING:
    from chorus.job import Job

MAIN = "main"
_TRUTH = ("pearson_r", "best_iou", "soft_iou")


def run(job: Job) -> None:
    """Write the table as JSON and as Markdown."""
    reports: dict[str, dict[str, Any]] = defaultdict(dict)
    for path in job.many("pap"):
        report = store.read_json(path)
        variant = path.parts[-3] if "variants" in path.parts else MAIN
        reports[variant][report["category"]] = report
    least = job.settings.testset.least_images
    summary = {"format_version": 1, "runs": {name: content_of(run, least) for name, run in reports.items()}}
    job.write_json(summary)
    job.write_file(markdown(summary).encode(), "markdown", "markdown")


def content_of(reports: dict[str, dict[str, Any]], least: int) -> dict[str, Any]:
    """Rows and mean of one run; `interval` is the bootstrap's of mPAP."""
    rows, counted = {name: row_of(report) for name, report in reports.items()}, enough(reports, least)
    interval = {name: list(interval_of_mean(counted, name)) for name in VARIANTS}
    return {"categories": rows, "mean": mean_row(enough(rows, least)) | {"interval": interval}}


def row_of(report: dict[str, Any]) -> dict[str, Any]:
    """What the table keeps of a report."""
    truth = {name: report["truth"][name] for name in _TRUTH} if "truth" in report else {}
    return {"pap": report["pap"], "pap_with_tail": report["pap_with_tail"], "n_images": report["n_images"], **truth}


def enough(rows: dict[str, dict[str, Any]], least: int) -> list[dict[str, Any]]:
    """The rows of categories with enough test images (paper 4.1: 30); all of them if no category has enough."""
    return [row for row in rows.values() if row["n_images"] >= least] or list(rows.values())


def mean_row(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Plain means over categories: mPAP and the mean truth scores."""
    mean: dict[str, Any] = {
        kind: {name: float(np.mean([row[kind][name] for row in rows])) for name in VARIANTS}
        for kind in ("pap", "pap_with_tail")
    }
    return mean | {
        name: float(np.mean([row[name] for row in rows])) for name in _TRUTH if all(name in row for row in rows)
    }


def markdown(summary: dict[str, Any]) -> str:
    """The table for reading; percent."""
    head = "| run | category | PAP | strict | HOA | strict HOA | HOA with tail | r | best IoU |"
    lines = ["# Scores", "", head, "|" + "---|" * 9]
    for run, content in summary["runs"].items():
        for category, row in [*content["categories"].items(), ("**mean**", content["mean"])]:
            values = [100 * row["pap"][name] for name in VARIANTS] + [100 * row["pap_with_tail"]["vanilla_hoa"]]
            truth = [f"{row[name]:.2f}" if name in row else "" for name in _TRUTH[:2]]
            lines.append(f"| {run} | {category} | " + " | ".join([f"{value:.2f}" for value in values] + truth) + " |")
    return "\n".join(lines) + "\n"

"""Stage `table2`: mPAP of the run and its ablations beside the paper's (Table 2, upper half)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chorus.evaluation.bootstrap import LEVEL, interval_of_mean
from chorus.evaluation.pap import VARIANTS
from chorus.evaluation.summary import enough
from chorus.tables.published import published
from chorus.tables.runs import conditions, label, mean_scores, people_of, repetitions, reports_of_runs
from chorus.tables.sheet import Cell, Spread, Table, write

if TYPE_CHECKING:
    from chorus.job import Job

SHOWN = {"vanilla": "mPAP", "strict": "strict", "vanilla_hoa": "HOA", "strict_hoa": "strict HOA"}
NOTES = (
    "Means over categories; ± is the standard deviation over repetitions with other seeds.",
    f"Interval: {LEVEL:.0%} of the first repetition, bootstrapped over its test images. r: Pearson correlation with "
    "the true field. `paper` is its Table 2: other pictures, networks and test images, so compare the order alone.",
)


def run(job: Job) -> None:
    """Write the table."""
    runs, least = repetitions(reports_of_runs(job)), job.settings.testset.least_images
    every = [report for repeated in runs.values() for reports in repeated for report in reports.values()]
    paper = published(job.one("published"), "table2")
    head = ["method", "people", "repetitions", "voting images"]
    head += [name for shown in SHOWN.values() for name in (shown, f"{shown} paper")]
    head += ["HOA interval", "HOA with tail", "r", "best IoU"]
    rows = [row(name, repeated, paper.get(name, {}), least) for name, repeated in runs.items()]
    write(job, Table("Table 2: ablations", [*conditions(every), *NOTES], head, rows))


def row(
    name: str, repeated: Sequence[Mapping[str, dict[str, Any]]], paper: Mapping[str, float], least: int
) -> list[Cell]:
    """One method: its scores over all repetitions (category -> report of each) and the paper's."""
    means = [mean_scores(reports, least) for reports in repeated]
    images = [sum(report["counts"]["voting_images"] for report in reports.values()) for reports in repeated]
    people = people_of(report for reports in repeated for report in reports.values())
    cells: list[Cell] = [label(name), people, len(repeated), Spread.of(images, 0)]
    for variant in VARIANTS:
        cells += [Spread.of(100 * mean["pap"][variant] for mean in means), paper.get(variant)]
    low, high = interval_of_mean(enough(dict(repeated[0]), least), "vanilla_hoa")
    cells += [f"{100 * low:.2f}-{100 * high:.2f}"]
    cells += [Spread.of(100 * mean["pap_with_tail"]["vanilla_hoa"] for mean in means)]
    return cells + [
        Spread.of((mean[score] for mean in means), 3) if all(score in mean for mean in means) else None
        for score in ("pearson_r", "best_iou")
    ]

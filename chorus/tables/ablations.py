"""Stage `ablations`: PAP and agreement with the truth by category and ablation, and how often the run is better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chorus.config_tables import FULL
from chorus.naming import words
from chorus.tables.runs import conditions, label, people_of, repetitions, reports_of_runs
from chorus.tables.sheet import Cell, Spread, Table, write

if TYPE_CHECKING:
    from chorus.job import Job

Report = Mapping[str, Any]
HEAD = (
    "category", "method", "people", "voting images", "PAP", "PAP, HOA", "HOA with tail", "HOA interval", "r",
    "best IoU", "full has more PAP, HOA", "full has more r",
)  # fmt: skip
NOTES = (
    "± is the standard deviation over repetitions with other seeds; interval: 95 % of the first repetition, "
    "bootstrapped over its test images. r: Pearson correlation with the true field. Last columns: repetitions.",
)


def run(job: Job) -> None:
    """Write the table."""
    runs = repetitions(reports_of_runs(job))
    every = [report for repeated in runs.values() for reports in repeated for report in reports.values()]
    categories = list(runs[FULL][0])
    rows = [
        row(category, name, [reports[category] for reports in repeated], [reports[category] for reports in runs[FULL]])
        for category in categories
        for name, repeated in runs.items()
    ]
    write(job, Table("Ablations by category", [*conditions(every), *NOTES], HEAD, rows))


def row(category: str, name: str, reports: Sequence[Report], full: Sequence[Report]) -> list[Cell]:
    """One category and method: its reports of all repetitions, and those of the run itself (variants: the first)."""
    low, high = reports[0]["interval"]["pap"]["vanilla_hoa"]
    cells: list[Cell] = [words(category), label(name), people_of(reports)]
    cells += [Spread.of((r["counts"]["voting_images"] for r in reports), 0)]
    cells += [Spread.of(100 * _value(r, "pap", key) for r in reports) for key in ("vanilla", "vanilla_hoa")]
    cells += [Spread.of(100 * _value(r, "pap_with_tail", "vanilla_hoa") for r in reports)]
    cells += [f"{100 * low:.1f}-{100 * high:.1f}"]
    known = all("truth" in r for r in reports)
    cells += [Spread.of((r["truth"][key] for r in reports), 3) if known else None for key in ("pearson_r", "best_iou")]
    if name == FULL:
        return [*cells, None, None]
    return [
        *cells,
        _wins(full, reports, "pap", "vanilla_hoa"),
        _wins(full, reports, "truth", "pearson_r") if known else None,
    ]


def _value(report: Report, part: str, key: str) -> float:
    return report[part][key]


def _wins(full: Sequence[Report], others: Sequence[Report], part: str, key: str) -> str:
    more = sum(_value(a, part, key) > _value(b, part, key) for a, b in zip(full, others, strict=False))
    return f"{more} of {len(others)}"

"""Stage `table3`: prompts, images and rejection rates of every category beside the paper's (Table 3)."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from chorus.naming import words
from chorus.screening.cascade import read_table
from chorus.screening.statistics import Statistics
from chorus.tables.published import published
from chorus.tables.runs import files_of_runs
from chorus.tables.sheet import Cell, Spread, Table, write

if TYPE_CHECKING:
    from chorus.job import Job

COLUMNS = ("prompts", "images", "after filtering", "rejection rate (%)")
DIGITS = (0, 0, 0, 2)
NOTES = ("Mean ± standard deviation over repetitions with other seeds. `paper` is Table 3 of the paper.",)


def run(job: Job) -> None:
    """Write the table."""
    measured: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    for paths in files_of_runs(job, "screening").values():
        prompts: dict[str, list[Path]] = defaultdict(list)
        for path in paths:
            prompts[path.parent.name].append(path)
        for category, tables in prompts.items():
            found = Statistics.of(row for path in tables for row in read_table(path))
            measured[category].append((len(tables), found.images, found.kept, found.rejection_percent))
    paper = published(job.one("published"), "table3")
    rows: list[list[Cell]] = []
    for category, numbers in measured.items():
        cells: list[Cell] = [words(category)]
        for column, digits, values in zip(COLUMNS, DIGITS, zip(*numbers, strict=True), strict=True):
            cells += [Spread.of(values, digits), paper.get(category, {}).get(column)]
        rows.append(cells)
    head = ["category", *(name for column in COLUMNS for name in (column, f"{column} paper"))]
    write(job, Table("Table 3: pictures and rejection rates", NOTES, head, rows))

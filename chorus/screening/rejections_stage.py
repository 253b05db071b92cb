"""Stage `rejections`: what the screening keeps, by category and variant: the paper's Table 3, and the reasons."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chorus.naming import words
from chorus.screening.cascade import Row, read_table
from chorus.screening.reasons import Reason
from chorus.screening.statistics import Statistics

if TYPE_CHECKING:
    from chorus.job import Job

MAIN = "main"
_REASONS = [reason for reason in Reason if reason not in (Reason.KEPT, Reason.NOT_DRAWN)]


def run(job: Job) -> None:
    """Write the table as JSON and as Markdown."""
    tables: dict[tuple[str, str], list[list[Row]]] = defaultdict(list)
    for path in job.many("screening"):
        tables[run_of(path), path.parent.name].append(read_table(path))
    runs: dict[str, dict[str, Any]] = defaultdict(dict)
    for (name, category), prompts in tables.items():
        runs[name][category] = line_of(prompts)
    table = {"format_version": 1, "runs": runs}
    job.write_json(table)
    job.write_file(markdown(table).encode(), "markdown", "markdown")


def run_of(path: Path) -> str:
    """`main`, or the variant that a screening table belongs to."""
    return path.parts[-4] if "variants" in path.parts else MAIN


def line_of(prompts: list[list[Row]]) -> dict[str, Any]:
    """The line of a category: Table 3's columns, the sum of the votes, the images lost to every reason."""
    found = Statistics.of(row for rows in prompts for row in rows)
    return {
        "prompts": len(prompts),
        "images": found.images,
        "kept": found.kept,
        "rejection_percent": round(found.rejection_percent, 2),
        "votes": round(found.votes, 3),
        "lost": {str(reason): found.lost.get(reason, 0) for reason in _REASONS},
        "outcome": found.outcome,
        **({"not_drawn": found.not_drawn} if found.not_drawn else {}),
    }


def markdown(table: dict[str, Any]) -> str:
    """The table for reading."""
    head = ["run", "category", "prompts", "images", "after filtering", "rejection rate (%)", "votes", *_REASONS]
    draws = any("not_drawn" in line for categories in table["runs"].values() for line in categories.values())
    head += [Reason.NOT_DRAWN] * draws
    lines = ["# Rejections", "", f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for name, categories in table["runs"].items():
        for category, line in categories.items():
            cells = [name, words(category), line["prompts"], line["images"], line["kept"]]
            cells += [f"{line['rejection_percent']:.2f}", f"{line['votes']:.1f}", *line["lost"].values()]
            cells += [line.get("not_drawn", 0)] * draws
            lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"

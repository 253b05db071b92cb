"""Stage `table5`: the test images of every category, beside the paper's where they are of COCO (Table 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chorus import store
from chorus.evaluation.heldout import SOURCE as HELD_OUT
from chorus.naming import words
from chorus.tables.published import published
from chorus.tables.sheet import Cell, Table, write

if TYPE_CHECKING:
    from chorus.job import Job

NOTES = (
    "`paper` is Table 5 of the paper, categories with at least 30 images; held-out scenes are as many as "
    "was configured, so they have nothing to compare.",
)


def run(job: Job) -> None:
    """Write the table."""
    paper, rows = published(job.one("published"), "table5"), list[list[Cell]]()
    for path in job.many("testset"):
        testset = store.read_arrays(path, "testset", ("id",))
        category, source = testset.attributes["category"], testset.attributes["source"]
        number = paper.get(category, {}).get("images") if source != HELD_OUT else None
        rows.append([words(category), source, len(testset["id"]), number])
    write(job, Table("Table 5: test images", NOTES, ("category", "test images", "images", "images paper"), rows))

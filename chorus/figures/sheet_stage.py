"""Stage `contact_sheet`: kept and rejected images with their reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chorus.detections import read_thumbnails
from chorus.figures.sheets import KEPT, REJECTED, Tile, decode_thumbnail, draw_sheet, wrapped
from chorus.naming import words
from chorus.screening.cascade import Row, read_table
from chorus.screening.statistics import Statistics

if TYPE_CHECKING:
    from chorus.job import Job

COLUMNS = 12


def run(job: Job) -> None:
    """Draw an even choice of the category's images, kept ones first."""
    by_prompt = {path.stem: read_table(path) for path in job.many("screening")}
    rows = [(prompt, row) for prompt, table in by_prompt.items() for row in table]
    chosen = spread(rows, job.settings.figures.contact_sheet_images)
    small = {
        (path.parent.name, index): content
        for path in job.many("masks")
        for index, content in read_thumbnails(path).items()
    }
    chosen.sort(key=lambda item: (not item[1].kept, item[1].reason))
    tiles = [
        Tile(decode_thumbnail(small[prompt, row.index]), wrapped(row.reason or "kept"), KEPT if row.kept else REJECTED)
        for prompt, row in chosen
    ]
    title = f"{words(job.names['category'])}: {Statistics.of(row for _, row in rows).count}"
    job.write_file(draw_sheet(tiles, title, side=96, columns=COLUMNS), "png")


def spread(rows: list[tuple[str, Row]], most: int) -> list[tuple[str, Row]]:
    """At most `most` rows, taken evenly from the whole list."""
    return rows[:: max(1, -(-len(rows) // most))]

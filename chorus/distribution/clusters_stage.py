"""Stage `clusters`: the interaction types (prompt, body part) of a category and which of them are plausible."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chorus.distribution.clusters import RULE, clusters_of
from chorus.distribution.types import InteractionVotes

if TYPE_CHECKING:
    from chorus.job import Job

FORMAT_VERSION = 1


def run(job: Job) -> None:
    """List every cluster with the figures that decide."""
    found = clusters_of(InteractionVotes.of_files(job.many("votes")))
    job.write_json(
        {
            "format_version": FORMAT_VERSION,
            "category": job.names["category"],
            "rule": RULE,
            "clusters": [cluster.as_json() for cluster in found],
        }
    )
    plausible = [cluster for cluster in found if cluster.part and not cluster.fails]
    parts = ", ".join(sorted({cluster.part for cluster in plausible})) or "none"
    print(f"{job.names['category']}: {len(plausible)} clusters at body parts are plausible ({parts}).")

"""Stage `clusters`: the interaction types (prompt, body part) of a category and which of them are plausible."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chorus.body.loading import load_body
from chorus.body.model import BodyModel
from chorus.distribution.clusters import RULE, Evidence, clusters_of
from chorus.distribution.touching import PartSpaces, read_told
from chorus.distribution.types import InteractionVotes
from chorus.errors import FileError
from chorus.occupancy.field_stage import read_votes
from chorus.occupancy.votes import TOTAL

if TYPE_CHECKING:
    from chorus.job import Job

FORMAT_VERSION = 1


def run(job: Job) -> None:
    """List every cluster with the figures that decide, and with who says that its part touches the object."""
    votes, body = InteractionVotes.of_files(job.many("votes")), load_body(job.one("body"))
    if votes.body != body.digest:
        raise FileError(f"{votes.files[0]}: was made with another body model; delete results/votes and run again.")
    found = clusters_of(votes, _evidence(job, votes, body))
    job.write_json(
        {
            "format_version": FORMAT_VERSION,
            "category": job.names["category"],
            "rule": RULE,
            "clusters": [cluster.as_json() for cluster in found],
        }
    )
    plausible = [cluster for cluster in found if cluster.part and not cluster.fails]
    parts = ", ".join(sorted({cluster.part for cluster in plausible if cluster.named_by})) or "none"
    print(f"{job.names['category']}: {len(plausible)} clusters at body parts are plausible; touching: {parts}.")


def _evidence(job: Job, votes: InteractionVotes, body: BodyModel) -> Evidence | None:
    """What is known of touching; nothing where the votes do not know body parts."""
    if votes.groups == (TOTAL,):
        return None
    resolution = len(read_votes(votes.files[0], TOTAL).votes.numerator[0])
    return Evidence(PartSpaces(body, resolution), read_told(job.many("contacts"), job.settings.contacts.share))

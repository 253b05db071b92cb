"""Stage `rays`: partial sums of a prompt with fractional votes (estimator rays), in the layout of `votes`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chorus.errors import FileError
from chorus.occupancy.field_stage import merged, read_votes
from chorus.occupancy.rays import RayCounter, Start
from chorus.occupancy.votes_stage import Space, VoteFiles, read_ballots, write_votes

if TYPE_CHECKING:
    from chorus.job import Job


def run(job: Job) -> None:
    """Start from the votes of the category and of the prompt, then ask every image of the prompt again.

    Raises:
        FileError: the votes are of another body, or those of the prompt are not among them.
    """
    space, parts = Space.of(job), [read_votes(path) for path in job.many("votes")]
    own = [part.votes for part in parts if part.prompt == job.names["prompt"]]
    if len(own) != 1:
        raise FileError(f"rays: --votes has {len(own)} files of this prompt, 1 is needed; give each prompt's once.")
    if parts[0].body != space.body.digest:
        raise FileError("rays: the votes were counted around another body; delete results/votes and run again.")
    counter = RayCounter(space.grid, space.weights, Start.of(merged(parts), own[0]), space.regions)
    for ballots in read_ballots(space.body, VoteFiles.of(job), job.settings.occupancy.mirror, people=True):
        counter.add_all(ballots)
    write_votes(job, counter, space)

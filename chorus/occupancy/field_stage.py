"""Stage `voxels`: the field of a category, total and by prompt, merged from the votes of its prompts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chorus import store
from chorus.errors import FileError
from chorus.naming import slug
from chorus.occupancy.field import Field, field_of
from chorus.occupancy.grid import Grid
from chorus.occupancy.votes import Votes

if TYPE_CHECKING:
    from chorus.job import Job

VOTES = ("numerator", "denominator", "count", "images")


@dataclass(frozen=True)
class PromptVotes:
    """The votes of one prompt and what they belong to."""

    prompt: str
    interaction: str
    body: str
    canonicalise: str
    votes: Votes


def run(job: Job) -> None:
    """Merge and normalise; every prompt also gets its own field."""
    parts = [read_votes(path) for path in job.many("votes")]
    balanced = job.settings.occupancy.balance_views
    fields = [field_of(votes, balanced) for votes in (merged(parts), *(part.votes for part in parts))]
    job.write_arrays(
        "voxels",
        {
            "group": np.array(["total", *(slug(part.prompt) for part in parts)]),
            "interaction": np.array(["", *(part.interaction for part in parts)]),
            **{name: np.stack([getattr(field, name) for field in fields]) for name in Field.__dataclass_fields__},
        },
        {"category": job.names["category"], "body": parts[0].body, "canonicalise": parts[0].canonicalise},
    )
    total = int(fields[0].images.sum())
    bins = int((fields[0].images > 0).sum())
    print(f"{job.names['category']}: {total} images voted, from {bins} of 12 directions.")


def read_votes(path: Path, group: str = "total") -> PromptVotes:
    """The votes of one group of a prompt.

    Raises:
        FileError: the file has no such group: the body parts were not counted.
    """
    groups = list(store.read_arrays(path, "votes", ("group",))["group"])
    if group not in groups:
        raise FileError(f"{path}: has no votes of {group}, only of {', '.join(groups)}; set occupancy.parts: true.")
    g = groups.index(group)
    file = store.read_arrays(path, "votes", VOTES, slice(g, g + 1))
    votes = Votes(*(file[name][0] for name in VOTES))
    a = file.attributes
    return PromptVotes(a["prompt"], a["interaction"], a["body"], a["canonicalise"], votes)


def merged(parts: list[PromptVotes]) -> Votes:
    """Exact sum of votes; the order does not matter.

    Raises:
        FileError: they were counted around different bodies or in different grids.
    """
    if len({(part.body, part.canonicalise, part.votes.numerator.shape) for part in parts}) > 1:
        raise FileError("voxels: the votes come from different bodies or grids; delete results/votes and run again.")
    total = Votes.none(Grid(parts[0].votes.numerator.shape[-1]))
    for part in parts:
        total += part.votes
    return total

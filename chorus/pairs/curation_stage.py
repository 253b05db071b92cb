"""Stage `pair_curation`: the fits of training pairs that are good enough to learn from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from chorus import store
from chorus.pairs.curation import counts
from chorus.pairs.rows import FittedRows

if TYPE_CHECKING:
    from chorus.job import Job


def run(job: Job) -> None:
    """Write the kept rows and count the reasons of the others."""
    path = job.one("fits")
    rows = FittedRows.read(path, "pair_fits")
    train = rows[np.flatnonzero(rows.split == "train")]
    kept = train[np.flatnonzero(train.reason == "")]
    digest = store.read_arrays(path, "pair_fits", only=("id",)).attributes["body"]
    attributes = {"body": digest, "counts": json.dumps(counts(train.reason), sort_keys=True)}
    job.write_arrays("pair_curation", kept.arrays(), attributes)

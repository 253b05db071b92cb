"""`python -m chorus bench`: every kernel against the reference implementation of the tests, as a table and as records.

The reference belongs to the tests, so this command needs a checkout of the repository and torch. Times are CPU seconds
an image, medians of interleaved rounds in one process; masks cover 5 % of the picture.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from chorus import store
from chorus.bench.camera import camera_record
from chorus.bench.field import field_record
from chorus.bench.pap import PapCase, pap_records
from chorus.bench.votes import Space, end_to_end_record, many_images_record, mask_io_record, merge_record, votes_record
from chorus.body.loading import OPEN_BODY, load_body
from chorus.config import Calibration
from chorus.errors import MissingExtraError
from chorus.occupancy.grid import Grid
from chorus.occupancy.skinning_stage import canonical_weights

_MILLISECOND = 1e3
_SHOWN = ("kernel", "resolution", "reference_s", "ours_s", "ratio")
REFERENCE_RESOLUTION = 48  # beyond it the reference's field and PAP do not fit into memory


def run(resolutions: list[int], output: Path | None) -> None:
    """Measure, print a Markdown table as it grows, write the records."""
    print("| kernel | resolution | reference, ms | ours, ms | ratio | beside it |\n|---|---|---|---|---|---|")
    records = []
    for record in all_records(resolutions):
        records.append(record)
        print(line_of(record), flush=True)
    if output:
        store.write_bytes(output, store.json_bytes(records))


def all_records(resolutions: list[int]) -> Iterator[dict[str, Any]]:
    """Records of every kernel, quick ones first."""
    votes, field, camera = (_reference(name) for name in ("votes", "field", "camera"))
    body = load_body(OPEN_BODY)
    yield mask_io_record(body, votes.pickled_masks)
    fits = camera.oracle_fits()
    if fits is not None:
        yield camera_record(camera.oracle_problem(fits), camera.oracle_reference(fits), Calibration())
    for resolution in resolutions:
        grid = Grid(resolution)
        space = Space(body, canonical_weights(grid, body))
        yield votes_record(space, votes.reference_votes)
        yield end_to_end_record(space, votes.reference_votes)
        yield merge_record(grid)
        yield many_images_record(space)
        known = resolution <= REFERENCE_RESOLUTION
        case = PapCase.of(body, grid)
        yield from pap_records(case, field.reference_pap(case) if known else None)
        yield field_record(body, grid, field.reference_field(body, grid) if known else None)


def _reference(name: str) -> Any:
    root = OPEN_BODY.parents[2]
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    try:
        return importlib.import_module(f"tests.benchmarks.reference_{name}")
    except ImportError as error:
        message = (
            f"bench: needs the repository's tests and torch ({error}); run it in a checkout: pip install -e '.[tests]'."
        )
        raise MissingExtraError(message) from error


def line_of(record: dict[str, Any]) -> str:
    """One row of the table; what the record holds beyond the common keys stands in the last column."""
    times = [record["reference_s"], record["ours_s"]]
    shown = ["" if value is None else f"{_MILLISECOND * value:.4g}" for value in times]
    ratio = "" if record["ratio"] is None else f"{record['ratio']:,.0f}"
    rest = ", ".join(f"{key} {_plain(value)}" for key, value in record.items() if key not in _SHOWN)
    return f"| {record['kernel']} | {record['resolution'] or ''} | {shown[0]} | {shown[1]} | {ratio} | {rest} |"


def _plain(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float | np.floating) else str(value)

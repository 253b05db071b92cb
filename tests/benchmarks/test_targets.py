"""Half of every promised speed (docs/performance.md has the whole figures), by the records of `python -m chorus bench`.

    pytest -m slow tests/benchmarks        # three to four minutes on one core

CPU time, ours and the reference interleaved. Every group of records is taken once, in a process of its own, where the
reference costs what it always costs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from chorus.bench.camera import camera_record
from chorus.bench.field import field_record
from chorus.bench.pap import PapCase, pap_records
from chorus.bench.timing import fresh, peak_memory
from chorus.bench.votes import (
    Space,
    end_to_end_record,
    many_images_record,
    mask_io_record,
    merge_record,
    votes_record,
)
from chorus.body.loading import OPEN_BODY, load_body
from chorus.config import Calibration
from chorus.occupancy.grid import Grid
from chorus.occupancy.skinning_stage import canonical_weights
from tests.benchmarks.reference_camera import oracle_fits, oracle_problem, oracle_reference
from tests.benchmarks.reference_field import reference_body, reference_field, reference_pap
from tests.benchmarks.reference_votes import pickled_masks, reference_votes

pytestmark = pytest.mark.slow
MEGABYTE = 2**20
Records = dict[tuple[str, int | None], dict[str, Any]]

RATIOS = {
    ("votes", 48): 80,
    ("votes", 96): 250,
    ("votes", 128): 300,
    ("end_to_end", 48): 120,
    ("camera", None): 20_000,
    ("pap", 48): 200,
    ("pap_cached", 48): 2_000,
    ("lbs_field", 48): 300,
}
SECONDS = {
    ("mask_io", None): 50e-6,
    ("merge", 48): 10e-3,
    ("many_images", 48): 5 / 25_000,
}
SLOWER_PEERS = {
    ("votes", 48): ["torch_gemm_s"],
    ("camera", None): ["opencv_sqpnp_s", "opencv_iterative_s"],
    ("lbs_field", 48): ["ckdtree_neighbours_s"],
}


@pytest.mark.parametrize(("kernel", "resolution"), RATIOS, ids=str)
def test_half_of_the_promised_ratio(kernel, resolution):
    assert record_of(kernel, resolution)["ratio"] >= RATIOS[kernel, resolution] / 2


@pytest.mark.parametrize(("kernel", "resolution"), SECONDS, ids=str)
def test_twice_the_promised_time(kernel, resolution):
    assert record_of(kernel, resolution)["ours_s"] <= 2 * SECONDS[kernel, resolution]


@pytest.mark.parametrize(("kernel", "resolution"), SLOWER_PEERS, ids=str)
def test_what_a_user_would_pick_instead_is_slower(kernel, resolution):
    record = record_of(kernel, resolution)
    for peer in SLOWER_PEERS[kernel, resolution]:
        assert record["ours_s"] < record[peer], peer


def test_a_mask_is_small():
    assert record_of("mask_io", None)["bytes"] <= 1_500


def test_the_cost_is_linear_in_the_images():
    assert record_of("many_images", 48)["growth"] <= 1.25


def test_25_000_images_stay_below_a_gigabyte():
    assert record_of("many_images", 48)["peak_bytes"] < 1e9


def test_the_camera_fit_is_also_the_better_one():
    record = record_of("camera", None)
    assert record["ours_loss"] < record["reference_loss"]


def test_memory_of_a_field():
    assert fresh(memory_of_a_field) < 300 * MEGABYTE


def test_the_body_of_the_reference_is_the_body():
    body = load_body(OPEN_BODY)
    assert np.allclose(reference_body(body).vertices, body.v_template, atol=1e-6)


def record_of(kernel: str, resolution: int | None) -> dict[str, Any]:
    """A record; its group is measured the first time that one of it is wanted."""
    if kernel == "camera" and oracle_fits() is None:
        pytest.skip("the camera's benchmark needs the oracle's fits in ../shared/oracle")
    group = next(group for group, kernels in GROUPS.items() if kernel in kernels)
    return records_of(group)[kernel, resolution]


@functools.cache
def records_of(group: Callable[[], Iterator[dict[str, Any]]]) -> Records:
    """The records of a group, and on the screen (`pytest -s`)."""
    records = {(record["kernel"], record["resolution"]): record for record in fresh(listed, group)}
    print(*records.values(), sep="\n")
    return records


def listed(group: Callable[[], Iterator[dict[str, Any]]]) -> list[dict[str, Any]]:
    return list(group())


def vote_records() -> Iterator[dict[str, Any]]:
    body = load_body(OPEN_BODY)
    for resolution in (48, 96, 128):
        yield votes_record(Space(body, canonical_weights(Grid(resolution), body)), reference_votes, rounds=3)


def file_records() -> Iterator[dict[str, Any]]:
    body = load_body(OPEN_BODY)
    space = Space(body, canonical_weights(Grid(48), body))
    yield mask_io_record(body, pickled_masks)
    yield merge_record(space.grid)
    yield end_to_end_record(space, reference_votes)
    yield many_images_record(space)


def camera_records() -> Iterator[dict[str, Any]]:
    fits = oracle_fits()
    yield camera_record(oracle_problem(fits), oracle_reference(fits), Calibration())


def field_records() -> Iterator[dict[str, Any]]:
    body, grid = load_body(OPEN_BODY), Grid(48)
    yield field_record(body, grid, reference_field(body, grid))


def score_records() -> Iterator[dict[str, Any]]:
    case = PapCase.of(load_body(OPEN_BODY), Grid(48))
    yield from pap_records(case, reference_pap(case))


def memory_of_a_field() -> int:
    """Bytes by which a field raises the peak of its process, after a small one has loaded all code."""
    body = load_body(OPEN_BODY)
    field_record(body, Grid(4), rounds=1)
    before = peak_memory()
    field_record(body, Grid(48), rounds=1)
    return peak_memory() - before


GROUPS = {
    vote_records: ["votes"],
    file_records: ["mask_io", "merge", "end_to_end", "many_images"],
    camera_records: ["camera"],
    field_records: ["lbs_field"],
    score_records: ["pap", "pap_cached"],
}

"""The skinning field and PAP against the reference: half of each target. Each in a process of its own, where the
reference costs what it always costs."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import pytest

from chorus.bench.field import field_record
from chorus.bench.pap import PapCase, pap_records
from chorus.body.loading import load_body
from chorus.occupancy.grid import Grid
from tests.benchmarks.reference_field import reference_field, reference_pap

pytestmark = pytest.mark.slow
GRID = Grid(48)
MEGABYTE = 2**20


def test_the_field(root):
    record = fresh(field_of_the_open_body, root)
    print(record)
    assert record["ratio"] >= 150
    assert record["ours_s"] < record["ckdtree_neighbours_s"]


def test_pap(root):
    whole, cached = fresh(pap_of_the_open_body, root)
    print(whole, cached)
    assert whole["ratio"] >= 100
    assert cached["ratio"] >= 1000


def test_memory_of_a_field(root):
    assert fresh(memory_of_the_open_body, root) < 300 * MEGABYTE


def field_of_the_open_body(root):
    body = open_body(root)
    return field_record(body, GRID, reference_field(body, GRID))


def pap_of_the_open_body(root):
    case = PapCase.of(open_body(root), GRID)
    return pap_records(case, reference_pap(case))


def memory_of_the_open_body(root) -> int:
    """Bytes by which a field raises the peak of its process, after a small one has loaded all code."""
    import resource

    body = open_body(root)
    field_record(body, Grid(4), rounds=1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    field_record(body, GRID, rounds=1)
    return 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)


def open_body(root):
    return load_body(root / "resources/body/open_body.npz")


def fresh(function, *arguments):
    """What a function returns, run in a new process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()

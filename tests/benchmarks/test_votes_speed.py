"""Half of the promised speed of the vote (docs/performance.md holds the whole figures); CPU time, interleaved."""

from pathlib import Path

import numpy as np
import pytest

from chorus.bench.votes import Space, end_to_end_record, mask_io_record, votes_record
from chorus.body.loading import load_body
from chorus.occupancy.grid import Grid
from chorus.occupancy.skinning_stage import canonical_weights
from chorus.occupancy.votes import Votes
from tests.benchmarks.reference_votes import pickled_masks, reference_votes

pytestmark = pytest.mark.slow
BODY = Path(__file__).parents[2] / "resources/body/open_body.npz"
HALF = {48: 40, 96: 125, 128: 150}


@pytest.fixture(scope="module", params=HALF)
def space(request) -> Space:
    body = load_body(BODY)
    return Space(body, canonical_weights(Grid(request.param), body))


def test_votes(space):
    assert votes_record(space, reference_votes, rounds=3)["ratio"] >= HALF[space.grid.resolution]


def test_files_to_field():
    body = load_body(BODY)
    record = end_to_end_record(Space(body, canonical_weights(Grid(48), body)), reference_votes)
    assert record["ratio"] >= 60
    assert 25_000 * record["ours_s"] <= 2 * 5


def test_masks_from_a_file():
    record = mask_io_record(load_body(BODY), pickled_masks)
    assert record["ours_s"] <= 2 * 50e-6
    assert record["bytes"] <= 1500


def test_merging(benchmark_seconds):
    total, part = (Votes.none(Grid(48)) for _ in range(2))
    assert benchmark_seconds(lambda: total.__iadd__(part)) <= 2 * 0.010


@pytest.fixture
def benchmark_seconds():
    """Median CPU seconds of a call."""
    from chorus.bench.timing import interleaved

    return lambda call: interleaved({"it": lambda: (call(), 1)[1]})["it"]


def test_reference_body_is_the_body():
    from tests.benchmarks.reference_votes import reference_body

    body = load_body(BODY)
    assert np.allclose(reference_body(body).vertices, body.v_template, atol=1e-6)

"""The promises of docs/pairs.md, measured (10 and 100 minutes): `pytest -m slow tests/benchmarks/test_pairs.py`."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from chorus.body.loading import OPEN_BODY, load_body  # noqa: E402
from chorus.pairs.fitting import figure_of  # noqa: E402
from tests.benchmarks.pairs import fit_table, prior_table  # noqa: E402

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def body():
    return load_body(OPEN_BODY)


def test_better_labels_make_better_fits_and_bodies_keep_apart(body):
    table = fit_table(body, figure_of(body, "cpu"), 528, None)["methods"]
    errors = [table[name]["joint_pa_mpjpe"] for name in ("initial", "none", "raw", "repaired", "true")]
    assert errors == sorted(errors, reverse=True)
    assert table["repaired"]["pcc"]["0.05"] >= 0.85
    free = table["repaired, no depth term"]
    assert free["penetration"] >= 5 * table["repaired"]["penetration"]
    assert table["repaired"]["joint_pa_mpjpe"] <= free["joint_pa_mpjpe"] + 1.0  # millimetres


def test_the_prior_helps_on_types_that_it_never_saw(body):
    table = prior_table(body, figure_of(body, "cpu"), 352, 616, 3, None)["methods"]
    without = table["keypoints, seed 0"]["joint_pa_mpjpe"]
    errors = [table[f"improvised, seed {seed}"]["joint_pa_mpjpe"] for seed in range(3)]
    assert np.mean(errors) <= 0.8 * without
    assert max(errors) < without
    every = [table[f"{name}, every type"]["joint_pa_mpjpe"] for name in ("improvised", "keypoints")]
    assert every[0] <= 0.8 * every[1]

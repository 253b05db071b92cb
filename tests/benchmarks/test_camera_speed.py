"""The camera fit against the reference on the oracle's fits: half of the issue's 20,000 must hold on any machine."""

import numpy as np
import pytest

from chorus.bench.camera import camera_record, made_problem
from chorus.config import Calibration
from tests.benchmarks.reference_camera import FITS, oracle_problem, oracle_reference
from tests.oracle.conftest import ORACLE, read

KEYS = {"kernel", "resolution", "reference_s", "ours_s", "ratio", "reference_loss", "ours_loss"}
PEERS = {f"opencv_{way}_{what}" for way in ("iterative", "sqpnp") for what in ("s", "loss")}


def test_a_record_has_all_its_figures(open_body):
    problem = made_problem(open_body, 4, np.random.default_rng(0))
    record = camera_record(problem, lambda i: float(i), Calibration())
    assert KEYS <= set(record) <= KEYS | PEERS
    assert record["reference_loss"] == 1.5
    assert record["ours_loss"] < 1
    # At the same focal length nobody is better than a converged fit.
    for name in PEERS & set(record):
        if name.endswith("loss"):
            fixed = camera_record(problem, lambda i: 0.0, Calibration(focal_cap=1.0))
            assert record[name] > fixed["ours_loss"] - 1e-6


@pytest.mark.slow
def test_ten_thousand_times_the_reference():
    if not ORACLE.is_dir():
        pytest.skip(f"no oracle: {ORACLE} is not there")
    fits = read(ORACLE / "camera_fit.npz")
    record = camera_record(oracle_problem(fits), oracle_reference(fits), Calibration())
    print(len(FITS), record)
    assert record["ratio"] > 10_000
    assert record["ours_loss"] < record["reference_loss"]

"""The record of the camera's benchmark."""

import numpy as np

from chorus.bench.camera import camera_record, made_problem
from chorus.config import Calibration

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

"""F6: nothing survives the screening; the run ends, says so, and divides nothing by zero."""

import csv

import numpy as np
import pytest

from chorus import store
from tests.workflow.conftest import PROMPTS

NOBODY = {"scenes": {"no_person": 1.0, "no_object": 0.0, "two_people": 0.0}, "images": {"size": 64}}


@pytest.fixture
def empty(workplace):
    workplace.write_prompts(PROMPTS[:1])
    workplace.configure(NOBODY)
    workplace.snakemake()
    return workplace


def test_a_run_without_a_single_image_ends_and_says_so(empty):
    table = next((empty.folder / "results/screening/motorcycle").glob("*.csv"))
    assert {row["reason"] for row in csv.DictReader(table.open())} == {"no person"}
    voxels = store.read_arrays(empty.folder / "results/voxels/motorcycle.h5", "voxels")
    for name in ("phi", "denominator", "n_eff", "images"):
        assert not voxels[name].any(), name
    report = empty.json("results/pap/motorcycle.json")
    assert report["counts"]["voting_images"] == 0
    assert set(report["pap"].values()) | set(report["pap_with_tail"].values()) == {0.0}
    assert report["truth"]["pearson_r"] == 0
    assert np.isfinite([report["truth"][name] for name in ("best_iou", "soft_iou")]).all()
    logs = empty.logs()
    assert "NO image voted" in logs
    assert "0 of 22 images kept (0 %)" in logs
    assert "RuntimeWarning" not in logs
    page = (empty.folder / "results/report/motorcycle.html").read_text()
    assert "0 of 22 images kept" in page
    assert "Nothing to be done" in empty.snakemake()


def test_one_prompt_without_images_does_not_spoil_the_other(finished):
    """Voxels of nothing but empty votes, merged with a prompt that has some, are the field of the latter."""
    finished.configure(
        {"screening": {"required_keypoints": [["left_ear"], ["right_ear"], ["left_ankle"], ["right_ankle"]]}}
    )
    finished.snakemake()
    voxels = store.read_arrays(finished.folder / "results/voxels/motorcycle.h5", "voxels")
    assert np.isfinite(voxels["phi"]).all()
    assert (voxels["images"][0] == voxels["images"][1:].sum(0)).all()

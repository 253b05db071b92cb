"""A finished run can be asked: the examples of the documentation are true, and interaction types come with it."""

import doctest
import subprocess
import sys

import numpy as np
import pytest

import chorus
from chorus import store
from chorus.body.parts import PART_NAMES
from tests.workflow.conftest import ENVIRONMENT, PROMPTS, ROOT

VOXELS = "results/voxels/motorcycle.h5"


@pytest.mark.parametrize("page", ["README.md", "docs/distribution.md"])
def test_the_examples_of_the_documentation_are_true(finished, monkeypatch, page):
    monkeypatch.chdir(finished.folder)
    result = doctest.testfile(str(ROOT / page), module_relative=False)
    assert result.attempted >= 5
    assert result.failed == 0


def test_the_package_is_imported_in_no_time():
    code = "import time; t = time.perf_counter(); import chorus; print(time.perf_counter() - t)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, env=ENVIRONMENT
    )
    assert float(done.stdout) < 0.5


def test_the_field_of_the_file_is_the_one_that_is_asked(undisturbed):
    field = chorus.load(undisturbed.folder / VOXELS)
    voxels = store.read_arrays(undisturbed.folder / VOXELS, "voxels")
    for number, key in enumerate(["", *(prompt["text"] for prompt in PROMPTS)]):
        found = field.canonical(key)
        group = list(voxels["interaction"]).index(PROMPTS[number - 1]["interaction"]) if number else 0
        assert np.array_equal(found.phi[found.known], voxels["phi"][group][found.known])
        assert np.array_equal(found.known, voxels["denominator"][group] > 0)
        assert np.array_equal(found.directions, voxels["directions"][group])


def test_clusters_name_every_part_of_every_interaction(undisturbed):
    clusters = undisturbed.json("results/clusters/motorcycle.json")["clusters"]
    assert {item["part"] for item in clusters} == {"", *PART_NAMES}
    assert {item["interaction"] for item in clusters} == {"", "ride", "push"}
    whole = next(item for item in clusters if not item["part"] and not item["interaction"])
    votes = store.read_arrays(undisturbed.folder / VOXELS, "voxels", ("images",))["images"][0].sum()
    assert whole["images"] == votes
    field = chorus.load(undisturbed.folder / VOXELS)
    for item in clusters[:30]:
        found = field.canonical(item["interaction"] or item["prompt"], item["part"])
        assert found.images == item["images"]


def test_a_finer_grid_and_mirrored_votes_are_one_key_each(finished):
    """96^3 goes through votes, figures and the Python interface."""
    coarse = chorus.load(finished.folder / VOXELS).canonical()
    finished.configure({"grid": {"resolution": 96}, "occupancy": {"mirror": True, "parts": False}})
    finished.snakemake(VOXELS, "results/figures/motorcycle_field.png", "results/clusters/motorcycle.json")
    field = chorus.load(finished.folder / VOXELS)
    fine = field.canonical()
    assert fine.phi.shape == (96, 96, 96)
    assert fine.images == 2 * coarse.images
    both = fine.known & fine.known[::-1]
    assert np.mean(np.abs(fine.phi - fine.phi[::-1])[both] < 0.05) > 0.97
    assert np.corrcoef(fine.phi[both], fine.phi[::-1][both])[0, 1] > 0.99
    posed = field.pose(np.zeros((24, 3)), interaction="ride")
    assert posed.phi.shape == fine.phi.shape
    assert posed.known.mean() > 0.5

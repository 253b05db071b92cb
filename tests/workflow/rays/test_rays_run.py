"""The estimator `rays`: a stage of its own between votes and voxels, as a variant or in the main run."""

import numpy as np

import chorus
from chorus import store
from tests.workflow.conftest import PROMPTS

SHARP = "results/variants/sharp"
RAYS = {"occupancy": {"estimator": "rays"}}


def test_as_a_variant_it_shares_the_votes_and_can_be_asked(finished):
    before = finished.results()
    finished.configure({"variants": {"sharp": RAYS}})
    own = {path.removeprefix(f"{SHARP}/").partition("/")[0] for path in finished.planned() if SHARP in path}
    assert own == {"rays", "voxels", "pap"}
    finished.snakemake()
    after = finished.results()
    assert {path.partition(".")[0] for path in before if after[path] != before[path]} == {"summary"}
    assert set(finished.json("results/summary.json")["runs"]) == {"main", "sharp"}

    main, sharp = (finished.folder / tree / "voxels/motorcycle.h5" for tree in ("results", SHARP))
    plain, field = (store.read_arrays(path, "voxels") for path in (main, sharp))
    assert np.array_equal(plain["images"], field["images"])
    assert (field["denominator"] <= plain["denominator"] + 1e-9).all(), "hidden voxels count less"
    assert 0 < field["phi"][0].sum() < plain["phi"][0].sum()
    asked = chorus.load(sharp)
    found = asked.canonical(PROMPTS[0]["text"])
    assert np.array_equal(found.phi[found.known], field["phi"][1][found.known])
    assert 0 < asked.canonical(PROMPTS[0]["text"], "leftHand").images <= found.images


def test_in_the_main_run_everything_is_merged_from_it(finished):
    finished.configure({**RAYS, "variants": {"plain": {"occupancy": {"estimator": "vote"}}}})
    planned = finished.planned()
    assert {path.split("/")[1] for path in planned if "variants" not in path} == {
        "rays", "voxels", "clusters", "pap", "figures", "report", "summary.json",
    }  # fmt: skip
    assert {path.split("/")[3] for path in planned if "variants" in path} == {"voxels", "pap"}
    finished.snakemake("results/variants/plain/voxels/motorcycle.h5")
    variant = chorus.load(finished.folder / "results/variants/plain/voxels/motorcycle.h5")
    assert variant.canonical("ride").images > 0, "the votes are the main run's"

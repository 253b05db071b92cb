"""Two people in contact, from drawn scenes to the table: one target of its own, nothing of it in `all`."""

import pytest

pytest.importorskip("torch")

TARGET = "results/pairs/evaluation.json"
TINY_PAIRS = {
    "pairs": {
        "train": 4, "improvised": 2, "test": 2, "labels": ["none", "repaired"], "steps": [4, 2], "batch": 4,
        "most_reprojection": 1.0, "most_distance": 1.0, "most_depth": 1.0, "most_beyond": 3.0,
    },
    "prior": {"steps": 2, "judge_steps": 2, "batch": 4, "width": 16, "layers": 1},
}  # fmt: skip
STAGES = {"pair_scenes", "pair_fits", "pair_curation", "pair_prior", "pair_refinement", "pair_evaluation"}


@pytest.fixture(scope="module")
def made(tmp_path_factory, program):
    from tests.workflow.conftest import prepared

    place = prepared(tmp_path_factory.mktemp("pairs") / "work", program)
    place.configure(TINY_PAIRS)
    place.snakemake(TARGET)
    return place


def test_all_makes_nothing_of_it(workplace):
    assert not workplace.planned_stages() & STAGES
    assert workplace.planned_stages(TARGET) == STAGES


def test_the_table_has_every_method(made):
    report = made.json(TARGET)
    assert set(report["methods"]) == {"initial", "keypoints", "repaired", "prior", "prior_repaired"}
    assert report["pairs"] == 2
    assert sum(report["curation"].values()) == 6
    for summary in report["methods"].values():
        assert summary["joint_pa_mpjpe"] > 0
        assert summary["pcc"]["0.95"] >= summary["pcc"]["0.05"]
    card = made.json("results/pairs/prior.json")
    assert card["training"]["pairs"] == report["curation"]["kept"]
    assert (made.folder / "results/pairs/evaluation.png").stat().st_size > 10_000


def test_a_changed_key_makes_exactly_its_stages_again(made):
    for changes, expected in (
        ({}, set()),
        ({"prior": {"time": 100}}, {"pair_refinement", "pair_evaluation"}),
        ({"pairs": {"most_depth": 0.5}}, STAGES - {"pair_scenes"}),
        ({"pairs": {"wrong_side": 0.1}}, STAGES),
    ):
        sections = {name: {**TINY_PAIRS[name], **changes.get(name, {})} for name in TINY_PAIRS}
        made.configure(sections)
        assert made.planned_stages(TARGET) == expected, changes
    made.configure(TINY_PAIRS)

"""The estimate: arithmetic that can be done by hand, from the configuration alone."""

import pytest

from chorus import cli
from chorus.config import parse_config
from chorus.estimate import PAPER_IMAGES, STAGES, costs, count_images, paper_line, report
from chorus.workflow import Plan

PHOTOGRAPHS = {"images": {"source": "coco", "folder": "f", "annotations": "a"}, "testset": {"source": "none"}}


def plan_of(**changes) -> Plan:
    return Plan(parse_config({"categories": ["motorcycle"], "variants": {}, **changes}, "test"))


def total(plan: Plan, field: str) -> float:
    return sum(getattr(cost, field) for cost in costs(plan).values())


def test_images_are_prompts_by_views_by_images_by_shards():
    plan = plan_of(images={"per_view": 5, "shards": 2})
    assert count_images(plan, "motorcycle") == len(plan.prompts["motorcycle"]) * 22 * 5 * 2
    assert total(plan, "images") == count_images(plan, "motorcycle")


def test_rendering_needs_no_gpu_and_resources_no_money():
    assert total(plan_of(), "gpu") == 0
    assert total(plan_of(), "usd") == 0


def test_twice_the_shards_are_twice_the_pictures_cost():
    one, two = (costs(plan_of(images={"shards": n}))["motorcycle", "pictures"] for n in (1, 2))
    assert (two.cpu, two.disk, two.images) == pytest.approx((2 * one.cpu, 2 * one.disk, 2 * one.images))


def test_a_variant_costs_what_it_makes_anew():
    no_warp = {"v": {"occupancy": {"canonicalise": False}}}
    plain, varied = costs(plan_of()), costs(plan_of(variants=no_warp))
    assert varied["motorcycle", "pictures"] == plain["motorcycle", "pictures"]
    assert varied["motorcycle", "perception"] == plain["motorcycle", "perception"]
    assert varied["motorcycle", "aggregation"].cpu == pytest.approx(2 * plain["motorcycle", "aggregation"].cpu)


@pytest.mark.parametrize(
    ("prompts", "usd"),
    [
        ({}, 3 * (300 * 0.40 + 4000 * 1.60) / 1e6),
        ({"calls": 1}, (300 * 0.40 + 4000 * 1.60) / 1e6),
        ({"model": "another"}, None),
        ({"base_url": "http://localhost:8000/v1", "model": "another"}, 0.0),
    ],
)
def test_the_price_of_prompts_is_the_highest_possible(prompts, usd, monkeypatch):
    monkeypatch.setattr("chorus.estimate.count_images", lambda plan, category: 100)
    plan = plan_of(prompts={"source": "openai", **prompts}, **PHOTOGRAPHS)
    assert costs(plan)["motorcycle", "prompts"].usd == (pytest.approx(usd) if usd is not None else None)
    assert ("unknown" in report(plan)) == (usd is None)


def test_a_language_model_not_yet_asked_counts_as_what_it_will_be_asked_for(tmp_path, monkeypatch):
    from chorus.estimate import count_prompts

    monkeypatch.chdir(tmp_path)
    plan = plan_of(categories=["ukulele"], prompts={"source": "openai", "count": 12}, **PHOTOGRAPHS)
    assert count_prompts(plan, "ukulele") == 12


def test_the_papers_run_is_one_line_beside_the_originals_five_terabytes():
    line = paper_line()
    assert f"{PAPER_IMAGES:,}" in line
    assert "632 GPU h" in line
    assert "5 TB" in line
    without_pixels = float(line.split(" GB without")[0].rsplit(" ", 1)[1])
    assert without_pixels < 10, "the design's bar"


def test_the_command_prints_every_category_and_stage(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text("categories: [tie, hat]\n")
    assert cli.main(["estimate", "--configfile", "mine.yaml"]) == 0
    printed = capsys.readouterr().out
    for word in ("tie", "hat", *STAGES, "in all", "5 TB"):
        assert word in printed
    assert not list(tmp_path.glob("results*"))

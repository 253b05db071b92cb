"""`snakemake scene_tables`: all tables of two categories and two seeds; pictures shared; nothing to do afterwards."""

import csv
import io
from pathlib import Path

import pytest

from chorus.leftovers import leftovers
from chorus.workflow import Plan
from tests.workflow.conftest import Workplace, prepared

RIDE = [{"text": "A person rides a motorcycle", "interaction": "ride"}]
KICK = [{"text": "A person kicks a ball", "interaction": "kick"}]
TABLES = ("table1", "table2", "table3", "table5", "ablations")
OFF = ("no_canonicalisation", "forward_lookup", "no_keypoint_filter", "no_person_filter", "share_10", "share_1", "soft")
SMALL = {
    "categories": ["motorcycle", "sports_ball"],
    "truth": {"draws": 5},
    "testset": {"images": 2},
    "tables": {"seeds": 2, "repetition": {"truth": {"draws": 4}}, "ablations": dict.fromkeys(OFF)},
}


@pytest.fixture(scope="module")
def tables(tmp_path_factory, program) -> Workplace:
    """A working folder with all tables made."""
    place = prepared(tmp_path_factory.mktemp("tables") / "work", program)
    place.write_prompts(RIDE)
    place.write_prompts(KICK, "sports_ball")
    place.configure(SMALL)
    place.snakemake("scene_tables")
    return place


def rows(place: Workplace, name: str) -> list[dict[str, str]]:
    text = (place.folder / f"results/tables/{name}.csv").read_text("utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def test_every_table_is_there_in_three_forms_and_the_figure(tables):
    made = tables.results()
    expected = {f"tables/{name}.{ending}" for name in TABLES for ending in ("csv", "md", "tex")}
    expected |= {"figures/images_vs_pap.png"}
    assert expected <= set(made)
    assert {path for path in made if path.startswith(("tables/", "figures/", "report/"))} == expected | {
        f"{path}.record.json" for path in expected
    }, "no pages"


def test_the_rows_are_the_methods_and_categories(tables):
    assert [row["method"] for row in rows(tables, "table2")] == ["full", "w/o view balancing"]
    assert [row["category"] for row in rows(tables, "table3")] == ["motorcycle", "sports ball"]
    assert {row["repetitions"] for row in rows(tables, "table2")} == {"2"}
    assert all(row["mPAP spread"] for row in rows(tables, "table2"))
    assert rows(tables, "table2")[0]["mPAP paper"] == "19.86"
    assert [row["images"] for row in rows(tables, "table5")] == ["2", "2"]
    assert len(rows(tables, "ablations")) == 4


def test_the_numbers_are_those_of_the_reports(tables):
    trees = ("results", "results/variants/seed2-full")
    reports = [[tables.json(f"{tree}/pap/{name}.json") for name in SMALL["categories"]] for tree in trees]
    means = [sum(report["pap"]["vanilla"] for report in run) / 2 for run in reports]
    assert float(rows(tables, "table2")[0]["mPAP"]) == pytest.approx(100 * sum(means) / 2, rel=1e-4)
    assert "interval" in reports[0][0]


def test_a_seed_has_its_own_pictures_test_images_and_truth_and_its_ablations_share_them(tables):
    made = tables.results()
    for stage in ("scenes", "images", "truth", "testset", "warps"):
        trees = {path.partition(f"{stage}/")[0] for path in made if f"{stage}/" in path}
        assert trees == {"", "variants/seed2-full/"}, stage
    for path in (path for path in made if path.startswith(("testset/", "truth/")) and path.endswith(".h5")):
        assert made[path] != made[f"variants/seed2-full/{path}"]


def test_a_second_run_has_nothing_to_do_and_nothing_is_left_over(tables, monkeypatch):
    assert "Nothing to be done" in tables.snakemake("scene_tables")
    monkeypatch.chdir(tables.folder)
    assert leftovers(Plan.of_folder([Path("tiny.yaml")])) == []


def test_without_test_images_there_are_no_tables(workplace):
    workplace.configure({"testset": {"source": "none"}})
    assert "nothing to put into tables" in workplace.snakemake("-n", "scene_tables", fails=True)

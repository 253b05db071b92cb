"""Tables: three forms of the same numbers, runs told apart, the paper's numbers typed once and right."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from chorus import store
from chorus.camera import Camera
from chorus.config import Config
from chorus.errors import FileError
from chorus.evaluation.pap import VARIANTS
from chorus.job import Job
from chorus.tables import ablations, table2
from chorus.tables.published import published
from chorus.tables.runs import Run, files_of_runs, label
from chorus.tables.sheet import Spread, Table, shown

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "resources/published.json"
CATEGORIES = sorted(path.stem for path in (ROOT / "resources/prompts").glob("*.json"))
TABLE = Table(
    "Title", ["A note."], ["name", "PAP", "paper"], [["a_b", Spread.of([1, 2, 3]), 2.5], ["c", Spread.of([4]), None]]
)


def test_a_spread_is_mean_and_sample_deviation():
    assert Spread.of([1.0, 3.0]) == Spread(2.0, pytest.approx(np.sqrt(2)))
    assert Spread.of([7]) == Spread(7.0, None)
    assert (str(Spread(2.0, 0.5)), str(Spread(2.0, None))) == ("2.00 ± 0.50", "2.00")
    assert str(Spread.of([136.0, 138.0], 0)) == "137 ± 1"
    assert [shown(cell) for cell in (None, 3, 1.0, "x")] == ["", "3", "1.00", "x"]


def test_the_csv_gives_a_measured_column_a_second_one():
    assert list(csv.reader(io.StringIO(TABLE.csv().decode()))) == [
        ["name", "PAP", "PAP spread", "paper"],
        ["a_b", "2", "1", "2.5"],
        ["c", "4", "", ""],
    ]


def test_markdown_and_latex_show_the_same_cells():
    page = TABLE.markdown().decode()
    assert page.startswith("# Title\n\nA note.")
    assert "| a_b | 2.00 ± 1.00 | 2.50 |" in page
    latex = TABLE.latex().decode()
    assert r"a\_b & 2.00 $\pm$ 1.00 & 2.50 \\" in latex
    assert latex.count(r"\\") == 3


def test_the_papers_numbers_are_consistent():
    for name in ("table1", "table3"):
        for line in published(PUBLISHED, name).values():
            kept, images = line["after filtering"], line["images"]
            assert line["rejection rate (%)"] == pytest.approx(100 * (1 - kept / images), abs=0.02)
    statistics = published(PUBLISHED, "table3")
    assert sorted(statistics) == CATEGORIES
    evaluated = published(PUBLISHED, "table5")
    assert len(evaluated) == 14
    assert sum(statistics[name]["images"] for name in evaluated) == 528_924
    assert sum(statistics[name]["after filtering"] for name in evaluated) == 130_446
    tables = Config().tables
    assert set(published(PUBLISHED, "table2")) <= {"full", *tables.ablations}
    assert set(tables.once) <= set(tables.ablations)
    for line in [*published(PUBLISHED, "table2").values(), *published(PUBLISHED, "table2_motorcycle").values()]:
        assert set(line) == set(VARIANTS)
        assert line["strict"] < line["vanilla"] < line["vanilla_hoa"]
    assert all(table["source"].count("Table") for table in json.loads(PUBLISHED.read_text()).values())


def test_a_file_without_the_table_is_refused(tmp_path):
    (tmp_path / "p.json").write_text("{}")
    for path in (tmp_path / "p.json", tmp_path / "none.json"):
        with pytest.raises(FileError, match="holds no numbers of table2"):
            published(path, "table2")


def job_of(files: int, runs: str) -> Job:
    return Job("table2", {"pap": tuple(Path(f"{n}.json") for n in range(files))}, {}, {}, {"runs": runs})


def test_files_belong_to_runs_in_their_order():
    found = files_of_runs(job_of(4, "full:1,share_1:2"), "pap")
    assert found == {
        Run("full", 1): (Path("0.json"), Path("1.json")),
        Run("share_1", 2): (Path("2.json"), Path("3.json")),
    }


@pytest.mark.parametrize(("files", "runs"), [(3, "full:1,soft:1"), (0, "full:1"), (1, "full"), (1, "full:x"), (1, "")])
def test_runs_that_do_not_fit_their_files_are_refused(files, runs):
    with pytest.raises(FileError):
        files_of_runs(job_of(files, runs), "pap")


def report(category: str, value: float, r: float, images: int = 5) -> dict:
    """A PAP report of images that all score `value`."""
    four = dict.fromkeys(VARIANTS, value)
    return {
        "category": category, "n_images": images, "pap": four, "pap_with_tail": four,
        "interval": {"pap": {name: [value, value] for name in VARIANTS}},
        "counts": {"voting_images": 10}, "truth": {"pearson_r": r, "best_iou": 0.0, "soft_iou": 0.0},
        "images": [{**four, "target_area": 3, "target_area_hoa": 3}] * images,
        "provenance": {"settings": {"people": {"backend": "blazepose"}}, "test_images": "held-out scenes"},
    }  # fmt: skip


def test_a_row_of_table_2_is_the_mean_over_categories_and_the_spread_over_repetitions():
    repeated = [
        {name: report(name, value + shift, 0.5) for name, value in (("tie", 0.2), ("hat", 0.4))} for shift in (0.0, 0.1)
    ]
    cells = table2.row("full", repeated, {"vanilla": 19.86}, 1)
    assert cells[:3] == [label("full"), "blazepose", 2]
    assert cells[3] == Spread(20.0, 0.0, 0)
    assert shown(cells[4]) == str(Spread.of([30.0, 40.0]))
    assert cells[5] == 19.86
    assert cells[12] == "30.00-30.00"
    assert (cells[-2], cells[-1]) == (Spread(0.5, 0.0, 3), Spread(0.0, 0.0, 3))


def test_categories_with_too_few_test_images_stay_out_of_the_mean():
    few = {"tie": report("tie", 0.2, 0.5, images=40), "hat": report("hat", 0.9, 0.5, images=3)}
    assert shown(table2.row("full", [few], {}, 30)[4]) == "20.00"


def test_an_ablation_counts_the_repetitions_in_which_the_run_is_better():
    full = [report("tie", value, r) for value, r in ((0.5, 0.6), (0.3, 0.6), (0.4, 0.6))]
    other = [report("tie", value, r) for value, r in ((0.4, 0.7), (0.4, 0.1), (0.4, 0.2))]
    assert ablations.row("tie", "soft", other, full)[-2:] == ["1 of 3", "2 of 3"]
    assert ablations.row("tie", "full", full, full)[-2:] == [None, None]
    assert ablations.row("tie", "true_people", other[:1], full)[-1] == "0 of 1"
    assert len(ablations.row("tie", "full", full, full)) == len(ablations.HEAD)
    blind = [{key: value for key, value in item.items() if key != "truth"} for item in full]
    assert ablations.row("tie", "full", blind, blind)[-4:] == [None] * 4


def test_cameras_that_do_not_vote_have_no_part_in_the_entropy(tmp_path):
    from chorus.tables.table1 import centres_of

    n = 4
    camera = Camera(np.tile(np.eye(3), (n, 1, 1)), np.tile(np.eye(3), (n, 1, 1)), np.arange(3.0 * n).reshape(n, 3))
    arrays = {
        "index": np.arange(n), "K": camera.K, "R": camera.R, "t": camera.t, "loss": np.zeros(n),
        "focal_ratio": np.ones(n), "iterations": np.zeros(n, int), "status": np.zeros(n, int),
        "azimuth": np.zeros(n), "bin": np.zeros(n, int), "weight": np.array([255, 0, 3, 0]),
    }  # fmt: skip
    path = tmp_path / "cameras.h5"
    store.write_recorded(path, store.encode_arrays("cameras", arrays, {"category": "tie"}), {})
    assert np.allclose(centres_of([path]), camera.centre[[0, 2]])

"""A run makes what it promises, leaves a record beside everything, and has nothing to do afterwards."""

import csv
import hashlib
import json

from chorus import store
from chorus.formats import FORMATS
from chorus.naming import slug
from chorus.screening.reasons import Reason
from tests.workflow.conftest import PROMPTS

IDS = [slug(prompt["text"]) for prompt in PROMPTS]


def test_everything_that_was_promised_is_there(undisturbed):
    made = set(undisturbed.results())
    by_prompt = {f"{kind}/motorcycle/{prompt}.h5" for kind in ("cameras", "votes") for prompt in IDS}
    by_shard = {
        f"{kind}/motorcycle/{prompt}/000.{ending}"
        for prompt in IDS
        for kind, ending in (
            ("scenes", "h5"), ("images", "h5"), ("annotations", "json"), ("masks", "h5"), ("keypoints", "h5"),
            ("people", "h5"),
        )
    }  # fmt: skip
    tables = {f"screening/motorcycle/{prompt}.csv" for prompt in IDS}
    of_category = {
        "skinning.h5",
        "summary.json",
        "summary.md",
        "rejections.json",
        "rejections.md",
        "pap/motorcycle.json",
        "clusters/motorcycle.json",
    }
    of_category |= {f"{kind}/motorcycle.h5" for kind in ("voxels", "truth", "testset", "warps")}
    of_category |= {f"figures/motorcycle_{kind}.png" for kind in ("field", "interactions", "screening", "people")} | {
        "figures/motorcycle_turntable.gif",
        "report/motorcycle_interactive.html",
        "report/motorcycle.html",
        "report/motorcycle_gallery.html",
    }
    expected = by_prompt | by_shard | tables | of_category
    assert made == expected | {f"{path}.record.json" for path in expected}


def test_a_second_run_has_nothing_to_do(undisturbed):
    assert "Nothing to be done" in undisturbed.snakemake()


def test_every_record_agrees_with_its_file_and_names_no_place(undisturbed):
    base = undisturbed.folder / "results"
    for sidecar in base.rglob("*.record.json"):
        path = sidecar.with_name(sidecar.name.removesuffix(".record.json"))
        record = store.read_record(path)
        assert record["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert {"stage", "inputs", "settings", "settings_hash", "code", "versions"} <= record.keys()
        text = sidecar.read_text()
        assert str(undisturbed.folder) not in text
        assert str(undisturbed.program) not in text
        for files in record["inputs"].values():
            for file in files:
                source = undisturbed.folder / file["path"]
                if source.is_file():
                    assert file["sha256"] == store.sha256_of(source), f"{sidecar}: {file['path']}"
                else:
                    assert file["path"].startswith("resources/")


def test_every_file_can_be_read_back(undisturbed):
    for path in (undisturbed.folder / "results").rglob("*.h5"):
        kind = store.read_record(path)["kind"]
        assert kind in FORMATS
        assert store.read_arrays(path, kind).attributes["kind"] == kind


def test_the_report_has_every_field_and_its_counts_add_up(undisturbed):
    report = undisturbed.json("results/pap/motorcycle.json")
    fields = (
        "format_version category protocol n_images counts pap pap_with_tail interval curve baselines images truth "
        "provenance"
    )
    assert set(report) == set(fields.split())
    four = {"vanilla", "strict", "vanilla_hoa", "strict_hoa"}
    for part in (report, report["truth"], *report["baselines"].values()):
        assert set(part["pap"]) == set(part["pap_with_tail"]) == four
        assert all(0 <= value <= 1 for values in (part["pap"], part["pap_with_tail"]) for value in values.values())
    assert report["n_images"] == len(report["images"]) == 3
    assert set(report["truth"]["interactions"]) == {"ride", "push"}
    assert report["truth"]["people"] == "true"
    assert len(report["curve"]["threshold"]) == 99
    kept = 0
    for prompt in IDS:
        rows = list(csv.DictReader((undisturbed.folder / f"results/screening/motorcycle/{prompt}.csv").open()))
        assert len(rows) == 22
        assert all((row["kept"] == "1") == (row["reason"] == "") and row["reason"] in list(Reason) for row in rows)
        kept += sum(row["kept"] == "1" for row in rows)
    assert report["counts"]["voting_images"] == kept > 0
    summary = undisturbed.json("results/summary.json")
    assert summary["runs"]["main"]["categories"]["motorcycle"]["pap"] == report["pap"]
    assert summary["runs"]["main"]["mean"]["pap"] == report["pap"]


def test_logs_tell_the_outcome_and_nothing_went_wrong(undisturbed):
    logs = undisturbed.logs()
    assert "images voted, from" in logs
    assert "images kept (" in logs
    assert "PAP (HOA)" in logs
    assert "Traceback" not in logs
    assert "ERROR" not in logs
    assert "RuntimeWarning" not in logs


def test_every_job_has_its_log_and_long_ones_their_benchmark(undisturbed):
    base = undisturbed.folder / "results"
    for prompt in IDS:
        assert (base / f"logs/scenes/motorcycle/{prompt}/000.log").is_file()
        line = (base / f"benchmarks/scenes/motorcycle/{prompt}/000.jsonl").read_text().splitlines()[0]
        assert json.loads(line)["s"] > 0


def test_only_the_folder_of_results_is_written(undisturbed):
    names = {path.name for path in undisturbed.folder.iterdir()}
    assert names == {"prompts", "tiny.yaml", "results", ".snakemake"}

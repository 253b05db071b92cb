"""gc removes what two configurations do not share, and never anything else."""

import os
from pathlib import Path

import pytest

from chorus import cli, leftovers
from chorus.config import parse_config
from chorus.errors import ChorusError
from chorus.stages import STAGES
from chorus.workflow import RESULTS, Plan

BEFORE = {"categories": ["motorcycle", "sports_ball", "tie"], "images": {"shards": 3}}


def plan_of(**changes) -> Plan:
    return Plan(parse_config({**BEFORE, **changes}, "test"))


def files_of(plan: Plan) -> set[str]:
    """Every file that a finished run of a plan has: outputs, records, logs, benchmarks."""
    outputs = set()
    for tree in plan.trees:
        for stage in STAGES:
            outputs |= set(plan.files(stage, tree)) if stage != "photographs" else set()
        for beside in ("images/{category}/{prompt}/{shard}.h5", "annotations/{category}/{prompt}/{shard}.json"):
            outputs |= set(plan.files("scenes", tree, beside))
    logs = {path.replace("results/", "results/logs/", 1).rpartition(".")[0] + ".log" for path in outputs}
    times = {path.replace("results/", "results/benchmarks/", 1).rpartition(".")[0] + ".jsonl" for path in outputs}
    return outputs | {f"{path}.record.json" for path in outputs} | {p for p in logs | times if "variants" not in p}


@pytest.fixture
def finished(tmp_path, monkeypatch) -> Path:
    """A folder with all files of the first configuration."""
    monkeypatch.chdir(tmp_path)
    for path in files_of(plan_of()):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text("x")
    return tmp_path


def there() -> set[str]:
    return {str(path) for path in Path(RESULTS).rglob("*") if path.is_file()}


def test_a_finished_run_has_no_leftovers(finished):
    assert leftovers.leftovers(plan_of()) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"categories": ["motorcycle"]}, "category tie"),
        ({"images": {"shards": 1}}, "shard 002"),
        ({"variants": {"true_people": None}}, "variant true_people"),
        ({"variants": {}}, "variant no_canonicalisation"),
        ({"categories": ["tie"], "images": {"shards": 2}, "variants": {}}, "category motorcycle"),
    ],
)
def test_what_is_left_is_what_the_new_configuration_makes(finished, changes, reason):
    after = plan_of(**changes)
    found = leftovers.leftovers(after)
    assert reason in {item.reason for item in found}
    assert {str(item.path) for item in found}.isdisjoint(files_of(after))
    before = there()
    leftovers.delete(found)
    prompts = {path for path in before if "results/prompts/" in path or path.startswith("results/logs/prompts")}
    kept = files_of(after) & before | prompts | {path for path in before if "benchmarks/prompts/" in path}
    assert there() == kept
    assert all(any(folder.iterdir()) for folder in Path(RESULTS).rglob("*") if folder.is_dir()), "no empty folders"


def test_a_reworded_prompt_leaves_its_files(finished):
    (finished / "prompts").mkdir()
    (finished / "prompts/tie.json").write_text('[{"text": "A man ties a tie", "interaction": "wear"}]')
    after = plan_of(categories=["tie"], prompts={"folder": "prompts"})
    found = leftovers.leftovers(after)
    old = {prompt.id for prompt in plan_of().prompts["tie"]}
    assert {f"prompt tie/{prompt}" for prompt in old} <= {item.reason for item in found}
    assert "results/voxels/tie.h5" not in {str(item.path) for item in found}


def test_strange_files_links_and_everything_outside_stay(finished):
    outside = finished / "outside"
    outside.mkdir()
    (outside / "000.h5").write_text("mine")
    Path("results/notes.txt").write_text("mine")
    Path("results/masks/tie/notes.txt").write_text("mine")
    Path("results/masks/unicycle").symlink_to(outside, target_is_directory=True)
    Path("results/voxels/unicycle.h5").symlink_to(outside / "000.h5")
    Path("results/variants/old").symlink_to(outside, target_is_directory=True)
    leftovers.delete(leftovers.leftovers(plan_of(categories=["motorcycle"])))
    assert (outside / "000.h5").read_text() == "mine"
    for path in ("results/notes.txt", "results/masks/tie/notes.txt", "results/voxels/unicycle.h5"):
        assert os.path.lexists(path)
    assert Path("results/masks/unicycle").is_symlink()


def test_nothing_is_removed_while_a_run_is_under_way(finished):
    found = leftovers.leftovers(plan_of(categories=["motorcycle"]))
    Path(".snakemake/locks").mkdir(parents=True)
    Path(".snakemake/locks/0.output.lock").touch()
    with pytest.raises(ChorusError, match="a run is under way"):
        leftovers.delete(found)
    assert all(item.path.is_file() for item in found)


def test_prompts_that_cannot_be_read_stop_it(finished):
    asked = {"source": "coco", "folder": "f", "annotations": "a"}
    plan = plan_of(prompts={"source": "openai"}, images=asked, testset={"source": "none"}, variants={})
    plan.config = plan.config.model_copy(update={"images": plan.config.images.model_copy(update={"source": "x"})})
    plan.prompts._config = plan.config
    Path("results/prompts/tie.json").unlink()
    with pytest.raises(ChorusError, match=r"results/prompts/.*is (missing|not)"):
        leftovers.leftovers(plan)


def test_the_command_lists_first_and_removes_when_asked(finished, capsys):
    Path("mine.yaml").write_text("categories: [motorcycle, sports_ball]\nimages: {shards: 3}\n")
    before = there()
    assert cli.main(["gc", "--configfile", "mine.yaml"]) == 0
    listed = capsys.readouterr().out
    assert "category tie: " in listed
    assert "would be deleted (add --delete)" in listed
    assert there() == before
    assert cli.main(["gc", "--configfile", "mine.yaml", "--delete"]) == 0
    removed = before - there()
    assert f"{len(removed)} files, {len(removed)} bytes deleted." in capsys.readouterr().out
    assert removed
    assert all("tie" in path for path in removed)
    cli.main(["gc", "--configfile", "mine.yaml"])
    assert "0 files, 0 bytes" in capsys.readouterr().out

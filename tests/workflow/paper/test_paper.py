"""The paper's whole run is planned offline, in the paper's numbers, and says what it costs and what is missing."""

import json
import os
import re
import subprocess

import pytest

from chorus import cli
from chorus.config import load_config
from chorus.estimate import ORIGINAL_TERABYTES, costs, count_images
from chorus.workflow import Plan
from tests.workflow.conftest import ENVIRONMENT, ROOT

PAPER = ROOT / "profiles/paper/paper.yaml"
TABLE3 = {  # category: prompts, pictures (paper, Table 3)
    "motorcycle": (12, 47520), "bench": (12, 31680), "backpack": (20, 42240), "handbag": (4, 23760), "tie": (10, 31680),
    "frisbee": (3, 21780), "skis": (12, 34848), "snowboard": (4, 7920), "sports_ball": (8, 19008),
    "baseball_glove": (5, 11880), "skateboard": (16, 50688), "surfboard": (16, 73920), "tennis_racket": (15, 47520),
    "cell_phone": (20, 84480), "bicycle": (18, 42768), "umbrella": (7, 16632), "chair": (17, 47124), "bed": (5, 11880),
    "laptop": (17, 53856), "hat": (10, 31680), "sweater": (3, 5940), "sunglasses": (3, 5940),
    "soccer_ball": (5, 15840), "scarf": (5, 15840),
}  # fmt: skip


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The paper's plan, from the program's folder, to which the paths in paper.yaml are relative."""
    before = os.getcwd()
    os.chdir(ROOT)
    try:
        made = Plan(load_config([ROOT / "config.yaml", PAPER]))
        assert set(made.prompts) == set(TABLE3)
        return made
    finally:
        os.chdir(before)


@pytest.fixture(autouse=True)
def inside(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("category", TABLE3)
def test_every_category_has_the_prompts_and_pictures_of_table_3(plan, category):
    prompts, pictures = TABLE3[category]
    assert len(plan.prompts[category]) == prompts
    assert count_images(plan, category) == pictures


@pytest.mark.parametrize("category", TABLE3)
def test_every_prompt_names_its_object(plan, category):
    word = category.replace("_", " ").removesuffix("glasses")
    for prompt in plan.prompts[category]:
        assert re.search(rf"\b{word}", prompt.text), prompt.text


def test_the_whole_paper_is_planned_offline():
    command = ["snakemake", "--profile", "profiles/paper", "--dry-run", "--forceall", "--quiet", "rules", "--"]
    done = subprocess.run(
        [*command, "all", "results/tables/table2.md"], cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    jobs = {
        rule: int(number) for rule, number in re.findall(r"^(\w+) +(\d+)$", done.stdout + done.stderr, re.MULTILINE)
    }
    print(jobs)
    assert jobs["diffusion"] == jobs["masks"] == jobs["keypoints"] == jobs["people"] == 1008
    assert jobs["screening"] == jobs["cameras"] == 247 * 4, "the run, 1 %, 10 % and without the keypoint filter"
    assert jobs["votes"] == 247 * 5, "and without canonicalisation"
    assert jobs["table2"] == 1
    assert jobs["total"] < 10_000


def test_its_records_fit_on_a_laptop_and_its_pictures_into_a_tenth_of_the_originals_space(plan):
    disk = {stage: sum(cost.disk for key, cost in costs(plan).items() if key[1] == stage) for _, stage in costs(plan)}
    assert disk.pop("pictures") == 0, "they are deleted once the networks have looked at them"
    assert sum(disk.values()) < 10e9
    kept = Plan(plan.config.model_copy(update={"images": plan.config.images.model_copy(update={"keep": True})}))
    assert sum(cost.disk for cost in costs(kept).values()) <= ORIGINAL_TERABYTES * 1e12 / 10


def test_what_must_be_brought_is_named_with_its_source_and_licence(plan, tmp_path, capsys):
    known = json.loads((ROOT / "resources/models.json").read_text())
    config = plan.config
    models = [config.body.file]
    for section in (config.segmentation, config.keypoints, config.people):
        models += section.local_models()
    assert {path.removeprefix("models/") for path in models} == set(known)
    for name, about in known.items():
        assert cli.main(["fetch", "model", "--output", str(tmp_path / name)]) == 1
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert about["where"] in said
        assert about["licence"] in said
    assert cli.main(["fetch", "model", "--output", str(tmp_path / "other.pt")]) == 1
    assert "no model that this program knows" in capsys.readouterr().err

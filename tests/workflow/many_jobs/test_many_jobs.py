"""Tens of thousands of jobs are planned in a minute and two gigabytes; the plan is asked often and computes once."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from chorus import workflow
from chorus.config import Config
from chorus.stages import STAGES
from chorus.workflow import Plan
from tests.workflow.conftest import ROOT

CATEGORIES = sorted(path.stem for path in (ROOT / "resources/prompts").glob("*.json"))


def test_a_plan_computes_settings_once_however_often_it_is_asked(monkeypatch):
    plan = Plan(Config())
    tree = plan.trees[-1]
    expected = {stage: (plan.settings(stage, tree), plan.files(stage, tree)) for stage in STAGES}
    monkeypatch.setattr(workflow, "settings_of", None)
    assert {stage: (plan.settings(stage, tree), plan.files(stage, tree)) for stage in STAGES} == expected


@pytest.mark.slow
def test_thirty_thousand_jobs_are_planned_in_a_minute(workplace):
    texts = [f"A person number {number} with it" for number in range(30)]
    for category in CATEGORIES:
        templates = json.loads((ROOT / f"resources/prompts/{category}.json").read_text("utf-8"))
        workplace.write_prompts([{**templates[0], "text": text} for text in texts], category)
    workplace.configure({"categories": CATEGORIES, "images": {"shards": 10}})
    command = workplace.command("--dry-run", "--quiet", "rules")
    process = subprocess.Popen(
        command, cwd=workplace.folder, env=workplace.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip
    begun, planned, text = 0.0, 0.0, ""
    for line in process.stdout:
        text += line
        if line.startswith("Building DAG"):
            begun = cpu_seconds(process.pid)
        if line.startswith("Job stats") and not planned:
            planned = cpu_seconds(process.pid)
            memory = peak_megabytes(process.pid)
    process.wait()
    jobs = int(re.search(r"^total +(\d+)", text, re.MULTILINE)[1])
    print(f"{jobs} jobs: DAG {planned - begun:.1f} CPU s, {memory:.0f} MB")
    assert jobs >= 30_000
    assert planned - begun < 60
    assert memory < 2000


def cpu_seconds(process: int) -> float:
    """User and system time of a running process so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_megabytes(process: int) -> float:
    """Largest resident size of a running process so far."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process}/status").read_text())[1]) / 1000

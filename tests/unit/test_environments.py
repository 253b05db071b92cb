"""One list of packages: pyproject, envs/*.yaml and the profiles agree with each other and with the rules."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.unit.test_lint_house import ALL_RULES

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))
PROFILES = sorted((ROOT / "profiles").glob("*/config.yaml"))


def named(requirement: str) -> str:
    return re.split(r"[<>=!~\[ ]", requirement)[0]


def pip_lines(path: Path) -> list[str]:
    dependencies = yaml.safe_load(path.read_text("utf-8"))["dependencies"]
    return next(item["pip"] for item in dependencies if isinstance(item, dict))


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_an_environment_asks_for_the_versions_of_the_project(path):
    known = {named(item): item for group in (*EXTRAS.values(), PROJECT["dependencies"]) for item in group}
    for requirement in pip_lines(path):
        assert known.get(named(requirement)) == requirement, f"{path.name}: {requirement}"


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_an_environment_has_the_python_of_the_project(path):
    dependencies = yaml.safe_load(path.read_text("utf-8"))["dependencies"]
    lowest = PROJECT["requires-python"].removeprefix(">=")
    assert f"python={lowest}" in dependencies


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.parent.name)
def test_a_profile_names_only_rules_that_exist_and_schedules_greedily(path):
    profile = yaml.safe_load(path.read_text("utf-8"))
    rules = {name for _, name, _ in ALL_RULES}
    assert profile["scheduler"] == "greedy"
    assert set(profile.get("set-resources", {})) <= rules


@pytest.mark.parametrize(("file", "name", "text"), ALL_RULES, ids=[name for _, name, _ in ALL_RULES])
def test_the_slurm_profile_starts_with_the_rule_s_resources_and_lets_them_grow(file, name, text):
    profile = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text("utf-8"))
    given = profile["set-resources"].get(name)
    assert given, f"{name}: add a line to set-resources of profiles/slurm/config.yaml"
    for resource in ("mem_mb", "runtime"):
        assert given[resource] == f"{re.search(resource + r'=([0-9]+)', text)[1]} * attempt"
    assert profile["retries"] == 2


def test_the_executor_plugins_are_pinned():
    assert all("==" in requirement for requirement in EXTRAS["slurm"])

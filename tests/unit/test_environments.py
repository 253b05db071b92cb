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
OF_PIP = [path for path in ENVIRONMENTS if path.stem != "perception-detectron2"]  # which conda-forge solves alone
PROFILES = sorted((ROOT / "profiles").glob("*/config.yaml"))


def named(requirement: str) -> tuple[str, str]:
    """Name and version of `name>=1,<2`."""
    name, version = re.fullmatch(r"([A-Za-z0-9_.-]+?)(\[.*\])?([=<>!].*)?", requirement.replace(" ", "")).group(1, 3)
    return name.lower(), version or ""


def pinned(path: Path) -> dict[str, str]:
    dependencies = yaml.safe_load(path.read_text())["dependencies"]
    of_pip = [item for part in dependencies if isinstance(part, dict) for item in part["pip"]]
    return dict(named(item) for item in [*(part for part in dependencies if isinstance(part, str)), *of_pip])


def pip_lines(path: Path) -> list[str]:
    dependencies = yaml.safe_load(path.read_text("utf-8"))["dependencies"]
    return next(item["pip"] for item in dependencies if isinstance(item, dict))


PACKAGE = dict(named(item) for item in PROJECT["dependencies"])
EXTRA = dict(named(item) for item in EXTRAS["perception"])


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.name)
def test_an_environment_says_the_versions_of_the_package(path):
    content = yaml.safe_load(path.read_text())
    assert content["channels"] == ["conda-forge", "nodefaults"]
    versions = pinned(path)
    assert versions["python"] == f"={PROJECT['requires-python'].removeprefix('>=')}"
    for name in versions.keys() & PACKAGE.keys():
        assert versions[name] == PACKAGE[name], f"{path.name}: {name}"


@pytest.mark.parametrize("path", OF_PIP, ids=lambda path: path.stem)
def test_an_environment_asks_for_the_versions_of_the_project(path):
    known = {named(item)[0]: item for group in (*EXTRAS.values(), PROJECT["dependencies"]) for item in group}
    for requirement in pip_lines(path):
        assert known.get(named(requirement)[0]) == requirement, f"{path.name}: {requirement}"


@pytest.mark.parametrize("name", ["perception.yaml", "perception-detectron2.yaml"])
def test_perception_has_all_that_its_stages_import(name):
    needed = {
        "ai-edge-litert",
        "h5py",
        "numba",
        "numpy",
        "pillow",
        "pycocotools",
        "pydantic",
        "pyyaml",
        "scipy",
        "tqdm",
    }
    assert needed <= pinned(ROOT / "envs" / name).keys()


def test_perception_has_the_extra_of_the_same_name():
    versions = pinned(ROOT / "envs/perception.yaml")
    assert {name: versions[name] for name in EXTRA} == EXTRA


def test_the_papers_networks_come_from_one_channel_with_what_their_recipes_forget():
    versions = pinned(ROOT / "envs/perception-detectron2.yaml")
    assert {"detectron2", "mmpose", "mmdet", "mmcv", "mmengine", "xtcocotools", "pytorch"} <= versions.keys()
    assert versions["mmcv"] == ">=2.1,<2.2", "mmdet 3.3 refuses 2.2"
    assert versions["setuptools"] == "<81", "detectron2's model zoo imports pkg_resources"


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
        value = re.search(resource + r"=(.*),", text)[1]
        if value.isdigit():
            assert given[resource] == f"{value} * attempt"
        else:
            assert resource not in given, f"{name}: the rule computes {resource}, a number in the profile would win"
    assert profile["retries"] == 2


def test_the_executor_plugins_are_pinned():
    assert all("==" in requirement for requirement in EXTRAS["slurm"])

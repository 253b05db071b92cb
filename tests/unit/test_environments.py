"""envs/*.yaml: they parse, know what the package needs, and say the same versions as pyproject.toml."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))


def named(requirement: str) -> tuple[str, str]:
    """Name and version of `name>=1,<2`."""
    name, version = re.fullmatch(r"([A-Za-z0-9_.-]+?)(\[.*\])?([=<>!].*)?", requirement.replace(" ", "")).group(1, 3)
    return name.lower(), version or ""


def pinned(path: Path) -> dict[str, str]:
    dependencies = yaml.safe_load(path.read_text())["dependencies"]
    of_pip = [item for part in dependencies if isinstance(part, dict) for item in part["pip"]]
    return dict(named(item) for item in [*(part for part in dependencies if isinstance(part, str)), *of_pip])


PACKAGE = dict(named(item) for item in PROJECT["dependencies"])
EXTRA = dict(named(item) for item in PROJECT["optional-dependencies"]["perception"])


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.name)
def test_an_environment_says_the_versions_of_the_package(path):
    content = yaml.safe_load(path.read_text())
    assert content["channels"] == ["conda-forge", "nodefaults"]
    versions = pinned(path)
    assert versions["python"] == "=3.11"
    for name in versions.keys() & PACKAGE.keys():
        assert versions[name] == PACKAGE[name], f"{path.name}: {name}"


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

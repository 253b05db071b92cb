"""The same rules in the environments of envs/*.yaml: each has what its rules import, and the bytes stay the same.

`bin/conda` stands in for conda where no channel can be reached: it builds each file as a virtual environment from PyPI.
It shows that every rule runs with the packages that its own file lists, not that the file solves on conda-forge.
"""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from chorus.naming import slug
from tests.workflow.conftest import PROMPTS, ROOT

STAND_IN = Path(__file__).with_name("bin")


def test_a_container_recipe_builds_every_environment_of_the_run(workplace):
    path = f"{STAND_IN}{os.pathsep}{workplace.environment['PATH']}"
    place = replace(workplace, program=ROOT, environment=workplace.environment | {"PATH": path})
    recipe = place.snakemake("--containerize")
    copied = re.findall(r"^COPY (\S+) (\S+)/environment.yaml$", recipe, re.MULTILINE)
    assert {Path(source).stem for source, _ in copied} == {"generation", "perception", "aggregation"}
    assert all((place.folder / source).samefile(ROOT / "envs" / Path(source).name) for source, _ in copied)
    assert all(f"conda env create --prefix {folder} " in recipe for _, folder in copied)


@pytest.mark.slow
def test_a_rule_of_every_environment_runs_in_it_and_makes_the_same_bytes(workplace, undisturbed):
    path = f"{STAND_IN}{os.pathsep}{workplace.environment['PATH']}"
    place = replace(workplace, environment=workplace.environment | {"PATH": path})
    masks = f"results/masks/motorcycle/{slug(PROMPTS[0]['text'])}/000.h5"
    text = place.snakemake("--software-deployment-method", "conda", "--", masks, "results/skinning.h5")
    assert text.count("Creating conda environment") == 3, "generation, perception, aggregation"
    made, expected = place.results(), undisturbed.results()
    assert made.keys() <= expected.keys()
    # Records name the package versions of their environment.
    files = [path for path in made if not path.endswith(".record.json")]
    assert len(files) == 3 + 1 + 1
    assert all(made[path] == expected[path] for path in files)

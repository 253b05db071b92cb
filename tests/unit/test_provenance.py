"""The code digest: moves with every edit that can change a result, and with no other (F5)."""

import pytest

from chorus import provenance
from chorus.stages import STAGES

FILES = {
    "__init__.py": "",
    "stage.py": (
        "import numpy\nfrom chorus.near import add\nfrom chorus import constants\n\n\ndef run():\n    return add(1)\n"
    ),
    "near.py": "def add(x):\n    from chorus.room import far\n    return far.value + x\n",
    "constants.py": "A = 1\n",
    "room/__init__.py": "",
    "room/far.py": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from chorus.types_only import T\n"
        "try:\n    import chorus.optional\nexcept ImportError:\n    pass\nvalue = 2\n"
    ),
    "types_only.py": "T = int\n",
    "optional.py": "x = 1\n",
    "elsewhere.py": "y = 1\n",
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A small package in place of ours; returns a function that edits a file and gives the new digest of its stage."""
    folder = tmp_path / "chorus"
    monkeypatch.setattr(provenance, "PACKAGE_ROOT", folder)

    def digest(name="stage.py", text=FILES["stage.py"]):
        for path, content in {**FILES, name: text}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(content, newline="")
        for function in (provenance.code_digest, provenance._imports, provenance._tokens):
            function.cache_clear()
        return provenance.code_digest("chorus.stage")

    yield digest
    monkeypatch.undo()
    for function in (provenance.code_digest, provenance._imports, provenance._tokens):
        function.cache_clear()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("stage.py", "# a remark\n" + FILES["stage.py"].replace("\n\n\n", "\n\n# another\n\n\n\n") + "\n\n"),
        ("stage.py", FILES["stage.py"].replace("    return", "  return")),
        ("stage.py", FILES["stage.py"].replace("add(1)", "add(\n        1\n    )")),
        ("stage.py", FILES["stage.py"].replace("add(1)", "add( 1 )  # one")),
        ("stage.py", FILES["stage.py"].replace("\n", "\r\n")),
        ("stage.py", FILES["stage.py"].rstrip()),
        ("types_only.py", "T = str\n"),
        ("elsewhere.py", "y = 2\n"),
    ],
)
def test_comments_layout_and_code_that_does_not_run_change_nothing(package, name, text):
    assert package(name, text) == package()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("stage.py", FILES["stage.py"].replace("add(1)", "add(2)")),
        ("stage.py", FILES["stage.py"].replace("run", "walk")),
        ("near.py", FILES["near.py"].replace("+ x", "- x")),
        ("constants.py", "A = 2\n"),
        ("room/far.py", FILES["room/far.py"].replace("value = 2", "value = 3")),
        ("room/__init__.py", "import chorus.elsewhere\n"),
        ("__init__.py", "x = 1\n"),
        ("optional.py", "x = 2\n"),
    ],
)
def test_every_edit_of_code_that_runs_changes_it(package, name, text):
    assert package(name, text) != package()


def test_moving_a_line_out_of_a_block_changes_it(package):
    inside = "def run():\n    if a:\n        b()\n        c()\n"
    outside = "def run():\n    if a:\n        b()\n    c()\n"
    assert package(text=inside) != package(text=outside)


@pytest.mark.parametrize("stage", STAGES)
def test_the_closure_of_a_stage_is_what_it_loads(stage):
    modules = provenance._closure(STAGES[stage].module)
    assert STAGES[stage].module in modules
    assert "chorus.store" in modules or "chorus.job" not in modules
    assert not modules & {"chorus.cli", "chorus.workflow"}, (
        "stages do not depend on the plan: adding a stage reruns nothing"
    )


def test_a_stage_follows_what_it_calls_and_not_what_it_does_not():
    votes = provenance._closure(STAGES["votes"].module)
    assert {"chorus.occupancy.votes", "chorus.camera", "chorus.body.model", "chorus.masks"} <= votes
    assert not any(name.startswith(("chorus.scenes", "chorus.figures", "chorus.evaluation")) for name in votes)


def test_versions_of_the_packages_that_matter():
    assert {"numpy", "scipy", "h5py", "torch", "snakemake"} <= set(provenance.package_versions())

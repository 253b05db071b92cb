"""F5: an edited stage is run again, with everything below it; an edited comment is not."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SUMS = {"voxels", "clusters", "pap", "summary", "page", "field_figure", "interactions_figure", "interactive"}
EDITS = {
    "chorus/screening/stage.py": {"screening", "rejections", "cameras", "votes", "contact_sheet", "overlays", "gallery"}
    | SUMS,
    # COCO-EFT's people are calibrated too, so the test set is made again, whatever its source.
    "chorus/calibration/fit.py": {"cameras", "votes", "testset", "warps"} | SUMS,
    "chorus/occupancy/votes.py": {"votes"} | SUMS,
    "chorus/evaluation/summary.py": {"summary"},
    "chorus/figures/page.py": {"page"},
    "chorus/cli.py": set(),
    "chorus/config_docs.py": set(),
}


@contextmanager
def edited(path: Path, before: str, after: str) -> Iterator[None]:
    """A file with some text replaced, for a while."""
    original = path.read_text("utf-8")
    assert before in original
    path.write_text(original.replace(before, after, 1), "utf-8")
    try:
        yield
    finally:
        path.write_text(original, "utf-8")


@pytest.mark.parametrize("module", EDITS)
def test_an_edited_module_runs_exactly_the_stages_that_use_it(finished, module):
    path = finished.program / module
    with edited(path, path.read_text("utf-8"), path.read_text("utf-8") + "\n\nEDITED = 1\n"):
        assert finished.planned_stages() == EDITS[module]


def test_remarks_and_blank_lines_run_nothing(finished):
    path = finished.program / "chorus/occupancy/votes.py"
    with edited(path, "\n\n\n@dataclass", "\n\n\n# A remark.\n\n\n@dataclass"):
        assert finished.planned_stages() == set()


def test_a_new_environment_file_runs_nothing_without_conda(finished):
    path = finished.program / "envs/aggregation.yaml"
    with edited(path, path.read_text("utf-8"), path.read_text("utf-8") + "\n# a remark\n"):
        assert finished.planned_stages() == set()

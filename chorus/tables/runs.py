"""What a table compares: the run and its ablations, each as often as it was repeated with another seed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from chorus import store
from chorus.config_tables import FULL
from chorus.errors import FileError
from chorus.evaluation.summary import enough, mean_row, row_of

if TYPE_CHECKING:
    from chorus.job import Job

LABELS = {
    FULL: "full",
    "no_canonicalisation": "w/o canonicalisation",
    "forward_lookup": "full, inverse of the warp that voted",
    "no_keypoint_filter": "w/o keypoint filter",
    "no_person_filter": "w/o keypoint filter and pose score",
    "share_10": "10 % of the images",
    "share_1": "1 % of the images",
    "soft": "soft screening",
    "no_view_balancing": "w/o view balancing",
    "true_people": "true people (reference)",
}


class Run(NamedTuple):
    """One repetition, counted from 1, of the run (`full`) or of an ablation."""

    name: str
    repetition: int


def files_of_runs(job: Job, kind: str) -> dict[Run, tuple[Path, ...]]:
    """The files of an input of every run in `--runs`: as many for each, one run after the other.

    Raises:
        FileError: the runs cannot share them out evenly.
    """
    files, runs = job.many(kind), [_run(text) for text in job.names["runs"].split(",")]
    each, left = divmod(len(files), len(runs))
    if left or not each:
        raise FileError(f"{job.stage}: {len(files)} files of --{kind} for {len(runs)} runs; give as many for each run.")
    return {run: files[number * each : (number + 1) * each] for number, run in enumerate(runs)}


def _run(text: str) -> Run:
    name, _, number = text.rpartition(":")
    if not name or not number.isdigit():
        raise FileError(f"--runs: {text!r} is no run; write NAME:NUMBER, separated by commas.")
    return Run(name, int(number))


def repetitions(runs: Mapping[Run, Any]) -> dict[str, list[Any]]:
    """Name -> what its repetitions have, in their order."""
    found: dict[str, list[Any]] = defaultdict(list)
    for run, value in runs.items():
        found[run.name].append(value)
    return dict(found)


def reports_of_runs(job: Job) -> dict[Run, dict[str, dict[str, Any]]]:
    """Run -> category -> its PAP report."""
    return {
        run: {report["category"]: report for report in map(store.read_json, paths)}
        for run, paths in files_of_runs(job, "pap").items()
    }


def mean_scores(reports: Mapping[str, dict[str, Any]], least_images: int) -> dict[str, Any]:
    """mPAP and mean truth scores of the categories with enough test images."""
    return mean_row(enough({name: row_of(report) for name, report in reports.items()}, least_images))


def label(name: str) -> str:
    """How a table calls a run."""
    return LABELS.get(name, name.replace("_", " "))


def people_of(reports: Iterable[Mapping[str, Any]]) -> str:
    """Where the people that voted come from: the backends of PAP reports."""
    return ", ".join(sorted({report["provenance"]["settings"]["people"]["backend"] for report in reports}))


def conditions(reports: Sequence[Mapping[str, Any]]) -> list[str]:
    """The sentence that names the test images and the protocol of PAP reports."""
    tests = sorted({report["provenance"]["test_images"] for report in reports})
    return [
        f"Test images: {', '.join(tests)}. PAP in percent, as the paper's code computes "
        "it; `with tail` adds the recall left at the last threshold. HOA: human-occlusion-aware."
    ]

"""`chorus verify`: hash a results folder again and say what is missing, damaged or stale."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from chorus import store
from chorus.archive.folder import checked_record, is_left_out, located_input, result_files, shown, tree_of
from chorus.errors import FileError
from chorus.naming import RESULTS
from chorus.provenance import code_digest
from chorus.stages import STAGES
from chorus.workflow import Plan


class Problem(StrEnum):
    """What can be wrong with a file."""

    MISSING = "missing"
    DAMAGED = "damaged"
    STALE = "stale"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        path: the file, below the folder that the run was made in.
        why: one phrase for people.
    """

    path: str
    problem: Problem
    why: str


@dataclass(frozen=True)
class Verdict:
    """The outcome for a whole folder: files and bytes hashed, pictures left out, and everything that is wrong."""

    files: int
    left_out: int
    size: int
    findings: tuple[Finding, ...]

    def sentence(self) -> str:
        """One line that sums it up."""
        hashed = f"{self.files} files hashed ({self.size / 1e6:.1f} MB)"
        if self.left_out:
            hashed += f", {self.left_out} files of pictures left out"
        if not self.findings:
            return f"{hashed}: all as recorded, nothing missing, nothing stale."
        counts = Counter(finding.problem for finding in self.findings)
        return f"{hashed}: " + ", ".join(f"{counts[problem]} {problem}" for problem in Problem if counts[problem]) + "."


def verify(results: Path, plan: Plan | None = None) -> Verdict:
    """Check every file of a results folder against its record, and the records against each other.

    Args:
        results: the folder; the paths in records are relative to the folder that it lies in.
        plan: of the configuration that the results are to belong to; without one, settings are not compared and only
            files that others were made from can be found missing.

    Raises:
        FileError: there is no record at all.
    """
    records: dict[Path, dict[str, Any]] = {}
    findings: set[Finding] = set()
    for path in result_files(results):
        try:
            records[path] = checked_record(path, results)
        except FileError as error:
            there = path.is_file() or is_left_out(path, results)
            problem = Problem.DAMAGED if there else Problem.MISSING
            findings.add(Finding(shown(path, results), problem, _reason(error, path)))
    if not records and not findings:
        raise FileError(f"{results}: holds no result with a record; give the results folder of a run.")
    origins = _Origins(results, {path: record["sha256"] for path, record in records.items()}, plan)
    for path, record in records.items():
        findings |= {Finding(shown(path, results), *found) for found in origins.problems(path, record)}
    if plan:
        absent = (path for path in plan.targets() if not results.parent.joinpath(path).exists())
        findings |= {Finding(path, Problem.MISSING, "the configuration asks for it") for path in absent}
    sizes = [record["size"] for path, record in records.items() if not is_left_out(path, results)]
    ordered = sorted(findings, key=lambda finding: (finding.path, finding.why))
    return Verdict(len(sizes), len(records) - len(sizes), sum(sizes), tuple(ordered))


@dataclass(frozen=True)
class _Origins:
    """What files were made from, compared with what is there now; `digests` are known ones, files are hashed once."""

    results: Path
    digests: dict[Path, str]
    plan: Plan | None

    def problems(self, path: Path, record: dict[str, Any]) -> Iterator[tuple[Problem, str]]:
        """Everything in which a sound file does not fit to the others, to the code or to the configuration."""
        stage, tree = record.get("stage"), tree_of(path, self.results)
        if stage not in STAGES:
            yield Problem.STALE, f"this program has no stage {stage!r}"
            return
        for files in record["inputs"].values():
            for file in files:
                yield from self._changed(file)
        if record["code"] != code_digest(STAGES[stage].module):
            yield Problem.STALE, f"the code of stage {stage} is another one than it was made with"
        if self.plan and tree not in self.plan.configs:
            yield Problem.STALE, "the configuration has no such variant"
        elif self.plan and self.plan.settings(stage, tree, record["names"].get("category", "")) != record["settings"]:
            yield Problem.STALE, f"the configuration has other settings for stage {stage}"

    def _changed(self, file: dict[str, str]) -> Iterator[tuple[Problem, str]]:
        source = located_input(file["path"], self.results)
        if source is None:
            # What lies outside the results (photographs, a licensed body) need not travel with them.
            if file["path"].startswith(f"{RESULTS}/"):
                yield Problem.STALE, f"its input {file['path']} is missing"
        elif "sha256" in file and self._digest(source) != file["sha256"]:
            yield Problem.STALE, f"its input {file['path']} is another one than it was made from"

    def _digest(self, path: Path) -> str:
        if path not in self.digests:
            # Pictures left out have no digest if their record is damaged.
            self.digests[path] = store.sha256_of(path) if path.is_file() else ""
        return self.digests[path]


def _reason(error: FileError, path: Path) -> str:
    return str(error).removeprefix(f"{path}: ").removeprefix(f"{store.record_path(path)}: ").rstrip(".")

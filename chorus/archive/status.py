"""`chorus status`: how far a run has come, by stage, as Snakemake itself sees the working folder."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chorus.errors import FileError
from chorus.store import RECORD_SUFFIX
from chorus.workflow import PROGRAM_ROOT


@dataclass
class Progress:
    """Files of one stage: planned by the configuration, of these done, of these to be made again."""

    planned: int = 0
    done: int = 0
    stale: int = 0


def snakemake_summary(arguments: Sequence[str]) -> str:
    """The table of `snakemake --summary` for targets and options; needs no lock, so the run may be going on.

    Raises:
        FileError: Snakemake refuses, with its last line.
    """
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(PROGRAM_ROOT / "Snakefile"), "--summary"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        raise FileError(f"status: Snakemake cannot plan this run: {said[-1] if said else 'no message'}")
    return done.stdout


def stages(table: str) -> dict[str, Progress]:
    """Stage -> progress, in the order in which the table names them.

    Args:
        table: tab-separated, with the columns output_file, rule, status, plan; records are not counted.
    """
    found: dict[str, Progress] = {}
    rows: Iterable[Mapping[str, str]] = csv.DictReader(io.StringIO(table), delimiter="\t")
    for row in rows:
        if row["output_file"].endswith(RECORD_SUFFIX):
            continue
        stage = found.setdefault(row["rule"], Progress())
        stage.planned += 1
        if row["status"] != "missing":
            stage.done += 1
            stage.stale += row["plan"] == "update pending"
    return found


def lines(progress: Mapping[str, Progress]) -> list[str]:
    """One line a stage and a total, aligned."""
    total = Progress(*(sum(getattr(stage, name) for stage in progress.values()) for name in Progress.__annotations__))
    width = max(map(len, [*progress, "total"]))
    return [
        f"{name:<{width}}  {stage.done:>6} / {stage.planned}" + (f"  ({stage.stale} stale)" if stage.stale else "")
        for name, stage in {**progress, "total": total}.items()
    ]

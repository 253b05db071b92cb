"""`chorus status`: how far a run has come, by stage, as Snakemake sees the working folder, and the time left."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chorus.errors import FileError
from chorus.store import RECORD_SUFFIX
from chorus.workflow import PROGRAM_ROOT


@dataclass
class Progress:
    """One stage of a run.

    Attributes:
        planned: files that the configuration asks for.
        done: those that are there.
        stale: of these, to be made again.
        seconds: what the jobs took that made those which are there.
    """

    planned: int = 0
    done: int = 0
    stale: int = 0
    seconds: float = 0.0

    @property
    def seconds_left(self) -> float | None:
        """What the rest takes if it takes as long; unknown before the first file."""
        todo = self.planned - self.done + self.stale
        return (self.seconds * todo / self.done if self.done else None) if todo else 0.0


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


def add_seconds(progress: Mapping[str, Progress], results: Path) -> None:
    """Fill in what the finished jobs of every stage took, from Snakemake's benchmark files below a results folder."""
    for folder in (path for path in results.rglob("benchmarks") if path.is_dir()):
        for path in folder.rglob("*.jsonl"):
            stage = progress.get(path.relative_to(folder).parts[0].removesuffix(".jsonl"))
            if stage:
                stage.seconds += _seconds(path)


def _seconds(path: Path) -> float:
    """Seconds of the last run that a benchmark file tells of; none while it is being written."""
    try:
        return float(json.loads(path.read_text("utf-8").splitlines()[-1])["s"])
    except (OSError, ValueError, LookupError, TypeError):
        return 0.0


def lines(progress: Mapping[str, Progress]) -> list[str]:
    """One line a stage and a total, aligned, with the time left where a finished job tells it."""
    names = ("planned", "done", "stale")
    total = Progress(*(sum(getattr(stage, name) for stage in progress.values()) for name in names))
    width = max(map(len, [*progress, "total"]))
    written = [
        f"{name:<{width}}  {stage.done:>6} / {stage.planned}"
        + (f"  ({stage.stale} stale)" if stage.stale else "")
        + (f"  {_duration(stage.seconds_left)} left" if stage.seconds_left else "")
        for name, stage in {**progress, "total": total}.items()
    ]
    return [*written, *_remaining(progress)]


def _remaining(progress: Mapping[str, Progress]) -> list[str]:
    unknown = [name for name, stage in progress.items() if stage.seconds_left is None]
    known = sum(stage.seconds_left or 0.0 for stage in progress.values())
    if not known:
        return []
    beside = f", without {', '.join(unknown)}, of which nothing is finished yet" if unknown else ""
    return [f"About {_duration(known)} of jobs one after the other{beside}; divide by the jobs at a time."]


def _duration(seconds: float | None) -> str:
    """`41 s`, `12 min` or `3.4 h`."""
    value = seconds or 0.0
    return f"{value:.0f} s" if value < 100 else f"{value / 60:.0f} min" if value < 6000 else f"{value / 3600:.1f} h"

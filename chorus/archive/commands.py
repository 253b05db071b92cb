"""The commands on a whole run: each yields the lines it has to say, and raises where something is wrong."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from chorus.archive import status
from chorus.archive.trace import trace
from chorus.archive.verify import verify
from chorus.errors import FileError
from chorus.naming import RESULTS
from chorus.workflow import Plan


def run_command(options: Namespace) -> Iterator[str]:
    """Lines of `verify`, `trace` or `status`.

    Raises:
        FileError: files are missing, damaged or stale, or there is nothing to look at.
    """
    if options.command == "verify":
        yield from _verify(options.results, options.configfile)
    elif options.command == "trace":
        yield from trace(options.file)
    else:
        progress = status.stages(status.snakemake_summary(options.rest))
        status.add_seconds(progress, Path(RESULTS))
        yield from status.lines(progress)


def _verify(results: Path, configuration: list[Path]) -> Iterator[str]:
    verdict = verify(results, Plan.of_folder(configuration) if configuration else None)
    for finding in verdict.findings:
        yield f"{finding.problem}: {finding.path}: {finding.why}"
    if verdict.findings:
        raise FileError(f"{results}: {verdict.sentence()}")
    yield verdict.sentence()

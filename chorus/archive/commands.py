"""The commands on a whole run: each yields the lines it has to say, and raises where something is wrong."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from chorus.archive import status
from chorus.archive.trace import trace
from chorus.archive.verify import verify
from chorus.config import load_config
from chorus.errors import FileError
from chorus.workflow import PROGRAM_ROOT, Plan


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
        yield from status.lines(status.stages(status.snakemake_summary(options.rest)))


def _verify(results: Path, configuration: list[Path]) -> Iterator[str]:
    verdict = verify(results, _plan(configuration) if configuration else None)
    for finding in verdict.findings:
        yield f"{finding.problem}: {finding.path}: {finding.why}"
    if verdict.findings:
        raise FileError(f"{results}: {verdict.sentence()}")
    yield verdict.sentence()


def _plan(configuration: list[Path]) -> Plan:
    """The plan as the workflow reads it: the files given, on top of the folder's own or the embedded default."""
    default = Path("config.yaml")
    return Plan(load_config([default if default.is_file() else PROGRAM_ROOT / "config.yaml", *configuration]))

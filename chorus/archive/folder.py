"""A results folder on disk: which files are results, and how records name them."""

from __future__ import annotations

from pathlib import Path

from chorus import store
from chorus.naming import RESULTS
from chorus.provenance import PACKAGE_ROOT

UNRECORDED = frozenset({"logs", "benchmarks"})  # folders that may tell the time and are not results


def result_files(results: Path) -> list[Path]:
    """All result files of a folder, sorted: those on disk, and those of which only the record is left."""
    found = set()
    for path in results.rglob("*"):
        inside = path.relative_to(results).parts
        if path.is_dir() or UNRECORDED & set(inside[:-1]) or path.name.startswith("."):
            continue
        found.add(path.with_name(path.name.removesuffix(store.RECORD_SUFFIX)))
    return sorted(found)


def located_input(recorded: str, results: Path) -> Path | None:
    """Where the input that a record names lies now: in the results, beside them, or in the program."""
    inside = recorded.removeprefix(f"{RESULTS}/")
    places = [results / inside] if inside != recorded else [results.parent / recorded, PACKAGE_ROOT.parent / recorded]
    return next((place for place in places if place.exists()), None)


def tree_of(path: Path, results: Path) -> str:
    """The result tree of a file: the main one, or a variant's."""
    parts = path.relative_to(results).parts
    return f"{RESULTS}/variants/{parts[1]}" if parts[0] == "variants" else RESULTS


def shown(path: Path, results: Path) -> str:
    """A file of the results as records and messages name it."""
    return str(Path(RESULTS) / path.relative_to(results))

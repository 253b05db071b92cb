"""A results folder on disk: which files are results, and how records name them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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


def is_left_out(path: Path, results: Path) -> bool:
    """Whether these are pictures of which only the record is there: not kept, or not copied along."""
    inside = path.relative_to(results).parts
    kind = inside[2:3] if inside[0] == "variants" else inside[:1]
    return kind == ("images",) and not path.exists() and store.record_path(path).exists()


def checked_record(path: Path, results: Path) -> dict[str, Any]:
    """The record of a result, after the file was found to agree with it; of pictures left out, the record alone.

    Raises:
        FileError: the file is missing and not left out, or file or record are damaged.
    """
    return store.read_record(path) if is_left_out(path, results) else store.check(path)


def located_input(recorded: str, results: Path) -> Path | None:
    """Where the input that a record names lies now: in the results (or left out there), beside, or in the program."""
    if recorded.startswith(f"{RESULTS}/"):
        place = results / recorded.removeprefix(f"{RESULTS}/")
        return place if place.exists() or is_left_out(place, results) else None
    places = [results.parent / recorded, PACKAGE_ROOT.parent / recorded]
    return next((place for place in places if place.exists()), None)


def tree_of(path: Path, results: Path) -> str:
    """The result tree of a file: the main one, or a variant's."""
    parts = path.relative_to(results).parts
    return f"{RESULTS}/variants/{parts[1]}" if parts[0] == "variants" else RESULTS


def shown(path: Path, results: Path) -> str:
    """A file of the results as records and messages name it."""
    return str(Path(RESULTS) / path.relative_to(results))

"""`chorus trace`: from a result back to the prompts, as the records tell it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chorus import store
from chorus.archive.folder import checked_record, located_input, shown
from chorus.errors import FileError
from chorus.naming import RESULTS

_DIGITS = 12


def results_folder(path: Path) -> Path:
    """The results folder that a file lies in: the highest folder of its path that is called so.

    Raises:
        FileError: there is none.
    """
    for parent in reversed(path.absolute().parents):
        if parent.name == RESULTS:
            return parent
    raise FileError(f"{path}: lies in no folder named {RESULTS}; give a file of a run's results.")


def trace(path: Path) -> Iterator[str]:
    """Lines of the tree above a result: what every file was made from, by which stage, down to prompts and sources.

    A file's own origins are shown where it comes first; `(above)` marks it afterwards.

    Raises:
        FileError: the result has no sound record, or lies in no results folder.
    """
    results = results_folder(path)
    yield from _lines(path.absolute(), store.check(path), results, 0, set())


def _lines(path: Path, record: dict[str, Any], results: Path, depth: int, seen: set[Path]) -> Iterator[str]:
    seen.add(path)
    yield f"{'  ' * depth}{shown(path, results)}  {record['sha256'][:_DIGITS]}  {_origin(record)}"
    for file in (file for files in record["inputs"].values() for file in files):
        source = located_input(file["path"], results)
        digest = file.get("sha256", "")[:_DIGITS]
        line = f"{'  ' * (depth + 1)}{file['path']}  {digest}"
        if source is None or not source.is_relative_to(results):
            yield line
        elif source in seen:
            yield f"{line}  (above)"
        else:
            origin = checked_record(source, results)
            if origin["sha256"] != file["sha256"]:
                raise FileError(f"{source}: is another file than {path.name} was made from; run the workflow again.")
            yield from _lines(source, origin, results, depth + 1, seen)


def _origin(record: dict[str, Any]) -> str:
    named = [f"{name} {value!r}" for name, value in record["names"].items() if name in {"prompt", "interaction"}]
    models = [f"{name} {value}" for name, value in record["models"].items()]
    return ", ".join([f"by {record['stage']} (code {record['code']})", *named, *models])

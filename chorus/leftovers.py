"""`python -m chorus gc`: results of variants, categories, prompts and shards that are no longer configured.

Only files whose path this program writes are looked at, below `results/` alone and without following links. What is
configured, what nobody knows, and prompt files (they cost money or work) always stay.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chorus.errors import ConfigError, FileError
from chorus.stages import STAGES
from chorus.workflow import RESULTS, Plan

LOCKS = Path(".snakemake/locks")
_PROMPTS = "ask"
_BESIDE = (  # second outputs
    "images/{category}/{prompt}/{shard}",
    "annotations/{category}/{prompt}/{shard}",
    "figures/{category}_turntable",
)
_NAMES = {
    "category": "(?P<category>[a-z][a-z0-9_]*)",
    "prompt": "(?P<prompt>[a-z0-9][a-z0-9-]*)",
    "shard": r"(?P<shard>\d{3,})",
}


@dataclass(frozen=True)
class Leftover:
    """A file that no configured run reads: where, why, and its size in bytes."""

    path: Path
    reason: str
    size: int


def leftovers(plan: Plan, root: Path = Path(RESULTS)) -> list[Leftover]:
    """All results below `root` that a plan does not name, in the order of their paths.

    Raises:
        ConfigError: the prompts of a category cannot be read, so nobody knows which of its files are leftovers.
    """
    patterns = _patterns()
    found = []
    for path in _files(root):
        parts = path.relative_to(root).parts
        variant = parts[1] if parts[0] == "variants" and len(parts) > 2 else None
        inside = "/".join(parts[2:] if variant else parts)
        matches = [match for pattern in patterns if (match := pattern.fullmatch(inside))]
        reasons = [_reason(plan, variant, match.groupdict()) for match in matches]
        if reasons and all(reasons):  # `tie_gallery.html` is the gallery of `tie`, or else the page of `tie_gallery`
            found.append(Leftover(path, reasons[0], path.lstat().st_size))
    return found


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root, followlinks=False):
        folders.sort()
        yield from (path for name in sorted(names) if not (path := Path(folder, name)).is_symlink())


def _patterns() -> list[re.Pattern[str]]:
    """The paths of all stages below a tree, their records, logs and benchmarks; logs are named by stage or by file.

    The longest come first: they say most about a file that several of them fit.
    """
    stems = set(_BESIDE)
    for name, stage in STAGES.items():
        if name != _PROMPTS:
            stem = stage.path.rpartition(".")[0]
            stems |= {stem, name + stem[stem.index("/") :] if "/" in stem else name}
    return [
        re.compile(rf"(?:(?:logs|benchmarks)/)?{stem.format(**_NAMES)}(?:\.[a-z0-9]+)+")
        for stem in sorted(stems, key=len, reverse=True)
    ]


def _reason(plan: Plan, variant: str | None, names: dict[str, str]) -> str:
    """Why a file of these names is not configured, empty if it is."""
    category, prompt, shard = (names.get(key) for key in _NAMES)
    if variant is not None and f"{RESULTS}/variants/{variant}" not in plan.configs:
        return f"variant {variant}"
    if category is not None and category not in plan.prompts:
        return f"category {category}"
    if category and prompt is not None and prompt not in {known.id for known in plan.prompts[category]}:
        return f"prompt {category}/{prompt}"
    return f"shard {shard}" if shard is not None and shard not in plan.shards.get(category or "", []) else ""


def delete(found: list[Leftover], root: Path = Path(RESULTS)) -> None:
    """Remove files and the folders that this empties.

    Raises:
        ConfigError: Snakemake is at work here.
        FileError: a file cannot be removed.
    """
    if LOCKS.is_dir() and any(LOCKS.iterdir()):
        raise ConfigError("gc: a run is under way in this folder; wait for it (or type `snakemake --unlock`)")
    for item in found:
        try:
            item.path.unlink(missing_ok=True)
        except OSError as error:
            raise FileError(f"{item.path}: cannot be removed ({error.strerror}); check its permissions.") from error
        for folder in item.path.parents:
            if folder == root or any(folder.iterdir()):
                break
            folder.rmdir()


def summary(found: list[Leftover], deleted: bool) -> str:
    """What was found: files and bytes by reason, and in all."""
    files = Counter(item.reason for item in found)
    sizes: Counter[str] = Counter()
    for item in found:
        sizes[item.reason] += item.size
    lines = [f"{reason}: {files[reason]} files, {sizes[reason]} bytes" for reason in sorted(files)]
    done = "deleted" if deleted else "would be deleted (add --delete)"
    return "\n".join([*lines, f"{len(found)} files, {sum(sizes.values())} bytes {done}."])

"""The 22 view suffixes of the paper (A.1): what is appended to a prompt, and what it says about the camera.

The table is resources/views.yaml. Azimuth follows docs/conventions.md: 0 = the person's left, 90 = in front.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from chorus.errors import ConfigError

FRAMINGS = ("full", "far", "close", "upper", "hand", "face")


@dataclass(frozen=True)
class View:
    """One view suffix.

    Attributes:
        suffix: what follows the prompt's text; empty, or beginning with ", ".
        azimuth: ranges in degrees, one of which is drawn.
        elevation: lowest and highest degrees above the horizon.
        framing: full, far, close, upper, hand or face.
    """

    suffix: str
    azimuth: tuple[tuple[float, float], ...]
    elevation: tuple[float, float]
    framing: str


def load_views(path: str | Path) -> tuple[View, ...]:
    """Read a table of views (YAML list of mappings with exactly the fields of `View`).

    Raises:
        ConfigError: if the file is missing, no YAML, or an entry is not usable.
    """
    try:
        rows = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: cannot be read as YAML ({' '.join(str(error).split())}).") from error
    if not isinstance(rows, list) or not rows:
        raise ConfigError(f"{path}: holds no list of views; needed: entries with suffix, azimuth, elevation, framing.")
    views = tuple(_view(row, f"{path}: entry {number}") for number, row in enumerate(rows, start=1))
    suffixes = [view.suffix for view in views]
    if repeated := sorted({suffix for suffix in suffixes if suffixes.count(suffix) > 1}):
        raise ConfigError(f"{path}: the suffix {repeated[0]!r} occurs twice; every view needs its own.")
    return views


def _view(row: object, where: str) -> View:
    """One checked entry of the table."""
    needed = {"suffix", "azimuth", "elevation", "framing"}
    if not isinstance(row, dict) or set(row) != needed:
        raise ConfigError(f"{where}: needed are exactly the keys {', '.join(sorted(needed))}.")
    suffix, framing = row["suffix"], row["framing"]
    if not isinstance(suffix, str) or (suffix and not suffix.startswith(", ")):
        raise ConfigError(f"{where}: suffix: must be text that is empty or begins with ', '.")
    if framing not in FRAMINGS:
        raise ConfigError(f"{where}: framing: {framing!r} is unknown; allowed: {', '.join(FRAMINGS)}.")
    ranges = row["azimuth"]
    if not isinstance(ranges, list) or not ranges or not all(_is_range(pair, 360.0) for pair in ranges):
        raise ConfigError(f"{where}: azimuth: must be a list of ranges [low, high] in degrees.")
    if not _is_range(row["elevation"], 85.0):
        raise ConfigError(f"{where}: elevation: must be a range [low, high] within -85 and 85 degrees.")
    low, high = row["elevation"]
    return View(suffix, tuple((float(a), float(b)) for a, b in ranges), (float(low), float(high)), framing)


def _is_range(pair: object, limit: float) -> bool:
    if not isinstance(pair, list) or len(pair) != 2:
        return False
    if not all(isinstance(end, int | float) and not isinstance(end, bool) for end in pair):
        return False
    return -limit <= pair[0] <= pair[1] <= limit

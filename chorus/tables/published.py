"""The paper's numbers (resources/published.json), each with the table it stands in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chorus.errors import FileError


def published(path: Path, table: str) -> Mapping[str, Mapping[str, float]]:
    """Row -> column -> number of one of the paper's tables.

    Raises:
        FileError: the file cannot be read or has no such table.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return content[table]["rows"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileError(f"{path}: holds no numbers of {table} ({error}); use resources/published.json.") from None

"""Prompt files of a language model, `results/prompts/{category}.json`: which are there and which are out of date."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chorus.errors import FileError

_IDENTITY = ("model", "count", "subject", "temperature", "seed")


def identity_of(settings: Any) -> dict[str, Any]:
    """The settings that make other prompts; a new address or a longer timeout does not."""
    return {name: getattr(settings, name) for name in _IDENTITY}


def must_ask(path: Path, settings: Any) -> bool:
    """Whether `snakemake prompts` asks for a file: it is missing, or it is an untouched answer to another question.

    A file written or edited by hand is the user's and is never asked for again.
    """
    from chorus import store  # here, because planning a run needs no HDF5

    if not path.is_file():
        return True
    try:
        content = json.loads(store.read_bytes(path))
        return bool(content["asked"] != identity_of(settings))
    except (FileError, ValueError, KeyError, TypeError, RecursionError):
        return False

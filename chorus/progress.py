"""Progress on long work: a bar with ETA on a terminal, sparse lines in a log."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")


def progress(items: Iterable[Item], what: str) -> Iterator[Item]:
    """Iterate with a progress bar on standard error (one line every 10 s when that is no terminal)."""
    interval = 0.2 if sys.stderr.isatty() else 10.0
    total = len(items) if isinstance(items, Sized) else None
    yield from tqdm(items, desc=what, total=total, mininterval=interval, file=sys.stderr)

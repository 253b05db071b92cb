"""CPU time of two or more ways to do the same thing, interleaved so that a busy machine slows all of them alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


def interleaved(ways: Mapping[str, Callable[[], int]], rounds: int = 5) -> dict[str, float]:
    """Median CPU seconds an item. Each way does some items, says how many, and is called once before the clock runs."""
    for way in ways.values():
        way()
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            begin = time.process_time()
            items = way()
            spent[name].append((time.process_time() - begin) / items)
    return {name: float(np.median(seconds)) for name, seconds in spent.items()}


def cpu_seconds(do: Callable[[], object]) -> float:
    """CPU time of one call."""
    begin = time.process_time()
    do()
    return time.process_time() - begin


def record(kernel: str, resolution: int | None, reference: float | None, ours: float) -> dict[str, Any]:
    """The common keys of a benchmark's record; CPU seconds an image."""
    return {
        "kernel": kernel,
        "resolution": resolution,
        "reference_s": reference,
        "ours_s": ours,
        "ratio": reference / ours if reference else None,
    }

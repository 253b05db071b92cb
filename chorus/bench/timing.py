"""CPU time of two or more ways to do the same thing, interleaved so that a busy machine slows all of them alike."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
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


def fresh(do: Callable[..., Any], *arguments: Any) -> Any:
    """What a function returns in a process of its own, where nothing was allocated before."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(do, *arguments).result()


def peak_memory() -> int:
    """Most bytes that this process has held so far (Linux; getrusage would count the process that started it)."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")))


def record(kernel: str, resolution: int | None, reference: float | None, ours: float) -> dict[str, Any]:
    """The common keys of a benchmark's record; CPU seconds an image."""
    return {
        "kernel": kernel,
        "resolution": resolution,
        "reference_s": reference,
        "ours_s": ours,
        "ratio": reference / ours if reference else None,
    }

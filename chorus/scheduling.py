"""A mend for Snakemake's scheduler, applied by the Snakefile at the start of a run."""

from __future__ import annotations

import time
from typing import Any


def look_once_at_a_time(scheduler: Any) -> None:
    """Let the scheduler plan its next look at the ready jobs only when none is planned.

    To keep below `--max-jobs-per-timespan`, Snakemake 9.27 plans another look one second after every look, whatever
    caused it: every job that ends adds one look a second, for ever. After 300 jobs it did little else and started three
    jobs a minute where two cores could have done fifty.

    Args:
        scheduler: Snakemake's `JobScheduler`.
    """
    plan_look = scheduler._schedule_reevalutation
    planned = float("-inf")

    def plan_one(delay: float) -> None:
        nonlocal planned
        if time.monotonic() >= planned:
            planned = time.monotonic() + delay
            plan_look(delay)

    scheduler._schedule_reevalutation = plan_one

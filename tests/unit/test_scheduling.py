"""The scheduler of Snakemake plans one look at a time."""

import threading
import time

from snakemake.scheduling.job_scheduler import JobScheduler

from chorus.scheduling import look_once_at_a_time


class Scheduler:
    """What Snakemake's does: a look plans another one after a while."""

    def __init__(self):
        self.looks = 0

    def look(self):
        self.looks += 1
        self._schedule_reevalutation(0.05)

    def _schedule_reevalutation(self, delay):
        if self.looks < 1000:
            timer = threading.Timer(delay, self.look)
            timer.daemon = True
            timer.start()


def looks_after_ten_jobs(scheduler: Scheduler) -> int:
    for _ in range(10):
        scheduler.look()
    time.sleep(0.5)
    found, scheduler.looks = scheduler.looks, 1000  # no more of them
    return found


def test_looks_do_not_multiply_and_do_not_end():
    calm, plain = Scheduler(), Scheduler()
    look_once_at_a_time(calm)
    few, many = looks_after_ten_jobs(calm), looks_after_ten_jobs(plain)
    assert 11 <= few <= 20, "ten, and one every 0.05 seconds"
    assert many > 2 * few, "what is mended"


def test_snakemake_still_has_what_is_mended():
    assert callable(JobScheduler._schedule_reevalutation)

"""F1: SIGKILL of the whole run at random moments; the same command afterwards gives the bytes of an undisturbed run."""

import os
import random
import signal
import subprocess

import pytest

from tests.workflow.conftest import Workplace


def killed_after(place: Workplace, seconds: float, *arguments: str) -> bool:
    """Start a run and kill its process group after a while; false if it was done before."""
    process = subprocess.Popen(
        place.command(*arguments), cwd=place.folder, env=place.environment, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        process.wait(timeout=seconds)
        return False
    except subprocess.TimeoutExpired:
        return True
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def finish(place: Workplace) -> None:
    place.snakemake("--unlock")
    place.snakemake("--rerun-incomplete")


def test_a_run_killed_three_times_ends_as_if_nothing_had_happened(workplace, undisturbed):
    chance = random.Random(0)
    for _ in range(3):
        assert killed_after(workplace, chance.uniform(2.5, 8.0), "--rerun-incomplete")
        workplace.snakemake("--unlock")
    finish(workplace)
    assert workplace.results() == undisturbed.results()
    assert "Nothing to be done" in workplace.snakemake()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_a_run_killed_at_any_moment_ends_as_if_nothing_had_happened(workplace, undisturbed, seed):
    seconds = random.Random(seed).uniform(1.0, 25.0)
    if killed_after(workplace, seconds):
        finish(workplace)
    assert workplace.results() == undisturbed.results()

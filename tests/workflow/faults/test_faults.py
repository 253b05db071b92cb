"""A full disk is one sentence and leaves nothing behind (F4); of two runs in one folder one gives way (F11)."""

import resource
import signal
import subprocess
import sys
import time

import pytest

from tests.workflow.conftest import ROOT

SKINNING = [
    *(sys.executable, "-m", "chorus", "skinning", "--body", str(ROOT / "resources/body/open_body.npz")),
    *("--settings", '{"grid": {"resolution": 16}}', "--output", "results/skinning.h5"),
]


def files_below(folder) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_full_disk_is_one_sentence_and_leaves_nothing(workplace):
    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = subprocess.run(
        SKINNING, cwd=workplace.folder, env=workplace.environment | {"PYTHONPATH": str(ROOT)}, preexec_fn=small_files,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("ERROR: results/skinning.h5: cannot be written (File too")
    assert "Traceback" not in done.stderr
    assert files_below(workplace.folder / "results") == []


def test_a_really_full_disk_too(workplace):
    small = workplace.folder / "results"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", small], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no tmpfs can be mounted: {mounted.stderr.strip()}")
    try:
        done = subprocess.run(
            SKINNING, cwd=workplace.folder, env=workplace.environment | {"PYTHONPATH": str(ROOT)}, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 1
        assert "No space left on device" in done.stderr
        assert files_below(small) == []
    finally:
        subprocess.run(["umount", small], check=True)


def test_of_two_runs_in_one_folder_one_gives_way_and_harms_nothing(workplace, undisturbed):
    first = subprocess.Popen(
        workplace.command("results/skinning.h5"), cwd=workplace.folder, env=workplace.environment,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    locks = workplace.folder / ".snakemake/locks"
    while first.poll() is None and not any(locks.glob("*")):
        time.sleep(0.02)
    first.send_signal(signal.SIGSTOP)  # so that it is still at work when the second comes
    try:
        refused = workplace.snakemake("results/skinning.h5", "--rerun-incomplete", fails=True)
    finally:
        first.send_signal(signal.SIGCONT)
    assert "Directory cannot be locked" in refused
    assert "Traceback" not in refused
    text, _ = first.communicate(timeout=300)
    assert first.returncode == 0, text
    made = workplace.results()
    assert made == {path: digest for path, digest in undisturbed.results().items() if path in made}


def test_what_a_killed_run_left_is_gone_after_the_next(workplace):
    target = workplace.folder / "results/skinning.h5"
    target.parent.mkdir()
    target.with_name(".skinning.h5.4711.tmp").write_bytes(b"half")
    workplace.snakemake("results/skinning.h5")
    assert files_below(workplace.folder / "results") == [
        "benchmarks/skinning.jsonl", "logs/skinning.log", "skinning.h5", "skinning.h5.record.json"
    ]  # fmt: skip

"""A real Slurm runs the same files: digests as on one machine, lost jobs are repeated, a killed run goes on (F10).

pytest -m slurm tests/workflow/slurm
"""

import os
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.workflow.conftest import PROMPTS, ROOT, Workplace

pytestmark = pytest.mark.slurm

SANDBOX = Path(__file__).with_name("sandbox.sh")
TARGET = "results/pap/motorcycle.json"
RULES = (
    "cameras", "keypoints", "masks", "pap", "people", "scenes", "screening", "skinning", "testset", "truth", "votes",
    "voxels", "warps",
)  # fmt: skip
# The executor waits ten seconds longer after every look that finds nothing finished: it looks after 1, 12, 33 s.
QUICK = ("--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "5")
CHAIN = ("scenes", "masks", "keypoints", "people", "screening", "cameras")
PROFILE = ("--workflow-profile", str(ROOT / "profiles/slurm"), *QUICK)


def installed() -> str:
    """Install Slurm where it is missing; the reason if that cannot be done."""
    if os.geteuid() != 0:
        return "a private Slurm needs root"
    if shutil.which("slurmctld") is None:
        if shutil.which("apt-get") is None:
            return "Slurm is not installed and there is no apt-get"
        packages = ("slurmctld", "slurmd", "slurm-client")
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update", "-q"], ["install", "-yq", "--no-install-recommends", *packages]):
            done = subprocess.run(["apt-get", *command], env=quiet, capture_output=True, text=True, check=False)
            if done.returncode:
                return f"Slurm cannot be installed: {done.stderr.strip().splitlines()[-1]}"
    return ""


@pytest.fixture(scope="module", autouse=True)
def slurm(tmp_path_factory):
    """A private Slurm of one node, stopped afterwards by the process ids that it wrote."""
    pytest.importorskip("snakemake_executor_plugin_slurm", reason='pip install -e ".[slurm]"')
    if reason := installed():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("slurm")
    started = subprocess.run([SANDBOX, "start", folder], capture_output=True, text=True, check=False)
    assert started.returncode == 0, started.stderr
    yield folder
    subprocess.run([SANDBOX, "stop", folder], check=True)


def one_prompt(folder: Path) -> Workplace:
    place = Workplace(folder)
    place.write_prompts(PROMPTS[:1])
    place.configure()
    return place


@pytest.fixture(scope="module")
def local(tmp_path_factory) -> dict[str, str]:
    """Digests of the same run on this machine alone."""
    place = one_prompt(tmp_path_factory.mktemp("local"))
    place.snakemake(TARGET)
    return place.results()


@pytest.fixture(scope="module", autouse=True)
def hopeless(slurm, tmp_path_factory):
    """A run whose only job never gets enough memory, beside all tests: it waits for Slurm most of its two minutes."""
    place = one_prompt(tmp_path_factory.mktemp("hopeless"))
    # A job that is killed ends after about 20 seconds; the executor looks after 5, 20 and 45.
    patience = ("--slurm-init-seconds-before-status-checks", "5")
    run = Started(place, *patience, "--set-resources", "skinning:mem_mb=60", "--", "results/skinning.h5")
    yield run
    run.kill()


@pytest.fixture
def place(tmp_path) -> Workplace:
    """A fresh working folder."""
    return one_prompt(tmp_path / "work")


@pytest.fixture
def start(place):
    """A function that starts a run on Slurm in the folder; a run that a failed test leaves behind is killed."""
    runs = []

    def started(*arguments: str) -> "Started":
        runs.append(Started(place, *arguments))
        return runs[-1]

    yield started
    for run in runs:
        run.kill()


def jobs(folder: Path) -> dict[int, tuple[str, str, str]]:
    """Job id -> (rule, state, requested resources) of every job of a working folder that Slurm remembers."""
    table = subprocess.run(
        ["squeue", "--noheader", "--states=all", "--Format=JobID:|,WorkDir:|,Comment:|,State:|,tres-per-job:"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    rows = (line.split("|") for line in table.splitlines() if line.strip())
    return {
        int(job): (re.sub(r"^rule_|_wildcards.*", "", rule), state, tres)
        for job, where, rule, state, tres in rows
        if Path(where) == folder
    }


class Started:
    """A run of Snakemake on Slurm that goes on while the test does other things."""

    def __init__(self, place: Workplace, *arguments: str):
        self.place = place
        self.before = jobs(place.folder).keys()
        self.log = place.folder / f"run{time.monotonic_ns()}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                place.command(*PROFILE, *arguments), cwd=place.folder, env=place.environment, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def submitted(self) -> dict[int, tuple[str, str, str]]:
        return {job: row for job, row in jobs(self.place.folder).items() if job not in self.before}

    def kill(self):
        """As kill -9 of the controller and all that it started here; nothing if it has ended."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def wait_for(self, condition, seconds: float = 300):
        """The first true value of the condition; fails when the run ends or time is up."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            if found := condition():
                return found
            time.sleep(0.2)
        pytest.fail(self.log.read_text()[-4000:])

    def finished_rules(self) -> list[str]:
        return re.findall(r"Finished jobid: \d+ \(Rule: (\w+)\)", self.log.read_text())


def test_cancelled_jobs_and_those_over_their_memory_are_repeated_with_the_digests_of_one_machine(place, start, local):
    # 100 MB first, less than Snakemake itself needs, then 2,000.
    changed = ("skinning:mem_mb=1900*attempt-1800", "warps:gpu=1", "warps:slurm_partition=gpu")
    run = start("--set-resources", *changed, "--", TARGET)

    def running_truth():
        return [job for job, (rule, state, _) in run.submitted().items() if (rule, state) == ("truth", "RUNNING")]

    subprocess.run(["scancel", str(run.wait_for(running_truth)[0])], check=True)
    assert run.process.wait(timeout=600) == 0, run.log.read_text()[-4000:]
    assert place.results() == local
    count = Counter(rule for rule, _, _ in run.submitted().values())
    print(f"jobs: {sum(count.values())}, of these repeated: {[rule for rule in count if count[rule] > 1]}")
    assert count == dict.fromkeys(RULES, 1) | {"skinning": 2, "truth": 2}
    assert sorted(state for rule, state, _ in run.submitted().values() if rule == "skinning") == ["COMPLETED", "FAILED"]
    assert {state for rule, state, _ in run.submitted().values() if rule == "truth"} == {"COMPLETED", "CANCELLED"}
    assert [rule for rule, _, tres in run.submitted().values() if "gpu" in tres] == ["warps"]


def test_a_run_whose_controller_is_killed_goes_on_where_it_was(place, start, local):
    # A chain: it needs half as many jobs as the whole target, and Slurm tests have six minutes.
    target = next(path for path in local if re.fullmatch(r"cameras/.*\.h5", path))
    run = start("--", f"results/{target}")
    run.wait_for(lambda: len(run.finished_rules()) >= 3)
    run.kill()
    done = set(run.finished_rules())
    # What docs/clusters.md says: cancel what still runs, unlock, run again.
    subprocess.run(["scancel", *map(str, run.submitted())], check=False, capture_output=True)
    place.snakemake("--unlock")
    again = start("--", f"results/{target}")
    assert again.process.wait(timeout=600) == 0, again.log.read_text()[-4000:]
    made = place.results()
    assert target in made
    assert made == {path: local[path] for path in made}
    repeated = Counter(rule for rule, _, _ in again.submitted().values())
    print(f"finished before the kill: {len(done)}, submitted afterwards: {sum(repeated.values())} of {len(CHAIN)}")
    # A job that ended by itself between the kill and scancel need not run again, one that had ended before must not.
    assert not done & repeated.keys()
    assert set(repeated) <= set(CHAIN)
    assert repeated


def test_the_generic_profile_makes_the_same_file(place, local):
    place.snakemake("--workflow-profile", str(ROOT / "profiles/cluster"), "--", "results/skinning.h5")
    made = place.results()
    assert made == {path: digest for path, digest in local.items() if path in made}
    assert "skinning.h5" in made


def test_a_job_that_never_has_enough_memory_is_tried_exactly_as_often_as_the_profile_says(hopeless):
    assert hopeless.process.wait(timeout=600) == 1
    assert [rule for rule, _, _ in hopeless.submitted().values()] == ["skinning"] * 3
    assert "failed, SLURM status is: 'FAILED'" in hopeless.log.read_text()
    logs = (hopeless.place.folder / ".snakemake/slurm_logs").rglob("*.log")
    assert all("exceeded memory limit" in log.read_text() for log in logs)
    assert list((hopeless.place.folder / "results").glob("*.h5*")) == []

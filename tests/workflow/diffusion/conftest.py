"""Runs of the diffusion source with a tiny model: one by Snakemake, killed on its way, others in this process."""

import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from chorus import cli
from tests.tiny_diffusion import save_tiny_model
from tests.workflow.conftest import ROOT, Workplace, merged

PROMPT = {"text": "A person rides a motorcycle", "interaction": "ride"}
VIEWS = """\
- {suffix: "", azimuth: [[0, 360]], elevation: [0, 30], framing: full}
- {suffix: ", side view", azimuth: [[0, 20]], elevation: [0, 30], framing: full}
- {suffix: ", back view", azimuth: [[250, 280]], elevation: [0, 30], framing: full}
"""
SETTINGS = {
    "images": {"source": "diffusion", "size": 64, "per_view": 2, "views": "views.yaml"},
    "diffusion": {"model": "model", "revision": None, "steps": 2, "batch": 4},
}
# The tiny configuration has annotated keypoints and people, which only scenes know.
NETWORKS = {"keypoints": {"backend": "blazepose"}, "people": {"backend": "blazepose"}}


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory) -> Path:
    """A pipeline whose checker flags nothing."""
    torch.set_num_threads(1)  # as in a job
    return save_tiny_model(tmp_path_factory.mktemp("hub") / "model")


@dataclass(frozen=True)
class Studio:
    """Runs the stage in this process, as its rule does."""

    place: Workplace

    def settings(self, **changes) -> dict:
        """Sections of the stage with some keys changed."""
        return merged({"run": {"seed": 0}, **SETTINGS}, changes)

    def make(self, name: str, *, shard: str = "000", prompt: str = PROMPT["text"], **changes) -> Path:
        """Make a shard; returns its file."""
        output = self.place.folder / "alone" / f"{name}.h5"
        arguments = {
            "views": "views.yaml", "category": "motorcycle", "prompt": prompt, "shard": shard, "output": str(output),
            "settings": json.dumps(self.settings(**changes)),
        }  # fmt: skip
        before = Path.cwd()
        os.chdir(self.place.folder)
        try:
            status = cli.main(["diffusion", *(f"--{key}={value}" for key, value in arguments.items())])
        finally:
            os.chdir(before)
        return output if status == 0 else Path("failed")


def diffusion_place(folder: Path, model: Path) -> Workplace:
    """A working folder that makes pictures of one prompt from three views."""
    place = Workplace(folder, ROOT)
    place.write_prompts([PROMPT])
    place.configure(merged(SETTINGS, NETWORKS))
    (folder / "views.yaml").write_text(VIEWS)
    (folder / "model").symlink_to(model)
    return place


@pytest.fixture
def studio(tmp_path, tiny_model) -> Studio:
    """A fresh place for single runs of the stage."""
    return Studio(diffusion_place(tmp_path / "studio", tiny_model))


@pytest.fixture(scope="session")
def resumed(tmp_path_factory, tiny_model) -> Workplace:
    """Two shards by Snakemake: the first is made, SIGKILL in the middle of the second, the same command again."""
    place = diffusion_place(tmp_path_factory.mktemp("resumed") / "work", tiny_model)
    place.configure(merged(merged(SETTINGS, NETWORKS), {"images": {"shards": 2}}))
    process = subprocess.Popen(
        place.command("images", cores=1), cwd=place.folder, env=place.environment, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    logs = place.folder / "results/logs/diffusion"
    while process.poll() is None and len(list(logs.rglob("*.log"))) < 2:
        time.sleep(0.05)
    time.sleep(1.0)
    assert process.poll() is None, "it was done before it could be killed"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert len(list(place.folder.glob("results/images/*/*/*.h5"))) == 1
    place.snakemake("--unlock")
    place.snakemake("images", "--rerun-incomplete", cores=1)
    return place

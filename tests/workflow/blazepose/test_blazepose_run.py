"""The default people: a real network and the body fit, from the pictures to the votes."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from chorus import store
from chorus.naming import slug
from tests.workflow.conftest import PROMPTS, ROOT, Workplace

PROMPT = slug(PROMPTS[0]["text"])
BLAZEPOSE = {"images": {"size": 256}, "keypoints": {"backend": "blazepose"}, "people": {"backend": "blazepose"}}


@pytest.fixture(scope="module")
def estimated(tmp_path_factory, program):
    """One prompt, up to the votes; the network is copied where the repository has it and fetched otherwise."""
    workplace = Workplace(tmp_path_factory.mktemp("blazepose") / "work", program)
    workplace.write_prompts(PROMPTS[:1])
    workplace.configure(BLAZEPOSE)
    model = Path("models/pose_landmark_full.tflite")
    if (ROOT / model).is_file():
        (workplace.folder / model.parent).mkdir()
        shutil.copy2(ROOT / model, workplace.folder / model)
    workplace.snakemake(f"results/votes/motorcycle/{PROMPT}.h5")
    return workplace


def test_people_are_estimated_screened_and_calibrated(estimated):
    base = estimated.folder / "results"
    people = store.read_arrays(base / f"people/motorcycle/{PROMPT}/000.h5", "people")
    keypoints = store.read_arrays(base / f"keypoints/motorcycle/{PROMPT}/000.h5", "keypoints")
    cameras = store.read_arrays(base / f"cameras/motorcycle/{PROMPT}.h5", "cameras")
    assert people["found"].sum() >= 5
    assert (keypoints["found"] | ~people["found"]).all()
    assert not people["camera_known"].any()
    found = people["found"]
    assert np.isfinite(people["pose"][found]).all()
    assert ((people["score"] >= 0) & (people["score"] <= 1)).all()
    assert np.isnan(people["pose"][~found]).all()
    assert np.isfinite(cameras["K"][cameras["weight"] > 0]).all()
    assert "pose_landmark" in people.attributes["model"] or "blazepose" in people.attributes["model"].lower()
    record = store.read_record(base / f"people/motorcycle/{PROMPT}/000.h5")
    assert record["models"]["people"] == people.attributes["model"]
    assert record["inputs"]["model"][0]["path"] == "models/pose_landmark_full.tflite"


def test_a_damaged_network_is_refused_in_one_line(estimated, tmp_path):
    shutil.copytree(estimated.folder, tmp_path / "work", symlinks=True)
    estimated = Workplace(tmp_path / "work", estimated.program)
    model = estimated.folder / "models/pose_landmark_full.tflite"
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    estimated.snakemake("--forcerun", "keypoints", "--", f"results/votes/motorcycle/{PROMPT}.h5", fails=True)
    log = (estimated.folder / f"results/logs/keypoints/motorcycle/{PROMPT}/000.log").read_text()
    assert "ERROR: " in log
    assert "pinned version" in log
    assert "Traceback" not in log

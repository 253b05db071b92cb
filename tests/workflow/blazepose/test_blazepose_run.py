"""The default people: a real network and the body fit, from the pictures to the votes."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from chorus import store
from chorus.config import Boxes
from chorus.detections import read_detections
from chorus.images.shard import read_shard
from chorus.naming import slug
from chorus.perception.blazepose import COCO_FROM_BLAZEPOSE
from chorus.perception.keypoints import people_of, screened
from chorus.perception.landmarks import kept_landmarks
from chorus.perception.people import FittedPeople
from chorus.screening.cascade import read_table
from tests.workflow.conftest import PROMPTS, ROOT, Workplace, merged

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


def test_keypoints_keep_the_landmarks(estimated):
    """The network looks once: what it saw lies in the keypoints file, exactly where it looked."""
    base = estimated.folder / "results"
    keypoints = store.read_arrays(base / f"keypoints/motorcycle/{PROMPT}/000.h5", "keypoints")
    looked = np.isfinite(keypoints["landmarks"]).all(axis=(1, 2))
    assert (looked == keypoints["found"]).all()
    np.testing.assert_array_equal(
        keypoints["landmarks"][looked][:, list(COCO_FROM_BLAZEPOSE), :3], keypoints["keypoints"][looked]
    )


class Blind:
    """A network that sees nothing, because nobody should ask it."""

    name = "blind"

    def detect(self, pixels, box):
        raise AssertionError("the people stage had to look again")


def test_people_take_the_landmarks_that_the_keypoints_keep(estimated, open_body):
    base = estimated.folder / "results"
    paths = {kind: base / f"{kind}/motorcycle/{PROMPT}/000.h5" for kind in ("images", "masks", "keypoints", "people")}
    keypoints, people = (store.read_arrays(paths[kind], kind) for kind in ("keypoints", "people"))
    kept = kept_landmarks(paths["keypoints"], keypoints.attributes["model"])
    chosen = [pair for pair in screened(read_detections(paths["masks"]), Boxes()) if keypoints["found"][pair[0]]]
    seen = people_of(read_shard(paths["images"]), chosen, keypoints["keypoints"].astype(float))
    fitted = FittedPeople(Blind(), open_body, kept).estimate(seen)
    rows = [position for position, _ in chosen]
    assert len(rows) >= 5
    np.testing.assert_array_equal(fitted.pose.astype(people["pose"].dtype), people["pose"][rows])
    assert kept_landmarks(paths["keypoints"], "another network") == {}


def test_soft_weights_reach_the_votes(estimated, tmp_path):
    """In mode soft every possible image counts as much as it is trusted, down to the sums of the votes."""
    shutil.copytree(estimated.folder, tmp_path / "work", symlinks=True)
    soft = Workplace(tmp_path / "work", estimated.program)
    soft.configure(merged(BLAZEPOSE, {"variants": {"soft": {"screening": {"mode": "soft"}}}}))
    tree = "results/variants/soft"
    assert {path.split("/")[3] for path in soft.planned(f"{tree}/votes/motorcycle/{PROMPT}.h5")} == {
        "screening", "cameras", "votes",
    }  # fmt: skip
    soft.snakemake(f"{tree}/votes/motorcycle/{PROMPT}.h5")
    found = {}
    for name, folder in (("hard", "results"), ("soft", tree)):
        rows = read_table(soft.folder / folder / f"screening/motorcycle/{PROMPT}.csv")
        cameras = store.read_arrays(soft.folder / folder / f"cameras/motorcycle/{PROMPT}.h5", "cameras")
        votes = store.read_arrays(soft.folder / folder / f"votes/motorcycle/{PROMPT}.h5", "votes")
        weights = {row.index: row.weight for row in rows if row.kept}
        assert cameras["index"].tolist() == sorted(weights)
        usable = cameras["weight"] > 0
        assert cameras["weight"][usable].tolist() == [weights[int(i)] for i in cameras["index"][usable]]
        by_bin = np.bincount(cameras["bin"][usable], cameras["weight"][usable], minlength=12)
        np.testing.assert_array_equal(votes["count"][0], by_bin)
        assert (votes["numerator"] <= votes["denominator"]).all()
        found[name] = weights
    assert set(found["hard"].values()) <= {255}
    assert set(found["hard"]) < set(found["soft"])
    assert any(0 < weight < 255 for weight in found["soft"].values())


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

"""Networks of transformers in the place of annotations: tiny random weights, the real rules, pictures to screening."""

import hashlib
import shutil

import numpy as np
import pytest

from chorus import store
from chorus.naming import slug
from tests import tiny_models
from tests.workflow.conftest import PROMPTS, Workplace

PROMPT = slug(PROMPTS[0]["text"])
MASKS = f"results/masks/motorcycle/{PROMPT}/000.h5"
KEYPOINTS = f"results/keypoints/motorcycle/{PROMPT}/000.h5"
NETWORKS = {
    "segmentation": {"backend": "transformers", "model": "models/eomt", "threshold": 0.1},
    "keypoints": {"backend": "transformers", "model": "models/vitpose"},
    "boxes": {"overlap": 0.0},
    "networks": {"batch": 7},
}


@pytest.fixture(scope="module")
def seen(tmp_path_factory, program):
    """Masks by EoMT and keypoints by ViTPose of one prompt."""
    workplace = Workplace(tmp_path_factory.mktemp("networks") / "work", program)
    workplace.write_prompts(PROMPTS[:1])
    workplace.configure(NETWORKS)
    for name in ("eomt", "vitpose"):
        getattr(tiny_models, name)(workplace.folder / "models" / name)
    workplace.snakemake(f"results/screening/motorcycle/{PROMPT}.csv")
    return workplace


def test_files_say_which_weights_made_them(seen):
    for path, stage, model in ((MASKS, "segmentation", "eomt"), (KEYPOINTS, "keypoints", "vitpose")):
        file = store.read_arrays(seen.folder / path, path.split("/")[1])
        assert file.attributes["model"].startswith(f"transformers {model} sha256:")
        record = store.read_record(seen.folder / path)
        assert record["models"][stage] == file.attributes["model"]
        assert str(seen.folder) not in str(record)


def test_masks_come_from_the_network_and_keypoints_only_where_the_boxes_pass(seen):
    masks = store.read_arrays(seen.folder / MASKS, "masks")
    keypoints = store.read_arrays(seen.folder / KEYPOINTS, "keypoints")
    assert len(masks["label"]) > 0
    assert (masks["score"] >= 0.1).all()
    assert (masks["score"] < 1).any()
    assert np.isfinite(keypoints["keypoints"][keypoints["found"]]).all()
    assert not any((seen.folder / "results/logs").glob("**/blazepose.log"))


def test_the_same_weights_give_the_same_bytes_and_others_rerun(seen, tmp_path):
    shutil.copytree(seen.folder, tmp_path / "work", symlinks=True)
    copy = Workplace(tmp_path / "work", seen.program)
    before = hashlib.sha256((copy.folder / MASKS).read_bytes()).hexdigest()
    copy.snakemake("--forcerun", "masks", "--", MASKS)
    assert hashlib.sha256((copy.folder / MASKS).read_bytes()).hexdigest() == before
    copy.configure({**NETWORKS, "segmentation": {**NETWORKS["segmentation"], "model": "models/absent"}})
    copy.snakemake("--", MASKS, fails=True)

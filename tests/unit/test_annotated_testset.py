"""Test images from annotated photographs: bodies fitted to annotated keypoints, through the real stage."""

from __future__ import annotations

import json

import numpy as np
import pytest

from chorus import store
from chorus.camera import Camera
from chorus.config import Testset
from chorus.evaluation import testset
from chorus.job import Job
from tests.benchmarks.measured_people import MODEL, PHOTOS

pytestmark = [
    pytest.mark.skipif(not PHOTOS.is_dir(), reason="no folder ../shared/photos"),
    pytest.mark.skipif(not MODEL.is_file(), reason=f"no model file {MODEL}; set CHORUS_BLAZEPOSE"),
]


@pytest.mark.parametrize("category", ["motorcycle", "bicycle"])
def test_photographs_become_test_images_or_name_their_fate(root, tmp_path, open_body, category):
    paths = {"annotations": str(PHOTOS / "annotations.json"), "folder": str(PHOTOS / "images")}
    inputs = {
        "body": (root / "resources/body/open_body.npz",),
        "annotations": (PHOTOS / "annotations.json",),
        "model": (MODEL,),
    }
    settings = Testset(source="coco", **paths)
    output = tmp_path / "testset.h5"
    names = {"category": category, "interactions": ""}
    job = Job("testset", inputs, {"output": output}, {"testset": settings.model_dump(mode="json")}, names)
    testset.run(job)
    file = store.read_arrays(output, "testset")
    fates = json.loads(file.attributes["fates"])
    assert "pseudo ground truth" in file.attributes["source"]
    assert fates["chosen"] == len(file["id"])
    for k in range(len(file["id"])):
        pose = file["pose"][k].astype(float)
        pose[0] = 0.0
        joints, _ = Camera(file["K"][k], file["R"][k], file["t"][k]).project(
            open_body.joints(pose[None], np.zeros((1, 10)))[0]
        )
        inside = (joints >= 0).all(axis=1) & (joints < file["size"][k][::-1]).all(axis=1)
        assert inside.mean() > 0.5
    assert sum(fates.values()) == 1, "there is one photograph of each"

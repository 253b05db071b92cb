"""`python -m chorus reconstruct` on a photograph, with the field of a small run: its files, and its refusals."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import trimesh
from PIL import Image

from chorus.body.loading import save_open_body
from chorus.cli import main
from tests.benchmarks.measured_people import MODEL, PHOTOS

PHOTO = PHOTOS / "images" / "val2017_000000165518.jpg"

pytestmark = [
    pytest.mark.skipif(not PHOTO.is_file(), reason="no folder ../shared/photos"),
    pytest.mark.skipif(not MODEL.is_file(), reason=f"no model file {MODEL}; set CHORUS_BLAZEPOSE"),
]


@pytest.fixture
def arguments(undisturbed, tmp_path) -> list[str]:
    """The command line of a photograph with annotations; files go to `out`."""
    return [
        "reconstruct", str(PHOTO), "--model", str(MODEL), "--output", str(tmp_path / "out"),
        "--voxels", str(undisturbed.folder / "results/voxels/motorcycle.h5"),
    ]  # fmt: skip


def test_a_photograph_becomes_meshes_an_overlay_and_scores(arguments, tmp_path, capsys):
    assert main([*arguments, "--annotations", str(PHOTOS / "annotations.json")]) == 0
    assert "motorcycle" in capsys.readouterr().out
    report = json.loads((tmp_path / "out" / f"{PHOTO.stem}.json").read_text())
    assert report["chosen"]["category"] == "motorcycle"
    assert report["iou"] == max(item["overlap"] for item in report["candidates"])
    assert report["iou"] > 0.2
    smaller, larger = sorted((report["silhouette_pixels"], report["mask_pixels"]))
    assert report["threshold_rule"] == "largest overlap with the mask"
    assert report["iou"] <= smaller / larger, "no two regions of these sizes overlap more"
    assert report["person"]["keypoints"] == "annotated"
    scene = trimesh.load(tmp_path / "out" / f"{PHOTO.stem}.glb", process=False)
    for name, numbers in report["meshes"].items():
        assert len(scene.geometry[name].vertices) == numbers["vertices"]
        assert (scene.geometry[name].vertices[:, 2] < 0).mean() > 0.95, "before the camera, which looks along -z"
    assert scene.geometry["person"].extents.max() < 2.5, "metres"
    with Image.open(tmp_path / "out" / f"{PHOTO.stem}_overlay.png") as image:
        assert np.asarray(image).std() > 10


def test_without_annotations_the_network_finds_the_person(arguments, tmp_path):
    assert main(arguments) == 0
    report = json.loads((tmp_path / "out" / f"{PHOTO.stem}.json").read_text())
    assert report["iou"] is None
    assert report["chosen"]["share_of_greatest"] == 0.65
    assert report["person"]["pose_score"] is None


def test_the_result_names_no_place(arguments, tmp_path, undisturbed):
    main(arguments)
    text = (tmp_path / "out" / f"{PHOTO.stem}.json").read_text()
    assert str(tmp_path) not in text
    assert str(undisturbed.folder) not in text
    assert str(PHOTOS) not in text


def refusal(arguments: list[str], capsys) -> str:
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert "Traceback" not in error
    return next(line for line in error.splitlines() if line.startswith("ERROR: "))


def test_a_body_of_another_digest_is_one_sentence(arguments, tmp_path, open_body, capsys):
    save_open_body(tmp_path / "other.npz", replace(open_body, v_template=open_body.v_template * 1.01))
    assert "was made with another body model" in refusal([*arguments, "--body", str(tmp_path / "other.npz")], capsys)


def test_missing_files_are_one_sentence(arguments, tmp_path, capsys):
    arguments[1] = str(tmp_path / "none.jpg")
    assert "no such photograph" in refusal(arguments, capsys)
    arguments[1], arguments[3] = str(PHOTO), str(tmp_path / "none.tflite")
    assert "no such model file" in refusal(arguments, capsys)


def test_an_unknown_interaction_is_one_sentence(arguments, capsys):
    assert "no interaction 'fly'" in refusal([*arguments, "--interaction", "fly"], capsys)


def test_a_photograph_that_the_annotations_do_not_name_is_one_sentence(arguments, tmp_path, capsys):
    arguments[1] = str(shutil.copy(PHOTO, tmp_path / "mine.jpg"))
    assert "has 0 images of the name mine.jpg" in refusal(
        [*arguments, "--annotations", str(PHOTOS / "annotations.json")], capsys
    )

"""BlazePose: the file out of the wheel, the crop's geometry, and the network on a real photograph."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chorus.errors import ModelError
from chorus.perception import blazepose
from chorus.perception.blazepose import LANDMARKS, BlazePose, Landmarks, Region, to_coco17

ROOT = Path(__file__).parents[2]
MODEL = Path(os.environ.get("CHORUS_BLAZEPOSE", ROOT / "models" / blazepose.MODEL_NAME))
PHOTOS = ROOT.parent / "shared" / "photos"
STANDING = "train2017_000000234748.jpg"  # 16 annotated keypoints

needs_model = pytest.mark.skipif(not MODEL.is_file(), reason=f"no model file {MODEL}; set CHORUS_BLAZEPOSE")
needs_photos = pytest.mark.skipif(not PHOTOS.is_dir(), reason="no folder ../shared/photos")


@pytest.fixture(scope="module")
def network() -> BlazePose:
    return BlazePose(MODEL)


@pytest.fixture(scope="module")
def standing() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A photograph, the person's box and annotated keypoints (17, 3)."""
    annotations = json.loads((PHOTOS / "annotations.json").read_text())
    photo = next(item for item in annotations["images"] if item["file_name"] == STANDING)
    person = next(
        item for item in annotations["annotations"] if item["image_id"] == photo["id"] and item["category_id"] == 1
    )
    x, y, width, height = person["bbox"]
    image = np.asarray(Image.open(PHOTOS / "images" / STANDING).convert("RGB"))
    return image, np.array([x, y, x + width, y + height]), np.array(person["keypoints"], float).reshape(17, 3)


def median_error(found: Landmarks, keypoints: np.ndarray, box: np.ndarray) -> float:
    seen = keypoints[:, 2] > 0
    off = np.linalg.norm(to_coco17(found)[seen, :2] - keypoints[seen, :2], axis=1)
    return float(np.median(off) / max(box[2] - box[0], box[3] - box[1]))


@needs_model
@needs_photos
def test_finds_the_keypoints_of_a_photograph(network, standing):
    image, box, keypoints = standing
    found = network.detect(image, box)
    assert found.image.shape == found.world.shape == (33, 3)
    assert found.score > 0.9
    assert median_error(found, keypoints, box) < 0.04
    assert np.degrees(found.spread) < 20
    assert (found.presence >= 0).all()
    assert (found.presence <= 1).all()


@needs_model
@needs_photos
def test_world_axes_are_the_cameras(network, standing):
    """x right, y down as in the picture; z away from the camera: the nose of a face we see is nearer than the ears."""
    image, box, _ = standing
    found = network.detect(image, box)
    for axis in range(2):
        assert np.corrcoef(found.world[11:, axis], found.image[11:, axis])[0, 1] > 0.8
    nose, ears = found.world[LANDMARKS.index("nose")], found.world[[7, 8]]
    assert nose[2] < ears[:, 2].mean()


@needs_model
@needs_photos
def test_mirrored_photograph_gives_mirrored_landmarks(network, standing):
    image, box, _ = standing
    width = image.shape[1]
    mirrored = network.detect(
        np.ascontiguousarray(image[:, ::-1]), np.array([width - box[2], box[1], width - box[0], box[3]])
    )
    expected = network.detect(image, box).image[blazepose._TWIN]
    off = np.hypot(mirrored.image[:, 0] - (width - expected[:, 0]), mirrored.image[:, 1] - expected[:, 1])
    assert np.median(off) / (box[3] - box[1]) < 0.02


@needs_model
def test_same_pixels_same_landmarks_and_no_person_no_score(network):
    noise = np.random.default_rng(0).integers(0, 255, (200, 160, 3), dtype=np.uint8)
    box = np.array([10.0, 10.0, 150.0, 190.0])
    first, second = network.detect(noise, box), network.detect(noise, box)
    np.testing.assert_array_equal(first.image, second.image)
    assert first.score < 0.5


@needs_model
@pytest.mark.parametrize("box", [(5, 5, 5, 80), (np.nan, 0, 10, 10), (30, 30, 10, 10)])
def test_an_empty_box_gives_nothing(network, box):
    found = network.detect(np.zeros((64, 64, 3), np.uint8), np.array(box, float))
    assert found.score == 0.0
    assert np.isnan(found.image).all()


@needs_model
def test_the_network_is_taken_out_of_a_wheel_by_checksum(tmp_path):
    wheel = tmp_path / "mediapipe.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(blazepose.WHEEL_MEMBER, MODEL.read_bytes())
    assert blazepose.member_of(wheel) == MODEL.read_bytes()


@pytest.mark.parametrize("content", [b"something else", b"x" * 7_000_000])
def test_another_file_in_the_wheel_is_refused(tmp_path, content):
    wheel = tmp_path / "mediapipe.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(blazepose.WHEEL_MEMBER, content)
    with pytest.raises(ModelError, match="pinned"):
        blazepose.member_of(wheel)


def test_a_damaged_or_empty_wheel_is_refused(tmp_path):
    damaged, empty = tmp_path / "a.whl", tmp_path / "b.whl"
    damaged.write_bytes(b"no zip")
    zipfile.ZipFile(empty, "w").close()
    for wheel in (damaged, empty):
        with pytest.raises(ModelError, match=r"no readable"):
            blazepose.member_of(wheel)


def test_a_failed_download_is_one_sentence_and_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(blazepose, "WHEEL", str(tmp_path / "absent-1.0-py3-none-any.whl"))
    with pytest.raises(ModelError, match="pip could not download"):
        blazepose.fetch(tmp_path / "model.tflite")
    assert not list(tmp_path.iterdir())


def test_missing_or_wrong_model_file_is_refused(tmp_path):
    with pytest.raises(ModelError, match="fetch"):
        BlazePose(tmp_path / "absent.tflite")
    wrong = tmp_path / blazepose.MODEL_NAME
    wrong.write_bytes(b"TFL3")
    with pytest.raises(ModelError, match="pinned"):
        BlazePose(wrong)


@pytest.mark.parametrize("angle", [0.0, 0.5, -2.0])
def test_crop_and_points_agree(angle):
    """A bright dot of the picture is found in the crop where `to_picture` says."""
    image = np.zeros((400, 300, 3), np.uint8)
    image[198:203, 118:123] = 255  # centre (120.5, 200.5)
    region = Region((130.0, 190.0), 200.0, angle)
    crop = region.crop(image)[..., 0]
    rows, columns = np.nonzero(crop > 0.5)
    centre = region.to_picture(np.array([columns.mean() + 0.5, rows.mean() + 0.5]))
    np.testing.assert_allclose(centre, [120.5, 200.5], atol=0.6)


def test_crop_of_a_large_region_averages_and_is_black_outside():
    image = np.indices((1200, 1200)).sum(axis=0) % 2 * 255
    crop = Region((600.0, 600.0), 2400.0).crop(np.repeat(image[..., None], 3, axis=2).astype(np.uint8))
    assert crop[:60].max() == 0
    np.testing.assert_allclose(crop[100:150, 100:150], 0.5, atol=0.02)

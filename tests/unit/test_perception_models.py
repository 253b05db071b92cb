"""Models by name: references, pins, missing files and packages, names of classes, conventions of crop cameras."""

import hashlib
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chorus.camera import WeakCamera
from chorus.config import parse_config
from chorus.config_perception import ModelReference, Networks
from chorus.errors import ConfigError, MissingExtraError, ModelError
from chorus.perception import smpl_regressors
from chorus.perception.detectron2_masks import Detectron2Masks
from chorus.perception.mmpose_keypoints import MmposeKeypoints
from chorus.perception.models import find_model, runtime_of, transformers_model
from chorus.perception.protocols import batches
from chorus.perception.smpl_regressors import Crop, camera_of_eft, camera_of_pixels, camera_of_spin
from chorus.perception.vocabulary import class_of
from tests import tiny_models

COMMIT, SHA = "a" * 40, "b" * 64


# --- references ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("models/vitpose", ("models/vitpose", "", "")),
        (f"models/x.pt#{SHA}", ("models/x.pt", "", SHA)),
        (f"owner/name@{COMMIT}", ("owner/name", COMMIT, "")),
        (f"owner/name@{COMMIT}#{SHA}", ("owner/name", COMMIT, SHA)),
    ],
)
def test_a_reference_has_location_commit_and_digest(text, parts):
    found = ModelReference.parse(text)
    assert (found.location, found.commit, found.sha256) == parts
    assert found.is_local == (not found.commit)


@pytest.mark.parametrize(
    "text", ["owner/name@main", f"owner/name@{COMMIT[1:]}", "x#123", f"../x@{COMMIT}", f"a/b/c@{COMMIT}", "@", "#"]
)
def test_a_moving_revision_is_no_reference(text):
    with pytest.raises(ConfigError, match="names no model"):
        parse_config({"keypoints": {"backend": "transformers", "model": text}}, "config")


@given(st.text(max_size=80))
def test_any_text_is_a_reference_or_a_clean_error(text):
    try:
        found = ModelReference.parse(text)
    except ValueError:
        return
    assert found.location
    assert text.startswith(found.location)


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ({"segmentation": {"backend": "transformers"}}, "model"),
        ({"segmentation": {"backend": "open_vocabulary", "model": "sam"}}, "detector"),
        ({"segmentation": {"backend": "detectron2"}}, "model"),
        ({"keypoints": {"backend": "mmpose"}}, "model"),
        ({"people": {"backend": "eft"}}, "model"),
    ],
)
def test_a_network_without_a_model_is_one_sentence(section, key):
    with pytest.raises(ConfigError, match=f"needs `{key}`"):
        parse_config(section, "config")


def test_smpl_people_of_the_open_body_are_refused_before_the_run():
    with pytest.raises(ConfigError, match="licensed SMPL file"):
        parse_config({"people": {"backend": "eft", "model": "x.pt"}}, "config")
    config = parse_config({"people": {"backend": "eft", "model": "x.pt"}, "body": {"file": "SMPL.pkl"}}, "config")
    assert config.people.local_models() == ["x.pt"]


# --- files --------------------------------------------------------------------------------------------------------


def test_a_file_is_named_by_its_digest_and_never_by_its_folder(tmp_path):
    path = tmp_path / "weights.pt"
    path.write_bytes(b"x")
    digest = hashlib.sha256(b"x").hexdigest()
    assert find_model(ModelReference.parse(str(path))).name == f"weights.pt sha256:{digest}"
    assert find_model(ModelReference.parse(f"{path}#{digest}")).path == path
    with pytest.raises(ModelError, match=rf"weights.pt: has digest {digest}, the configuration pins {SHA}"):
        find_model(ModelReference.parse(f"{path}#{SHA}"))


def test_one_byte_of_a_folder_changes_its_digest_and_other_files_do_not(tmp_path):
    for name in ("model.safetensors", "config.json"):
        (tmp_path / name).write_bytes(b"x")
    before = find_model(ModelReference.parse(str(tmp_path))).name
    (tmp_path / "README.md").write_text("anything")
    assert find_model(ModelReference.parse(str(tmp_path))).name == before
    (tmp_path / "config.json").write_bytes(b"y")
    assert find_model(ModelReference.parse(str(tmp_path))).name != before


def test_pickled_weights_of_a_folder_are_not_read(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(b"x")
    (tmp_path / "config.json").write_bytes(b"{}")
    with pytest.raises(ModelError, match=r"holds no .safetensors weights"):
        find_model(ModelReference.parse(str(tmp_path)))


def test_an_absent_model_is_named(tmp_path, monkeypatch):
    with pytest.raises(ModelError, match="nowhere: no such model file or folder"):
        find_model(ModelReference.parse("nowhere"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match=rf"owner/name@{COMMIT}: is not in the hub's cache .*HF_HUB_OFFLINE is set"):
        find_model(ModelReference.parse(f"owner/name@{COMMIT}"))


@pytest.mark.parametrize("content", [b"", b"\xff" * 100, b'{"model_type": "nonsense"}'])
def test_a_damaged_folder_is_one_sentence(content, tmp_path):
    (tmp_path / "model.safetensors").write_bytes(content)
    (tmp_path / "config.json").write_bytes(content)
    files = find_model(ModelReference.parse(str(tmp_path)))
    with pytest.raises(ModelError, match="transformers cannot read") as caught:
        transformers_model("AutoModelForUniversalSegmentation", files, runtime_of(Networks()))
    assert "\n" not in str(caught.value)
    assert str(tmp_path.parent) not in str(caught.value)


def test_weights_of_another_network_are_refused_and_never_replaced_by_chance(tmp_path):
    files = find_model(ModelReference.parse(str(tiny_models.eomt(tmp_path / "eomt"))))
    with pytest.raises(ModelError, match=r"eomt: (lacks \d+ weights of a|transformers cannot read a) SamModel"):
        transformers_model("SamModel", files, runtime_of(Networks()))
    with pytest.raises(ModelError, match=r"eomt: (lacks \d+ weights|transformers cannot read)"):
        transformers_model("VitPoseForPoseEstimation", files, runtime_of(Networks()))


# --- what is not installed ----------------------------------------------------------------------------------------


def test_missing_packages_say_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "model.safetensors").write_bytes(b"x")
    files, runtime = find_model(ModelReference.parse(str(tmp_path))), runtime_of(Networks())
    reference = ModelReference.parse(str(tmp_path))
    for package in ("torch", "transformers", "huggingface_hub", "detectron2", "detectron2.data", "mmpose"):
        monkeypatch.setitem(sys.modules, package, None)
    calls = [
        (lambda: runtime_of(Networks()), r'needs torch .*pip install -e "\.\[perception\]"'),
        (
            lambda: transformers_model("SamModel", files, runtime),
            r'needs transformers .*pip install -e "\.\[perception',
        ),
        (lambda: find_model(ModelReference.parse(f"a/b@{COMMIT}")), "needs huggingface_hub .*pip install"),
        (lambda: Detectron2Masks({"model": reference}, "hat", 0.8, runtime), "needs detectron2 .*conda env create"),
        (lambda: MmposeKeypoints(reference, runtime), "needs mmpose .*conda env create"),
    ]
    for call, words in calls:
        with pytest.raises(MissingExtraError, match=words) as caught:
            call()
        assert "\n" not in str(caught.value)


def test_a_device_that_is_not_there_is_one_sentence(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ConfigError, match=r"networks.device: .* finds no cuda device here"):
        runtime_of(Networks(device="cuda:1"))
    assert str(runtime_of(Networks(dtype="bfloat16")).dtype) == "torch.bfloat16"


# --- names of classes ---------------------------------------------------------------------------------------------

COCO = {0: "person", 3: "motorcycle", 32: "sports ball", 38: "surfboard"}
LVIS = {0: "acorn", 44: "bat_(animal)", 45: "bow_(weapon)", 46: "bow_(decorative_ribbons)", 790: "person", 12: "ball"}


def test_a_word_is_looked_up_in_the_network_that_uses_it():
    assert class_of(COCO, "sports ball", "COCO") == 32
    assert class_of(COCO, "person", "COCO") == 0
    assert class_of(LVIS, "person", "LVIS") == 790, "not the acorn that the number of COCO's person would be"
    assert class_of(LVIS, "bat", "LVIS") == class_of(LVIS, "bat animal", "LVIS") == 44


def test_unknown_and_ambiguous_words_are_one_sentence():
    with pytest.raises(ModelError, match=r"COCO: knows no 'surf board' \(closest: surfboard"):
        class_of(COCO, "surf board", "COCO")
    with pytest.raises(ModelError, match=r"use one of bow_weapon, bow_decorative_ribbons as category"):
        class_of(LVIS, "bow", "LVIS")


@given(st.dictionaries(st.integers(0, 2000), st.text(max_size=20), max_size=20), st.text(max_size=20))
def test_a_class_is_found_or_refused(classes, word):
    try:
        found = class_of(classes, word, "network")
    except ModelError:
        return
    assert found in classes


# --- crop cameras -------------------------------------------------------------------------------------------------

weak = st.tuples(st.floats(0.3, 1.5), st.floats(-1, 1), st.floats(-1, 1))
crops = st.builds(Crop, st.tuples(st.floats(-100, 600), st.floats(-100, 600)), st.floats(20, 900))
POINTS = np.random.default_rng(0).normal(0, 0.5, (1, 24, 3))


def to_picture(crop: Crop, crop_points: np.ndarray) -> np.ndarray:
    """Pixels of the picture of points in a 224-pixel crop."""
    return (crop_points - 112) * crop.side / 224 + np.array(crop.centre)


@given(weak, crops)
def test_spin_adds_before_scaling_and_eft_after(camera, crop):
    s, shift = camera[0], np.array(camera[1:])
    before = to_picture(crop, 112 * s * (POINTS[..., :2] + shift) + 112)
    after = to_picture(crop, 112 * (s * POINTS[..., :2] + shift) + 112)
    assert camera_of_spin(np.array([camera]), [crop]).project(POINTS) == pytest.approx(before, abs=1e-6)
    assert camera_of_eft(np.array([camera]), [crop]).project(POINTS) == pytest.approx(after, abs=1e-6)


@given(weak, crops)
def test_hmr_s_distant_perspective_camera_is_spin_s_weak_one(camera, crop):
    """HMR and its successors place the body at z = 2 f / (224 s), f = 5,000: the same pixels to 2 % of a metre."""
    s, focal = camera[0], 5000.0
    moved = POINTS + np.array([*camera[1:], 2 * focal / (224 * s)])
    pixels = to_picture(crop, focal * moved[..., :2] / moved[..., 2:] + 112)
    ours = camera_of_spin(np.array([camera]), [crop])
    assert np.abs(ours.project(POINTS) - pixels).max() < 0.1 * float(ours.scale[0]), (
        "a tenth of a metre at 2 m off axis"
    )


@given(weak, crops, st.tuples(st.integers(50, 2000), st.integers(50, 2000)))
def test_hmr2_s_camera_of_the_whole_picture_is_spin_s_weak_one(camera, crop, size):
    """4D-Humans scales the focal length of 5,000 crop pixels to the picture and moves the body to where the crop is."""
    s, focal, side = camera[0], 5000.0 / 256 * max(size), crop.side
    middle = np.array(size) / 2
    away = 2 * focal / (side * s)
    shift = np.array(camera[1:]) + 2 * (np.array(crop.centre) - middle) / (side * s)
    ours = camera_of_spin(np.array([camera]), [crop]).project(POINTS)
    pixels = focal * (POINTS[..., :2] + shift) / away + middle
    assert ours == pytest.approx(pixels, abs=1e-6), "exact as far away as the body's origin"
    deep = focal * (POINTS[..., :2] + shift) / (POINTS[..., 2:] + away) + middle
    share = np.abs(POINTS[..., 2:]) / (away - np.abs(POINTS).max())
    assert (np.abs(deep - ours) <= share * np.abs(pixels - middle) + 1e-6).all(), "elsewhere off by depth / distance"


@given(st.floats(1, 500), st.floats(-500, 500), st.floats(-500, 500))
def test_the_nearest_weak_camera_of_a_weak_one_is_itself(scale, x, y):
    known = WeakCamera(np.array([scale]), np.array([[x, y]]))
    found = camera_of_pixels(POINTS, known.project(POINTS))
    assert found.scale == pytest.approx(known.scale)
    assert found.translation == pytest.approx(known.translation, abs=1e-6)


def test_a_crop_shows_the_square_and_black_outside():
    image = np.full((100, 100, 3), 200, np.uint8)
    crop = Crop.around(np.array([0.0, 20.0, 20.0, 80.0]))  # side 72 around (10, 50): columns -26 to 46
    patch = crop.pixels(image, 72)
    assert patch.shape == (72, 72, 3)
    assert (patch[:, :25] == 0).all()
    assert (patch[:, 27:] == 200).all()
    marked = image.copy()
    marked[50, 10] = 0
    row, column = np.unravel_index(crop.pixels(marked, 72)[:, 30:, 0].argmin(), (72, 42))
    assert (row, column + 30) == (36, 36)
    assert Crop.around(np.array([0, 0, 19, 10.0])) is None
    assert Crop.around(np.array([0.0, 20.0, 30.0, 80.0]), 1.0, 0.75) == Crop((15.0, 50.0), 60.0)
    assert Crop.around(np.array([0.0, 20.0, 60.0, 80.0]), 1.0, 0.75) == Crop((30.0, 50.0), 80.0), "3/4 of it is 60"
    assert Crop.around(np.array([0, 0, np.nan, 10.0])) is None


def test_six_numbers_are_a_rotation(rng):
    rotations = smpl_regressors.rotations_of_6d(rng.normal(size=(5, 24, 6)))
    assert np.einsum("...ij,...kj->...ik", rotations, rotations) == pytest.approx(np.tile(np.eye(3), (5, 24, 1, 1)))
    assert np.linalg.det(rotations) == pytest.approx(1.0)
    known = smpl_regressors.rotations_of_6d(np.array([1.0, 0, 0, 1, 0, 0]))
    assert known == pytest.approx(np.eye(3))
    columns = rotations[..., :2]
    interleaved, one_by_one = columns.reshape(5, 24, 6), columns.swapaxes(-1, -2).reshape(5, 24, 6)
    assert smpl_regressors.rotations_of_6d(interleaved) == pytest.approx(rotations)
    assert smpl_regressors.rotations_of_6d(one_by_one, interleaved=False) == pytest.approx(rotations)


@given(st.lists(st.integers(0, 3), max_size=30), st.integers(1, 7))
def test_batches_keep_order_and_kind(items, size):
    made = list(batches(items, size, lambda item: item % 2))
    assert [item for some in made for item in some] == items
    assert all(len(some) <= size and len({item % 2 for item in some}) == 1 for some in made)

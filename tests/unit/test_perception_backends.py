"""One contract for every backend of masks, keypoints and people. Networks have tiny random weights, loaded for real."""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from chorus import coco, masks
from chorus.camera import WeakCamera
from chorus.config_perception import ModelReference, Networks
from chorus.detections import OBJECT, PERSON, Detection
from chorus.errors import ModelError
from chorus.perception import blazepose
from chorus.perception.hmr2 import Hmr2
from chorus.perception.keypoints import AnnotatedKeypoints, BlazePoseKeypoints
from chorus.perception.models import runtime_of
from chorus.perception.nlf import Nlf
from chorus.perception.people import FittedPeople
from chorus.perception.protocols import Picture, SeenPerson, batches
from chorus.perception.segmentation import AnnotatedMasks
from chorus.perception.spin import Spin
from chorus.perception.spin_network import SpinNetwork
from chorus.perception.universal_masks import UniversalMasks
from chorus.perception.vitpose import VitPose
from chorus.perception.word_masks import WordMasks
from tests import tiny_models

ROOT = Path(__file__).parents[2]
BLAZEPOSE = Path(os.environ.get("CHORUS_BLAZEPOSE", ROOT / "models" / blazepose.MODEL_NAME))
THRESHOLD = 0.05  # random weights are sure of nothing
RUNTIME = runtime_of(Networks(batch=2))
SIZES = ((60, 80), (60, 80), (72, 64))
SIZE = attrgetter("size")


def reference(path: Path) -> ModelReference:
    return ModelReference.parse(str(path))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Folder of a tiny network, saved once."""
    base = tmp_path_factory.mktemp("tiny")
    return lambda name: base / name if (base / name).exists() else getattr(tiny_models, name)(base / name)


@pytest.fixture(scope="module")
def smpl_like(open_body):
    """The open body with pose blend shapes of zero: what an SMPL file looks like."""
    return replace(open_body, name="smpl_like", posedirs=np.zeros((open_body.n_vertices, 3, 207)))


@pytest.fixture(scope="module")
def pictures() -> list[Picture]:
    rng = np.random.default_rng(0)
    return [Picture(10 + row, rng.integers(0, 256, (*size, 3)).astype(np.uint8)) for row, size in enumerate(SIZES)]


def person_mask(size: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(size, bool)
    mask[5:55, 20:50] = True
    return mask


@pytest.fixture(scope="module")
def people(pictures) -> list[SeenPerson]:
    keypoints = np.random.default_rng(1).uniform(10, 50, (len(pictures), 17, 3))
    keypoints[..., 2] = 0.9
    return [
        SeenPerson(picture, Detection.of_mask(PERSON, 1.0, person_mask(picture.size)), points)
        for picture, points in zip(pictures, keypoints, strict=True)
    ]


@pytest.fixture(scope="module")
def annotations(pictures) -> coco.CocoFile:
    """A person, with keypoints, and a motorcycle in every picture."""
    visible = np.concatenate([np.full((17, 2), 30.0), np.full((17, 1), 2.0)], axis=1)
    entries = [
        (
            coco.CocoImage(picture.index, "", picture.size, ()),
            [
                coco.Instance("person", person_mask(picture.size), visible),
                coco.Instance("motorcycle", person_mask(picture.size)[::-1]),
            ],
        )
        for picture in pictures
    ]
    return coco.parse_coco(coco.coco_json("motorcycle", entries), Path("annotations.json"))


# --- masks --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def segmenters(tiny, annotations):
    return {
        "annotations": lambda word="motorcycle": AnnotatedMasks(annotations, word),
        "mask2former": lambda word="motorcycle": UniversalMasks(
            reference(tiny("mask2former")), word, THRESHOLD, RUNTIME
        ),
        "eomt": lambda word="motorcycle": UniversalMasks(reference(tiny("eomt")), word, THRESHOLD, RUNTIME),
        "open_vocabulary": lambda word="hat": WordMasks(
            {"detector": reference(tiny("grounding_dino")), "model": reference(tiny("sam"))}, word, THRESHOLD, RUNTIME
        ),
    }


@pytest.mark.parametrize("backend", ["annotations", "mask2former", "eomt", "open_vocabulary"])
def test_every_segmenter_keeps_the_contract(backend, segmenters, pictures):
    segmenter = segmenters[backend]()
    assert segmenter.batch >= 1
    found = [item for some in batches(pictures, segmenter.batch, SIZE) for item in segmenter.segment(some)]
    assert len(found) == len(pictures)
    assert any(found), "the test sees nothing"
    for picture, detections in zip(pictures, found, strict=True):
        for detection in detections:
            mask = masks.decode(detection.spans, picture.size)
            assert mask.any()
            assert np.array_equal(detection.box, masks.box_of(mask))
            assert detection.label in (PERSON, OBJECT)
            assert THRESHOLD <= detection.score <= 1
    again = segmenter.segment(pictures[:1])[0]
    assert [d.score for d in again] == pytest.approx([d.score for d in found[0]], abs=1e-3)
    assert_names_itself(segmenter, backend)


def assert_names_itself(backend, kind: str) -> None:
    """Networks carry the digest of their weights, and no path of this machine."""
    assert kind == "annotations" or "sha256:" in backend.name or "blazepose" in backend.name
    assert "/" not in backend.name
    assert backend.name.isprintable()


def test_both_words_are_asked_for(segmenters, pictures):
    found = [item for some in batches(pictures, 2, SIZE) for item in segmenters["open_vocabulary"]().segment(some)]
    assert {detection.label for detections in found for detection in detections} == {PERSON, OBJECT}


@pytest.mark.parametrize("backend", ["annotations", "mask2former", "eomt", "open_vocabulary"])
def test_of_category_person_nobody_is_an_object(backend, segmenters, pictures):
    segmenter = segmenters[backend]("person")
    found = [item for some in batches(pictures, segmenter.batch, SIZE) for item in segmenter.segment(some)]
    assert {detection.label for detections in found for detection in detections} == {PERSON}


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("person", [{0: PERSON}]),
        ("motorcycle", [{0: PERSON, 1: OBJECT}]),
        ("hat", [{0: PERSON}, {2: OBJECT}]),
    ],
)
def test_detectron2_looks_for_people_and_the_word(word, expected, monkeypatch):
    from chorus.perception import detectron2_masks

    classes = {"coco_2017_val": ["person", "motorcycle"], "lvis_v0.5_val": ["person", "motorcycle", "hat"]}
    catalog = SimpleNamespace(get=lambda name: SimpleNamespace(thing_classes=classes[name]))
    monkeypatch.setitem(sys.modules, "detectron2", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "detectron2.data", SimpleNamespace(MetadataCatalog=catalog))
    for name in ("pointrend_config", "lvis_config"):
        monkeypatch.setattr(detectron2_masks, name, lambda threshold: None)
    monkeypatch.setattr(detectron2_masks, "_Network", lambda *_: SimpleNamespace(files=SimpleNamespace(name="net")))
    references = {"model": None, "detector": None}
    segmenter = detectron2_masks.Detectron2Masks(references, word, THRESHOLD, RUNTIME)
    assert [labels for _, labels in segmenter._networks] == expected


# --- keypoints ----------------------------------------------------------------------------------------------------


def blazepose_network() -> blazepose.BlazePose:
    if not BLAZEPOSE.is_file():
        pytest.skip(f"no model file {BLAZEPOSE}; set CHORUS_BLAZEPOSE")
    return blazepose.BlazePose(BLAZEPOSE)


@pytest.fixture(scope="module")
def detectors(tiny, annotations):
    return {
        "annotations": lambda: AnnotatedKeypoints(annotations),
        "blazepose": lambda: BlazePoseKeypoints(blazepose_network()),
        "transformers": lambda: VitPose(reference(tiny("vitpose")), RUNTIME),
    }


@pytest.mark.parametrize("backend", ["annotations", "blazepose", "transformers"])
def test_every_keypoint_detector_keeps_the_contract(backend, detectors, people):
    detector = detectors[backend]()
    found = [item for some in batches(people, detector.batch) for item in detector.detect(some)]
    assert len(found) == len(people)
    assert any(item is not None for item in found), "the test sees nothing"
    for keypoints in found:
        if keypoints is not None:
            assert keypoints.shape == (17, 3)
            assert np.isfinite(keypoints).all()
            assert ((keypoints[:, 2] >= 0) & (keypoints[:, 2] <= 1)).all()
    assert detector.detect(people[:1])[0] == pytest.approx(found[0], abs=1e-3)
    assert_names_itself(detector, backend)


# --- people -------------------------------------------------------------------------------------------------------


class FakeNlf(torch.nn.Module):
    """Stands in for the published program: a fixed pose, seen by a perspective camera in the middle of the box."""

    def __init__(self, pose: torch.Tensor, joints: torch.Tensor):
        super().__init__()
        self.register_buffer("pose", pose)
        self.register_buffer("joints", joints)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images

    @torch.jit.export
    def estimate_smpl_batched(
        self, images: torch.Tensor, boxes: list[torch.Tensor], intrinsic_matrix: torch.Tensor | None = None
    ) -> dict[str, list[torch.Tensor]]:
        middle = boxes[0][:, :2] + boxes[0][:, 2:] / 2
        pixels = 200.0 * self.joints[:, :2] / (self.joints[:, 2:] + 8.0) + middle
        return {
            "pose": [self.pose.reshape(1, 72)],
            "betas": [torch.zeros(1, 10)],
            "joints2d": [pixels[None]],
        }


@pytest.fixture(scope="module")
def nlf_file(tmp_path_factory, smpl_like) -> ModelReference:
    path = tmp_path_factory.mktemp("nlf") / "nlf.torchscript"
    pose = known_pose(1)
    joints = smpl_like.joints(pose)[0]
    program = FakeNlf(torch.tensor(pose[0], dtype=torch.float32), torch.tensor(joints, dtype=torch.float32))
    torch.jit.script(program).save(str(path))
    return ModelReference.parse(f"{path}#{hashlib.sha256(path.read_bytes()).hexdigest()}")


def known_pose(n: int) -> np.ndarray:
    pose = np.random.default_rng(2).normal(0, 0.3, (n, 24, 3))
    pose[:, 0] = [2.9, 0.1, 0.2]  # upright in OpenCV axes
    return pose


def spin_checkpoint(path: Path, pose: np.ndarray, camera: tuple[float, float, float]) -> Path:
    """A checkpoint in the public form whose network says the same about every crop."""
    from scipy.spatial.transform import Rotation

    network = SpinNetwork()
    weights = {name: torch.zeros_like(value) for name, value in network.state_dict().items()}
    columns = Rotation.from_rotvec(pose).as_matrix()[:, :, :2]  # two columns, interleaved
    weights["init_pose"] = torch.tensor(columns.reshape(1, 144), dtype=torch.float32)
    weights["init_cam"] = torch.tensor([camera], dtype=torch.float32)
    torch.save({"model": weights, "epoch": 3}, path)
    return path


CAMERA = (0.9, 0.05, 0.3)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    return spin_checkpoint(tmp_path_factory.mktemp("spin") / "spin.pt", known_pose(1)[0], CAMERA)


@pytest.fixture(scope="module")
def hmr2_file(tmp_path_factory) -> Path:
    return tiny_models.hmr2(tmp_path_factory.mktemp("hmr2") / "hmr2.ckpt", known_pose(1)[0], CAMERA, readout=0.01)


@pytest.fixture(scope="module")
def estimators(checkpoint, hmr2_file, nlf_file, smpl_like):
    return {
        "blazepose": lambda: FittedPeople(blazepose_network(), smpl_like),
        "eft": lambda: Spin("eft", reference(checkpoint), smpl_like, RUNTIME),
        "spin": lambda: Spin("spin", reference(checkpoint), smpl_like, RUNTIME),
        "hmr2": lambda: Hmr2(reference(hmr2_file), smpl_like, RUNTIME, tiny_models.HMR2_SIZES),
        "nlf": lambda: Nlf(nlf_file, smpl_like, RUNTIME),
    }


@pytest.mark.parametrize("backend", ["blazepose", "eft", "spin", "hmr2", "nlf"])
def test_every_people_estimator_keeps_the_contract(backend, estimators, people, smpl_like):
    estimator = estimators[backend]()
    small = replace(people[0], person=replace(people[0].person, box=np.array([3.0, 3.0, 3.4, 3.4])))
    several = [people[0], small, people[1]]
    result = estimator.estimate(several)
    assert len(result.found) == 3
    assert result.found.dtype == bool
    assert not result.found[1]
    assert np.isnan(result.pose[~result.found]).all()
    assert (result.score[~result.found] == 0).all()
    assert ((result.score >= 0) & (result.score <= 1)).all()
    assert result.found[0]
    for values in (result.pose, result.betas, result.camera.scale, result.camera.translation, result.joints2d):
        assert np.isfinite(values[result.found]).all()
    assert (result.camera.scale[result.found] > 0).all()
    assert np.isfinite(result.residual[result.found]).all()
    camera = WeakCamera(result.camera.scale[result.found], result.camera.translation[result.found])
    projected = camera.project(smpl_like.joints(result.pose[result.found], result.betas[result.found]))
    off = np.abs(projected - result.joints2d[result.found]).max()
    assert off < (3.0 if backend == "nlf" else 1e-6), "a perspective network keeps its own joints"
    alone = estimator.estimate(several[:1])
    assert alone.pose[0] == pytest.approx(result.pose[0], abs=1e-5)
    assert_names_itself(estimator, backend)


@pytest.mark.parametrize("backend", ["eft", "spin"])
def test_a_regressor_gives_the_pose_and_the_pixels_that_its_weights_mean(backend, estimators, people, smpl_like):
    """The pixels by the foreign formula, written out for FrankMocap and SPIN; ours by WeakCamera."""
    result = estimators[backend]().estimate(people[:1])
    assert result.pose == pytest.approx(known_pose(1), abs=1e-5)
    joints = smpl_like.joints(known_pose(1))[0][:, :2]
    scale, shift = CAMERA[0], np.array(CAMERA[1:])
    crop_pixels = 112 * (scale * joints + shift if backend == "eft" else scale * (joints + shift)) + 112
    x0, y0, x1, y1 = people[0].person.box
    side = 1.2 * max(x1 - x0, y1 - y0)
    corner = np.array([(x0 + x1) / 2, (y0 + y1) / 2]) - side / 2
    assert result.joints2d[0] == pytest.approx(crop_pixels * side / 224 + corner, abs=1e-3)


def test_nlf_keeps_its_perspective_joints(estimators, people, smpl_like):
    result = estimators["nlf"]().estimate(people[:1])
    joints = smpl_like.joints(known_pose(1))[0]
    middle = (people[0].person.box[:2] + people[0].person.box[2:]) / 2
    assert result.joints2d[0] == pytest.approx(200 * joints[:, :2] / (joints[:, 2:] + 8) + middle, abs=1e-3)


@pytest.mark.parametrize("backend", ["eft", "spin", "hmr2", "nlf"])
def test_the_open_body_is_refused_in_one_sentence(backend, checkpoint, hmr2_file, nlf_file, open_body):
    make = {
        "eft": lambda: Spin("eft", reference(checkpoint), open_body, RUNTIME),
        "spin": lambda: Spin("spin", reference(checkpoint), open_body, RUNTIME),
        "hmr2": lambda: Hmr2(reference(hmr2_file), open_body, RUNTIME),
        "nlf": lambda: Nlf(nlf_file, open_body, RUNTIME),
    }[backend]
    with pytest.raises(ModelError, match=f"people.backend {backend}: gives SMPL parameters.*licensed SMPL file"):
        make()


# --- geometry with known answers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mask2former", "eomt"])
@pytest.mark.parametrize("size", [(60, 80), (80, 60), (64, 64)])
def test_masks_land_where_the_network_sees_them(name, size, tiny, monkeypatch):
    """A network that paints what is bright: padding and resizing are undone."""
    segmenter = UniversalMasks(reference(tiny(name)), "motorcycle", 0.5, RUNTIME)

    def paints(pixel_values, **_):
        bright = pixel_values.mean(1, keepdim=True)
        coarse = torch.nn.functional.avg_pool2d(bright, 4)
        classes = torch.zeros(len(bright), 1, 6)
        classes[:, 0, 2] = 20.0  # motorcycle
        return SimpleNamespace(class_queries_logits=classes, masks_queries_logits=50.0 * coarse)

    monkeypatch.setattr(segmenter, "_model", paints)
    image = np.zeros((*size, 3), np.uint8)
    image[20:44, 12:48] = 255
    (found,) = segmenter.segment([Picture(0, image)])[0]
    assert found.label == OBJECT
    assert found.score > 0.9
    assert found.box == pytest.approx([12, 20, 48, 44], abs=3)


def test_a_heatmap_peak_becomes_a_keypoint_of_the_picture(tiny, people, monkeypatch):
    detector = VitPose(reference(tiny("vitpose")), RUNTIME)
    heatmaps = torch.zeros(1, 17, 16, 12)
    heatmaps[:, :, 8, 6] = 0.9

    monkeypatch.setattr(detector, "_model", Answers(detector._model.config, SimpleNamespace(heatmaps=heatmaps)))
    keypoints = detector.detect(people[:1])[0]
    x0, y0, x1, y1 = people[0].person.box
    assert keypoints[:, :2] == pytest.approx(np.tile([(x0 + x1) / 2, (y0 + y1) / 2], (17, 1)), abs=4)
    assert keypoints[:, 2] == pytest.approx(0.9, abs=1e-6)


class Answers:
    """A network that always answers the same."""

    def __init__(self, config, answer):
        self.config, self.answer = config, answer

    def __call__(self, **_):
        return self.answer


# --- not installable here -----------------------------------------------------------------------------------------


def test_detectron2_builds_both_networks():
    pytest.importorskip("detectron2", reason="detectron2 is on conda-forge only (envs/perception-detectron2.yaml)")
    from detectron2.modeling import build_model

    from chorus.perception import detectron2_masks

    for config, classes in ((detectron2_masks.pointrend_config(0.8), 80), (detectron2_masks.lvis_config(0.8), 1230)):
        config.MODEL.DEVICE = "cpu"
        assert classes == config.MODEL.ROI_HEADS.NUM_CLASSES
        build_model(config)


def test_mmpose_has_the_configuration_of_the_network():
    mmpose = pytest.importorskip("mmpose", reason="mmpose is on conda-forge (envs/perception-detectron2.yaml)")
    from chorus.perception.mmpose_keypoints import CONFIG

    assert (Path(mmpose.__file__).parent / CONFIG).is_file()

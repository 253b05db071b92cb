"""HMR2: layout of the public weights, foreign objects in the checkpoint, crops and cameras with known answers."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
import torch

from chorus.config_perception import ModelReference, Networks
from chorus.detections import PERSON, Detection
from chorus.errors import ModelError
from chorus.naming import digest_of
from chorus.perception.hmr2 import Hmr2, load_network
from chorus.perception.hmr2_network import Hmr2Network, Sizes
from chorus.perception.models import find_model, load_checkpoint, runtime_of
from chorus.perception.protocols import Picture, SeenPerson
from tests import tiny_models
from tests.tiny_models import HMR2_SIZES

RUNTIME = runtime_of(Networks(batch=4))
POSE = np.random.default_rng(2).normal(0, 0.3, (24, 3))
POSE[0] = [2.9, 0.1, 0.2]
CAMERA = (0.9, 0.05, 0.3)
# Names and shapes compared once with modules of the public code, which gave the same 503 (commit 6ec7965).
PUBLIC_LAYOUT = "9d21d0bc5378147a563f86d60ef919b64289d88ae81425f8dac068a1dddcfa9c"


@pytest.fixture
def smpl_like(open_body):
    return replace(open_body, name="smpl_like", posedirs=np.zeros((open_body.n_vertices, 3, 207)))


def files(path):
    return find_model(ModelReference.parse(str(path)))


def person(box: tuple[int, int, int, int], pixels: np.ndarray) -> SeenPerson:
    mask = np.zeros(pixels.shape[:2], bool)
    mask[box[1] : box[3], box[0] : box[2]] = True
    return SeenPerson(Picture(3, pixels), Detection.of_mask(PERSON, 1.0, mask), np.full((17, 3), np.nan))


# --- weights ------------------------------------------------------------------------------------------------------


def test_the_published_sizes_have_the_layout_of_the_public_weights():
    with torch.device("meta"):
        layout = {name: list(value.shape) for name, value in Hmr2Network(Sizes()).state_dict().items()}
    assert layout["backbone.pos_embed"] == [1, 16 * 12 + 1, 1280]
    assert layout["backbone.blocks.31.attn.qkv.weight"] == [3840, 1280]
    assert layout["smpl_head.transformer.transformer.layers.5.1.fn.to_kv.weight"] == [1024, 1280]
    assert layout["smpl_head.transformer.transformer.layers.5.2.fn.net.3.weight"] == [1024, 1024]
    assert layout["smpl_head.init_body_pose"] == [1, 144]
    assert sum(int(np.prod(shape)) for shape in layout.values()) == 670_459_194
    assert digest_of(layout) == PUBLIC_LAYOUT


def test_weights_come_from_the_file_to_the_last_bit(tmp_path):
    path = tiny_models.hmr2(tmp_path / "hmr2.ckpt", POSE, CAMERA, readout=1.0)
    saved = torch.load(path, weights_only=True)["state_dict"]
    loaded = load_network(files(path), HMR2_SIZES).state_dict()
    assert len(loaded) < len(saved), "the discriminator stays behind"
    assert all(torch.equal(loaded[name], saved[name]) for name in loaded)


@pytest.mark.parametrize(
    "change",
    [
        lambda weights: weights.pop("smpl_head.deccam.bias"),
        lambda weights: weights.update({"backbone.pos_embed": torch.zeros(1)}),
        lambda weights: weights.update({"backbone.last_norm.bias": "text"}),
        lambda weights: weights.update({"backbone.last_norm.bias": torch.zeros(8, dtype=torch.int64)}),
        lambda weights: weights.update({"backbone.cls_token": torch.zeros(1, 1, 8)}),
        lambda weights: weights.clear(),
    ],
)
def test_weights_of_another_network_are_refused(change, tmp_path):
    path = tiny_models.hmr2(tmp_path / "hmr2.ckpt", POSE, CAMERA)
    content = torch.load(path, weights_only=True)
    change(content["state_dict"])
    torch.save(content, path)
    with pytest.raises(ModelError, match=r"hmr2\.ckpt: \S+ is missing, of another shape or of another network; give"):
        load_network(files(path), HMR2_SIZES)
    torch.save({"model": {}, "state_dict": 3}, path)
    with pytest.raises(ModelError, match="is missing, of another shape"):
        load_network(files(path), HMR2_SIZES)


# --- what else lies in a checkpoint of training -------------------------------------------------------------------


@pytest.fixture
def foreign(monkeypatch):
    """Classes like omegaconf's and yacs's while a file is written; their modules are gone when it is read."""

    class DictConfig:
        def __setstate__(self, state):
            raise AssertionError("code of the package runs")

    class CfgNode(dict):
        pass

    for module, kind in (("omegaconf.dictconfig", DictConfig), ("yacs.config", CfgNode)):
        kind.__module__, kind.__qualname__ = module, kind.__name__
        for name in (module.partition(".")[0], module):
            monkeypatch.setitem(sys.modules, name, ModuleType(name))
        setattr(sys.modules[module], kind.__name__, kind)
    return DictConfig, CfgNode


def test_settings_of_the_training_are_passed_over(tmp_path, foreign, monkeypatch):
    dict_config, cfg_node = foreign
    settings = dict_config()
    settings.content = {"IMAGE_SIZE": 256, "nodes": [dict_config, cfg_node(depth=6)]}
    node = cfg_node(MODEL=cfg_node(SMPL_HEAD="transformer_decoder"))
    node.immutable = True
    path = tiny_models.hmr2(tmp_path / "hmr2.ckpt", POSE, CAMERA, hyper_parameters={"cfg": settings, "old": node})
    for name in ("omegaconf", "omegaconf.dictconfig", "yacs", "yacs.config"):
        monkeypatch.setitem(sys.modules, name, None)  # importing it would fail
    with pytest.raises(ModelError, match="is no checkpoint of tensors alone"):
        load_checkpoint(files(path))
    allowed = set(torch.serialization.get_safe_globals())
    network = load_network(files(path), HMR2_SIZES)
    assert set(torch.serialization.get_safe_globals()) == allowed, "the exception is for this file alone"
    assert network.smpl_head.init_cam[0].tolist() == pytest.approx(CAMERA)


class Runs:
    """Unpickles into a command that leaves a file behind."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def test_a_hostile_checkpoint_runs_nothing(tmp_path):
    canary = tmp_path / "canary"
    path = tmp_path / "hmr2.ckpt"
    tiny_models.hmr2(path, POSE, CAMERA, callbacks=Runs(os.system, f"touch {canary}"))
    with pytest.raises(ModelError, match="is no checkpoint of tensors alone"):
        load_network(files(path), HMR2_SIZES)
    tiny_models.hmr2(path, POSE, CAMERA, callbacks=Runs(subprocess.Popen, ["touch", str(canary)]))
    load_network(files(path), HMR2_SIZES)
    tiny_models.hmr2(path, POSE, CAMERA, callbacks=Runs(eval, f"open({str(canary)!r}, 'w')"))
    load_network(files(path), HMR2_SIZES)
    assert not canary.exists()


@pytest.mark.parametrize("content", [b"", b"rubbish", b"PK\x03\x04"])
def test_rubbish_is_no_checkpoint(content, tmp_path):
    path = tmp_path / "hmr2.ckpt"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"hmr2\.ckpt: is no checkpoint") as caught:
        load_network(files(path), HMR2_SIZES)
    assert "\n" not in str(caught.value)


# --- people with known answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("box", [(30, 20, 60, 90), (10, 40, 100, 90)])
def test_a_body_lands_where_the_crop_s_camera_puts_it(box, tmp_path, smpl_like):
    """Upright and lying boxes: the crop's camera, u = s (X + t), written out in pixels of the picture."""
    path = tiny_models.hmr2(tmp_path / "hmr2.ckpt", POSE, CAMERA)
    result = Hmr2(ModelReference.parse(str(path)), smpl_like, RUNTIME, HMR2_SIZES).estimate(
        [person(box, np.zeros((110, 120, 3), np.uint8))]
    )
    assert result.found.all()
    assert result.pose[0] == pytest.approx(POSE, abs=1e-5)
    side = max(box[3] - box[1], (box[2] - box[0]) * 4 / 3)
    centre = np.array([box[0] + box[2], box[1] + box[3]]) / 2
    joints = smpl_like.joints(POSE[None])[0, :, :2]
    assert result.joints2d[0] == pytest.approx(side / 2 * CAMERA[0] * (joints + CAMERA[1:]) + centre, abs=1e-3)


def test_the_network_sees_the_middle_of_its_crop_and_nothing_beside_it(tmp_path, smpl_like):
    path = tiny_models.hmr2(tmp_path / "hmr2.ckpt", POSE, CAMERA, readout=1.0)
    estimator = Hmr2(ModelReference.parse(str(path)), smpl_like, RUNTIME, HMR2_SIZES)
    box = (40, 20, 70, 84)  # the crop is columns 23 to 87, its middle 3/4 columns 31 to 79
    pixels = np.random.default_rng(0).integers(0, 256, (110, 120, 3)).astype(np.uint8)
    beside, inside = pixels.copy(), pixels.copy()
    beside[:, :30], beside[:, 80:] = 0, 255
    inside[50:60, 50:60] = 255
    pose = estimator.estimate([person(box, image) for image in (pixels, beside, inside)]).pose
    assert pose[1] == pytest.approx(pose[0], abs=1e-6)
    assert np.abs(pose[2] - pose[0]).max() > 1e-5


def test_a_batch_of_nobody_is_nobody(tmp_path, smpl_like):
    path = tiny_models.hmr2(tmp_path / "hmr2.ckpt", POSE, CAMERA)
    estimator = Hmr2(ModelReference.parse(str(path)), smpl_like, RUNTIME, HMR2_SIZES)
    small = person((3, 3, 12, 14), np.zeros((60, 60, 3), np.uint8))
    assert not estimator.estimate([small]).found.any()
    assert not len(estimator.estimate([]).found)

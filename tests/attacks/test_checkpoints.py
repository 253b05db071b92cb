"""T3: checkpoints of networks are data. A file that would run something is refused and has run nothing."""

import hashlib
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from chorus.config_perception import ModelReference, Networks
from chorus.errors import ModelError
from chorus.perception.detectron2_masks import load_weights
from chorus.perception.models import find_model, load_checkpoint, runtime_of
from chorus.perception.nlf import Nlf
from chorus.perception.spin import load_regressor


class Runs:
    """Unpickles into a command that leaves a file behind."""

    def __init__(self, canary: Path):
        self.canary = canary

    def __reduce__(self):
        return os.system, (f"touch {self.canary}",)


def files(path: Path):
    return find_model(ModelReference.parse(str(path)))


@pytest.mark.parametrize("legacy", [False, True])
def test_a_hostile_torch_checkpoint_runs_nothing(legacy, tmp_path):
    canary, path = tmp_path / "canary", tmp_path / "spin.pt"
    torch.save({"model": {"conv1.weight": Runs(canary)}}, path, _use_new_zipfile_serialization=not legacy)
    with pytest.raises(ModelError, match="is no checkpoint of tensors alone"):
        load_checkpoint(files(path))
    assert not canary.exists()


def test_a_hostile_zoo_pickle_runs_nothing(tmp_path):
    canary, path = tmp_path / "canary", tmp_path / "model_final.pkl"
    path.write_bytes(pickle.dumps({"model": {"weight": Runs(canary)}}))
    with pytest.raises(ModelError, match="only arrays are read"):
        load_weights(torch.nn.Linear(2, 2), files(path))
    assert not canary.exists()


def test_a_zoo_pickle_of_arrays_is_loaded(tmp_path):
    path = tmp_path / "model_final.pkl"
    weights = {"weight": np.ones((2, 2), np.float32), "bias": np.zeros(2, np.float32)}
    path.write_bytes(pickle.dumps({"model": weights, "__author__": "Detectron2 Model Zoo"}))
    model = torch.nn.Linear(2, 2)
    load_weights(model, files(path))
    assert torch.equal(model.weight, torch.ones(2, 2))
    path.write_bytes(pickle.dumps({"model": {"weight": weights["weight"]}}))
    with pytest.raises(ModelError, match="weights of another network"):
        load_weights(model, files(path))


@pytest.mark.parametrize("content", [{"model": {"conv1.weight": torch.zeros(1)}}, {"epoch": 3}, {"model": {}}])
def test_weights_of_another_network_are_refused(content, tmp_path):
    torch.save(content, tmp_path / "spin.pt")
    with pytest.raises(ModelError, match="is missing or of another shape"):
        load_regressor(files(tmp_path / "spin.pt"))


@pytest.mark.parametrize("content", [b"", b"rubbish", b"PK\x03\x04", [1, 2]])
def test_rubbish_is_no_checkpoint(content, tmp_path):
    path = tmp_path / "spin.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(ModelError, match=r"spin\.pt: (is no checkpoint|holds a list)"):
        load_checkpoint(files(path))


def test_a_torchscript_program_runs_only_if_pinned(tmp_path, open_body):
    from dataclasses import replace

    body = replace(open_body, posedirs=np.zeros((open_body.n_vertices, 3, 207)))
    path, runtime = tmp_path / "nlf.torchscript", runtime_of(Networks())
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(path))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(ModelError, match="runs only if it is pinned"):
        Nlf(ModelReference.parse(str(path)), body, runtime)
    with pytest.raises(ModelError, match="the configuration pins"):
        Nlf(ModelReference.parse(f"{path}#{'0' * 64}"), body, runtime)
    with pytest.raises(ModelError, match="has no estimate_smpl_batched"):
        Nlf(ModelReference.parse(f"{path}#{digest}"), body, runtime)
    path.write_bytes(b"rubbish")
    pinned = f"{path}#{hashlib.sha256(b'rubbish').hexdigest()}"
    with pytest.raises(ModelError, match="torch cannot load it as TorchScript"):
        Nlf(ModelReference.parse(pinned), body, runtime)

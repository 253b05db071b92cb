"""`compute.device`: what is not there is refused in one sentence, before any work."""

import subprocess
import sys

import pytest
import torch

from chorus.cli import main
from chorus.devices import torch_device
from chorus.errors import ConfigError, MissingExtraError

ARGUMENTS = {
    "votes": ["--cameras", "c", "--skinning", "s", "--masks", "m", "--people", "p", "--prompt=p", "--interaction=i"],
    "pap": ["--voxels", "v", "--testset", "t", "--warps", "w"],
}
no_cuda = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")


def test_the_code_of_cuda_runs_on_the_processor():
    assert torch_device("torch_cpu") == torch.device("cpu")
    assert torch.get_float32_matmul_precision() == "highest"


@no_cuda
def test_no_cuda_device():
    with pytest.raises(ConfigError, match=r"compute.device: cuda needs a CUDA device .* or set it to cpu"):
        torch_device("cuda")


@pytest.mark.parametrize("name", ["cuda", "torch_cpu"])
def test_no_torch(monkeypatch, name):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(
        MissingExtraError, match=rf"compute.device: {name} needs torch .*pip install -e '?\"?\.\[cuda\]"
    ):
        torch_device(name)


@no_cuda
@pytest.mark.parametrize("stage", ARGUMENTS)
def test_a_stage_asks_for_its_device_before_it_reads_a_file(capsys, tmp_path, stage):
    settings = '{"compute": {"device": "cuda"}}'
    common = ["--body", "nowhere.npz", "--category", "chair", "--settings", settings, "--output", str(tmp_path / "out")]
    assert main([stage, *ARGUMENTS[stage], *common]) == 1
    error = capsys.readouterr().err
    assert error.startswith("ERROR: compute.device: cuda needs a CUDA device")
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_another_device_is_refused(capsys, tmp_path):
    arguments = [*ARGUMENTS["pap"], "--body", "b", "--category", "chair", "--output", str(tmp_path / "out")]
    assert main(["pap", *arguments, "--settings", '{"compute": {"device": "tpu"}}']) == 1
    assert "compute.device" in capsys.readouterr().err


def test_the_processor_needs_no_torch():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from chorus.evaluation.stage import renderer_on\nfrom chorus.occupancy.votes_stage import tally_on\n"
        "tally_on('cpu'), renderer_on('cpu')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

"""Rendering on a torch device gives the pictures of the compiled kernel, and the stages the same report."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from chorus.bench.workload import workload, write_files
from chorus.camera import Camera
from chorus.cli import main
from chorus.evaluation.pap import Raster
from chorus.evaluation.rendering_torch import TorchFieldRenderer
from chorus.evaluation.stage import renderer_on
from chorus.occupancy.grid import Grid
from tests.unit.test_votes import camera_at

CUDA = pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"))
DEVICES = ["torch_cpu", CUDA]


def assert_same_pictures(grid: Grid, rng: np.random.Generator, camera: Camera, size, device: str) -> None:
    """Fields of all kinds, canonical and posed, with a warp at chance, a part of it from outside."""
    fields = {
        "soft": rng.random(grid.shape),
        "steps": rng.integers(0, 101, grid.shape) / 100,
        "binary": rng.integers(0, 2, grid.shape) * 1.0,
        "empty": np.zeros(grid.shape),
        "posed": rng.random(grid.shape) ** 8,
    }
    warp = rng.integers(-1, grid.resolution**3, grid.resolution**3, dtype=np.int32)
    warp[rng.random(len(warp)) < 0.2] = -1
    raster = Raster.of(camera, size)
    first, second = (
        renderer_on(name)(fields, set(fields) - {"posed"}).render(raster, warp) for name in ("cpu", device)
    )
    assert list(first) == list(second) == list(fields)
    for name in fields:
        assert second[name].dtype == np.float32
        assert np.array_equal(first[name], second[name]), name


@pytest.mark.parametrize("device", DEVICES)
@settings(max_examples=40)
@given(
    st.integers(0, 2**32 - 1),
    st.floats(0, 360),
    st.floats(0.1, 6),
    st.sampled_from([(48, 64), (64, 48), (512, 512), (10, 10)]),
)
def test_random_fields(device, seed, degrees, distance, size):
    camera = camera_at(degrees, distance)  # also from inside the grid
    assert_same_pictures(Grid(8), np.random.default_rng(seed), camera, size, device)


@pytest.mark.parametrize("device", DEVICES)
def test_48_voxels(device, rng):
    assert_same_pictures(Grid(48), rng, camera_at(100), (427, 640), device)


def test_a_picture_is_not_the_renderers_own(rng):
    """What is returned stays as it is when the next image is rendered."""
    grid, raster = Grid(8), Raster.of(camera_at(90), (48, 64))
    renderer = renderer_on("torch_cpu")({"field": rng.random(grid.shape)}, {"field"})
    assert isinstance(renderer, TorchFieldRenderer)
    first = renderer.render(raster, np.arange(512))["field"]
    before = first.copy()
    renderer.render(raster, np.full(512, -1))
    assert np.array_equal(first, before)
    assert first.any()


@pytest.fixture(scope="module")
def made(root, open_body, tmp_path_factory):
    """The files that the device does not touch, and a runner of stages on them."""
    folder = tmp_path_factory.mktemp("run")
    write_files(workload(40, np.random.default_rng(0)), open_body, folder)
    common = {"body": root / "resources/body/open_body.npz", "category": "motorcycle"}

    def run(stage, output, device=None, **options):
        settings = {"testset": {"testset": {"images": 4}}}.get(stage, {})
        settings |= {"grid": {"resolution": 16}} if stage in ("skinning", "votes", "warps") else {}
        settings |= {"compute": {"device": device}} if device else {}
        arguments = {**common, **options, "settings": json.dumps(settings), "output": folder / output}
        drop = {"skinning": {"category"}, "voxels": {"body"}}.get(stage, set())
        assert main([stage, *(f"--{key}={value}" for key, value in arguments.items() if key not in drop)]) == 0
        return folder / output

    run("skinning", "skinning.h5")
    run("testset", "testset.h5", views=root / "resources/views.yaml", interactions="ride,push")
    run("warps", "warps.h5", testset=folder / "testset.h5")
    return folder, run


def test_the_stages_give_the_same_report(made):
    folder, run = made
    files = {name: folder / f"{name}.h5" for name in ("cameras", "masks", "people", "skinning")}
    reports = []
    for device in ("cpu", "torch_cpu"):
        votes = run("votes", f"votes_{device}.h5", device, prompt="p", interaction="ride", **files)
        voxels = run("voxels", f"voxels_{device}.h5", votes=votes)
        scored = {"voxels": voxels, "testset": folder / "testset.h5", "warps": folder / "warps.h5"}
        reports.append(json.loads(run("pap", f"pap_{device}.json", device, **scored).read_text()))
        assert reports[-1]["provenance"]["settings"]["compute"]["device"] == device
    first, second = (dict(leaves(report | {"provenance": None})) for report in reports)
    assert first.keys() == second.keys()
    assert first["pap.vanilla"] > 0
    assert len(first) > 200
    differing = {key: (value, second[key]) for key, value in first.items() if not near(value, second[key])}
    assert differing == {}


def near(first, second) -> bool:
    return abs(first - second) <= 1e-6 if isinstance(first, float) else first == second


def leaves(value, key=""):
    """Every value of a report with its dotted name."""
    if not isinstance(value, dict | list):
        yield key.removeprefix("."), value
        return
    for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield from leaves(inner, f"{key}.{name}")

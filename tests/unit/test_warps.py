"""Stage `warps`: the inverse warp of every test image, once, and refused where it belongs to something else."""

from pathlib import Path

import numpy as np
import pytest

from chorus import store
from chorus.errors import FileError
from chorus.evaluation import warps
from chorus.evaluation.stage import checked_warps
from chorus.evaluation.warps import sources_by
from chorus.job import Job, parse_sections
from chorus.occupancy.grid import Grid
from chorus.occupancy.posing import REACH, canonical_index
from chorus.occupancy.skinning import warp
from chorus.occupancy.skinning_stage import canonical_weights

GRID = Grid(8)


@pytest.fixture
def testset(tmp_path, rng) -> store.ArrayFile:
    """Three test images with chance poses."""
    arrays = {
        "id": np.array(["a", "b", "c"]),
        "size": np.full((3, 2), 64),
        "pose": rng.normal(0, 0.4, (3, 24, 3)),
        "betas": np.zeros((3, 10)),
        "K": np.tile(np.eye(3), (3, 1, 1)),
        "R": np.tile(np.eye(3), (3, 1, 1)),
        "t": np.zeros((3, 3)),
        "span": np.zeros((0, 3)),
        "span_offset": np.zeros(4),
    }
    path = tmp_path / "testset.h5"
    content = store.encode_arrays("testset", arrays, {"category": "motorcycle", "source": "chance", "fates": "{}"})
    store.write_recorded(path, content, {})
    return store.read_arrays(path, "testset")


@pytest.fixture
def made(tmp_path, root, testset) -> store.ArrayFile:
    """What the stage writes."""
    inputs = {"testset": (testset.path,), "body": (root / "resources/body/open_body.npz",)}
    sections = parse_sections("warps", '{"grid": {"resolution": 8}}')
    output: Path = tmp_path / "warps.h5"
    warps.run(Job("warps", inputs, {"output": output}, sections, {"category": "motorcycle"}))
    return store.read_arrays(output, "warps")


def test_every_image_has_the_warp_of_its_pose(made, testset, open_body):
    found = checked_warps(made, testset, GRID, open_body)
    assert made["id"].tolist() == ["a", "b", "c"]
    for row, pose in zip(found, testset["pose"], strict=True):
        assert np.array_equal(row, canonical_index(GRID, open_body, pose))
    assert not np.array_equal(found[0], found[1])


def test_the_forward_lookup_undoes_the_warp_that_voted(open_body, rng):
    pose = rng.normal(0, 0.3, (24, 3))
    found = sources_by("forward", GRID, open_body)(pose)
    moved = warp(canonical_weights(GRID, open_body), open_body.canonical_bones(pose[None])[0], GRID.centres())
    distance = np.linalg.norm(GRID.centres()[:, None] - moved[None], axis=-1)
    near = distance.min(axis=1) < REACH * GRID.voxel
    assert np.array_equal(found >= 0, near)
    assert np.allclose(distance[near, found[near]], distance[near].min(axis=1))


@pytest.mark.parametrize("attribute", ["body", "testset"])
def test_warps_of_another_body_or_test_set_are_refused(made, testset, open_body, attribute):
    made.attributes[attribute] = "another"
    with pytest.raises(FileError, match="another body, test set or grid"):
        checked_warps(made, testset, GRID, open_body)


def test_warps_of_another_grid_are_refused(made, testset, open_body):
    with pytest.raises(FileError, match="another body, test set or grid"):
        checked_warps(made, testset, Grid(16), open_body)

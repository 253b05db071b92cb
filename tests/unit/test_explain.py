"""`explain` says what the report says about an image, and draws it."""

import numpy as np
import pytest

from chorus import cli, store
from chorus.body.loading import OPEN_BODY, load_body
from chorus.camera import Camera
from chorus.evaluation.baselines import body_blob
from chorus.evaluation.rendering import FieldRenderer
from chorus.evaluation.stage import score_all
from chorus.evaluation.test_images import TestImage, arrays_of
from chorus.evaluation.warps import sources_by
from chorus.figures.explain import explain
from chorus.occupancy.grid import Grid
from chorus.occupancy.posing import canonical_index

GRID = Grid(16)
CAMERA = Camera(np.array([[150.0, 0, 64], [0, 150.0, 64], [0, 0, 1]]), np.diag([1.0, -1, -1]), np.array([0, 0, 3.0]))


@pytest.fixture(scope="module")
def body():
    return load_body(OPEN_BODY)


@pytest.fixture(scope="module")
def made(tmp_path_factory, body):
    """Files of a field and of two test images, and the scores that stage `pap` gives them."""
    folder, rng = tmp_path_factory.mktemp("explain"), np.random.default_rng(0)
    phi = body_blob(GRID, body)
    layers = {name: np.stack([phi.astype(float)] * 2) for name in ("phi", "numerator", "denominator", "n_eff")}
    field = {
        **layers, "group": np.array(["total", "p"]), "interaction": np.array(["", "i"]),
        "images": np.ones((2, 12), np.uint32), "directions": np.ones((2, *GRID.shape), np.uint8),
    }  # fmt: skip
    attributes = {"category": "tie", "body": body.digest, "canonicalise": "true"}
    store.write_recorded(folder / "voxels.h5", store.encode_arrays("voxels", field, attributes), {})
    mask = np.zeros((128, 128), bool)
    mask[40:80, 50:90] = True
    pose = rng.normal(0, 0.1, (24, 3))
    images = [TestImage(name, mask.shape, pose, np.zeros(10), CAMERA, mask) for name in ("one", "two")]
    about = {"category": "tie", "source": "here", "fates": "{}"}
    store.write_recorded(folder / "testset.h5", store.encode_arrays("testset", arrays_of(images), about), {})
    tests = store.read_arrays(folder / "testset.h5", "testset")
    warps = np.stack([canonical_index(GRID, body, tests["pose"][number].astype(float)) for number in range(2)])
    return folder, score_all(FieldRenderer({"field": phi}, {"field"}), tests, warps, body)["field"]


def test_the_values_are_those_of_the_report(made, body):
    folder, scores = made
    found = explain(folder / "voxels.h5", folder / "testset.h5", "two", body)
    assert found.score.values() == scores[1].values()
    assert found.score.values()["vanilla"] > 0
    assert "tie, image two: vanilla" in found.sentence()


def test_the_lookup_of_the_run_is_used(made, body):
    folder, _ = made
    field, tests = (
        store.read_arrays(folder / "voxels.h5", "voxels"),
        store.read_arrays(folder / "testset.h5", "testset"),
    )
    source_of = sources_by("forward", GRID, body)
    warps = np.stack([source_of(tests["pose"][number].astype(float)) for number in range(2)])
    scores = score_all(FieldRenderer({"field": field["phi"][0]}, {"field"}), tests, warps, body)["field"]
    found = explain(folder / "voxels.h5", folder / "testset.h5", "two", body, "forward")
    assert found.score.values() == scores[1].values()
    assert found.score.values() != explain(folder / "voxels.h5", folder / "testset.h5", "two", body).score.values()


def test_the_command_draws_the_same_bytes_twice(made, capsys):
    folder, _ = made
    command = [
        "explain",
        "--voxels",
        str(folder / "voxels.h5"),
        "--testset",
        str(folder / "testset.h5"),
        "--image",
        "one",
    ]
    for name in ("a.png", "b.png"):
        assert cli.main([*command, "--output", str(folder / name)]) == 0
    assert "strict hoa" in capsys.readouterr().out
    assert (folder / "a.png").read_bytes() == (folder / "b.png").read_bytes()
    assert (folder / "a.png").read_bytes().startswith(b"\x89PNG")


def test_an_unknown_image_is_one_line_that_names_some(made, capsys):
    folder, _ = made
    files = ["--voxels", str(folder / "voxels.h5"), "--testset", str(folder / "testset.h5")]
    assert cli.main(["explain", *files, "--image", "three", "--output", str(folder / "c.png")]) == 1
    assert "has no image 'three'; it has 2, such as one, two" in capsys.readouterr().err

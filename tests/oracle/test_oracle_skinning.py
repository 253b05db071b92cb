"""The reference's body and skinning field against the original's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

from tests.reference import skinning
from tests.reference.body import bone_transforms, posed_vertices, star_pose


def test_rest_joints(body, oracle):
    with np.load(oracle / "body_model.npz") as file:
        np.testing.assert_allclose(body.joints, file["J_rest"], atol=1e-6)


def test_star_body(body, aggregation):
    np.testing.assert_allclose(posed_vertices(body, star_pose()), aggregation["v_template_star"], atol=1e-6)
    star_to_rest = torch.inverse(bone_transforms(body, star_pose()))
    np.testing.assert_allclose(star_to_rest, aggregation["A_star_to_tpose"], atol=1e-6)


@pytest.mark.parametrize("case", range(5))
def test_posed_body(body, pap_cases, case):
    vertices = posed_vertices(body, torch.from_numpy(pap_cases[f"case{case}/pose"]))
    np.testing.assert_allclose(vertices, pap_cases[f"case{case}/posed_vertices"], atol=1e-6)


def test_grid(aggregation):
    centres = skinning.grid_centres(48).T.reshape(3, 48, 48, 48)
    np.testing.assert_array_equal(centres, aggregation["canon_grid"])


def test_brute_force_finds_what_a_tree_finds(aggregation):
    points = skinning.grid_centres(48)[np.random.default_rng(0).choice(48**3, 500, replace=False)]
    vertices = torch.from_numpy(aggregation["v_template_star"])
    distances, _ = skinning.nearest_vertices(points, vertices)
    expected, _ = cKDTree(vertices).query(points, k=skinning.NEIGHBOURS)
    np.testing.assert_allclose(distances, expected, atol=1e-6)


@pytest.mark.parametrize("space", ["canonical", "posed"])
def test_weights_before_smoothing(body, aggregation, pap_cases, space):
    """Smoothing leaves the grid's outer layer alone, so there the original's field shows Eq. 9-10 bare."""
    vertices, field = fields(aggregation, pap_cases)[space]
    outer = np.ones((48, 48, 48), dtype=bool)
    outer[1:-1, 1:-1, 1:-1] = False
    points, expected = skinning.grid_centres(48)[outer.ravel()], field.numpy()[outer]
    distances, indices = skinning.nearest_vertices(points, vertices)
    mean = skinning.neighbour_mean(distances, indices, body.vertex_weights)
    np.testing.assert_allclose(skinning.deweight(mean, distances[:, 0]), expected, atol=1e-5)
    assert (expected[:, 0] < 0.99).sum() > 50, "the layer must hold voxels that move with other bones"


@pytest.mark.parametrize("space", ["canonical", "posed"])
def test_field_with_neighbours_of_a_tree(body, aggregation, pap_cases, space):
    """Everything but the search; a tree breaks ties for the 30th neighbour its own way, which moves single voxels."""
    vertices, field = fields(aggregation, pap_cases)[space]
    found = cKDTree(vertices).query(skinning.grid_centres(48), k=skinning.NEIGHBOURS)
    distances, indices = torch.from_numpy(found[0]).float(), torch.from_numpy(found[1])
    weights = skinning.deweight(skinning.neighbour_mean(distances, indices, body.vertex_weights), distances[:, 0])
    difference = (skinning.smooth(weights.reshape(48, 48, 48, 24), distances[:, 0]) - field).abs()
    assert difference.max() <= 1e-3
    assert (difference > 1e-5).float().mean() <= 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("space", ["canonical", "posed"])
def test_field(body, aggregation, pap_cases, space):
    vertices, field = fields(aggregation, pap_cases)[space]
    np.testing.assert_allclose(skinning.skinning_field(vertices, body.vertex_weights), field, atol=1e-5)


def test_a_point_on_a_vertex_takes_its_weights(body):
    vertices = body.vertices
    distances, indices = skinning.nearest_vertices(vertices[100:101], vertices)
    mean = skinning.neighbour_mean(distances, indices, body.vertex_weights)
    np.testing.assert_array_equal(mean[0], body.vertex_weights[100])


def fields(aggregation, pap_cases) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Vertices (V, 3) and the original's field (48, 48, 48, 24) around them."""
    pairs = {
        "canonical": (aggregation["v_template_star"], aggregation["lbs_weight_grid"]),
        "posed": (pap_cases["case0/posed_vertices"], pap_cases["case0/lbs_weight_grid_posed"]),
    }
    return {name: (torch.from_numpy(v), torch.from_numpy(f)) for name, (v, f) in pairs.items()}

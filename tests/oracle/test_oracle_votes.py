"""The reference's votes against the original's: warp, projection, weights, sums, body parts, mirror images."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from tests.reference.mirror import mirrored
from tests.reference.votes import (
    OURS,
    Scene,
    Semantics,
    Sums,
    View,
    aggregate,
    azimuth_bins,
    azimuth_degrees,
    camera_weights,
    part_region,
    project,
    visible_pixels,
    warp,
)

BORDER_FLIPS = 1e-5  # share of voxel-images that may round to the other side of a pixel border


@pytest.fixture(scope="module")
def region(space, aggregation) -> torch.Tensor:
    return part_region(space.centres, torch.from_numpy(aggregation["v_template_star"]))


@pytest.fixture(scope="module")
def sums(space, scenes, region) -> dict[str, Sums]:
    """Sums over the 40 images and over those whose mask touches the body."""
    total, parts = aggregate(space, scenes, {"fullbody": region})
    return {"total": total, **parts}


@pytest.mark.parametrize("image", range(3))
def test_warp_and_projection(space, scenes, aggregation, image):
    warped = warp(space, scenes[image].pose)
    np.testing.assert_allclose(warped, aggregation["deformed_grid_first3"][image], atol=1e-5)
    pixels, _ = project(warped, scenes[image].view)
    np.testing.assert_allclose(pixels, aggregation["projected_first3"][image].reshape(2, -1), atol=1e-3, rtol=1e-6)


@pytest.mark.parametrize(
    ("group", "attribute", "key"),
    [
        ("total", "in_mask", "visual_hull"),
        ("total", "in_image", "full_image_visual_hull"),
        ("fullbody", "in_mask", "part_mask/fullbody"),
        ("fullbody", "in_image", "part_image/fullbody"),
    ],
)
def test_votes(sums, aggregation, group, attribute, key):
    close = np.isclose(getattr(sums[group], attribute), aggregation[key].ravel(), atol=1e-5)
    assert (~close).sum() <= BORDER_FLIPS * 40 * 48**3


def test_probability(sums, aggregation):
    close = np.isclose(sums["total"].probability(), aggregation["probability"].ravel(), atol=1e-5)
    assert (~close).sum() <= BORDER_FLIPS * 40 * 48**3


def test_body_region(region, aggregation):
    voxels = np.argwhere(region.reshape(48, 48, 48).numpy())
    np.testing.assert_array_equal(voxels, aggregation["region/fullbody"])


def test_part_count(sums, aggregation):
    assert sums["fullbody"].images == int(aggregation["part_count/fullbody"])


def test_parts_cover_the_body_region(space, region, aggregation, oracle):
    """The original's one part is the union of the 24 public segments; each segment has a region of its own."""
    segments = json.loads((oracle / "body_segments.json").read_text())
    star = torch.from_numpy(aggregation["v_template_star"])
    regions = torch.stack([part_region(space.centres, star[vertices]) for vertices in segments.values()])
    assert len(segments) == 24
    assert torch.equal(regions.any(dim=0), region)


def test_gate_drops_an_image_that_misses_the_part(space, scenes, region):
    empty = Scene(scenes[0].pose, scenes[0].view, torch.zeros_like(scenes[0].mask), 1.0)
    total, parts = aggregate(space, [scenes[0], empty], {"fullbody": region})
    assert (total.images, parts["fullbody"].images) == (2, 1)


def test_camera_weights(scenes, aggregation):
    np.testing.assert_allclose(camera_weights([s.view for s in scenes]), aggregation["camera_weight"], rtol=1e-6)


def test_azimuth_bins_and_weights(units):
    views = [
        View(R, t, torch.eye(3)) for R, t in zip(*(torch.from_numpy(units[k]) for k in ("cam/R", "cam/t")), strict=True)
    ]
    np.testing.assert_allclose([azimuth_degrees(view) for view in views], units["cam/azimuth_deg"], atol=1e-4)
    np.testing.assert_array_equal(azimuth_bins(views), units["cam/bin"])
    np.testing.assert_allclose(camera_weights(views), units["cam/weight_azimuth_uniform_fine"], rtol=1e-12)


def test_projection_of_points_behind_the_camera(units):
    """The original has no depth test: points behind the camera land mirrored, and 31 of them in the image."""
    view = View(*(torch.from_numpy(units[f"proj/{key}"]) for key in "RtK"))
    points = torch.from_numpy(units["proj/X"])
    pixels, depth = project(points, view)
    np.testing.assert_allclose(pixels, units["proj/uv"], rtol=1e-5, atol=1e-3)
    column, row, inside = visible_pixels(points, view, (512, 512))
    np.testing.assert_array_equal(inside, units["proj/inside"])
    np.testing.assert_array_equal(torch.stack([column[inside], row[inside]]), units["proj/pixels_inside"])
    assert int((inside & (depth <= 0)).sum()) == 31
    _, _, in_front = visible_pixels(points, view, (512, 512), Semantics(depth_test=True))
    assert torch.equal(in_front, inside & (depth > 0))


def test_floor_closes_the_border_that_truncation_leaves_open(units):
    view = View(*(torch.from_numpy(units[f"proj/{key}"]) for key in "RtK"))
    points = torch.from_numpy(units["proj/X"])
    pixels, depth = project(points, view)
    _, _, inside = visible_pixels(points, view, (512, 512), OURS)
    assert torch.equal(inside, (pixels >= 0).all(0) & (pixels < 512).all(0) & (depth > 0))


@pytest.mark.parametrize("case", range(5))
def test_mirror(units, case):
    u = {key: torch.from_numpy(units[f"mirror{case}/{key}"]) for key in ("R", "t", "K", "mask", "pose")}
    scene = mirrored(Scene(u["pose"].reshape(24, 3), View(u["R"], u["t"], u["K"]), u["mask"], 1.0))
    np.testing.assert_array_equal(scene.view.R, units[f"mirror{case}/R_out"])
    np.testing.assert_array_equal(scene.view.t, units[f"mirror{case}/t_out"])
    np.testing.assert_array_equal(scene.mask, units[f"mirror{case}/mask_out"])
    np.testing.assert_array_equal(scene.pose.reshape(1, 72), units[f"mirror{case}/pose_out"])

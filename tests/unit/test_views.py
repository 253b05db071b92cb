"""Views: the table is complete, and cameras look from where the suffix says."""

from pathlib import Path

import numpy as np
import pytest

from chorus.body.model import JOINT_NAMES
from chorus.camera import AZIMUTH_BINS, azimuth_bin, azimuth_degrees
from chorus.errors import ConfigError
from chorus.prompts.views import View, load_views
from chorus.scenes.views import draw_camera

TABLE = Path(__file__).parents[2] / "resources" / "views.yaml"
VIEWS = load_views(TABLE)
JOINTS = np.random.default_rng(0).uniform([-0.4, -1.1, -0.2], [0.4, 0.55, 0.2], (len(JOINT_NAMES), 3))
OBJECT = np.array([[-0.3, -1.0, 0.2], [0.3, -0.2, 1.0]])


def cameras(view, n=200, bounds=OBJECT):
    return [draw_camera(view, JOINTS, bounds, np.random.default_rng(seed)) for seed in range(n)]


def test_there_are_22_views_and_the_first_has_no_suffix():
    assert len(VIEWS) == 22
    assert VIEWS[0].suffix == ""
    assert all(view.suffix.startswith(", ") for view in VIEWS[1:])


def test_full_views_show_person_and_object_whole():
    corners = np.stack(np.meshgrid(*OBJECT.T, indexing="ij"), axis=-1).reshape(-1, 3)
    for view in VIEWS:
        if view.framing in ("full", "far"):
            for camera in cameras(view, 20):
                pixels, depth = camera.project(np.concatenate([JOINTS, corners]))
                assert (depth > 0).all()
                assert ((pixels >= -1) & (pixels <= 513)).all()


def test_cameras_are_rotations_with_the_image_upright():
    for view in VIEWS:
        for camera in cameras(view, 5):
            assert np.allclose(camera.R @ camera.R.T, np.eye(3), atol=1e-12)
            assert np.linalg.det(camera.R) == pytest.approx(1.0)
            assert camera.R[1, 1] < -0.1, "up in the world is up in the picture"


@pytest.mark.parametrize(("suffix", "low", "high"), [(", front view", 55, 125), (", back view", 225, 315)])
def test_named_sides(suffix, low, high):
    view = next(view for view in VIEWS if view.suffix == suffix)
    forward = np.array([-camera.R[2] for camera in cameras(view)])
    azimuth = azimuth_degrees(forward)
    assert (azimuth >= low).all()
    assert (azimuth <= high).all()


def test_all_azimuths_occur_and_the_front_is_favoured():
    backward = np.array([-camera.R[2] for view in VIEWS for camera in cameras(view, 100)])
    bins = np.bincount(azimuth_bin(azimuth_degrees(backward)), minlength=AZIMUTH_BINS)
    assert (bins > 0.01 * bins.sum()).all()
    assert bins[1:5].sum() > 0.5 * bins.sum()


def test_the_same_generator_state_gives_the_same_camera():
    first, again = (draw_camera(VIEWS[0], JOINTS, None, np.random.default_rng(7)) for _ in range(2))
    assert (first.matrix == again.matrix).all()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "- {suffix: '', azimuth: [[0, 360]], elevation: [0, 10]}",
        "- {suffix: 'side view', azimuth: [[0, 360]], elevation: [0, 10], framing: full}",
        "- {suffix: '', azimuth: [[0, 720]], elevation: [0, 10], framing: full}",
        "- {suffix: '', azimuth: [[0, 360]], elevation: [0, 90], framing: full}",
        "- {suffix: '', azimuth: [[0, 360]], elevation: [10, 0], framing: full}",
        "- {suffix: '', azimuth: [[0, 360]], elevation: [0, 10], framing: wide}",
        "- {suffix: '', azimuth: [[0, .nan]], elevation: [0, 10], framing: full}",
        "- &a {suffix: '', azimuth: [[0, 360]], elevation: [0, 10], framing: full}\n- *a",
        "{unclosed",
        "!!python/object/apply:os.system ['true']",
    ],
)
def test_bad_tables_are_refused_in_one_sentence(tmp_path, text):
    path = tmp_path / "views.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as refused:
        load_views(path)
    assert "\n" not in str(refused.value)


def test_a_view_without_object_frames_the_person():
    view = View("", ((0.0, 360.0),), (0.0, 10.0), "full")
    camera = draw_camera(view, JOINTS, None, np.random.default_rng(0))
    pixels, _ = camera.project(JOINTS)
    assert np.ptp(pixels[:, 1]) > 0.5 * 512

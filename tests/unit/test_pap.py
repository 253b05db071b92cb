"""F13: PAP equals a brute force on a thousand small cases, and closed forms by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from chorus.camera import Camera
from chorus.evaluation.pap import (
    SHORT_SIDE,
    THRESHOLDS,
    VARIANTS,
    Curve,
    ImageScore,
    Raster,
    TestView,
    curve,
    mean_values,
)
from chorus.evaluation.rendering import FieldRenderer
from chorus.evaluation.stage import mean_curve, pap_report
from chorus.occupancy.grid import Grid

CAMERA = Camera(np.array([[60.0, 0, 32], [0, 60.0, 24], [0, 0, 1]]), np.diag([1.0, -1, -1]), np.array([0, 0, 3.0]))


def brute_force(score, target, valid, strict, tail):
    """Average precision as it is written in the paper (B.2), one threshold after the other."""
    precision, recall, empty = [], [], []
    for hundredths in range(1, 100):
        predicted = (score >= np.float32(hundredths / 100)) & valid
        wanted = target & valid
        hits = (predicted & wanted).sum()
        precision.append(hits / predicted.sum() if predicted.any() else 0.0)
        recall.append(hits / wanted.sum() if wanted.any() else 0.0)
        empty.append(not predicted.any())
    total = 0.0
    for i in range(1, 99):
        if not (strict and empty[i]):
            total += (recall[i - 1] - recall[i]) * max(precision[:i])
    return total + (recall[98] * max(precision) if tail else 0.0)


def values_of(score, target, person, tail=False):
    return ImageScore(curve(score, target), curve(score, target, ~person)).values(tail)


def random_case(rng):
    shape = tuple(rng.integers(1, 7, 2))
    kind = rng.integers(4)
    score = [
        rng.random(shape),
        rng.integers(0, 101, shape) / 100,
        rng.integers(0, 2, shape) * 1.0,
        rng.random(shape) ** 8,
    ][kind]
    return score.astype(np.float32), rng.random(shape) < rng.random(), rng.random(shape) < rng.random()


@pytest.mark.parametrize("tail", [False, True], ids=["paper", "tail"])
def test_a_thousand_small_cases_equal_the_brute_force(rng, tail):
    for _ in range(1000):
        score, target, person = random_case(rng)
        found = values_of(score, target, person, tail)
        everywhere = np.ones_like(person)
        expected = [
            brute_force(score, target, valid, strict, tail)
            for valid in (everywhere, ~person)
            for strict in (False, True)
        ]
        assert np.allclose([found[name] for name in VARIANTS], expected, atol=1e-12)


@given(
    hnp.arrays(np.float32, (4, 5), elements=st.floats(0, 1, width=32)),
    hnp.arrays(bool, (4, 5)),
    hnp.arrays(bool, (4, 5)),
)
def test_every_value_is_a_fraction_and_strict_is_never_more(score, target, person):
    for tail in (False, True):
        values = values_of(score, target, person, tail)
        assert all(-1e-12 <= value <= 1 + 1e-12 for value in values.values())
        assert values["strict"] <= values["vanilla"] + 1e-12
        assert values["strict_hoa"] <= values["vanilla_hoa"] + 1e-12


TARGET = np.zeros((4, 4), bool)
TARGET[:2] = True  # half of the picture
NOBODY = np.zeros((4, 4), bool)


@pytest.mark.parametrize(
    ("score", "paper", "strict", "tail"),
    [
        (TARGET * 1.0, 0, 0, 1),  # perfect: the recall never falls, so no term counts
        (TARGET * 0.5, 1, 0, 1),  # the same at half the height: it falls once, to nothing
        (np.zeros((4, 4)), 0, 0, 0),
        (np.ones((4, 4)), 0, 0, 0.5),
        (np.full((4, 4), 0.5), 0.5, 0, 0.5),
        (~TARGET * 1.0, 0, 0, 0),  # inverted
        (~TARGET * 0.5, 0, 0, 0),
        (np.where(TARGET, 1.0, 0.5), 0, 0, 1),  # all found at once, then the wrong half goes
        (np.where(TARGET, 0.5, 1.0), 0.5, 0.5, 0.5),
    ],
    ids=["perfect", "perfect at 0.5", "empty", "ones", "constant", "inverted", "inverted at 0.5", "right is higher",
    "wrong is higher"],
)  # fmt: skip
def test_by_hand(score, paper, strict, tail):
    values = values_of(score.astype(np.float32), TARGET, NOBODY)
    assert [values["vanilla"], values["strict"]] == [paper, strict]
    assert values["vanilla_hoa"] == values["vanilla"], "nobody is in the picture"
    with_tail = values_of(score.astype(np.float32), TARGET, NOBODY, tail=True)
    assert with_tail["vanilla"] == tail


def test_an_empty_target_scores_nothing():
    for score in (np.ones((4, 4)), np.zeros((4, 4))):
        assert set(values_of(score.astype(np.float32), NOBODY, NOBODY, tail=True).values()) == {0.0}


def test_the_pixels_of_the_person_do_not_count_in_hoa():
    person = np.zeros((4, 4), bool)
    person[:, :2] = True
    score = np.where(person, 0.9, TARGET * 0.5).astype(np.float32)
    assert values_of(score, TARGET, person)["vanilla_hoa"] == 1
    assert values_of(score, TARGET, person)["vanilla"] < 1
    covered = values_of(score, TARGET & person, person)
    assert covered["vanilla_hoa"] == 0


@pytest.mark.parametrize("hundredths", [1, 29, 57, 58, 99])
def test_a_score_on_a_threshold_reaches_it(hundredths):
    score = np.full((1, 1), hundredths / 100, np.float32)
    assert curve(score, np.ones((1, 1), bool)).predicted.sum() == hundredths


def test_thresholds_are_compared_in_single_precision():
    assert THRESHOLDS.dtype == np.float32
    assert len(THRESHOLDS) == 99
    assert np.array_equal(THRESHOLDS, np.array([i / 100 for i in range(1, 100)], np.float32))


@given(st.integers(0, 2**32 - 1))
def test_the_largest_value_of_a_pixel_equals_splatting_every_threshold_alone(seed):
    rng = np.random.default_rng(seed)
    raster = Raster.of(CAMERA, (48, 64))
    points = rng.uniform(-1.5, 1.5, (200, 3))
    values = rng.choice([rng.random(), 0.25, 0.5, 1.0, 0.0], 200).astype(np.float32)
    image = raster.largest(values, raster.pixel_index(points))
    for threshold in THRESHOLDS[::7]:
        assert np.array_equal(image >= threshold, raster.splat(points[values >= threshold]))


def test_points_behind_the_camera_or_beside_the_picture_have_no_pixel():
    raster = Raster.of(CAMERA, (48, 64))
    points = np.array([[0, 0, 0], [0, 0, 3.0], [0, 0, 10.0], [9, 0, 0], [0, -9, 0], [np.nan, 0, 0]])
    index = raster.pixel_index(points)
    assert index[0] == 16 * 42 + 21
    assert (index[1:] == -1).all()


@pytest.mark.parametrize(
    ("size", "raster"),
    [((48, 64), (32, 42)), ((64, 48), (42, 32)), ((512, 512), (32, 32)), ((32, 32), (32, 32)), ((10, 10), (32, 32)),
    ((427, 640), (32, 47))],
)  # fmt: skip
def test_the_shorter_side_has_32_pixels(size, raster):
    made = Raster.of(CAMERA, size)
    assert made.size == raster
    assert min(made.size) == SHORT_SIDE
    assert np.allclose(made.camera.K[:2], CAMERA.K[:2] * SHORT_SIDE / min(size))


def test_a_target_pixel_needs_more_than_half_of_its_area():
    raster = Raster.of(CAMERA, (64, 64))  # two by two pixels to one
    mask = np.zeros((64, 64), bool)
    mask[0, :4] = True
    mask[1, 0] = True
    target = raster.target(mask)
    assert target[0, 0], "three quarters"
    assert not target[0, 1], "exactly half"
    assert target.sum() == 1


@pytest.mark.parametrize("size", [(33, 47), (512, 384), (31, 50)])
def test_a_full_mask_is_a_full_target(size):
    raster = Raster.of(CAMERA, size)
    assert raster.target(np.ones(size, bool)).all()
    assert not raster.target(np.zeros(size, bool)).any()


def test_targets_are_what_opencv_calls_inter_area(rng):
    cv2 = pytest.importorskip("cv2")
    for size in ((64, 96), (100, 130), (512, 640)):
        mask = (
            np.kron(rng.random((8, 8)) < 0.5, np.ones((size[0] // 8 + 1, size[1] // 8 + 1)))[: size[0], : size[1]] > 0
        )
        raster = Raster.of(CAMERA, size)
        theirs = cv2.resize(mask.astype(np.float32), raster.size[::-1], interpolation=cv2.INTER_AREA)
        clear = np.abs(theirs - 0.5) > 1e-5
        assert np.array_equal(raster.target(mask)[clear], (theirs > 0.5)[clear])


def scores(*targets) -> list[ImageScore]:
    return [
        ImageScore(curve(np.full((2, 2), 0.5, np.float32), plain), curve(np.full((2, 2), 0.5, np.float32), hoa))
        for plain, hoa in targets
    ]


def test_means_leave_out_images_without_target():
    full, none = np.ones((2, 2), bool), np.zeros((2, 2), bool)
    means = mean_values(scores((full, full), (full, none), (none, none)))
    assert means == {"vanilla": 1, "strict": 0, "vanilla_hoa": 1, "strict_hoa": 0}
    assert mean_values([]) == dict.fromkeys(VARIANTS, 0.0)
    assert mean_values(scores((none, none))) == dict.fromkeys(VARIANTS, 0.0)


@pytest.mark.filterwarnings("error")
def test_a_report_of_no_image_is_a_report():
    report = pap_report({name: [] for name in ("field", "body_blob", "turned_180")}, np.array([], str))
    assert report["n_images"] == 0
    assert report["images"] == []
    assert report["curve"]["precision"] == [0.0] * 99
    assert mean_curve([])["threshold"][0] == 0.01


def test_a_view_scores_a_field_of_the_target_itself():
    grid = Grid(24)
    vertices = np.array([[5.0, 5, 5]])  # outside the picture: nobody
    mask = np.zeros((48, 64), bool)
    mask[12:36, 20:44] = True
    view = TestView.of(CAMERA, mask, vertices)
    u, v = CAMERA.project(grid.centres())[0].T
    inside = (
        mask[np.clip(v, 0, 47).astype(int), np.clip(u, 0, 63).astype(int)] & (u >= 0) & (u < 64) & (v >= 0) & (v < 48)
    )
    assert not view.person.any()
    fields = {"right": (inside * 0.5).reshape(grid.shape), "wrong": (~inside * 0.5).reshape(grid.shape)}
    images = FieldRenderer(fields, ()).render(view.raster, np.empty(0, np.int32))
    assert view.score(images["right"]).values()["vanilla"] > 0.85
    assert view.score(images["wrong"]).values()["vanilla"] < 0.2


def test_the_curve_of_one_pixel_is_its_own():
    found = curve(np.array([[0.3, 0.7]], np.float32), np.array([[True, False]]))
    assert isinstance(found, Curve)
    assert found.predicted.tolist() == [2] * 30 + [1] * 40 + [0] * 29
    assert found.recall.tolist() == [1] * 30 + [0] * 69
    assert found.precision.tolist() == [0.5] * 30 + [0] * 69
    assert found.target_area == 1


def test_pixels_are_those_of_the_camera(rng):
    raster, points = Raster.of(CAMERA, (48, 64)), rng.uniform(-2, 2, (3000, 3))
    pixels, depth = raster.camera.project(points)
    inside = (depth > 0) & (pixels >= 0).all(1) & (pixels < raster.size[::-1]).all(1)
    column, row = np.floor(pixels[inside]).astype(int).T
    index = raster.pixel_index(points)
    assert np.array_equal(index[inside], row * raster.size[1] + column)
    assert (index[~inside] == -1).all()
    assert 100 < inside.sum() < 2900

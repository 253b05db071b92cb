"""F7: whatever perception finds, every image is kept or has exactly one reason, and the table survives its file."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from chorus import detections, masks, store
from chorus.config import Boxes, Screening
from chorus.detections import OBJECT, PERSON, Detection, ImageDetections
from chorus.perception.keypoints import screened
from chorus.screening.cascade import COLUMNS, FULL_WEIGHT, Sight, read_table, screen, table, trust
from chorus.screening.reasons import Reason
from chorus.screening.rejections_stage import line_of, markdown
from chorus.screening.statistics import Statistics

ODD = st.one_of(st.floats(-10, 30), st.floats(), st.just(0.0))
BOX = st.one_of(
    hnp.arrays(float, 4, elements=ODD), st.just(np.array([0.0, 0, 10, 10])), st.just(np.array([5.0, 0, 15, 10]))
)
SPANS = st.sampled_from([masks.NO_SPANS, np.array([[0, 0, 5], [1, 2, 3]], np.uint16)])
DETECTION = st.builds(Detection, st.sampled_from([PERSON, OBJECT]), st.floats(0, 1), BOX, SPANS)
KEYPOINTS = st.one_of(
    st.just(np.full((17, 3), np.nan)),
    st.just(np.ones((17, 3))),
    hnp.arrays(float, (17, 3), elements=st.floats(width=32)),
)
GOOD_PAIR = (
    Detection(PERSON, 1.0, np.array([0.0, 0, 10, 10]), np.array([[0, 0, 5]], np.uint16)),
    Detection(OBJECT, 1.0, np.array([5.0, 0, 15, 10]), np.array([[0, 5, 9]], np.uint16)),
)


@st.composite
def sights(draw):
    """Anything perception may say, half of it about a proper pair."""
    found = draw(st.one_of(st.just(GOOD_PAIR), st.lists(DETECTION, max_size=5).map(tuple)))
    seen = ImageDetections(draw(st.integers(0, 10**6)), draw(st.integers(0, 21)), (20, 20), found)
    return Sight(seen, draw(KEYPOINTS), draw(st.booleans()), draw(st.booleans()), draw(st.floats()), draw(st.floats()))


def sight(found=GOOD_PAIR, keypoints=None, keypoints_found=True, pose_found=True, score=1.0):
    keypoints = np.ones((17, 3)) if keypoints is None else keypoints
    return Sight(ImageDetections(3, 4, (20, 20), found), keypoints, keypoints_found, pose_found, score, 0.01)


@given(st.lists(sights(), max_size=8), st.floats(0, 1), st.floats(0, 1))
def test_every_image_is_kept_or_has_exactly_one_reason(tmp_path_factory, images, overlap, least_score):
    rows = [screen(item, Boxes(overlap=overlap), Screening(pose_score=least_score)) for item in images]
    for row in rows:
        assert row.reason in Reason
        assert row.kept == (row.reason == "")
        assert row.weight == (FULL_WEIGHT if row.kept else 0)
        assert np.isfinite([row.overlap, row.pose_score, row.residual, row.person_score, row.object_score]).all()
    assert sum(Counter(row.reason for row in rows).values()) == len(images)
    assert sum(row.kept for row in rows) + sum(bool(row.reason) for row in rows) == len(images)
    path = tmp_path_factory.mktemp("table") / "table.csv"
    store.write_recorded(path, table(rows), {})
    back = read_table(path)
    assert table(back) == table(rows)
    assert [(r.index, r.view, r.reason, r.weight) for r in back] == [
        (r.index, r.view, r.reason, r.weight) for r in rows
    ]


@given(st.lists(sights(), max_size=8))
def test_networks_run_exactly_on_what_the_box_screen_lets_through(images):
    passed = {position for position, _ in screened([item.detections for item in images], Boxes())}
    box_reasons = set(list(Reason)[1:6])
    rows = [screen(item, Boxes(overlap=0.1), Screening()) for item in images]
    assert passed == {position for position, row in enumerate(rows) if row.reason not in box_reasons}


@pytest.mark.parametrize("count", [0, 1, 2, 100])
def test_any_number_of_detections(count):
    people = [
        Detection(PERSON, 0.5, np.array([20.0 * i, 0, 20 * i + 10, 10]), GOOD_PAIR[0].spans) for i in range(count)
    ]
    row = screen(sight((*people, GOOD_PAIR[1])), Boxes(), Screening())
    assert row.people == count
    assert row.reason == {0: Reason.NO_PERSON, 1: Reason.KEPT}.get(count, Reason.SEVERAL_PEOPLE)


def without(*names):
    from chorus.coco import KEYPOINT_NAMES

    keypoints = np.ones((17, 3))
    keypoints[[KEYPOINT_NAMES.index(name) for name in names], 2] = 0.69
    return keypoints


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (sight(), Reason.KEPT),
        (sight(()), Reason.NO_PERSON),
        (sight(GOOD_PAIR[:1]), Reason.NO_OBJECT),
        (sight(keypoints_found=False), Reason.TORSO_HIDDEN),
        (sight(keypoints=np.full((17, 3), np.nan)), Reason.TORSO_HIDDEN),
        (sight(keypoints=without("left_hip")), Reason.KEPT),
        (sight(keypoints=without("left_hip", "right_hip")), Reason.TORSO_HIDDEN),
        (sight(keypoints=without("left_shoulder", "right_shoulder")), Reason.TORSO_HIDDEN),
        (sight(keypoints=without("left_shoulder", "right_hip", "nose", "left_knee")), Reason.KEPT),
        (sight(pose_found=False), Reason.NO_POSE),
        (sight(score=0.5), Reason.KEPT),
        (sight(score=0.499), Reason.POOR_POSE),
        (sight(score=np.nan), Reason.POOR_POSE),
        (sight((), keypoints_found=False, pose_found=False, score=0.0), Reason.NO_PERSON),
    ],
)
def test_reasons_in_the_order_of_the_cascade(seen, reason):
    assert screen(seen, Boxes(), Screening(pose_score=0.5)).reason == reason


def test_rules_can_be_switched_off():
    off = Screening(required_keypoints=[], pose_score=0.0)
    assert screen(sight(keypoints_found=False, score=0.0), Boxes(), off).kept


def test_the_table_has_the_documented_columns(root):
    lines = table([screen(sight(), Boxes(), Screening())]).decode().splitlines()
    assert lines == [
        "index,view,kept,reason,weight,people,objects,overlap,keypoints_found,pose_found,pose_score,residual,person_score,object_score",
        "3,4,1,,255,1,1,0.5000,1,1,1.0000,0.0100,1.0000,1.0000",
    ]
    page = " ".join((root / "docs/formats.md").read_text().split())
    assert all(f" {column}" in page.split("## screening")[1].replace("`", " ") for column in COLUMNS)


# --- soft mode ----------------------------------------------------------------------------------------------------


SOFT = Screening(mode="soft", softness=0.25, pose_score=0.65, keypoint_confidence=0.7)


@given(sights(), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_hard_is_the_special_case_without_softness(seen, keypoint_confidence, pose_score, softness):
    thresholds = {"keypoint_confidence": keypoint_confidence, "pose_score": pose_score}
    hard = screen(seen, Boxes(), Screening(**thresholds))
    soft = screen(seen, Boxes(), Screening(mode="soft", softness=softness, **thresholds))
    assert screen(seen, Boxes(), Screening(mode="soft", softness=0.0, **thresholds)) == hard
    assert hard.weight in (0, FULL_WEIGHT)
    assert 0 <= soft.weight <= FULL_WEIGHT
    for row in (hard, soft):
        assert isinstance(row.weight, int)
        assert row.kept == (row.weight > 0)
    if hard.reason in {*list(Reason)[1:6], Reason.NO_POSE}:
        assert soft.weight == 0, "an impossible image"


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_trust_rises_with_the_confidence(one, other, threshold, softness):
    low, high = sorted((one, other))
    rule = Screening(mode="soft", softness=softness)
    assert 0 <= trust(low, threshold, rule) <= trust(high, threshold, rule) <= 1
    assert trust(1.0, threshold, rule) == 1


@pytest.mark.parametrize(
    ("score", "confidence", "weight", "reason"),
    [
        (1.0, 1.0, 255, Reason.KEPT),
        (0.9, 0.95, 255, Reason.KEPT),
        (0.525, 1.0, 64, Reason.KEPT),  # below the hard threshold: a quarter of the way up
        (0.525, 0.575, 16, Reason.KEPT),
        (0.402, 1.0, 1, Reason.KEPT),
        (0.4, 1.0, 0, Reason.POOR_POSE),
        (np.nan, 1.0, 0, Reason.POOR_POSE),
        (1.0, 0.45, 0, Reason.TORSO_HIDDEN),
        (1.0, np.nan, 0, Reason.TORSO_HIDDEN),
        (7.0, np.inf, 255, Reason.KEPT),
    ],
)
def test_a_soft_weight_is_the_product_of_both_confidences(score, confidence, weight, reason):
    keypoints = np.ones((17, 3))
    keypoints[[11, 12], 2] = confidence, min(confidence, 0.0) if np.isfinite(confidence) else confidence
    row = screen(sight(keypoints=keypoints, score=score), Boxes(), SOFT)
    assert (row.weight, row.reason) == (weight, reason)


def test_impossible_images_have_no_weight_however_sure_the_pose():
    for found in (
        (),
        GOOD_PAIR[:1],
        (*GOOD_PAIR, Detection(PERSON, 0.9, np.array([11.0, 11, 19, 19]), GOOD_PAIR[0].spans)),
    ):
        assert screen(sight(found), Boxes(), SOFT).weight == 0
    assert screen(sight(pose_found=False), Boxes(), SOFT).reason == Reason.NO_POSE
    assert screen(sight(keypoints_found=False), Boxes(), SOFT).reason == Reason.TORSO_HIDDEN


@pytest.mark.parametrize(("y", "inside"), [(0.0, True), (19.9, True), (20.0, False), (-0.1, False), (500.0, False)])
@pytest.mark.parametrize("mode", ["hard", "soft"])
def test_the_picture_ends_at_its_boundary_if_asked(y, inside, mode):
    """The picture is 20 pixels high; hips that BlazePose invents below it are not seen."""
    keypoints = np.ones((17, 3))
    keypoints[[11, 12], 1] = y
    seen = sight(keypoints=keypoints)
    assert screen(seen, Boxes(), Screening(mode=mode)).kept
    row = screen(seen, Boxes(), Screening(mode=mode, inside_picture=True))
    assert row.reason == (Reason.KEPT if inside else Reason.TORSO_HIDDEN)


# --- what comes in ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (Detection(PERSON, 1.0, np.full(4, np.nan), GOOD_PAIR[0].spans), Reason.NO_PERSON),
        (Detection(PERSON, 1.0, np.array([5.0, 5, 5, 5]), GOOD_PAIR[0].spans), Reason.NO_PERSON),
        (Detection(PERSON, 1.0, np.array([9.0, 9, 1, 1]), GOOD_PAIR[0].spans), Reason.NO_PERSON),
        (Detection(PERSON, 1.0, GOOD_PAIR[0].box, masks.NO_SPANS), Reason.NO_PERSON),
        (Detection(PERSON, np.nan, GOOD_PAIR[0].box, GOOD_PAIR[0].spans), Reason.KEPT),
        (Detection(PERSON, 1.0, GOOD_PAIR[0].box, np.array([[400, 0, 900]], np.uint16)), Reason.KEPT),
    ],
)
@pytest.mark.parametrize("mode", ["hard", "soft"])
def test_broken_detections_never_crash(tmp_path, broken, reason, mode):
    """NaN, empty, inverted boxes and empty masks are nobody; a mask of another size is clipped where it is used."""
    seen = sight((broken, GOOD_PAIR[1]))
    row = screen(seen, Boxes(), Screening(mode=mode))
    assert row.reason == reason
    assert np.isfinite(row.overlap)
    assert seen.detections.union(PERSON).shape == (20, 20)
    store.write_recorded(tmp_path / "t.csv", table([row]), {})
    assert table(read_table(tmp_path / "t.csv")) == table([row])


# --- statistics ---------------------------------------------------------------------------------------------------


@given(st.lists(sights(), max_size=12), st.sampled_from(["hard", "soft"]))
def test_counts_add_up(images, mode):
    rows = [screen(item, Boxes(), Screening(mode=mode)) for item in images]
    found = Statistics.of(rows)
    assert found.images == len(rows) == found.kept + sum(found.lost.values())
    assert Reason.KEPT not in found.lost
    assert list(found.lost.values()) == sorted(found.lost.values(), reverse=True)
    assert found.votes == pytest.approx(sum(row.weight for row in rows) / 255)
    assert 0 <= found.votes <= found.kept
    if rows:
        assert found.kept_percent + found.rejection_percent == pytest.approx(100)
    line = line_of([rows, []])
    assert line["prompts"] == 2
    assert line["kept"] + sum(line["lost"].values()) == line["images"]
    cells = markdown({"runs": {"main": {"hat": line}}}).splitlines()[-1].split("|")
    assert len(cells) == len(markdown({"runs": {}}).splitlines()[2].split("|"))


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "0 of 0 images kept (0 %): there was nothing to screen."),
        ([sight()], "1 of 1 images kept (100 %): more than usual: the paper keeps 25 %."),
        (
            [sight(), sight(()), sight(())],
            "1 of 3 images kept (33 %): as usual: the paper keeps 25 %; most others (2) were lost to: no person, "
            "which usually means pictures of the object alone, or a detector that misses people.",
        ),
        (
            [sight(())],
            "0 of 1 images kept (0 %): nothing is left to vote; most others (1) were lost to: no person, "
            "which usually means pictures of the object alone, or a detector that misses people.",
        ),
    ],
)
def test_the_outcome_in_one_graded_sentence(rows, sentence):
    assert Statistics.of(screen(item, Boxes(), Screening()) for item in rows).outcome == sentence


def test_every_reason_has_its_usual_cause():
    assert all(bool(reason.usual_cause) == bool(reason) for reason in Reason)


def test_detections_survive_their_file(tmp_path, rng):
    images = []
    for index in range(4):
        found = tuple(
            Detection.of_mask(int(rng.integers(2)), 0.5, rng.random((20, 30)) > threshold)
            for threshold in (0.3, 0.9, 2.0)[:index]
        )
        images.append(ImageDetections(index + 10, index, (20, 30), found))
    thumbnails = [bytes([i]) * i for i in range(4)]
    path = tmp_path / "masks.h5"
    attributes = {"category": "tie", "model": "test"}
    store.write_recorded(path, store.encode_arrays("masks", detections.arrays_of(images, thumbnails), attributes), {})
    assert detections.read_thumbnails(path) == {10 + i: thumbnails[i] for i in range(4)}
    for before, after in zip(images, detections.read_detections(path), strict=True):
        assert (before.index, before.view, before.size) == (after.index, after.view, after.size)
        for one, other in zip(before.found, after.found, strict=True):
            assert (one.label, one.score, one.box.tolist()) == (other.label, other.score, other.box.tolist())
            assert np.array_equal(one.spans, other.spans)
        union = np.zeros((20, 30), bool)
        for item in before.of(OBJECT):
            union |= masks.decode(item.spans, (20, 30))
        assert np.array_equal(after.union(OBJECT), union)

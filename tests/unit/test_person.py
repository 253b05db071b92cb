"""The category `person`: which two people, one camera for both, and a plan that keeps them and objects apart."""

import dataclasses

import numpy as np
import pytest

from chorus.camera import Camera, WeakCamera
from chorus.config import Boxes, parse_config
from chorus.detections import OBJECT, PERSON, Detection, ImageDetections
from chorus.errors import ConfigError
from chorus.pairs.people import PairReason, PhotographedPairs, apart, intrinsics, pair_in, perspective, without
from chorus.pairs.rows import Bodies
from chorus.perception.protocols import Picture
from chorus.perception.vocabulary import labelled_words
from chorus.prompts.folder import stand_in
from chorus.stages import OBJECTS, STAGES, kind_of
from chorus.workflow import RESULTS, Plan

PHOTOGRAPHS = {"source": "coco", "folder": "f", "annotations": "a.json"}
SIZE = (60, 100)


def detection(x0, y0, x1, y1, score=1.0, label=PERSON) -> Detection:
    mask = np.zeros(SIZE, bool)
    mask[y0:y1, x0:x1] = True
    return Detection.of_mask(label, score, mask)


def chosen(*found: Detection):
    return pair_in(ImageDetections(0, 0, SIZE, found), Boxes())


# --- which two people ---------------------------------------------------------------------------------------------


def test_the_two_people_who_overlap_most_are_the_pair_and_the_left_one_is_the_first():
    left, right, aside = detection(10, 10, 30, 50), detection(20, 10, 42, 50), detection(40, 10, 60, 50)
    for order in ((left, right, aside), (aside, right, left), (right, aside, left)):
        first, second = chosen(*order, detection(20, 10, 42, 50, label=OBJECT))
        assert (first is left, second is right) == (True, True)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ((), PairReason.NO_PERSON),
        ((detection(0, 0, 9, 9, label=OBJECT),), PairReason.NO_PERSON),
        ((detection(0, 0, 20, 20),), PairReason.ONE_PERSON),
        ((detection(0, 0, 20, 20), detection(20, 0, 40, 20)), PairReason.NO_OVERLAP),
        ((detection(0, 0, 20, 40, 0.9), detection(1, 1, 20, 40, 0.8)), PairReason.ONE_PERSON),  # a duplicate
    ],
)
def test_every_picture_without_a_pair_has_one_reason(found, reason):
    assert chosen(*found) == reason


def test_a_person_is_looked_at_without_the_other_one(rng):
    pixels = rng.integers(0, 256, (*SIZE, 3)).astype(np.uint8)
    hidden = without(Picture(3, pixels), other := detection(20, 10, 40, 50))
    assert hidden.index == 3
    assert len(np.unique(hidden.pixels[10:50, 20:40].reshape(-1, 3), axis=0)) == 1
    outside = np.ones(SIZE, bool)
    outside[10:50, 20:40] = False
    assert (hidden.pixels[outside] == pixels[outside]).all()
    assert len(other.spans)


def test_the_same_keypoints_twice_are_no_two_people():
    people = detection(10, 10, 30, 50), detection(20, 10, 42, 58)
    keypoints = np.concatenate([np.arange(34.0).reshape(17, 2), np.ones((17, 1))], axis=1)
    moved = keypoints + np.array([4.0, 0.0, 0.0])
    assert apart(np.stack([keypoints, keypoints]), people) == 0.0
    assert apart(np.stack([keypoints, moved]), people) == pytest.approx(4 / 40)
    missing = keypoints * [1, 1, 0]
    assert apart(np.stack([keypoints, missing]), people) == np.inf


# --- one camera for both ------------------------------------------------------------------------------------------


@pytest.fixture
def two(open_body, rng):
    """Joints (2, 24, 3) of two people, their weak cameras and the intrinsics of their picture."""
    joints = open_body.joints(rng.normal(0.0, 0.3, (2, 24, 3)), rng.normal(0.0, 1.0, (2, 10)))
    camera = WeakCamera(np.array([90.0, 120.0]), np.array([[200.0, 300.0], [350.0, 280.0]]))
    return joints, camera, intrinsics((480, 640), 1.2)


def test_intrinsics_have_the_share_of_the_longer_side_and_the_middle():
    assert np.array_equal(intrinsics((480, 640), 1.2), [[768, 0, 320], [0, 768, 240], [0, 0, 1]])
    assert intrinsics((640, 480), 1.2)[0, 0] == 768


@pytest.mark.parametrize("trust", [1.0, 0.3, 0.0])
def test_the_middle_joint_lands_where_the_weak_camera_puts_it(two, trust):
    joints, camera, K = two
    place = perspective(camera, joints, K, trust)
    middle = joints.mean(axis=1, keepdims=True)
    seen, depth = Camera(K, np.eye(3), np.zeros(3)).project(middle + place[:, None])
    assert np.allclose(seen, camera.project(middle), atol=1e-9)
    assert np.allclose(depth.mean(), (K[0, 0] / camera.scale).mean())
    assert np.isclose(np.ptp(depth), trust * np.ptp(K[0, 0] / camera.scale))


def test_near_the_middle_both_cameras_agree_and_far_away_everywhere(two):
    joints, camera, K = two
    for far, tolerance in ((1.0, 40.0), (100.0, 0.4)):  # pixels
        longer = K * np.array([[far, 1, 1], [1, far, 1], [1, 1, 1]])
        seen, _ = Camera(longer, np.eye(3), np.zeros(3)).project(joints + perspective(camera, joints, longer)[:, None])
        assert np.abs(seen - camera.project(joints)).max() < tolerance


def test_photographs_with_a_pair_are_known_without_labels_and_survive_a_file(tmp_path, rng):
    from chorus import store

    pairs = PhotographedPairs.empty(np.array([4, 7], np.int64))
    pairs.reason[0], pairs.reason[1] = PairReason.SAME_PERSON, PairReason.FOUND
    for array in (pairs.boxes, pairs.K, pairs.keypoints, pairs.score, *vars(pairs.initial).values()):
        array[1] = rng.normal(size=array.shape[1:])
    content = store.encode_arrays(
        "pair_people", pairs.arrays(), {"category": "person", "keypoints": "k", "people": "p", "body": "b"}
    )
    store.write_recorded(tmp_path / "000.h5", content, {"kind": "pair_people"})
    read = PhotographedPairs.read(tmp_path / "000.h5")
    assert read.reason.tolist() == ["same person twice", ""]
    known = read.known("a-prompt")
    assert (known.id.tolist(), known.split.tolist(), dict(known.labels)) == (["a-prompt/7"], ["photograph"], {})
    assert np.allclose(known.initial.pose[0], pairs.initial.pose[1], atol=1e-6)
    assert isinstance(known.initial, Bodies)
    assert len(PhotographedPairs.empty(np.zeros(0, np.int64)).known("a-prompt")) == 0


def test_told_contacts_are_believed_as_far_as_the_votes_say(open_body):
    pytest.importorskip("torch")
    from chorus.contacts.contacts import ImageContacts, PartContact
    from chorus.contacts.sides import Repair
    from chorus.pairs.fitting import figure_of, labels_named
    from chorus.pairs.person_stage import TOLD, labelled

    pairs = PhotographedPairs.empty(np.arange(2))
    pairs.reason[:] = PairReason.FOUND
    told = [
        PartContact(*parts, *parts, weight, margin, Repair.DECIDED)
        for parts, weight, margin in ((("left_hand", "chest"), 0.8, 0.1), (("right_foot", "neck"), 0.2, 0.3))
    ]
    images = [ImageContacts(0, 5, tuple(told)), ImageContacts(1, 5, ())]
    known = labelled(pairs.known("p"), images)
    labels = labels_named(figure_of(open_body, "cpu"), known, TOLD)
    assert labels.told.tolist() == [0, 0, 1]  # the sides of the first are not sure, so it may be the right hand
    assert labels.pair.tolist() == [0, 0, 0]
    assert labels.weight.tolist() == pytest.approx([0.8, 0.8, 0.2])
    swapped = type(known).joined([known[np.array([1])], known[np.array([0])]])
    assert labels_named(figure_of(open_body, "cpu"), swapped, TOLD).pair.tolist() == [1, 1, 1]
    assert len(labels_named(figure_of(open_body, "cpu"), known, "none").pair) == 0


# --- the plan -----------------------------------------------------------------------------------------------------


def plan_of(categories, **changes) -> Plan:
    return Plan(parse_config({"categories": categories, "images": PHOTOGRAPHS, "variants": {}, **changes}, "test"))


def test_people_and_objects_have_the_stages_of_their_kind_and_share_some():
    plan = plan_of(["person", "surfboard"])
    for name, stage in STAGES.items():
        made = plan.files(name, RESULTS)
        for category in ("person", "surfboard"):
            if "{category}" in stage.path:
                expected = kind_of(category) in stage.kinds
                assert any(f"/{category}" in path for path in made) == expected, (name, category)
    assert {"masks", "ask_contacts", "contacts"} <= {name for name, item in STAGES.items() if len(item.kinds) == 2}
    prompt = plan.prompts["person"][0]
    assert prompt.text == stand_in("person").text == "photographs of two people in contact"


def test_nobody_is_asked_for_prompts_of_people():
    plan = plan_of(["person", "surfboard"], prompts={"source": "openai"}, testset={"source": "none"})
    assert plan.to_ask() == ["results/prompts/surfboard.json"]


def test_all_of_person_is_fits_and_their_picture():
    ours = {"results/person_fits/person.h5", "results/figures/person_pairs.png"}
    assert set(plan_of(["person"]).targets()) == ours
    mixed, objects = (set(plan_of(names).targets()) for names in (["person", "surfboard"], ["surfboard"]))
    assert mixed == ours | objects
    assert not ours & objects


@pytest.mark.parametrize("stage", ["keypoints", "people", "screening", "voxels", "pap", "page", "clusters"])
def test_a_stage_of_objects_says_in_a_sentence_that_person_has_none(stage):
    with pytest.raises(ConfigError, match=f"person: has no `{stage}` files"):
        plan_of(["person"]).files(stage, RESULTS, category="person")
    with pytest.raises(ConfigError, match="surfboard: has no `person_fits` files"):
        plan_of(["surfboard"]).files("person_fits", RESULTS, category="surfboard")


def test_tables_need_an_object():
    with pytest.raises(ConfigError, match="name no object"):
        plan_of(["person"], testset={"source": "coco", "annotations": "a", "folder": "f"}).table_targets()


def test_what_person_costs_is_known_beforehand(tmp_path):
    from chorus.estimate import costs

    for number in range(3):
        (tmp_path / "person").mkdir(exist_ok=True)
        (tmp_path / f"person/{number}.jpg").write_bytes(b"")
    table = costs(plan_of(["person"], images={"source": "folder", "folder": str(tmp_path)}))
    assert {stage for _, stage in table} == {"pictures", "perception", "aggregation"}
    assert table["person", "pictures"].images == 3
    assert table["person", "aggregation"].cpu > 0


@pytest.mark.parametrize("source", ["scenes", "diffusion"])
def test_person_needs_photographs(source):
    with pytest.raises(ConfigError, match="`person`, two people in contact, needs photographs") as caught:
        parse_config({"categories": ["person"], "images": {"source": source}, "variants": {}}, "test")
    assert "\n" not in str(caught.value)


def test_nobody_knows_the_true_contacts_of_photographs():
    with pytest.raises(ConfigError, match=r"contacts.source: `annotations` needs images.source `scenes`"):
        plan_of(["person"], contacts={"source": "annotations"})


def test_only_people_are_looked_for_where_the_category_is_people():
    assert labelled_words("person") == {PERSON: "person"}
    assert labelled_words("sports ball") == {PERSON: "person", OBJECT: "sports ball"}
    assert {kind_of("person"), kind_of("persons")} == {"person", OBJECTS}


def test_a_folder_without_any_pair_has_fits_and_a_picture_of_nothing(tmp_path, open_body):
    from chorus import store
    from chorus.figures.pairs_stage import best_rows, sheet
    from chorus.pairs.rows import FittedRows

    content = store.encode_arrays("person_fits", FittedRows.nothing().arrays(), {"body": "b", "counts": "{}"})
    store.write_recorded(tmp_path / "person.h5", content, {"kind": "person_fits"})
    rows = FittedRows.read(tmp_path / "person.h5", "person_fits")
    assert (len(rows), best_rows(rows)) == (0, {})
    assert sheet(open_body, [], "nobody").startswith(b"\x89PNG")


def test_the_picture_shows_the_fit_with_the_most_behind_it():
    from chorus.figures.pairs_stage import best_rows
    from chorus.pairs.rows import FittedRows

    rows = dataclasses.replace(
        FittedRows.nothing(),
        id=np.array(["a", "b", "a", "b", "a"]),
        labels=np.array(["none", "none", "repaired", "prior", "prior_repaired"]),
    )
    assert best_rows(rows) == {"a": 4, "b": 3}


def test_a_part_of_a_photograph_keeps_pixels_boxes_and_camera_together(rng):
    from chorus.figures.pairs_stage import around, touching

    pixels, boxes = rng.integers(0, 255, (*SIZE, 3)).astype(np.uint8), np.array([[40, 20, 60, 50], [50, 22, 66, 48.0]])
    K = intrinsics(SIZE, 1.2)
    part, moved, camera = around(pixels, boxes, K)
    start = (boxes[0] - moved[0])[:2]
    x, y = start.astype(int)
    assert (part == pixels[y : y + part.shape[0], x : x + part.shape[1]]).all()
    assert np.array_equal(K[:2, 2] - camera[:2, 2], start)
    assert (moved >= 0).all()
    bodies = np.stack([rng.normal(size=(50, 3)), rng.normal(size=(50, 3)) + np.array([0, 0, 50.0])])
    bodies[1, 0] = bodies[0, 7] + [0.01, 0, 0]
    assert touching(bodies)[0].sum() == touching(bodies)[1].sum() == 1

"""The COCO format: what we write comes back, what others write is read, what is damaged is one sentence."""

import copy
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from chorus import coco
from chorus.coco import CocoImage, Instance, coco_json, parse_coco, read_coco
from chorus.errors import ChorusError, FileError

SIZE = (20, 30)
IMAGE = CocoImage(7, "a b/ü.jpg", SIZE, ())
VALID = {
    "images": [{"id": 1, "file_name": "a.jpg", "height": 20, "width": 30}],
    "annotations": [
        {"image_id": 1, "category_id": 1, "segmentation": [[2, 3, 12, 3, 12, 9, 2, 9]], "keypoints": [0.5, 1.5,
        2] * 17},
        {"image_id": 1, "category_id": 40, "segmentation": {"size": [20, 30], "counts": [40, 5, 555]}, "iscrowd": 1},
    ],
    "categories": [{"id": 1, "name": "person"}, {"id": 40, "name": "baseball glove"}],
}  # fmt: skip


def read_back(value, names=("person", "sports ball")):
    file = parse_coco(json.loads(json.dumps(value)), "a.json")
    return {image.id: file.instances(image, names) for image in file.images.values()}


@given(st.lists(hnp.arrays(bool, SIZE), max_size=3), st.booleans())
def test_masks_survive_the_trip(masks, crowd):
    instances = [Instance("person", mask, None, crowd) for mask in masks]
    instances += [Instance("sports ball", ~mask) for mask in masks]
    back = read_back(coco_json("sports ball", [(IMAGE, instances)]))[7]
    assert [item.category for item in back] == [item.category for item in instances]
    assert all(np.array_equal(a.mask, b.mask) for a, b in zip(instances, back, strict=True))
    assert [item.crowd for item in back] == [item.crowd for item in instances]


@given(hnp.arrays(float, (17, 3), elements=st.floats(0, 1000)))
def test_keypoints_survive_to_a_hundredth_of_a_pixel(points):
    points[:, 2] = points[:, 2] // 400
    back = read_back(coco_json("tie", [(IMAGE, [Instance("person", np.ones(SIZE, bool), points)])]))[7][0].keypoints
    if not np.round(points, 2).any():
        assert back is None
    else:
        assert np.abs(back - points).max() <= 0.005 + 1e-9


def test_the_written_file_is_what_other_tools_expect(tmp_path):
    mask = np.zeros(SIZE, bool)
    mask[4:8, 10:20] = True
    value = coco_json(
        "sports ball", [(IMAGE, [Instance("sports ball", mask), Instance("person", mask, np.full((17, 3), 2.0))])]
    )
    from pycocotools.coco import COCO

    (tmp_path / "a.json").write_text(json.dumps(value))
    reader = COCO(tmp_path / "a.json")
    ball, person = reader.loadAnns(reader.getAnnIds(imgIds=7))
    assert (ball["area"], ball["bbox"]) == (40.0, [10.0, 4.0, 10.0, 4.0])
    assert person["num_keypoints"] == 17
    assert np.array_equal(reader.annToMask(ball).astype(bool), mask)
    assert reader.loadCats(reader.getCatIds())[0]["keypoints"] == list(coco.KEYPOINT_NAMES)


def test_a_person_as_the_category_is_written_once():
    value = coco_json("person", [(IMAGE, [Instance("person", np.ones(SIZE, bool))])])
    assert [item["name"] for item in value["categories"]] == ["person"]
    assert read_back(value)[7][0].category == "person"


def test_polygons_and_uncompressed_run_lengths():
    person, glove = read_back(VALID, ("person", "baseball glove"))[1]
    expected = np.zeros(SIZE, bool)
    expected[3:9, 2:12] = True
    assert np.array_equal(person.mask, expected)
    assert glove.mask.sum() == 5
    assert glove.mask[:, 2][:5].all(), "run lengths go down the columns"
    assert glove.crowd
    assert person.keypoints.tolist() == [[0.5, 1.5, 2]] * 17


def test_several_polygons_are_one_mask_and_none_is_an_empty_one():
    value = copy.deepcopy(VALID)
    value["annotations"][0]["segmentation"] = [[0, 0, 2, 0, 2, 2, 0, 2], [10, 10, 14, 10, 14, 12, 10, 12]]
    assert read_back(value)[1][0].mask.sum() == 4 + 8
    value["annotations"][0]["segmentation"] = []
    assert not read_back(value)[1][0].mask.any()


def test_a_polygon_outside_the_image_is_clipped():
    value = copy.deepcopy(VALID)
    value["annotations"][0]["segmentation"] = [[-50, -50, 500, -50, 500, 500, -50, 500]]
    assert read_back(value)[1][0].mask.all()


def test_only_wanted_categories_are_decoded():
    value = copy.deepcopy(VALID)
    value["annotations"][1]["segmentation"] = "broken"
    assert len(read_back(value, ("person",))[1]) == 1


def test_the_category_is_looked_up_by_its_name():
    file = parse_coco(VALID, "a.json")
    assert file.category_id("baseball glove") == 40
    with pytest.raises(FileError, match=r"has no category 'tie'; it has baseball glove, person"):
        file.category_id("tie")
    assert file.images[1].has(40)
    assert not file.images[1].has(41)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"3", b"null", b'"text"', b"{}", b'{"images": [], "annotations": []}', b"\xff\xfe",
    b"[" * 100_000,
     b'{"images": 3, "annotations": [], "categories": []}', b'{"images": [3], "annotations": [], "categories": []}',
     b'{"images": [], "annotations": [{}], "categories": []}', b'{"images": [], "annotations": null, "categories": []}',
     b'{"images": [{"id": NaN, "file_name": "", "height": 1, "width": 1}], "annotations": [], "categories": []}',
     b'{"images": [{"id": 1e999, "file_name": "", "height": 1, "width": 1}], "annotations": [], "categories": []}'],
    ids=range(16),
)  # fmt: skip
def test_what_is_not_coco_is_one_sentence(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(FileError) as caught:
        read_coco(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(FileError, match="no such annotation file"):
        read_coco(tmp_path / "no.json")


DAMAGED = [
    {"segmentation": None}, {"segmentation": "text"}, {"segmentation": 3}, {"segmentation": [[1, 2]]},
    {"segmentation": [["a"] * 8]}, {"segmentation": [3]}, {"segmentation": {}}, {"segmentation": {"size": [20, 30]}},
    {"segmentation": {"size": [5, 5], "counts": [25]}},
    {"segmentation": {"size": [20, 30], "counts": [1, 2]}}, {"segmentation": {"size": [20, 30], "counts": [9999]}},
    {"segmentation": {"size": [20, 30], "counts": [-5, 605]}}, {"segmentation": {"size": [20, 30], "counts": "~~~~"}},
    {"segmentation": {"size": [20, 30], "counts": ""}}, {"segmentation": {"size": [20, 30], "counts": 3}},
    {"segmentation": {"size": [10**9, 10**9], "counts": [10**18]}}, {"keypoints": [1, 2, 3]},
    {"keypoints": ["a"] * 51}, {"keypoints": 3},
]  # fmt: skip


@pytest.mark.parametrize("change", DAMAGED, ids=lambda change: str(change)[:60])
def test_a_damaged_annotation_is_one_sentence_or_a_mask_of_the_right_size(change):
    value = copy.deepcopy(VALID)
    value["annotations"][0] |= change
    try:
        found = read_back(value)[1]
    except ChorusError as error:
        message = str(error)
        told = "image 1" in message and "\n" not in message
        assert told
    else:
        assert found[0].mask.shape == SIZE


@pytest.mark.parametrize("size", [(0, 30), (-1, 30), (20, 10**9)])
def test_impossible_image_sizes_are_refused_before_anything_is_decoded(size):
    value = copy.deepcopy(VALID)
    value["images"][0] |= {"height": size[0], "width": size[1]}
    with pytest.raises(FileError, match="pixels"):
        read_back(value)

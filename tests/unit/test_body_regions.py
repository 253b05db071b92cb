"""The table of coarse parts and fine regions: a partition of any body, mirrored, with mirrored anchors."""

import dataclasses

import numpy as np
import pytest

from chorus.body.model import COCO_KEYPOINTS, JOINT_NAMES, mirrored_name
from chorus.body.parts import PART_JOINTS, PART_NAMES, PART_REGIONS, part_vertices
from chorus.body.regions import PARTS, REGION_NAMES, REGIONS, Surface
from chorus.errors import ModelError

AT_THE_OTHER_SIDE = np.array([-1.0, 1.0, 1.0])


@pytest.fixture(scope="module")
def surface(open_body) -> Surface:
    return Surface.of(open_body)


def places(body, ids) -> set:
    return {tuple(v) for v in np.round(body.v_template[ids], 9) + 0.0}


def test_the_table_has_23_parts_and_70_regions_with_unique_names():
    assert len(PARTS) == 23
    assert len(REGIONS) == len(set(REGION_NAMES)) == 70
    assert {region.parent for region in REGIONS} == set(PARTS)
    assert {region.joint for region in REGIONS} == set(JOINT_NAMES)
    assert not set(REGION_NAMES) - {"left_collar", "right_collar"} & set(PARTS)


@pytest.mark.parametrize("table", [PARTS, {region.name: region for region in REGIONS}], ids=["parts", "regions"])
def test_mirroring_is_an_involution_that_exchanges_sides_and_anchors(table):
    for item in table.values():
        twin = table[item.mirror]
        assert table[twin.mirror] == item
        assert (item.side, twin.side) in {("left", "right"), ("right", "left"), ("", "")}
        assert (twin == item) == (item.side == "")
        assert set(twin.anchors) == {mirrored_name(name) for name in item.anchors}
        assert item.anchors
        assert set(item.anchors) <= set(COCO_KEYPOINTS)


def test_a_region_of_a_side_has_a_parent_of_that_side():
    assert all(PARTS[region.parent].side == region.side for region in REGIONS)
    assert all(PARTS[region.parent].mirror == region.mirrored.parent for region in REGIONS)


def test_every_vertex_lies_in_exactly_one_region_and_no_region_is_empty(open_body, surface):
    assert ((surface.region >= 0) & (surface.region < len(REGIONS))).all()
    together = np.sort(np.concatenate(list(surface.fine.values())))
    assert np.array_equal(together, np.arange(open_body.n_vertices))
    assert min(map(len, surface.fine.values())) >= 20


def test_coarse_parts_cover_the_body_without_overlap(open_body, surface):
    together = np.sort(np.concatenate(list(surface.coarse.values())))
    assert np.array_equal(together, np.arange(open_body.n_vertices))


def test_every_part_and_region_mirrors_to_its_twin(open_body, surface):
    """The open body is symmetric, so its cut is to the last vertex."""
    for table in (surface.fine, surface.coarse):
        for name, ids in table.items():
            mirrored = {tuple(v) for v in np.round(open_body.v_template[ids] * AT_THE_OTHER_SIDE, 9) + 0.0}
            assert mirrored == places(open_body, table[mirrored_name(name)]), name


def test_parts_lie_where_their_name_says(open_body, surface):
    centre = {name: open_body.v_template[ids].mean(axis=0) for name, ids in surface.coarse.items()}
    assert all((centre[name][0] > 0) == (part.side == "left") for name, part in PARTS.items() if part.side)
    along_the_arm = [centre[f"left_{name}"][0] for name in ("shoulder", "upper_arm", "forearm", "hand")]
    assert along_the_arm == sorted(along_the_arm)
    for column in (
        ("left_foot", "left_calf", "left_thigh", "left_buttock", "lower_back", "upper_back", "neck", "head"),
        ("hips", "stomach", "chest"),
    ):
        heights = [centre[name][1] for name in column]
        assert heights == sorted(heights)
    assert centre["chest"][2] > centre["upper_back"][2]
    assert centre["stomach"][2] > centre["lower_back"][2]
    assert centre["hips"][2] > centre["left_buttock"][2]


def test_palms_and_soles_face_down_in_the_t_pose(open_body, surface):
    centre = {name: open_body.v_template[ids].mean(axis=0) for name, ids in surface.fine.items()}
    for side in ("left", "right"):
        assert centre[f"{side}_palm"][1] < centre[f"{side}_hand_back"][1]
        assert centre[f"{side}_sole"][1] < centre[f"{side}_instep"][1]
        assert centre[f"{side}_forearm_front_upper"][2] > centre[f"{side}_forearm_back_upper"][2]


def test_the_papers_parts_are_a_grouping_of_the_same_table(open_body):
    """Table 4's parts by their definition, without the table: the joint that moves a vertex most."""
    dominant = np.argmax(open_body.weights, axis=1)
    parts = part_vertices(open_body)
    for part, joints in PART_JOINTS.items():
        direct = np.flatnonzero(np.isin(dominant, [JOINT_NAMES.index(joint) for joint in joints]))
        assert np.array_equal(parts[part], direct)
    assert set(PART_REGIONS) == set(PART_NAMES)
    uncovered = {region.name for region in REGIONS} - {name for names in PART_REGIONS.values() for name in names}
    assert uncovered == {"hips_front", "hips_back"}


def test_the_cut_does_not_depend_on_the_size_of_the_body(open_body, surface):
    larger = dataclasses.replace(open_body, v_template=2.0 * open_body.v_template)
    assert np.array_equal(Surface.of(larger).region, surface.region)


def test_weights_of_no_body_have_no_parts(open_body):
    stiff = np.zeros_like(open_body.weights)
    stiff[:, 0] = 1.0
    with pytest.raises(ModelError, match="no vertex belongs to 'left_hand'"):
        _ = Surface.of(dataclasses.replace(open_body, weights=stiff)).coarse

"""Body parts: complete, mirrored, and where they should be."""

import dataclasses

import numpy as np
import pytest

from chorus.body.loading import OPEN_BODY, load_body
from chorus.body.model import BodyModel
from chorus.body.parts import MIRROR, PART_NAMES, part_vertices
from chorus.errors import ModelError


@pytest.fixture(scope="module")
def body() -> BodyModel:
    return load_body(OPEN_BODY)


def test_names_and_twins() -> None:
    assert len(PART_NAMES) == 14
    assert set(MIRROR) == set(MIRROR.values()) == set(PART_NAMES)
    assert all(MIRROR[MIRROR[part]] == part for part in PART_NAMES)
    assert {part for part in PART_NAMES if MIRROR[part] == part} == {"torso", "face"}


def test_every_part_has_vertices_and_the_twelve_do_not_overlap(body: BodyModel) -> None:
    parts = part_vertices(body)
    assert tuple(parts) == PART_NAMES
    assert all(len(ids) > 30 and (np.diff(ids) > 0).all() for ids in parts.values())
    twelve = np.concatenate([parts[name] for name in PART_NAMES[:12]])
    assert len(np.unique(twelve)) == len(twelve)


def test_twins_mirror_each_other(body: BodyModel) -> None:
    parts = part_vertices(body)
    for part, twin in MIRROR.items():
        points = {tuple(v) for v in body.v_template[parts[part]] * [-1.0, 1.0, 1.0] + 0.0}
        assert points == {tuple(v) for v in body.v_template[parts[twin]] + 0.0}


def test_parts_lie_where_their_name_says(body: BodyModel) -> None:
    centre = {part: body.v_template[ids].mean(axis=0) for part, ids in part_vertices(body).items()}
    for part, (x, _, _) in centre.items():
        if part.startswith(("left", "right")):
            assert (x > 0.0) == part.startswith("left")
    heights = [centre[p][1] for p in ("leftFoot", "leftLowerLeg", "leftUpperLeg", "leftButtock", "torso", "face")]
    assert heights == sorted(heights)
    assert centre["leftHand"][0] > centre["leftArm"][0] > centre["leftButtock"][0]
    assert centre["leftButtock"][2] < centre["leftUpperLeg"][2]
    left, right = (part_vertices(body)[f"{side}Buttock"] for side in ("left", "right"))
    assert not np.intersect1d(left, right).size


def test_weights_of_no_body_are_refused(body: BodyModel) -> None:
    stiff = np.zeros_like(body.weights)
    stiff[:, 0] = 1.0
    with pytest.raises(ModelError, match="rightHand"):
        part_vertices(dataclasses.replace(body, weights=stiff))

"""Contact signatures of others: read from files the tests write, refused in one sentence, left is left."""

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chorus.body.regions import PARTS
from chorus.errors import FileError
from chorus.pairs.signatures import COARSE_PARTS, REGION_NAMES, part_of, read_signatures

GOOD = {
    "bbxes": [[0, 0, 10, 20], [5, 0, 15, 20], [1, 2, 3, 4]],
    "ci_sign": [{"person_ids": [2, 0], "smplx": {"face_id": [], "vertex_id": [], "region_id": [[23, 31], [26, 31]]}}],
}


def written(folder, value):
    path = folder / "interaction_contact_signature.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def test_regions_become_our_parts_on_the_same_side():
    assert len(REGION_NAMES) == 75
    assert set(COARSE_PARTS) <= set(PARTS)
    for name, part in zip(REGION_NAMES, COARSE_PARTS, strict=True):
        if PARTS[part].side:
            assert PARTS[part].side in name.split(), name


@pytest.mark.parametrize("name", [name for name in REGION_NAMES if "left" in name])
def test_a_mirrored_name_is_the_mirrored_part(name):
    assert part_of(name.replace("left", "right")) == PARTS[part_of(name)].mirror


def test_a_pair_is_read_with_its_boxes_and_contacts(tmp_path):
    (pair,) = read_signatures(written(tmp_path, {"b": GOOD}))
    assert pair.image == "b"
    assert pair.regions == ((23, 31), (26, 31))
    assert pair.contacts == (("right_hand", "right_shoulder"),)  # fingers and palm are one hand
    assert np.array_equal(pair.boxes, [[1, 2, 3, 4], [0, 0, 10, 20]])
    assert pair.photograph is None


def test_photographs_beside_it_are_found_and_the_others_left_out(tmp_path):
    (tmp_path / "b.jpg").write_bytes(b"")
    path = written(tmp_path, {"a": GOOD, "b": GOOD})
    assert [pair.photograph for pair in read_signatures(path, tmp_path)] == [tmp_path / "b.jpg"]
    assert len(read_signatures(path)) == 2


def test_ghum_is_taken_where_smplx_is_missing(tmp_path):
    item = {"person_ids": [0, 1], "ghum": {"region_id": [[1, 1]]}}
    (pair,) = read_signatures(written(tmp_path, {"a": {**GOOD, "ci_sign": [item]}}))
    assert pair.contacts == (("left_foot", "left_foot"),)


@pytest.mark.parametrize(
    "value",
    ["", "[", "[]", '{"a": 1}', '{"a": {"bbxes": [], "ci_sign": [{"person_ids": [0, 1], "ghum": {"region_id": []}}]}}',
     '{"a": {"bbxes": [[0,0,1,1],[0,0,1,1]], "ci_sign": [{"person_ids": [0, 1], "ghum": {"region_id": [[0, 75]]}}]}}',
     '{"a": {"bbxes": [[0,0,1,1],[0,0,1,1]], "ci_sign": [{"person_ids": [0, -1], "ghum": {"region_id": [[0, 7]]}}]}}'],
)  # fmt: skip
def test_other_files_are_refused(tmp_path, value):
    with pytest.raises(FileError):
        read_signatures(written(tmp_path, value))


def test_a_missing_file_and_a_path_as_a_name_are_refused(tmp_path):
    with pytest.raises(FileError, match="no such file"):
        read_signatures(tmp_path / "x.json")
    with pytest.raises(FileError, match="published form"):
        read_signatures(written(tmp_path, {"../b": GOOD}), tmp_path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["a", "bbxes", "ci_sign", "person_ids", "ghum", "region_id"]), inner, max_size=3
        )
    ),
    max_leaves=12,
)


@settings(max_examples=25, deadline=None)
@given(JSON)
def test_anything_else_is_pairs_or_one_error(tmp_path_factory, value):
    path = written(tmp_path_factory.mktemp("json"), value)
    with contextlib.suppress(FileError):
        assert isinstance(read_signatures(path), list)

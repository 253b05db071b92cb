"""Interaction types: what a mask touches makes its own cluster, and thin evidence is told."""

import numpy as np
import pytest

from chorus import store
from chorus.body.model import JOINT_NAMES, STAR_POSE
from chorus.distribution.clusters import RULE, clusters_of, stability
from chorus.distribution.types import InteractionVotes
from chorus.errors import FileError
from chorus.naming import slug
from chorus.occupancy.gates import part_regions
from chorus.occupancy.grid import Grid
from chorus.occupancy.skinning_stage import canonical_weights
from chorus.occupancy.votes import Votes
from tests.reference.balls import counted, images_of_a_ball, some_of

GRID = Grid(16)
TEXTS = {"A person holds a ball": "hold", "A girl catches a ball": "hold", "A man kicks a ball": "kick"}


@pytest.fixture(scope="module")
def counters(open_body):
    """By prompt: a ball at the left hand (two prompts) and at the right foot."""
    joints = open_body.joints(STAR_POSE[None])[0]
    hand, foot = (joints[JOINT_NAMES.index(name)] for name in ("left_hand", "right_foot"))
    weights, regions = canonical_weights(GRID, open_body), part_regions(GRID, open_body)
    rng = np.random.default_rng(3)
    return [
        counted(GRID, weights, images_of_a_ball(rng, 120, place[None], (1.0,), 0.12), regions)
        for place in (hand, hand, foot)
    ]


def written(folder, counters, groups=None) -> InteractionVotes:
    files = []
    for (text, name), counter in zip(TEXTS.items(), counters, strict=True):
        chosen = counter.groups if groups is None else groups
        votes = [counter.of_group(group) for group in chosen]
        arrays = {key: np.stack([getattr(item, key) for item in votes]) for key in Votes.__dataclass_fields__}
        about = {"category": "ball", "prompt": text, "interaction": name, "body": "b", "canonicalise": "true"}
        files.append(folder / f"{slug(text)}.h5")
        content = store.encode_arrays("votes", {"group": np.array(chosen), **arrays}, about)
        store.write_recorded(files[-1], content, {})
    return InteractionVotes.of_files(files)


@pytest.fixture(scope="module")
def found(counters, tmp_path_factory):
    clusters = clusters_of(written(tmp_path_factory.mktemp("votes"), counters))
    return {(item.interaction, item.prompt, item.part): item for item in clusters}


def test_every_interaction_prompt_and_part_is_listed_once(found):
    # All prompts, `hold`, and three prompts; `kick` is its only prompt under another name.
    assert len(found) == (1 + 2 + 2) * 15
    assert ("kick", "", "") in found
    assert ("", "A man kicks a ball", "") not in found


def test_what_is_touched_is_plausible_and_what_is_not_says_why(found):
    assert found["hold", "", "leftHand"].fails == ()
    assert found["kick", "", "rightFoot"].fails == ()
    for interaction, part in (("hold", "rightFoot"), ("hold", "rightHand"), ("kick", "leftHand"), ("kick", "face")):
        assert found[interaction, "", part].fails, (interaction, part)
    assert found["hold", "", "leftHand"].share > 0.6
    assert found["hold", "", "leftHand"].distance < 0.2


def test_figures_are_what_they_say(found, counters):
    total = found["", "", ""]
    assert total.images == 360
    assert total.share == 1
    assert total.directions == 12
    assert total.distance == pytest.approx(0, abs=1e-6)
    assert 0 < total.effective_images <= 360
    hand = found["", "", "leftHand"]
    assert hand.images == sum(int(counter.of_group("leftHand").images.sum()) for counter in counters)
    assert hand.share == pytest.approx(hand.images / 360, abs=1e-4)
    for item in found.values():
        assert set(item.fails) <= set(RULE)
        assert item.as_json()["plausible"] == (not item.fails)


def test_hand_and_foot_clusters_of_one_category_are_different_fields(counters, tmp_path):
    from chorus.occupancy.field import field_of

    votes = written(tmp_path, counters)
    hand, foot = (field_of(votes.of("", part)).phi.ravel() for part in ("leftHand", "rightFoot"))
    total = field_of(votes.of()).phi.ravel()
    assert np.corrcoef(hand, foot)[0, 1] < 0.5
    assert min(np.corrcoef(hand, total)[0, 1], np.corrcoef(foot, total)[0, 1]) > np.corrcoef(hand, foot)[0, 1]


def test_a_single_direction_is_not_steady(open_body):
    ballots = images_of_a_ball(np.random.default_rng(0), 200)
    weights = canonical_weights(GRID, open_body)
    one = counted(GRID, weights, some_of(ballots, np.flatnonzero(ballots.azimuth_bin == 3))).votes
    assert stability(one) == 0
    assert 0.8 < stability(counted(GRID, weights, ballots).votes) <= 1


def test_without_body_parts_only_whole_prompts_are_listed(counters, tmp_path):
    assert {item.part for item in clusters_of(written(tmp_path, counters, ("total",)))} == {""}


def test_files_of_different_kinds_do_not_mix(counters, tmp_path):
    first = written(tmp_path / "a", counters, ("total",)).files
    second = written(tmp_path / "b", counters).files
    with pytest.raises(FileError, match="2 kinds"):
        InteractionVotes.of_files([first[0], second[1]])
    with pytest.raises(FileError, match="0 files"):
        InteractionVotes.of_files([])

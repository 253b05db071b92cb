"""Questions to a distribution: interaction types, poses, regions, samples, exports, and what is not known."""

import io
from dataclasses import replace

import numpy as np
import pytest
import trimesh

from chorus import store
from chorus.body.loading import save_open_body
from chorus.body.model import JOINT_NAMES, STAR_POSE
from chorus.distribution.distribution import Distribution
from chorus.distribution.export import save
from chorus.distribution.loading import load, read_pose
from chorus.distribution.types import InteractionVotes
from chorus.errors import ChorusError, FileError, QueryError
from chorus.naming import slug
from chorus.occupancy.field import field_of
from chorus.occupancy.grid import Grid
from chorus.occupancy.votes import Votes

GRID = Grid(16)
GROUPS = ("total", "leftHand")
TEXTS = {"A person holds a ball": "hold", "A man holds a ball high": "hold", "A girl kicks a ball": "kick"}


def some_votes(seed: int) -> list[Votes]:
    """Votes of all images and of those at the left hand; nobody saw the top layer."""
    rng = np.random.default_rng(seed)
    groups = []
    for most in (6, 3):
        images = rng.integers(1, most, 12).astype(np.uint32)
        denominator = 255 * np.broadcast_to(images[:, None, None, None], (12, *GRID.shape)).astype(np.uint32)
        denominator[:, :, -1] = 0
        groups.append(
            Votes((denominator * rng.random(denominator.shape)).astype(np.uint32), denominator, 255 * images, images)
        )
    return groups


def write_votes(folder, body, number: int, **changes):
    """The `votes` file of one prompt."""
    text = list(TEXTS)[number]
    votes = some_votes(number)
    arrays = {name: np.stack([getattr(item, name) for item in votes]) for name in Votes.__dataclass_fields__}
    attributes = {
        "category": "sports_ball", "prompt": text, "interaction": TEXTS[text], "body": body.digest,
        "canonicalise": "true", **changes,
    }  # fmt: skip
    path = folder / "votes/sports_ball" / f"{slug(text)}.h5"
    content = store.encode_arrays("votes", {"group": np.array(GROUPS), **arrays}, attributes)
    store.write_recorded(path, content, {"kind": "votes"})
    return path


def write_voxels(folder, body, files):
    """The `voxels` file of a category, with the record that ties it to its votes."""
    field = field_of(some_votes(0)[0])
    arrays = {name: getattr(field, name)[None] for name in field.__dataclass_fields__}
    attributes = {"category": "sports_ball", "body": body.digest, "canonicalise": "true"}
    content = store.encode_arrays(
        "voxels", {"group": np.array(["total"]), "interaction": np.array([""]), **arrays}, attributes
    )
    inputs = [{"path": str(path), "sha256": store.sha256_of(path)} for path in files]
    store.write_recorded(folder / "voxels/sports_ball.h5", content, {"kind": "voxels", "inputs": {"votes": inputs}})
    return folder / "voxels/sports_ball.h5"


@pytest.fixture(scope="module")
def run(tmp_path_factory, open_body):
    folder = tmp_path_factory.mktemp("run")
    return write_voxels(folder, open_body, [write_votes(folder, open_body, number) for number in range(len(TEXTS))])


@pytest.fixture(scope="module")
def ball(run) -> Distribution:
    return load(run)


def same(first, second) -> bool:
    return np.array_equal(first, second, equal_nan=True)


def test_a_distribution_says_what_it_can_be_asked(ball):
    assert ball.category == "sports_ball"
    assert ball.interactions == ["hold", "kick"]
    assert ball.prompts == list(TEXTS)
    assert "rightHand" in ball.parts


def test_an_interaction_is_the_exact_sum_of_its_prompts(ball):
    first, second, kick = (some_votes(number)[0] for number in range(3))
    for key, votes in (("hold", first + second), ("kick", kick), ("", first + second + kick)):
        field, found = field_of(votes), ball.canonical(key)
        assert np.array_equal(found.phi[found.known], field.phi[found.known])
        assert np.array_equal(found.n_eff, field.n_eff)
        assert found.images == votes.images.sum()


def test_a_prompt_is_named_by_text_or_id(ball):
    text = "A girl kicks a ball"
    assert same(ball.canonical(text).phi, ball.canonical("kick").phi)
    assert same(ball.canonical(slug(text)).phi, ball.canonical("kick").phi)


def test_a_body_part_keeps_the_images_that_touch_it(ball):
    found = ball.canonical("kick", "leftHand")
    assert found.images == some_votes(2)[1].images.sum()
    assert found.about["part"] == "leftHand"
    assert same(found.phi[found.known], field_of(some_votes(2)[1]).phi[found.known])


@pytest.mark.parametrize(("interaction", "part"), [("hodl", ""), ("", "hand"), ("hold ", "leftHand")])
def test_a_misspelt_question_names_the_possible_ones(ball, interaction, part):
    with pytest.raises(QueryError, match=r"kick|rightHand"):
        ball.canonical(interaction, part)


def test_parts_that_were_not_counted_say_how_to_count_them(ball):
    with pytest.raises(FileError, match=r"occupancy\.parts"):
        ball.canonical("hold", "rightFoot")


def test_what_nobody_saw_is_unknown_and_not_zero(ball):
    field = ball.canonical()
    assert not field.known[:, -1].any()
    assert field.known[:, :-1].all()
    for values in (field.phi, field.low, field.high):
        assert np.isnan(values[:, -1]).all()
    assert (field.directions[:, -1] == 0).all()
    assert (field.n_eff[:, -1] == 0).all()
    assert np.isnan(field.at(np.array([[0, 1.45, 0], [0, 9, 0], [np.nan, 0, 0]]))).all()


def test_the_interval_holds_the_field(ball):
    field = ball.pose(STAR_POSE, "hold")
    known = field.known
    assert (field.low[known] <= field.phi[known] + 1e-6).all()
    assert (field.phi[known] <= field.high[known] + 1e-6).all()


@pytest.mark.parametrize("lookup", ["forward", "linear", "nearest"])
def test_the_star_pose_is_the_canonical_field(ball, lookup):
    posed, canonical = ball.pose(STAR_POSE, "hold", lookup=lookup), ball.canonical("hold")
    assert np.array_equal(posed.known, canonical.known)
    assert np.allclose(posed.phi, canonical.phi, atol=1e-4, equal_nan=True)
    assert np.allclose(posed.n_eff, canonical.n_eff, rtol=1e-3)


def test_a_raised_arm_takes_its_field_along(ball, open_body):
    theta = STAR_POSE.copy()
    theta[JOINT_NAMES.index("left_shoulder"), 2] = -0.9
    hand = JOINT_NAMES.index("left_hand")
    here, there = (open_body.joints(pose[None])[0, hand] for pose in (theta, STAR_POSE))
    posed, canonical = ball.pose(theta), ball.canonical()
    near = np.linalg.norm(posed.grid.centres() - here, axis=1) < 0.15
    values, home = posed.phi.reshape(-1)[near], canonical.at(there[None])[0]
    assert abs(np.nanmean(values) - home) < 0.2
    feet = posed.grid.axis() < -0.9
    assert np.allclose(posed.phi[:, feet], canonical.phi[:, feet], atol=0.05, equal_nan=True)


def test_poses_one_by_one_and_flat(ball):
    thetas = np.random.default_rng(0).normal(0, 0.2, (2, 24, 3))
    for theta, field in zip(thetas, ball.poses(thetas, "hold", "leftHand"), strict=True):
        assert same(field.phi, ball.pose(theta.reshape(72), "hold", "leftHand").phi)
        assert not field.pose[0].any()


@pytest.mark.parametrize("theta", [np.zeros((23, 3)), np.zeros(71), np.full((24, 3), np.nan), np.zeros((3, 24))])
def test_what_is_no_pose_is_refused(ball, theta):
    with pytest.raises(QueryError, match="24 x 3"):
        ball.pose(theta)


def test_without_canonicalisation_a_pose_moves_nothing(open_body, tmp_path):
    files = [write_votes(tmp_path, open_body, 0, canonicalise="false")]
    rigid = Distribution(InteractionVotes.of_files(files), open_body)
    assert same(rigid.pose(np.full((24, 3), 0.3)).phi, rigid.canonical().phi)


def test_values_at_voxel_centres_are_the_voxels(ball):
    field = ball.canonical()
    values = field.at(field.grid.centres()).reshape(field.phi.shape)
    assert np.allclose(values[:, :-1], field.phi[:, :-1], atol=1e-6)
    assert field.at(np.zeros((4, 5, 3))).shape == (4, 5)
    with pytest.raises(QueryError, match="metres"):
        field.at(np.zeros((4, 2)))


def test_regions_are_shares_of_the_volume(ball):
    field = ball.canonical("hold")
    left = field.probability(lambda points: points[:, 0] > 0)
    assert left + field.probability(lambda points: points[:, 0] < 0) == pytest.approx(1)
    mask = field.grid.centres()[:, 0].reshape(field.phi.shape) > 0
    assert field.probability(mask) == left
    assert field.probability(np.zeros(field.phi.shape, bool)) == 0
    with pytest.raises(QueryError, match="shape"):
        field.probability(np.ones(3, bool))


def test_samples_are_as_dense_as_the_field(ball):
    field = ball.canonical()
    points = field.sample(20_000, np.random.default_rng(1))
    assert np.array_equal(points, field.sample(20_000, np.random.default_rng(1)))
    assert (np.abs(points) <= 1.5).all()
    assert (points[:, 1] < field.grid.axis()[-1]).all(), "nothing where nobody looked"
    region = lambda p: (p[:, 0] > 0.2) & (p[:, 1] < 0)  # noqa: E731
    voxels = field.grid.flat_index(points)
    inside = region(field.grid.centres())[voxels]
    assert inside.mean() == pytest.approx(field.probability(region), abs=0.012)


def test_nothing_to_draw_from_is_an_error(ball):
    field = ball.canonical()
    empty = type(field)(**{**vars(field), "phi": np.zeros_like(field.phi)})
    with pytest.raises(QueryError, match="0 everywhere"):
        empty.sample(1, np.random.default_rng(0))


def test_npz_holds_everything_and_is_the_same_every_time(ball, tmp_path):
    field = ball.pose(np.zeros((24, 3)), "hold")
    for name in ("a.npz", "b.npz"):
        save(field, tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    stored = np.load(tmp_path / "a.npz", allow_pickle=False)
    assert same(stored["phi"], field.phi)
    assert str(stored["interaction"]) == "hold"
    assert stored["axis"].tolist() == GRID.axis().tolist()


def test_ply_is_read_by_others(ball, tmp_path):
    field = ball.canonical("kick")
    save(field, tmp_path / "cloud.ply", threshold=0.6)
    shown = np.nan_to_num(field.phi) >= 0.6
    cloud = trimesh.load(io.BytesIO((tmp_path / "cloud.ply").read_bytes()), file_type="ply")
    assert np.allclose(cloud.vertices, GRID.centres()[shown.reshape(-1)], atol=1e-6)
    save(field, tmp_path / "surface.ply", surface=True, threshold=0.6)
    surface = trimesh.load(tmp_path / "surface.ply")
    assert surface.volume == pytest.approx(shown.sum() * GRID.voxel**3, rel=1e-4), "closed, faces look outwards"
    with pytest.raises(QueryError, match=r"npz or \.ply"):
        save(field, tmp_path / "field.obj")


def test_another_body_is_refused(run, tmp_path, open_body):
    other = replace(open_body, name="taller", v_template=1.1 * open_body.v_template)
    save_open_body(tmp_path / "taller.npz", other)
    with pytest.raises(FileError, match="another body model"):
        load(run, body=tmp_path / "taller.npz")


def test_votes_that_are_not_those_of_the_field_are_refused(tmp_path, open_body):
    voxels = write_voxels(tmp_path, open_body, [write_votes(tmp_path, open_body, 0)])
    write_votes(tmp_path, open_body, 0, interaction="throw")
    with pytest.raises(FileError, match="run `snakemake"):
        load(voxels)


@pytest.mark.parametrize("content", ["", "[1, 2]", '{"a": 1}', "[" * 100_000, '["x"]', "null"])
def test_a_file_that_is_no_pose_is_one_sentence(tmp_path, content):
    path = tmp_path / "pose.json"
    path.write_text(content)
    with pytest.raises(ChorusError, match="24 x 3"):
        read_pose(path)


def test_poses_are_read_from_json_and_npy(tmp_path):
    pose = np.arange(72.0).reshape(24, 3)
    np.save(tmp_path / "pose.npy", pose)
    (tmp_path / "pose.json").write_text(str(pose.reshape(-1).tolist()))
    assert np.array_equal(read_pose(tmp_path / "pose.npy"), pose)
    assert np.array_equal(read_pose(tmp_path / "pose.json"), pose)


def test_the_command_line_writes_a_posed_field(run, tmp_path, capsys):
    from chorus import cli

    (tmp_path / "pose.json").write_text(str([0.0] * 72))
    arguments = ["pose", run, "--pose", tmp_path / "pose.json", "--interaction", "hold", "--part", "leftHand"]
    assert cli.main([str(a) for a in [*arguments, "--output", tmp_path / "out.ply", "--surface"]]) == 0
    assert "of space known" in capsys.readouterr().out
    assert (tmp_path / "out.ply").read_bytes().startswith(b"ply\n")
    assert cli.main([str(a) for a in ["pose", run, "--part", "nose", "--output", tmp_path / "out.ply"]]) == 1
    assert "no body part 'nose'" in capsys.readouterr().err

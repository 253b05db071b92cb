"""Laws of the body model: rest, mirror, rigid motion, star pose; a cross-check against smplx."""

import dataclasses

import numpy as np
import pytest

from chorus.body.kinematics import bone_transforms, invert_rigid, mirror_pose, rotation_matrices, skin
from chorus.body.loading import OPEN_BODY, load_body
from chorus.body.model import (
    COCO_KEYPOINTS,
    JOINT_MIRROR,
    JOINT_NAMES,
    LANDMARK_NAMES,
    PARENTS,
    STAR_POSE,
    BodyModel,
    mirrored_name,
)
from chorus.errors import ModelError

MIRROR = np.array([-1.0, 1.0, 1.0])
LEFT_HIP, LEFT_KNEE, LEFT_ELBOW = (JOINT_NAMES.index(name) for name in ("left_hip", "left_knee", "left_elbow"))


@pytest.fixture(scope="module")
def body() -> BodyModel:
    return load_body(OPEN_BODY)


@pytest.fixture(scope="module")
def blended(body: BodyModel) -> BodyModel:
    """The same body with pose blend shapes, which the open body does without."""
    posedirs = np.random.default_rng(5).normal(0.0, 1e-3, (body.n_vertices, 3, 207))
    return dataclasses.replace(body, posedirs=posedirs)


@pytest.fixture
def pose() -> np.ndarray:
    return np.random.default_rng(1).normal(0.0, 0.4, (5, 24, 3))


@pytest.fixture
def betas() -> np.ndarray:
    return np.random.default_rng(2).normal(0.0, 1.0, (5, 10))


def vertex_twins(body: BodyModel) -> np.ndarray:
    from scipy.spatial import cKDTree

    distance, twins = cKDTree(body.v_template).query(body.v_template * MIRROR)
    assert distance.max() == 0.0
    return twins


def test_the_open_body_is_a_person(body: BodyModel) -> None:
    assert abs(body.n_vertices - 6890) <= 10
    assert np.ptp(body.v_template[:, 1]) == pytest.approx(1.73, abs=0.01)
    assert np.allclose(body.joints_at_rest()[0], [0.0, -0.22, 0.03], atol=0.002)
    arm = body.joints_at_rest()[[JOINT_NAMES.index(f"left_{part}") for part in ("shoulder", "elbow", "wrist", "hand")]]
    assert np.ptp(arm[:, 1:], axis=0).max() < 0.01  # level
    assert (np.diff(arm[:, 0]) > 0.05).all()
    shoulder_height, hip_height = body.joints_at_rest()[[16, 1], 1]
    assert shoulder_height > hip_height
    assert body.v_template[body.landmark_vertices["nose"], 2] > 0.1  # looks along +z


def test_the_open_body_is_one_closed_skin_facing_outward(body: BodyModel) -> None:
    edges = np.concatenate([body.faces[:, [0, 1]], body.faces[:, [1, 2]], body.faces[:, [2, 0]]])
    assert len(np.unique(edges, axis=0)) == len(edges)  # each direction once ...
    assert {tuple(e) for e in edges} == {tuple(e) for e in edges[:, ::-1]}  # ... and its opposite: closed, oriented
    assert body.n_vertices - len(edges) // 2 + len(body.faces) == 2  # Euler: one piece, no holes
    a, b, c = np.moveaxis(body.v_template[body.faces], 1, 0)
    assert 0.05 < np.einsum("fa,fa->", a, np.cross(b, c)) / 6.0 < 0.09  # cubic metres, positive when outward


def test_zero_pose_is_the_template(body: BodyModel, blended: BodyModel) -> None:
    for model in (body, blended):
        assert np.allclose(model.vertices(np.zeros((1, 24, 3)))[0], model.v_template, atol=1e-12)
        assert np.allclose(model.bone_transforms(np.zeros((2, 24, 3))), np.eye(4), atol=1e-12)
        assert np.allclose(model.joints(np.zeros((1, 24, 3)))[0], model.joints_at_rest())


def test_bones_are_rigid(body: BodyModel, pose: np.ndarray, betas: np.ndarray) -> None:
    A = body.bone_transforms(pose, betas)
    assert A.shape == (5, 24, 4, 4)
    assert np.allclose(np.linalg.det(A[..., :3, :3]), 1.0)
    assert np.allclose(np.einsum("njab,njcb->njac", A[..., :3, :3], A[..., :3, :3]), np.eye(3))
    assert np.allclose(A[..., 3, :], [0, 0, 0, 1])
    assert np.allclose(invert_rigid(A) @ A, np.eye(4))


def test_bone_lengths_do_not_depend_on_the_pose(body: BodyModel, pose: np.ndarray, betas: np.ndarray) -> None:
    rest, posed = body.joints_at_rest(betas), body.joints(pose, betas)
    parents = np.array(PARENTS[1:])
    lengths = [np.linalg.norm(joints[:, 1:] - joints[:, parents], axis=-1) for joints in (rest, posed)]
    assert np.allclose(*lengths)


def test_one_joint_turns_about_itself(body: BodyModel) -> None:
    pose = np.zeros((1, 24, 3))
    pose[0, LEFT_KNEE] = [np.pi / 2.0, 0.0, 0.0]  # the shin swings back: +x turns down (-y) into the rear (-z)
    rest, posed = body.joints_at_rest(), body.joints(pose)[0]
    shin = JOINT_NAMES.index("left_ankle")
    x, y, z = rest[shin] - rest[LEFT_KNEE]
    assert np.allclose(posed[shin] - posed[LEFT_KNEE], [x, -z, y])
    unmoved = [j for j, name in enumerate(JOINT_NAMES) if name not in ("left_ankle", "left_foot")]
    assert np.allclose(posed[unmoved], rest[unmoved])


def test_root_turns_the_whole_body_about_the_pelvis(body: BodyModel, pose: np.ndarray) -> None:
    rootless = pose.copy()
    rootless[:, 0] = 0.0
    pelvis = body.joints_at_rest()[0]
    turn = rotation_matrices(pose[:, 0])
    expected = np.einsum("nab,nvb->nva", turn, body.vertices(rootless) - pelvis) + pelvis
    assert np.allclose(body.vertices(pose), expected)


def test_mirrored_pose_gives_the_mirrored_body(body: BodyModel, pose: np.ndarray, betas: np.ndarray) -> None:
    twins = vertex_twins(body)
    mirrored = mirror_pose(pose, JOINT_MIRROR)
    assert np.allclose(mirror_pose(mirrored, JOINT_MIRROR), pose)
    assert np.allclose(body.vertices(mirrored, betas), body.vertices(pose, betas)[:, twins] * MIRROR, atol=1e-6)
    assert np.allclose(body.joints(mirrored, betas), body.joints(pose, betas)[:, JOINT_MIRROR] * MIRROR, atol=1e-6)
    keypoint_twins = [COCO_KEYPOINTS.index(mirrored_name(name)) for name in COCO_KEYPOINTS]
    keypoints = body.coco_keypoints(pose, betas)[:, keypoint_twins] * MIRROR
    assert np.allclose(body.coco_keypoints(mirrored, betas), keypoints, atol=1e-6)


def test_the_arrays_are_mirror_symmetric(body: BodyModel) -> None:
    twins = vertex_twins(body)
    assert np.allclose(body.weights[twins][:, JOINT_MIRROR], body.weights, atol=1e-7)
    assert np.allclose(body.shapedirs[twins] * MIRROR[:, None], body.shapedirs, atol=1e-7)
    regressor = body.J_regressor.toarray()
    assert np.allclose(regressor[JOINT_MIRROR][:, twins], regressor, atol=1e-7)
    faces = {tuple(np.roll(face, -np.argmin(face))) for face in body.faces}
    assert faces == {tuple(np.roll(face, -np.argmin(face))) for face in twins[body.faces][:, ::-1]}


def test_canonical_bones(body: BodyModel, pose: np.ndarray) -> None:
    assert np.allclose(body.canonical_bones(STAR_POSE[None]), np.eye(4), atol=1e-12)
    turned = pose.copy()
    turned[:, 0] = [0.3, -2.0, 1.0]
    assert np.array_equal(body.canonical_bones(turned), body.canonical_bones(pose))  # the root is removed
    rootless = pose.copy()
    rootless[:, 0] = 0.0
    star = body.bone_transforms(STAR_POSE[None])
    assert np.allclose(body.canonical_bones(pose) @ star, body.bone_transforms(rootless))


def test_star_pose_opens_the_legs(body: BodyModel) -> None:
    assert np.allclose(STAR_POSE[LEFT_HIP], [0.0, 0.0, np.pi / 6.0])
    assert np.count_nonzero(STAR_POSE) == 2
    rest, star = body.joints_at_rest(), body.joints(STAR_POSE[None])[0]
    assert star[LEFT_KNEE, 0] > rest[LEFT_KNEE, 0] + 0.1


def test_shape_moves_joints_and_vertices_linearly(body: BodyModel, betas: np.ndarray) -> None:
    still = np.zeros((5, 24, 3))
    shaped = body.v_template + np.einsum("vak,nk->nva", body.shapedirs, betas)
    assert np.allclose(body.vertices(still, betas), shaped)
    assert np.allclose(body.joints_at_rest(betas), [body.J_regressor @ one for one in shaped])
    assert np.allclose(body.vertices(still, betas[0]), shaped[0])  # one shape for the whole batch


def test_landmarks_are_the_vertices_they_name(blended: BodyModel, pose: np.ndarray, betas: np.ndarray) -> None:
    vertices = blended.vertices(pose, betas)
    ids = [blended.landmark_vertices[name] for name in LANDMARK_NAMES]
    assert np.allclose(blended.landmarks(pose, betas), vertices[:, ids])
    assert np.allclose(blended.landmarks(pose, betas, ["nose"])[:, 0], vertices[:, blended.landmark_vertices["nose"]])
    with pytest.raises(ModelError, match="tail"):
        blended.landmarks(pose, betas, ["tail"])


def test_coco_keypoints(body: BodyModel, pose: np.ndarray, betas: np.ndarray) -> None:
    keypoints = dict(zip(COCO_KEYPOINTS, np.moveaxis(body.coco_keypoints(pose, betas), 1, 0), strict=True))
    assert np.allclose(keypoints["left_elbow"], body.joints(pose, betas)[:, LEFT_ELBOW])
    assert np.allclose(keypoints["left_ear"], body.landmarks(pose, betas, ["left_ear"])[:, 0])


def test_a_batch_is_its_bodies(blended: BodyModel, betas: np.ndarray) -> None:
    pose = np.random.default_rng(3).normal(0.0, 0.3, (11, 24, 3))  # more than one skinning chunk
    together = blended.vertices(pose, betas[0])
    assert np.allclose(together[9], blended.vertices(pose[9:10], betas[0])[0], atol=1e-12)


def test_empty_batches(body: BodyModel, blended: BodyModel) -> None:
    none, no_betas = np.zeros((0, 24, 3)), np.zeros((0, 10))
    for model in (body, blended):
        assert model.vertices(none, no_betas).shape == (0, model.n_vertices, 3)
        assert model.joints(none).shape == (0, 24, 3)
        assert model.landmarks(none).shape == (0, 17, 3)
        assert model.coco_keypoints(none, no_betas).shape == (0, 17, 3)
        assert model.canonical_bones(none).shape == (0, 24, 4, 4)
    assert body.joints_at_rest(no_betas).shape == (0, 24, 3)


@pytest.mark.parametrize(
    ("pose", "betas", "message"),
    [
        (np.zeros((24, 3)), None, "leading axis"),
        (np.zeros((2, 72)), None, "pose has shape"),
        (np.zeros((2, 23, 3)), None, "pose has shape"),
        (np.zeros((2, 24, 3)), np.zeros((3, 10)), "like the poses"),
        (np.zeros((2, 24, 3)), np.zeros((2, 9)), "betas has shape"),
    ],
)
def test_wrong_shapes_are_named(body: BodyModel, pose: np.ndarray, betas: np.ndarray | None, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        body.vertices(pose, betas)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shapedirs": np.zeros((10, 3, 10))}, "shapedirs has shape"),
        ({"faces": np.array([[0, 1, 999_999]])}, "do not exist"),
        ({"faces": np.array([[0, 1, -1]])}, "do not exist"),
        ({"parents": np.arange(24)}, "no tree"),
        ({"landmark_vertices": {"nose": 0}}, "missing"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(body: BodyModel, change: dict, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        dataclasses.replace(body, **change)


def test_weights_must_sum_to_one_and_be_finite(body: BodyModel) -> None:
    with pytest.raises(ModelError, match="sum to one"):
        dataclasses.replace(body, weights=0.9 * body.weights)
    damaged = body.v_template.copy()
    damaged[7, 1] = np.nan
    with pytest.raises(ModelError, match="NaN"):
        dataclasses.replace(body, v_template=damaged)


def test_digest_follows_the_arrays(body: BodyModel) -> None:
    assert dataclasses.replace(body, name="other").digest == body.digest
    assert dataclasses.replace(body, v_template=body.v_template + 1e-9).digest != body.digest
    assert dataclasses.replace(body, landmark_vertices=dict(body.landmark_vertices) | {"nose": 0}).digest != body.digest
    with pytest.raises(ValueError, match="read-only"):
        body.v_template[0] = 0.0


def test_agrees_with_smplx(blended: BodyModel, pose: np.ndarray, betas: np.ndarray) -> None:
    lbs = pytest.importorskip("smplx.lbs").lbs
    import torch

    vertices, joints = lbs(
        torch.tensor(betas),
        torch.tensor(pose.reshape(5, 72)),
        torch.tensor(blended.v_template)[None],
        torch.tensor(blended.shapedirs),
        torch.tensor(blended.posedirs.reshape(-1, 207).T),
        torch.tensor(blended.J_regressor.toarray()),
        torch.tensor(blended.parents, dtype=torch.int64),
        torch.tensor(blended.weights),
    )
    # smplx adds 1e-8 to every axis-angle entry before it takes the angle.
    assert np.allclose(blended.vertices(pose, betas), vertices.numpy(), atol=1e-7)
    assert np.allclose(blended.joints(pose, betas), joints.numpy(), atol=1e-7)


def test_kinematics_of_a_two_bone_arm() -> None:
    joints, parents = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]), np.array([-1, 0])
    quarter = np.array([0.0, 0.0, np.pi / 2.0])
    A = bone_transforms(rotation_matrices(np.array([[quarter, quarter]])), joints, parents)
    hand = np.array([[2.0, 0.0, 0.0]])
    assert np.allclose(skin(hand, np.array([[0.0, 1.0]]), A), [[[-1.0, 1.0, 0.0]]])
    assert np.allclose(skin(hand, np.array([[1.0, 0.0]]), A), [[[0.0, 2.0, 0.0]]])
    assert np.allclose(skin(hand, np.array([[0.5, 0.5]]), A), [[[-0.5, 1.5, 0.0]]])

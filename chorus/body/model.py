"""The body model: a skinned mesh with 24 joints in SMPL's order, 10 shape coefficients and named landmark vertices.

Body frame (docs/conventions.md): metres, x = the person's left, y = up, z = the person's front.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from chorus.body import kinematics
from chorus.errors import ModelError

# fmt: off
JOINT_NAMES = (
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle",
    "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hand", "right_hand",
)
COCO_KEYPOINTS = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
    "right_ankle",
)
LANDMARK_NAMES = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_heel", "right_heel", "left_big_toe",
    "right_big_toe", "left_small_toe", "right_small_toe", "left_thumb", "right_thumb", "left_index", "right_index",
    "left_pinky", "right_pinky",
)
# fmt: on
N_JOINTS = len(JOINT_NAMES)
N_BETAS = 10
SMPL_VERTICES = 6890
N_POSE_FEATURES = 9 * (N_JOINTS - 1)
PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21)


def mirrored_name(name: str) -> str:
    """The name on the other side of the body: `left_hip` for `right_hip`; `nose` stays `nose`."""
    if name.startswith("left_"):
        return "right_" + name.removeprefix("left_")
    if name.startswith("right_"):
        return "left_" + name.removeprefix("right_")
    return name


JOINT_MIRROR = np.array([JOINT_NAMES.index(mirrored_name(name)) for name in JOINT_NAMES])

STAR_POSE = np.zeros((N_JOINTS, 3))
STAR_POSE[JOINT_NAMES.index("left_hip"), 2] = np.deg2rad(30.0)
STAR_POSE[JOINT_NAMES.index("right_hip"), 2] = np.deg2rad(-30.0)
STAR_POSE.setflags(write=False)
JOINT_MIRROR.setflags(write=False)

_COCO_FACE = COCO_KEYPOINTS[:5]
_COCO_JOINTS = np.array([JOINT_NAMES.index(name) for name in COCO_KEYPOINTS[5:]])


@dataclass(frozen=True, eq=False)
class BodyModel:
    """A skinned body; arrays are float64 (indices int32) and read-only.

    Attributes:
        name: what to call the model in reports.
        v_template: (V, 3) vertices of the rest (T) pose with betas 0, metres, body frame.
        faces: (F, 3) int32 triangles, outward by the right-hand rule.
        shapedirs: (V, 3, 10) metres per unit of beta.
        J_regressor: (24, V) sparse; joints of the rest pose are J_regressor @ vertices.
        weights: (V, 24) skinning weights, rows sum to one.
        landmark_vertices: vertex id of each name of LANDMARK_NAMES.
        posedirs: (V, 3, 207) metres per entry of (R_1 - I, ..., R_23 - I), or None.
        parents: (24,) parent of each joint, -1 for the root.

    Raises:
        ModelError: if the arrays do not fit together.
    """

    name: str
    v_template: np.ndarray
    faces: np.ndarray
    shapedirs: np.ndarray
    J_regressor: csr_array
    weights: np.ndarray
    landmark_vertices: Mapping[str, int]
    posedirs: np.ndarray | None = None
    parents: np.ndarray = field(default_factory=lambda: np.array(PARENTS))

    def __post_init__(self) -> None:
        for attribute in ("v_template", "shapedirs", "weights", "posedirs"):
            if (values := getattr(self, attribute)) is not None:
                object.__setattr__(self, attribute, _frozen_array(values, np.float64))
        for attribute in ("faces", "parents"):
            object.__setattr__(self, attribute, _frozen_array(getattr(self, attribute), np.int32))
        object.__setattr__(self, "J_regressor", csr_array(self.J_regressor, dtype=np.float64))
        object.__setattr__(self, "landmark_vertices", {k: int(v) for k, v in self.landmark_vertices.items()})
        self._check()

    @property
    def n_vertices(self) -> int:
        return len(self.v_template)

    @property
    def is_smpl(self) -> bool:
        """Whether the arrays are SMPL's (its vertices and correctives), so that SMPL parameters mean what they say."""
        return self.n_vertices == SMPL_VERTICES and self.posedirs is not None

    @cached_property
    def digest(self) -> str:
        """SHA-256 of every array and landmark: two bodies with one digest give the same results."""
        total = hashlib.sha256()
        arrays = {
            "v_template": self.v_template,
            "faces": self.faces,
            "shapedirs": self.shapedirs,
            "posedirs": np.zeros(0) if self.posedirs is None else self.posedirs,
            "J_regressor": self.J_regressor.toarray(),
            "parents": self.parents,
            "weights": self.weights,
            "landmarks": np.array([self.landmark_vertices[name] for name in LANDMARK_NAMES], np.int32),
        }
        for key, array in arrays.items():
            total.update(f"{key} {array.dtype.str} {array.shape}\n".encode())
            total.update(array.tobytes())
        return total.hexdigest()

    def joints_at_rest(self, betas: np.ndarray | None = None) -> np.ndarray:
        """Joints (..., 24, 3) of the rest pose for betas (..., 10), metres; betas None means zeros."""
        if betas is None:
            return self._rest_joints
        betas = _checked(betas, "betas", (N_BETAS,))
        return self._rest_joints + np.einsum("jak,...k->...ja", self._joint_shapedirs, betas)

    def bone_transforms(self, pose: np.ndarray, betas: np.ndarray | None = None) -> np.ndarray:
        """A_j (n, 24, 4, 4): rest (T) pose to pose (n, 24, 3), axis-angle in radians; betas (10,) or (n, 10)."""
        pose, betas = self._batch(pose, betas)
        rotations = kinematics.rotation_matrices(pose)
        return kinematics.bone_transforms(rotations, self.joints_at_rest(betas), self.parents)

    def canonical_bones(self, pose: np.ndarray) -> np.ndarray:
        """B_j (n, 24, 4, 4): star pose to pose, root rotation removed, betas 0 (paper Eq. 5).

        B_j = A_j(pose) A_j(star)^-1, both in the body frame.
        """
        rootless = np.array(_checked(pose, "pose", (N_JOINTS, 3)))
        rootless[:, 0] = 0.0
        return self.bone_transforms(rootless) @ self._star_inverse

    def joints(self, pose: np.ndarray, betas: np.ndarray | None = None) -> np.ndarray:
        """Posed joints (n, 24, 3), metres."""
        return kinematics.transform_points(self.bone_transforms(pose, betas), self.joints_at_rest(betas))

    def vertices(self, pose: np.ndarray, betas: np.ndarray | None = None) -> np.ndarray:
        """Posed vertices (n, V, 3), metres: shape, pose blend shapes where the model has them, skinning."""
        return self._skin(pose, betas, slice(None))

    def landmarks(
        self, pose: np.ndarray, betas: np.ndarray | None = None, names: Sequence[str] = LANDMARK_NAMES
    ) -> np.ndarray:
        """Posed landmark vertices (n, L, 3), metres, in the order of `names`; only these vertices are skinned."""
        unknown = [name for name in names if name not in self.landmark_vertices]
        if unknown:
            raise ModelError(f"body model {self.name}: no landmark {unknown[0]!r}; known: {', '.join(LANDMARK_NAMES)}.")
        return self._skin(pose, betas, np.array([self.landmark_vertices[name] for name in names], np.intp))

    def coco_keypoints(self, pose: np.ndarray, betas: np.ndarray | None = None) -> np.ndarray:
        """Keypoints (n, 17, 3) in the order of COCO_KEYPOINTS, metres: five face vertices and twelve joints."""
        face = self.landmarks(pose, betas, _COCO_FACE)
        return np.concatenate([face, self.joints(pose, betas)[:, _COCO_JOINTS]], axis=1)

    @cached_property
    def _rest_joints(self) -> np.ndarray:
        return _frozen_array(self.J_regressor @ self.v_template, np.float64)

    @cached_property
    def _joint_shapedirs(self) -> np.ndarray:
        """(24, 3, 10): how the joints move with the betas; regressing once spares the vertices later."""
        flat = self.J_regressor @ self.shapedirs.reshape(self.n_vertices, -1)
        return flat.reshape(N_JOINTS, 3, N_BETAS)

    @cached_property
    def _star_inverse(self) -> np.ndarray:
        return kinematics.invert_rigid(self.bone_transforms(STAR_POSE[None]))[0]

    def _batch(self, pose: np.ndarray, betas: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None]:
        """Checked float64 pose (n, 24, 3) and betas ((10,), (n, 10) or None)."""
        pose = _checked(pose, "pose", (N_JOINTS, 3))
        if pose.ndim != 3:
            raise ModelError(f"pose has shape {pose.shape}; a batch (n, 24, 3) is needed: add a leading axis.")
        if betas is not None:
            betas = _checked(betas, "betas", (N_BETAS,))
            if betas.shape not in ((N_BETAS,), (len(pose), N_BETAS)):
                raise ModelError(f"betas have shape {betas.shape}; needed: (10,) or ({len(pose)}, 10) like the poses.")
        return pose, betas

    def _skin(self, pose: np.ndarray, betas: np.ndarray | None, chosen: slice | np.ndarray) -> np.ndarray:
        pose, betas = self._batch(pose, betas)
        rest = self.v_template[chosen]
        if betas is not None:
            rest = rest + np.einsum("vak,...k->...va", self.shapedirs[chosen], betas)
        if self.posedirs is not None:
            turns = kinematics.rotation_matrices(pose[:, 1:]) - np.eye(3)
            features = turns.reshape(len(pose), N_POSE_FEATURES)
            directions = self.posedirs[chosen].reshape(-1, N_POSE_FEATURES)
            rest = rest + (features @ directions.T).reshape(len(pose), *rest.shape[-2:])
        return kinematics.skin(rest, self.weights[chosen], self.bone_transforms(pose, betas))

    def _check(self) -> None:
        n = self.n_vertices
        wanted = {
            "v_template": (n, 3),
            "faces": (len(self.faces), 3),
            "shapedirs": (n, 3, N_BETAS),
            "J_regressor": (N_JOINTS, n),
            "weights": (n, N_JOINTS),
            "parents": (N_JOINTS,),
        }
        if self.posedirs is not None:
            wanted["posedirs"] = (n, 3, N_POSE_FEATURES)
        for attribute, shape in wanted.items():
            array: Any = getattr(self, attribute)
            if array.shape != shape:
                raise ModelError(f"body model {self.name}: {attribute} has shape {array.shape}; needed: {shape}.")
            values = array.data if attribute == "J_regressor" else array
            if not np.isfinite(values).all():
                raise ModelError(f"body model {self.name}: {attribute} holds NaN or infinity; the file is damaged.")
        ids = np.concatenate([self.faces.ravel(), list(self.landmark_vertices.values())])
        problem = None
        if n == 0 or ids.min(initial=0) < 0 or ids.max(initial=0) >= n:
            problem = "faces or landmarks name vertices that do not exist"
        elif self.parents[0] != -1 or not all(0 <= p < j for j, p in enumerate(self.parents) if j):
            problem = "the parents are no tree with the root first"
        elif not np.allclose(self.weights.sum(axis=1), 1.0, atol=1e-3):
            problem = "the skinning weights of a vertex do not sum to one"
        elif missing := sorted(set(LANDMARK_NAMES) - set(self.landmark_vertices)):
            problem = f"the landmark {missing[0]!r} is missing"
        if problem:
            raise ModelError(f"body model {self.name}: {problem}; the file is damaged or of another kind.")


def _frozen_array(values: np.ndarray, dtype: type) -> np.ndarray:
    """A read-only copy, so that the digest stays true."""
    array: np.ndarray = np.array(values, dtype=dtype, order="C")
    array.setflags(write=False)
    return array


def _checked(values: np.ndarray, what: str, tail: tuple[int, ...]) -> np.ndarray:
    """Float64 array whose last dimensions are `tail`, or a ModelError that names the shape."""
    array = np.asarray(values, dtype=np.float64)
    if array.shape[-len(tail) :] != tail:
        raise ModelError(f"{what} has shape {array.shape}; needed: (n, {', '.join(map(str, tail))}).")
    return array

"""The surface of the body in words: 23 coarse parts and 70 fine regions, one table for any body model.

A fine region is cut from the model itself: the joint that moves a vertex most, whether its normal shows to the front
or the back (palm or back of a hand, top or sole of a foot), and the half of the limb it lies on. The buttocks are cut
out by position. Every vertex lies in exactly one fine region, every fine region in exactly one coarse part, and sided
ones have a mirror twin. The paper's parts (chorus.body.parts) are another grouping of the same fine regions.

The vocabulary is ours; no published one is copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from chorus.body.model import JOINT_NAMES, BodyModel, mirrored_name
from chorus.body.surface import vertex_normals
from chorus.errors import ModelError

LEFT, RIGHT, MIDDLE = "left", "right", ""


def side_of(name: str) -> str:
    """`left`, `right`, or nothing for a name in the middle of the body."""
    return next((side for side in (LEFT, RIGHT) if name.startswith(f"{side}_")), MIDDLE)


class Sided:
    """Something of the body whose name begins with its side, or has none."""

    name: str

    @property
    def side(self) -> str:
        """`left`, `right` or nothing."""
        return side_of(self.name)

    @property
    def mirror(self) -> str:
        """The one on the other side; the one itself in the middle."""
        return mirrored_name(self.name)


@dataclass(frozen=True)
class CoarsePart(Sided):
    """A part of the body as people name it.

    Attributes:
        name: such as `left_hand` or `chest`.
        anchors: COCO-17 keypoints whose middle stands for the part in a picture.
    """

    name: str
    anchors: tuple[str, ...]

    @property
    def noun(self) -> str:
        """The name without its side: `hand` for `left_hand`."""
        return self.name.removeprefix(f"{self.side}_") if self.side else self.name


@dataclass(frozen=True)
class Region(Sided):
    """A patch of the body's surface.

    Attributes:
        name: such as `left_forearm_front_upper`.
        parent: the coarse part that it belongs to.
        joint: the joint that moves it most.
        faces: `front`, `back`, or nothing for both: by the normal (a palm and a sole are a front).
        half: `upper` (nearer the trunk; in the middle of the body the higher one), `lower`, or nothing for both.
        buttock: whether it is cut out of its joint's vertices by position.
    """

    name: str
    parent: str
    joint: str
    faces: str
    half: str
    buttock: bool = False

    @property
    def anchors(self) -> tuple[str, ...]:
        """The anchors of its coarse part."""
        return PARTS[self.parent].anchors

    @property
    def mirrored(self) -> Region:
        """The twin as a region."""
        return replace(self, name=self.mirror, parent=mirrored_name(self.parent), joint=mirrored_name(self.joint))


_TRUNK = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")
_ANCHORS: dict[str, tuple[str, ...]] = {
    "left_hand": ("left_wrist",),
    "left_forearm": ("left_elbow", "left_wrist"),
    "left_upper_arm": ("left_shoulder", "left_elbow"),
    "left_shoulder": ("left_shoulder",),
    "left_foot": ("left_ankle",),
    "left_calf": ("left_knee", "left_ankle"),
    "left_thigh": ("left_hip", "left_knee"),
    "left_buttock": ("left_hip",),
    "head": ("nose", "left_ear", "right_ear"),
    "neck": ("left_shoulder", "right_shoulder"),
    "chest": ("left_shoulder", "right_shoulder"),
    "stomach": _TRUNK,
    "upper_back": ("left_shoulder", "right_shoulder"),
    "lower_back": _TRUNK,
    "hips": ("left_hip", "right_hip"),
}


def _coarse_parts() -> Iterator[CoarsePart]:
    for name, anchors in _ANCHORS.items():
        yield CoarsePart(name, anchors)
        if side_of(name):
            yield CoarsePart(mirrored_name(name), tuple(mirrored_name(anchor) for anchor in anchors))


PARTS: dict[str, CoarsePart] = {part.name: part for part in _coarse_parts()}

_WHOLE, _HALVES = ("",), ("upper", "lower")


def _cut(parent: str, joint: str, halves: tuple[str, ...] = _HALVES) -> list[Region]:
    return [
        Region("_".join(filter(None, (parent, faces, half))), parent, joint, faces, half)
        for faces in ("front", "back")
        for half in halves
    ]


def _named(parent: str, joint: str, front: str, back: str) -> list[Region]:
    return [Region(front, parent, joint, "front", ""), Region(back, parent, joint, "back", "")]


_LEFT_REGIONS = [
    Region("left_collar", "left_shoulder", "left_collar", "", ""),
    *_cut("left_shoulder", "left_shoulder", ("upper",)),
    *_cut("left_upper_arm", "left_shoulder", ("lower",)),
    *_cut("left_forearm", "left_elbow"),
    *_named("left_hand", "left_wrist", "left_palm", "left_hand_back"),
    *_named("left_hand", "left_hand", "left_finger_pads", "left_finger_backs"),
    *_cut("left_thigh", "left_hip"),
    *_cut("left_calf", "left_knee"),
    *_named("left_foot", "left_ankle", "left_sole", "left_instep"),
    *_named("left_foot", "left_foot", "left_toe_pads", "left_toe_tops"),
    Region("left_buttock_upper", "left_buttock", "pelvis", "", "", buttock=True),
    Region("left_buttock_lower", "left_buttock", "left_hip", "", "", buttock=True),
]
_MIDDLE_REGIONS = [
    *_cut("head", "head"),
    *_cut("neck", "neck", _WHOLE),
    Region("chest_upper", "chest", "spine3", "front", ""),
    Region("chest_lower", "chest", "spine2", "front", ""),
    Region("upper_back_upper", "upper_back", "spine3", "back", ""),
    Region("upper_back_lower", "upper_back", "spine2", "back", ""),
    Region("stomach_upper", "stomach", "spine1", "front", "upper"),
    Region("stomach_lower", "stomach", "spine1", "front", "lower"),
    Region("lower_back_upper", "lower_back", "spine1", "back", "upper"),
    Region("lower_back_lower", "lower_back", "spine1", "back", "lower"),
    *_cut("hips", "pelvis", _WHOLE),
]
REGIONS: tuple[Region, ...] = (*_LEFT_REGIONS, *(region.mirrored for region in _LEFT_REGIONS), *_MIDDLE_REGIONS)
REGION_NAMES: tuple[str, ...] = tuple(region.name for region in REGIONS)

# The buttocks in units of the thigh's length, measured from the hip joints in the rest pose.
BUTTOCK_BEHIND = 0.10
BUTTOCK_BELOW = 0.25  # down to the gluteal fold

SHOULDER_SHARE = 0.3  # of the upper arm's length is still shoulder
_FRONT = {"wrist": (0.0, -1.0, 0.0), "hand": (0.0, -1.0, 0.0), "ankle": (0.0, -1.0, 0.0), "foot": (0.0, -1.0, 0.0)}
_LIMB_ENDS = {"shoulder": "elbow", "elbow": "wrist", "hip": "knee", "knee": "ankle"}


@dataclass(frozen=True, eq=False)
class Surface:
    """Which vertex of a body lies where.

    Attributes:
        region: (V,) index into REGIONS of every vertex.
    """

    region: np.ndarray

    @classmethod
    def of(cls, body: BodyModel) -> Surface:
        """Cut the rest pose of a body into REGIONS."""
        dominant = np.argmax(body.weights, axis=1)
        front, upper = _shows_front(body, dominant), _upper_half(body, dominant)
        buttock = _buttocks(body, dominant)
        region = np.full(body.n_vertices, -1)
        for index, row in enumerate(REGIONS):
            members = dominant == JOINT_NAMES.index(row.joint)
            if row.buttock:
                members &= buttock == row.side
            else:
                members &= buttock == MIDDLE
                if row.faces:
                    members &= front == (row.faces == "front")
                if row.half:
                    members &= upper == (row.half == "upper")
            region[members] = index
        region.setflags(write=False)
        return cls(region)

    @cached_property
    def fine(self) -> dict[str, np.ndarray]:
        """Vertex ids (k,), ascending, of every region; a region may be empty on a mesh of a few vertices."""
        return {name: np.flatnonzero(self.region == index) for index, name in enumerate(REGION_NAMES)}

    @cached_property
    def coarse(self) -> dict[str, np.ndarray]:
        """Vertex ids (k,), ascending, of every coarse part.

        Raises:
            ModelError: a part has no vertex.
        """
        parent = np.array([region.parent for region in REGIONS])
        found = {name: np.flatnonzero(parent[self.region] == name) for name in PARTS}
        if empty := [name for name, ids in found.items() if not len(ids)]:
            raise ModelError(f"body model: no vertex belongs to {empty[0]!r}; its weights are no body's.")
        return found


def _shows_front(body: BodyModel, dominant: np.ndarray) -> np.ndarray:
    """(V,) bool: the normal of the rest pose points to the front, in hands to the palm, in feet to the sole."""
    front = np.array([_FRONT.get(name.split("_")[-1], (0.0, 0.0, 1.0)) for name in JOINT_NAMES])
    return np.einsum("va,va->v", vertex_normals(body.v_template, body.faces), front[dominant]) >= 0.0


def _upper_half(body: BodyModel, dominant: np.ndarray) -> np.ndarray:
    """(V,) bool: on limbs nearer the joint than the next one, elsewhere the higher half of the joint's vertices."""
    at = dict(zip(JOINT_NAMES, body.joints_at_rest(), strict=True))
    upper = np.zeros(body.n_vertices, bool)
    for index, joint in enumerate(JOINT_NAMES):
        members = np.flatnonzero(dominant == index)
        points = body.v_template[members]
        kind = joint.split("_")[-1]
        if kind in _LIMB_ENDS:
            bone = at[f"{side_of(joint)}_{_LIMB_ENDS[kind]}"] - at[joint]
            along = (points - at[joint]) @ bone / (bone @ bone)
            upper[members] = along < (SHOULDER_SHARE if kind == "shoulder" else 0.5)
        elif len(members):
            upper[members] = points[:, 1] > (points[:, 1].min() + points[:, 1].max()) / 2.0
    return upper


def _buttocks(body: BodyModel, dominant: np.ndarray) -> np.ndarray:
    """(V,) `left`, `right` or nothing: the rear of the hips and of the topmost thighs in the rest pose."""
    at = dict(zip(JOINT_NAMES, body.joints_at_rest(), strict=True))
    hips = (at["left_hip"] + at["right_hip"]) / 2.0
    thigh = np.linalg.norm(at["left_knee"] - at["left_hip"])
    x, y, z = body.v_template.T
    rear = (z < hips[2] - BUTTOCK_BEHIND * thigh) & (y > hips[1] - BUTTOCK_BELOW * thigh) & (y < at["pelvis"][1])
    half = np.select([x > hips[0], x < hips[0]], [LEFT, RIGHT], MIDDLE)
    may_be = {"pelvis": (LEFT, RIGHT), "left_hip": (LEFT,), "right_hip": (RIGHT,)}
    found = np.full(body.n_vertices, MIDDLE, half.dtype)
    for joint, sides in may_be.items():
        members = rear & (dominant == JOINT_NAMES.index(joint)) & np.isin(half, sides)
        found[members] = half[members]
    return found

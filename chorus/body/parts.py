"""Body parts as sets of vertices: the paper's twelve (Table 4) and the two buttocks, a grouping of chorus.body.regions.

The paper merges a published segmentation of the SMPL mesh, whose labels follow the joints. Here the parts follow from
the model itself, so that they exist on any body: a vertex belongs to the joint that moves it most. As in the paper,
the twelve parts leave the hips out; the buttocks are the rear of the hips and of the topmost thighs, so they share
vertices with the upper legs.
"""

from __future__ import annotations

import numpy as np

from chorus.body.model import BodyModel
from chorus.body.regions import PARTS, REGIONS, Region, Surface
from chorus.errors import ModelError

PART_JOINTS: dict[str, tuple[str, ...]] = {
    "rightHand": ("right_wrist", "right_hand"),
    "leftHand": ("left_wrist", "left_hand"),
    "rightArm": ("right_shoulder", "right_elbow"),
    "leftArm": ("left_shoulder", "left_elbow"),
    "rightLowerLeg": ("right_knee",),
    "leftLowerLeg": ("left_knee",),
    "rightUpperLeg": ("right_hip",),
    "leftUpperLeg": ("left_hip",),
    "rightFoot": ("right_ankle", "right_foot"),
    "leftFoot": ("left_ankle", "left_foot"),
    "torso": ("spine1", "spine2", "spine3", "left_collar", "right_collar"),
    "face": ("head", "neck"),
}
PART_NAMES: tuple[str, ...] = (*PART_JOINTS, "leftButtock", "rightButtock")


def _twin(part: str) -> str:
    if part.startswith("left"):
        return "right" + part.removeprefix("left")
    if part.startswith("right"):
        return "left" + part.removeprefix("right")
    return part


MIRROR: dict[str, str] = {part: _twin(part) for part in PART_NAMES}


def holds(part: str, region: Region) -> bool:
    """Whether a region belongs to a part of PART_NAMES."""
    if part in PART_JOINTS:
        return region.joint in PART_JOINTS[part]
    return region.parent == {"leftButtock": "left_buttock", "rightButtock": "right_buttock"}[part]


PART_REGIONS: dict[str, tuple[str, ...]] = {
    part: tuple(region.name for region in REGIONS if holds(part, region)) for part in PART_NAMES
}


def _closest(coarse: str) -> str:
    """The part that holds most of a coarse part's regions; of several the smallest; nothing where none holds any."""
    regions = {region.name for region in REGIONS if region.parent == coarse}
    shared = {part: len(regions & set(names)) for part, names in PART_REGIONS.items()}
    best = max(PART_NAMES, key=lambda part: (shared[part], -len(PART_REGIONS[part])))
    return best if shared[best] else ""


# Coarse part of chorus.body.regions -> the paper's part; hips have none, as in Table 4.
PART_OF: dict[str, str] = {coarse: part for coarse in PARTS if (part := _closest(coarse))}


def part_vertices(body: BodyModel) -> dict[str, np.ndarray]:
    """Vertex ids (k,), ascending, of every part of PART_NAMES.

    Raises:
        ModelError: if a part has no vertex, so the weights do not follow the 24 joints.
    """
    fine = Surface.of(body).fine
    parts = {part: np.sort(np.concatenate([fine[name] for name in names])) for part, names in PART_REGIONS.items()}
    if empty := [part for part, ids in parts.items() if not len(ids)]:
        raise ModelError(f"body model {body.name}: no vertex belongs to {empty[0]!r}; its weights are no body's.")
    return parts

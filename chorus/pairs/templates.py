"""How two people touch: interaction templates as rough stances, a rough place, and the parts in contact.

The templates are ours. Only the parts in contact are exact: `arranging` moves both bodies until they really touch.
Person 1 stands at the origin and looks along +z (docs/conventions.md: x left, y up, z front).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chorus.body.model import JOINT_NAMES, N_JOINTS
from chorus.pairs.labels import Contacts

Direction = tuple[float, float, float]
DOWN: Direction = (0.25, -1.0, 0.05)


@dataclass(frozen=True)
class Stance:
    """A rough pose; of every pair of numbers the first is the left limb's.

    Attributes:
        arms: directions of the upper arms (outwards, up, to the front); one for both, or left and right.
        elbows: bend, degrees.
        thighs: lift to the front, degrees.
        knees: bend, degrees.
        bend: of the trunk to the front, degrees.
        head: the head's tilt to the front and to the left, degrees.
    """

    arms: tuple[Direction, ...] = (DOWN,)
    elbows: tuple[float, float] = (15.0, 15.0)
    thighs: tuple[float, float] = (0.0, 0.0)
    knees: tuple[float, float] = (5.0, 5.0)
    bend: float = 0.0
    head: tuple[float, float] = (0.0, 0.0)

    def pose(self) -> np.ndarray:
        """(24, 3) axis-angle, radians; the root is not turned."""
        pose = np.zeros((N_JOINTS, 3))
        for side, sign in (("left", 1.0), ("right", -1.0)):
            which = 0 if side == "left" else 1
            out, up, front = self.arms[which % len(self.arms)]
            pose[JOINT_NAMES.index(f"{side}_shoulder")] = _turn_from_x(sign, np.array([sign * out, up, front]))
            pose[JOINT_NAMES.index(f"{side}_elbow")] = [0.0, -sign * np.deg2rad(self.elbows[which]), 0.0]
            pose[JOINT_NAMES.index(f"{side}_hip")] = [-np.deg2rad(self.thighs[which]), 0.0, 0.04 * sign]
            pose[JOINT_NAMES.index(f"{side}_knee")] = [np.deg2rad(self.knees[which]), 0.0, 0.0]
        for spine in ("spine1", "spine2", "spine3"):
            pose[JOINT_NAMES.index(spine), 0] = np.deg2rad(self.bend) / 3
        pose[JOINT_NAMES.index("neck")] = np.deg2rad([self.head[0] / 2, 0.0, -self.head[1] / 2])
        pose[JOINT_NAMES.index("head")] = np.deg2rad([self.head[0] / 2, 0.0, -self.head[1] / 2])
        return pose


def _turn_from_x(sign: float, direction: np.ndarray) -> np.ndarray:
    """The smallest turn that carries (sign, 0, 0) into a direction."""
    along = direction / np.linalg.norm(direction)
    axis = np.cross([sign, 0.0, 0.0], along)
    length = np.linalg.norm(axis)
    return np.zeros(3) if length < 1e-9 else axis / length * np.arccos(np.clip(sign * along[0], -1.0, 1.0))


@dataclass(frozen=True)
class Interaction:
    """One way in which two people touch.

    Attributes:
        first, second: rough stances.
        place: of person 2 (x, y, z), metres from person 1.
        heading: turn of person 2 about the vertical, degrees: 180 looks at person 1.
        contacts: coarse parts (of person 1, of person 2) that touch.
    """

    first: Stance
    second: Stance
    place: tuple[float, float, float]
    heading: float
    contacts: Contacts


STAND = Stance()
_SEATED = Stance(thighs=(85, 85), knees=(85, 85), arms=((0.25, -1.0, 0.3),), elbows=(60, 60))
_FRONT: Direction = (0.15, -0.5, 1.0)
_ROUND: Direction = (0.5, -0.5, 1.0)
_RAISED: Direction = (0.2, 0.3, 1.0)
_OUT: Direction = (1.0, 0.0, 0.3)
_BACK: Direction = (0.3, -1.0, -0.6)

INTERACTIONS: dict[str, Interaction] = {
    "handshake": Interaction(
        Stance((DOWN, _FRONT), (15, 40)), Stance((DOWN, _FRONT), (15, 40)), (0.0, 0.0, 0.95), 180,
        (("right_hand", "right_hand"),),
    ),
    "high_five": Interaction(
        Stance((DOWN, _RAISED), (15, 60)), Stance((DOWN, _RAISED), (15, 60)), (0.0, 0.0, 0.8), 180,
        (("right_hand", "right_hand"),),
    ),
    "both_hands": Interaction(
        Stance((_FRONT,), (30, 30)), Stance((_FRONT,), (30, 30)), (0.0, 0.0, 0.9), 180,
        (("left_hand", "right_hand"), ("right_hand", "left_hand")),
    ),
    "hug": Interaction(
        Stance((_ROUND,), (50, 50)), Stance((_RAISED,), (40, 40)), (0.0, 0.0, 0.36), 180,
        (("chest", "chest"), ("left_hand", "lower_back"), ("right_hand", "lower_back"),
         ("upper_back", "left_hand"), ("upper_back", "right_hand")),
    ),
    "dance": Interaction(
        Stance((_OUT, _ROUND), (30, 60)), Stance((_ROUND, _OUT), (60, 30)), (0.0, 0.0, 0.45), 180,
        (("left_hand", "right_hand"), ("right_hand", "upper_back"), ("right_shoulder", "left_hand")),
    ),
    "hand_on_shoulder": Interaction(
        Stance((_OUT, DOWN), (60, 15)), STAND, (0.6, 0.0, 0.05), 0,
        (("left_hand", "right_shoulder"),),
    ),
    "arm_round_shoulders": Interaction(
        Stance(((1.0, 0.15, -0.2), DOWN), (25, 15)), Stance((DOWN, _BACK), (15, 30)), (0.42, 0.0, 0.0), 0,
        (("left_hand", "left_shoulder"), ("left_forearm", "upper_back")),
    ),
    "side_by_side": Interaction(
        STAND, STAND, (0.6, 0.0, 0.0), 0, (("left_hand", "right_hand"),)
    ),
    "arm_in_arm": Interaction(
        Stance((DOWN, DOWN), (70, 15)), Stance((DOWN, DOWN), (15, 60)), (0.45, 0.0, -0.05), 0,
        (("left_forearm", "right_forearm"), ("left_upper_arm", "right_upper_arm")),
    ),
    "back_to_back": Interaction(
        STAND, STAND, (0.0, 0.0, -0.26), 180, (("upper_back", "upper_back"), ("left_buttock", "right_buttock")),
    ),
    "piggyback": Interaction(
        Stance((_BACK,), (60, 60), bend=25, knees=(25, 25), thighs=(20, 20)),
        Stance((_FRONT,), (60, 60), (80, 80), (80, 80), bend=10), (0.0, 0.28, -0.3), 0,
        (("upper_back", "chest"), ("left_hand", "left_thigh"), ("right_hand", "right_thigh"),
         ("left_shoulder", "left_hand"), ("right_shoulder", "right_hand")),
    ),
    "lift": Interaction(
        Stance((_FRONT,), (50, 50), bend=-5), Stance((_FRONT,), (30, 30), (20, 20), (40, 40)),
        (0.0, 0.3, 0.42), 180,
        (("left_hand", "right_buttock"), ("right_hand", "left_buttock"), ("left_shoulder", "right_hand"),
         ("right_shoulder", "left_hand")),
    ),
    "push": Interaction(
        Stance((_RAISED,), (25, 25), (30, -20), (30, 10), 15), Stance(bend=-5), (0.0, 0.0, 0.72), 0,
        (("left_hand", "upper_back"), ("right_hand", "upper_back")),
    ),
    "kick": Interaction(
        Stance((_OUT, _OUT), (30, 30), (0, 65), (10, 15), -10), STAND, (0.0, 0.0, 0.95), 180,
        (("right_foot", "left_thigh"),),
    ),
    "embrace_from_behind": Interaction(
        Stance(((0.3, -1.0, 0.2),), (50, 50)), Stance((_ROUND,), (70, 70)), (0.0, 0.03, -0.3), 0,
        (("upper_back", "chest"), ("stomach", "left_hand"), ("stomach", "right_hand")),
    ),
    "sit_close": Interaction(
        _SEATED, _SEATED, (0.42, 0.0, 0.0), 0,
        (("left_thigh", "right_thigh"), ("left_upper_arm", "right_upper_arm")),
    ),
    "head_on_shoulder": Interaction(
        Stance(thighs=(85, 85), knees=(85, 85), arms=(DOWN,), elbows=(60, 60), head=(5, 35)), _SEATED,
        (0.38, 0.06, 0.0), 0,
        (("head", "right_shoulder"), ("left_upper_arm", "right_upper_arm")),
    ),
    "heads_together": Interaction(
        Stance((_FRONT,), (60, 60), bend=15, head=(15, 0)), Stance((_FRONT,), (60, 60), bend=15, head=(15, 0)),
        (0.0, 0.0, 0.55), 180,
        (("head", "head"), ("left_hand", "right_hand"), ("right_hand", "left_hand")),
    ),
    "pull_by_the_arm": Interaction(
        Stance((DOWN, _BACK), (15, 5), (20, -15), (10, 10), 10), Stance((_FRONT, DOWN), (20, 15), bend=10),
        (-0.2, 0.0, -0.8), 0, (("right_hand", "left_forearm"),),
    ),
    "tackle": Interaction(
        Stance((_ROUND,), (40, 40), (60, 20), (50, 40), 60), Stance(bend=10), (0.0, 0.1, 0.65), 180,
        (("left_shoulder", "stomach"), ("left_hand", "right_thigh"), ("right_hand", "left_thigh")),
    ),
    "massage": Interaction(
        _SEATED, Stance(((0.15, -0.2, 1.0),), (35, 35)), (0.0, 0.35, -0.55), 0,
        (("left_shoulder", "left_hand"), ("right_shoulder", "right_hand")),
    ),
    "hold_calf": Interaction(
        Stance((_FRONT, DOWN), (40, 20), (70, 20), (70, 60), 45), Stance((_OUT, _OUT), (20, 20), (50, 0), (30, 5)),
        (0.1, 0.1, 0.85), 180, (("left_hand", "left_calf"),),
    ),
}  # fmt: skip

"""Interaction templates: how a person and an object stand to each other, with the variation of real life.

A template poses a mannequin, places the object by its anchors and lets hands and feet reach for it. Everything is in
the body frame with an unturned root; left and right are exchanged in half of the draws, unless people
keep to one side of the object.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chorus.body.kinematics import mirror_pose
from chorus.body.model import JOINT_MIRROR, N_BETAS, BodyModel
from chorus.errors import ConfigError
from chorus.scenes import carried, gliding, held, lying, ridden, worn
from chorus.scenes.anchored import AnchoredObject
from chorus.scenes.mannequin import Mannequin
from chorus.scenes.objects import make_object
from chorus.scenes.solids import SceneObject

BETA_SPREAD = 0.7  # standard deviation of the shape coefficients
UPRIGHT, ON_THE_BACK, ON_THE_BELLY = (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.0, 0.0, -1.0)  # where the sky is
MIRROR_X = np.diag([-1.0, 1.0, 1.0, 1.0])

Arrange = Callable[[Mannequin, AnchoredObject, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Template:
    """One interaction: the object it needs (key of OBJECTS) and the function that arranges person and object.

    `arrange` poses the mannequin in place and returns the (4, 4) transform of the object into the body frame.
    `both_sides`: left and right are exchanged in half of the draws; false where people keep to one side.
    `sky`: direction of the sky in the body frame; in front of a body that lies on its back.
    """

    object_name: str
    arrange: Arrange
    both_sides: bool = True
    sky: tuple[float, float, float] = UPRIGHT


@dataclass(frozen=True)
class Placement:
    """A person with an object.

    Attributes:
        pose: (24, 3) axis-angle, radians; the root's is zero.
        betas: (10,).
        object: the object in the body frame.
        sky: direction of the sky in the body frame.
    """

    pose: np.ndarray
    betas: np.ndarray
    object: SceneObject
    sky: tuple[float, float, float] = UPRIGHT


INTERACTIONS: dict[str, dict[str, Template]] = {
    "motorcycle": {
        "ride": Template("motorcycle", ridden.ride_motorcycle),
        "push": Template("motorcycle", ridden.push_motorcycle, both_sides=False),  # from its left, where the stand is
    },
    "bicycle": {
        "ride": Template("bicycle", ridden.ride_bicycle),
        "stand_next": Template("bicycle", ridden.stand_next_to_bicycle),
    },
    "surfboard": {
        "carry": Template("surfboard", carried.carry_surfboard),
        "ride": Template("surfboard", gliding.ride_surfboard),
        "paddle": Template("surfboard", lying.paddle_surfboard, sky=ON_THE_BELLY),
    },
    "backpack": {
        "wear": Template("worn_backpack", carried.wear_backpack),
        "carry_in_hand": Template("backpack", carried.carry_backpack),
    },
    "chair": {
        "sit": Template("chair", ridden.sit_on_chair),
        "stand_behind": Template("chair", ridden.stand_behind_chair),
    },
    "sports_ball": {
        "hold": Template("sports_ball", carried.hold_ball),
        "kick": Template("sports_ball", carried.kick_ball),
    },
    "umbrella": {
        "hold_up": Template("umbrella", carried.hold_up_umbrella),
        "carry_closed": Template("closed_umbrella", carried.carry_closed_umbrella),
    },
    "bench": {
        "sit": Template("bench", ridden.sit_on_chair),
        "stand_behind": Template("bench", ridden.stand_behind_chair),
    },
    "handbag": {
        "carry_in_hand": Template("handbag", held.carry_handbag),
        "hang_on_shoulder": Template("shoulder_bag", worn.hang_bag_on_shoulder),
    },
    "tie": {
        "wear": Template("tie", worn.wear_tie),
        "hold": Template("loose_tie", held.hold_tie),
    },
    "frisbee": {
        "throw": Template("frisbee", held.throw_frisbee),
        "hold": Template("frisbee", held.hold_frisbee),
    },
    "skis": {
        "ride": Template("skis", gliding.ride_skis),
        "carry": Template("bundled_skis", gliding.carry_skis),
    },
    "snowboard": {
        "ride": Template("snowboard", gliding.ride_snowboard),
        "carry": Template("snowboard", gliding.carry_under_arm),
    },
    "baseball_glove": {
        "wear": Template("baseball_glove", worn.wear_glove),
        "catch": Template("baseball_glove", worn.catch_with_glove),
    },
    "skateboard": {
        "ride": Template("skateboard", gliding.ride_skateboard),
        "carry": Template("skateboard", gliding.carry_under_arm),
    },
    "tennis_racket": {
        "swing": Template("tennis_racket", held.swing_racket),
        "hold": Template("tennis_racket", held.hold_racket),
    },
    "cell_phone": {
        "call": Template("cell_phone", held.call),
        "look_at": Template("cell_phone", held.look_at_phone),
    },
    "bed": {
        "lie": Template("bed", lying.lie_on_bed, sky=ON_THE_BACK),
        "sit": Template("bed_from_its_side", ridden.sit_on_chair),
    },
    "laptop": {
        "type": Template("laptop", held.type_on_laptop),
        "carry": Template("closed_laptop", gliding.carry_under_arm),
    },
    "hat": {
        "wear": Template("hat", worn.wear_hat),
        "hold": Template("hat", held.hold_hat),
    },
    "sweater": {
        "wear": Template("sweater", worn.wear_sweater),
        "hang_on_shoulder": Template("knotted_sweater", worn.hang_sweater_on_shoulders),
    },
    "sunglasses": {
        "wear": Template("sunglasses", worn.wear_sunglasses),
        "hold": Template("sunglasses", held.hold_sunglasses),
    },
    "soccer_ball": {
        "kick": Template("soccer_ball", carried.kick_ball),
        "hold": Template("soccer_ball", carried.hold_ball_in_both_hands),
    },
    "scarf": {
        "wear": Template("worn_scarf", worn.wear_scarf),
        "hold": Template("stretched_scarf", held.raise_scarf),
    },
}


def draw(
    category: str, interaction: str, rng: np.random.Generator, body: BodyModel, mesh: SceneObject | None = None
) -> Placement:
    """Draw one person with one object.

    Args:
        category: key of INTERACTIONS.
        interaction: key of INTERACTIONS[category].
        rng: draws shape, pose, object and placement.
        body: the body model.
        mesh: a user's object in place of the parametric one (see `objects.make_object`).

    Raises:
        ConfigError: for an unknown category or interaction.
    """
    template = template_of(category, interaction)
    betas = rng.normal(0.0, BETA_SPREAD, N_BETAS)
    thing = make_object(template.object_name, rng, mesh)
    mannequin = Mannequin(body, betas)
    transform = template.arrange(mannequin, thing, rng)
    pose = mannequin.pose
    if rng.random() < 0.5 and template.both_sides:
        pose, transform = mirror_pose(pose, JOINT_MIRROR), MIRROR_X @ transform
    return Placement(pose, betas, thing.shape.transformed(transform), template.sky)


def template_of(category: str, interaction: str) -> Template:
    """The template of an interaction.

    Raises:
        ConfigError: for an unknown category or interaction.
    """
    if category not in INTERACTIONS:
        raise ConfigError(f"category {category!r} has no scenes yet; scenes exist for {', '.join(INTERACTIONS)}.")
    if interaction not in INTERACTIONS[category]:
        known = ", ".join(INTERACTIONS[category])
        raise ConfigError(f"{category}: unknown interaction {interaction!r}; its scenes know {known}.")
    return INTERACTIONS[category][interaction]

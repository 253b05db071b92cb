"""A category's distribution: fields by interaction type and body pose (paper 3.3, 3.4, A.7, A.8)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from chorus.body.model import N_JOINTS, STAR_POSE, BodyModel
from chorus.body.parts import PART_NAMES
from chorus.distribution.spatial import SpatialField
from chorus.distribution.types import InteractionVotes
from chorus.errors import QueryError
from chorus.occupancy.field import field_of
from chorus.occupancy.posing import (
    canonical_index,
    canonical_points,
    forward_sources,
    interpolated,
    nearest_sources,
)
from chorus.occupancy.skinning_stage import canonical_weights
from chorus.occupancy.uncertainty import interval

Lookup = Literal["forward", "linear", "nearest"]
CARRIED = ("phi", "low", "high", "n_eff", "directions")


@dataclass(frozen=True)
class Distribution:
    """Where a category's object is around a person, learnt from the votes of its prompts.

    An *interaction type* s is a prompt (or all prompts of an interaction name), a body part, or both; leaving both out
    means all images (selective aggregation, Eq. 12-13).

    Attributes:
        votes: the votes by prompt and body part.
        body: the body model the votes were counted around.
    """

    votes: InteractionVotes
    body: BodyModel
    _canonical: dict[tuple[str, str], SpatialField] = field(default_factory=dict, repr=False)

    @property
    def category(self) -> str:
        """Name of the category."""
        return self.votes.category

    @property
    def interactions(self) -> list[str]:
        """Interaction names of the prompts."""
        return self.votes.interactions

    @property
    def prompts(self) -> list[str]:
        """Texts of the prompts."""
        return self.votes.prompts

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the body parts: the paper's twelve and the two buttocks."""
        return PART_NAMES

    def canonical(self, interaction: str = "", part: str = "") -> SpatialField:
        """Phi^c of an interaction type, around the star pose.

        Args:
            interaction: an interaction name, or text or id of a prompt; empty for all prompts.
            part: a body part that the mask touches; empty for any.

        Raises:
            QueryError: there is no such interaction or part.
            FileError: the votes are missing or were not counted by body part.
        """
        key = interaction, part
        if key not in self._canonical:
            self._canonical[key] = self._counted(interaction, part)
        return self._canonical[key]

    def pose(
        self, theta: np.ndarray, interaction: str = "", part: str = "", lookup: Lookup = "forward"
    ) -> SpatialField:
        """Phi(x | theta, s): the canonical field carried to a pose by the inverse warp (A.7).

        Args:
            theta: (24, 3) or (72,) axis-angle, radians; the root's rotation is ignored.
            interaction, part: the interaction type s, as in `canonical`.
            lookup: `forward`, the inverse of the warp that voted; or A.7's inverse, `linear` between canonical voxels
                or the `nearest` one as in the PAP protocol.

        Raises:
            QueryError, FileError: as `canonical`; or theta is no pose.
        """
        return self.pose_types(theta, [(interaction, part)], lookup)[0]

    def pose_types(
        self, theta: np.ndarray, types: Sequence[tuple[str, str]], lookup: Lookup = "forward"
    ) -> list[SpatialField]:
        """The fields of several interaction types (interaction, part) in one pose, whose warp is found once."""
        pose, sources = _checked_pose(theta), [self.canonical(*kind) for kind in types]
        if not self.votes.canonicalised:
            return [_at_pose(source, {}, pose) for source in sources]
        values = self._carrier(pose, lookup)
        return [
            _at_pose(source, {name: values(getattr(source, name), source.known) for name in CARRIED}, pose)
            for source in sources
        ]

    def poses(self, thetas: np.ndarray, interaction: str = "", part: str = "") -> list[SpatialField]:
        """The same for poses (n, 24, 3), one field each."""
        return [self.pose(theta, interaction, part) for theta in thetas]

    def _carrier(self, pose: np.ndarray, lookup: Lookup) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
        """A function that carries a canonical array and the voxels that it knows, both (N, N, N), to (N^3,)."""
        grid = self.canonical().grid
        if lookup == "linear":
            points = canonical_points(grid, self.body, pose)
            return lambda values, known: interpolated(values, points, known)
        if lookup == "nearest":
            sources = nearest_sources(canonical_index(grid, self.body, pose))
        else:
            sources = forward_sources(grid, self._weights, self.body.canonical_bones(pose[None])[0])
        return sources.values

    @cached_property
    def _weights(self) -> np.ndarray:
        return canonical_weights(self.canonical().grid, self.body)

    def _counted(self, interaction: str, part: str) -> SpatialField:
        found = field_of(self.votes.of(interaction, part))
        unknown = found.denominator == 0
        low, high = interval(found.phi, found.n_eff)
        for values in (found.phi, low, high):
            values[unknown] = np.nan
        return SpatialField(
            phi=found.phi,
            low=low,
            high=high,
            n_eff=found.n_eff,
            directions=found.directions,
            pose=np.array(STAR_POSE, float),
            images=int(found.images.sum()),
            about={"category": self.category, "interaction": interaction, "part": part, "body": self.body.digest},
        )


def _checked_pose(theta: np.ndarray) -> np.ndarray:
    pose = np.array(theta, float)
    if pose.size != 3 * N_JOINTS or pose.shape not in ((3 * N_JOINTS,), (N_JOINTS, 3)) or not np.isfinite(pose).all():
        raise QueryError(f"pose: got shape {pose.shape}, expected 24 x 3 finite axis-angles in radians.")
    pose = pose.reshape(N_JOINTS, 3)
    pose[0] = 0.0
    return pose


def _at_pose(source: SpatialField, values: dict[str, np.ndarray], pose: np.ndarray) -> SpatialField:
    arrays = {name: array.reshape(source.phi.shape) for name, array in values.items()}
    if arrays:
        arrays["n_eff"] = np.nan_to_num(arrays["n_eff"])
        arrays["directions"] = np.nan_to_num(arrays["directions"]).astype(np.uint8)
    return SpatialField(**{**vars(source), **arrays, "pose": pose})

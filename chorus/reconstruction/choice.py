"""Which object a photograph shows, and how much of its field is the object: category, interaction and threshold.

With a mask, every candidate field gets the threshold at which its silhouette overlaps most with the mask, and the field
with the largest overlap wins. Without a mask the threshold is a fixed share of the field's
greatest value (docs/reconstruction.md says how it was found). Neither looks at any 3D truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chorus.distribution.distribution import Distribution
from chorus.distribution.spatial import SpatialField
from chorus.errors import QueryError
from chorus.occupancy.sightlines import largest_in_sight
from chorus.reconstruction.person import Person
from chorus.scenes.raster import rasterise

SHARE = 0.65  # of the field's greatest value: the threshold where no mask is known
LEAST_IMAGES = 10  # behind a field at a body part
LEAST_SHARE = 0.05  # whatever the mask is: below it a field is noise
MOST_SHARE = 0.98  # so that a surface is left


@dataclass(frozen=True)
class Candidate:
    """A posed field as an explanation of the photograph.

    Attributes:
        category: of the field.
        interaction: name, or text or id of a prompt; empty for all prompts.
        part: body part that the object touches; empty for any.
        field: around the person's body.
        seen: (H, W) float32, largest probability in sight of every pixel, before the person.
        threshold: probability from which on a voxel is the object.
        overlap: intersection over union of the silhouette and the mask; None without a mask.
    """

    category: str
    interaction: str
    part: str
    field: SpatialField
    seen: np.ndarray
    threshold: float
    overlap: float | None

    @property
    def silhouette(self) -> np.ndarray:
        """(H, W) bool, pixels that see the object."""
        return self.seen >= self.threshold


def candidates_of(
    distribution: Distribution, person: Person, mask: np.ndarray | None, types: Sequence[tuple[str, str]]
) -> list[Candidate]:
    """A candidate for each interaction type of a category that rests on at least LEAST_IMAGES images.

    Args:
        mask: (H, W) bool, visible pixels of the object, or None.
        types: (interaction, part) as in `Distribution.canonical`.

    Raises:
        QueryError: there is no such interaction.
    """
    body = distribution.body
    hidden_from = rasterise(person.vertices(body), body.faces, person.camera, person.size).depth
    found = []
    for (interaction, part), field in zip(types, distribution.pose_types(person.pose, types), strict=True):
        if part and field.images < LEAST_IMAGES:
            continue
        seen = largest_in_sight(field.phi, person.camera, hidden_from)
        threshold = threshold_of(field.phi, seen, mask)
        overlap = None if mask is None else overlap_of(seen >= threshold, mask)
        found.append(Candidate(distribution.category, interaction, part, field, seen, threshold, overlap))
    return found


def explanations_of(distribution: Distribution, person: Person, mask: np.ndarray | None) -> list[Candidate]:
    """The candidates of a category that are worth comparing.

    Without a mask nothing tells the types apart, so the field of all prompts stands for them. With one: all prompts,
    every interaction, and of the best of these the types at each body part.
    """
    if mask is None:
        return candidates_of(distribution, person, None, [("", "")])
    whole = candidates_of(distribution, person, mask, [(name, "") for name in ("", *distribution.interactions)])
    if len(distribution.votes.groups) == 1:  # body parts were not counted
        return whole
    best = best_of(whole).interaction
    return whole + candidates_of(distribution, person, mask, [(best, part) for part in distribution.parts])


def threshold_of(phi: np.ndarray, seen: np.ndarray, mask: np.ndarray | None) -> float:
    """Probability from which on a voxel counts as the object.

    Args:
        phi: (N, N, N) posed field.
        seen: (H, W), largest probability in sight.
        mask: (H, W) bool or None.

    Returns:
        With a mask: where the silhouette's intersection over union with it is largest, at least LEAST_SHARE of the
        greatest value. Else SHARE of it. Always below the greatest value, so that there is a surface; 0 for an empty
        field.
    """
    top = float(np.nanmax(phi, initial=0.0))
    if mask is None:
        return SHARE * top
    levels, overlaps = overlaps_by_threshold(seen, mask)
    allowed = (levels >= LEAST_SHARE * top) & (levels <= MOST_SHARE * top)
    if not overlaps[allowed].any():
        return LEAST_SHARE * top
    return float(levels[allowed][overlaps[allowed].argmax()])


def overlaps_by_threshold(seen: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every value in `seen` (H, W), falling, and the intersection over union of mask and silhouette from it on."""
    order = np.argsort(-seen, axis=None, kind="stable")
    levels, inside = seen.reshape(-1)[order], np.cumsum(mask.reshape(-1)[order])
    union = np.arange(1, seen.size + 1) + inside[-1] - inside
    last = np.append(levels[1:] != levels[:-1], True)  # pixels of equal value enter together
    return levels[last], inside[last] / union[last]


def overlap_of(silhouette: np.ndarray, mask: np.ndarray) -> float:
    """Intersection over union of two pictures (H, W) bool; 0 if both are empty."""
    union = int((silhouette | mask).sum())
    return int((silhouette & mask).sum()) / union if union else 0.0


def best_of(candidates: Sequence[Candidate]) -> Candidate:
    """The candidate with the largest overlap, the first one where they are equal.

    Raises:
        QueryError: there are several categories and no overlap to tell them apart, or no field at all.
    """
    masked = [candidate for candidate in candidates if candidate.overlap is not None]
    if not masked and len({candidate.category for candidate in candidates}) > 1:
        names = ", ".join(sorted({candidate.category for candidate in candidates}))
        raise QueryError(
            f"no mask says whether the object is {names}; give --annotations with masks, or one voxels file."
        )
    chosen = max(masked or candidates, key=lambda candidate: candidate.overlap or 0.0)
    if chosen.threshold <= 0:
        raise QueryError(f"{chosen.category}: the field is 0 everywhere, there is nothing to reconstruct.")
    return chosen

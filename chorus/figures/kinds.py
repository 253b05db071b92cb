"""The canonical fields of a `voxels` file by what they are of: all prompts, an interaction, a prompt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chorus.evaluation.stage import interaction_phi
from chorus.store import ArrayFile


@dataclass(frozen=True)
class Kind:
    """A canonical field.

    Attributes:
        name: for reading.
        prompts: ids of its prompts.
        images: number of images behind it.
        phi: (N, N, N) probability, 0 where nobody looked.
        known: (N, N, N) bool, voxels that somebody saw.
    """

    name: str
    prompts: tuple[str, ...]
    images: int
    phi: np.ndarray
    known: np.ndarray


def total_of(voxels: ArrayFile) -> Kind:
    """The field of all prompts."""
    return _kind(voxels, "all prompts", list(range(1, len(voxels["group"]))), voxels["phi"][0])


def interactions_of(voxels: ArrayFile) -> list[Kind]:
    """The fields of the named interactions."""
    names = [str(name) for name in voxels["interaction"]]
    return [
        _kind(
            voxels,
            name.replace("_", " "),
            [row for row, other in enumerate(names) if other == name],
            interaction_phi(voxels, name),
        )
        for name in sorted({name for name in names[1:] if name})
    ]


def prompts_of(voxels: ArrayFile) -> list[Kind]:
    """The fields of single prompts, named by their ids."""
    return [
        _kind(voxels, str(voxels["group"][row]), [row], voxels["phi"][row]) for row in range(1, len(voxels["group"]))
    ]


def _kind(voxels: ArrayFile, name: str, rows: list[int], phi: np.ndarray) -> Kind:
    known = voxels["denominator"][rows].max(axis=0) > 0
    ids = tuple(str(voxels["group"][row]) for row in rows)
    return Kind(name, ids, int(voxels["images"][rows].sum()), phi, known)

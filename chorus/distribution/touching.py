"""Which body parts touch the object in an interaction: what was told of its pictures, and what its field shows.

No list of parts is written by hand. Pictures were told about by a model or by the truth of scenes (`contacts` files);
where nobody was asked, and as a check, the field decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from chorus import store
from chorus.body.model import STAR_POSE, BodyModel
from chorus.body.parts import PART_OF, part_vertices
from chorus.contacts.contacts import read_contacts
from chorus.errors import FileError
from chorus.occupancy.grid import Grid

GEOMETRY = "geometry"
NEAR = 0.08  # metres from a part's surface in the star pose: a voxel of 6.25 cm that touches it
VOXELS = 5  # the fullest of them, by whose mean Phi a part is judged
OF_THE_FULLEST = 0.5  # of the largest such mean among the parts; chosen while looking at seven categories of scenes


@dataclass(frozen=True)
class Told:
    """What was told of some pictures.

    Attributes:
        source: who told it.
        pictures: number of pictures with a usable answer.
        parts: part of `chorus.body.parts.PART_NAMES` -> number of pictures in which it touches.
    """

    source: str
    pictures: int
    parts: Mapping[str, int]

    def share(self, part: str) -> float | None:
        """Share of the pictures in which a part touches; None where nobody was asked."""
        return round(self.parts.get(part, 0) / self.pictures, 4) if self.pictures else None

    def __add__(self, other: Told) -> Told:
        return Told(other.source, self.pictures + other.pictures, Counter(self.parts) + Counter(other.parts))


def read_told(files: Sequence[Path], share: float) -> dict[str, Told]:
    """Prompt text -> what its `contacts` file tells.

    Args:
        share: weight from which on a contact of a picture counts.

    Raises:
        FileError: two files are about one prompt.
    """
    found: dict[str, Told] = {}
    for path in files:
        about = store.read_arrays(path, "contacts", ("index",)).attributes
        if about["prompt"] in found:
            raise FileError(f"{path}: is the second file about {about['prompt'][:60]!r}; give each once.")
        answered = [image for image in read_contacts(path) if image.answers]
        parts = Counter(
            part
            for image in answered
            for part in {PART_OF[c.first] for c in image.contacts if c.weight >= share and c.first in PART_OF}
        )
        found[about["prompt"]] = Told(about["source"], len(answered), parts)
    return found


class PartSpaces:
    """The voxels around every part of a body in the star pose."""

    def __init__(self, body: BodyModel, resolution: int) -> None:
        """Find the voxels nearer than NEAR to each part on a grid of this resolution."""
        grid = Grid(resolution)
        star = body.vertices(STAR_POSE[None])[0]
        self._near = {
            part: np.flatnonzero(cKDTree(star[ids]).query(grid.centres(), distance_upper_bound=NEAR)[0] < NEAR)
            for part, ids in part_vertices(body).items()
        }

    def fullness(self, phi: np.ndarray) -> dict[str, float]:
        """Part -> mean of the VOXELS largest Phi (N, N, N) near it."""
        values = np.nan_to_num(phi).reshape(-1)
        return {part: float(np.sort(values[near])[-VOXELS:].mean()) for part, near in self._near.items()}

    def touched(self, phi: np.ndarray) -> set[str]:
        """The parts near which a field is about as full as it is near the fullest part.

        A voxel of 6 cm cannot tell touching from being near, so this is a check, not a measurement.
        """
        fullness = self.fullness(phi)
        most = max(fullness.values())
        return {part for part, value in fullness.items() if most > 0 and value >= OF_THE_FULLEST * most}

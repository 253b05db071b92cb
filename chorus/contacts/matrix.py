"""The region matrix: how surely each fine region of person 1 touches each of person 2, or the object. Sparse.

A named part is a set of regions and does not touch with all of them; every pair of their regions is a candidate of the
part's weight. What a loss makes of that (the nearest candidate, softly) is the business of the loss.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array

from chorus.body.regions import REGIONS

OBJECT_REGION = len(REGIONS)  # column of the object
_OF_PART = {
    name: np.array([number for number, region in enumerate(REGIONS) if region.parent == name])
    for name in dict.fromkeys(region.parent for region in REGIONS)
} | {"": np.array([OBJECT_REGION])}


@dataclass(frozen=True)
class RegionPairs:
    """Entries of one matrix, by row and column.

    Attributes:
        first: (n,) uint8 region of person 1.
        second: (n,) uint8 region of person 2, OBJECT_REGION for the object.
        weight: (n,) float32 in 0..1.
    """

    first: np.ndarray
    second: np.ndarray
    weight: np.ndarray

    def matrix(self) -> coo_array:
        """(70, 71) sparse."""
        return coo_array((self.weight, (self.first, self.second)), shape=(len(REGIONS), len(REGIONS) + 1))


def region_pairs(contacts: Iterable[tuple[str, str, float]]) -> RegionPairs:
    """The matrix of contacts (coarse part, coarse part or nothing for the object, weight); the largest counts."""
    dense = np.zeros((len(REGIONS), len(REGIONS) + 1), np.float32)
    for first, second, weight in contacts:
        block = np.ix_(_OF_PART[first], _OF_PART[second])
        dense[block] = np.maximum(dense[block], weight)
    rows, columns = np.nonzero(dense)
    return RegionPairs(rows.astype(np.uint8), columns.astype(np.uint8), dense[rows, columns])

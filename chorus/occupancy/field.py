"""From votes to the field Phi^c (Eq. 6 with uniform view sampling, A.6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chorus.occupancy.votes import FULL_WEIGHT, Votes


@dataclass(frozen=True)
class Field:
    """A canonical field and how much it rests on.

    Attributes:
        phi: (N, N, N) float32, probability; 0 where nobody looked.
        numerator, denominator: (N, N, N) float64, sum_b r_b n_b and sum_b r_b d_b.
        n_eff: (N, N, N) float32, Kish's effective number of images that saw the voxel.
        images: (12,) number of images by azimuth bin.
        directions: (N, N, N) uint8, number of azimuth bins with an image that saw the voxel.
    """

    phi: np.ndarray
    numerator: np.ndarray
    denominator: np.ndarray
    n_eff: np.ndarray
    images: np.ndarray
    directions: np.ndarray


def field_of(votes: Votes, balance_views: bool = True) -> Field:
    """Phi^c of votes: every azimuth bin that has images counts alike, r_b = 1 / count_b.

    Without `balance_views` every image counts alike: the same r for all bins, their number over all images, so that
    the sums stay what they are where images are spread evenly. Without any image the field is 0 everywhere with
    denominator and n_eff 0 ("nobody looked"), never 0/0.
    """
    used = votes.count > 0
    evenly = votes.count if balance_views else np.full(len(used), votes.count.sum() / max(used.sum(), 1))
    rate = np.where(used, 1.0 / np.maximum(evenly, 1), 0.0)
    numerator = np.einsum("b,bxyz->xyz", rate, votes.numerator.astype(np.float64))
    denominator = np.einsum("b,bxyz->xyz", rate, votes.denominator.astype(np.float64))
    squares = np.einsum("b,bxyz->xyz", rate**2 * FULL_WEIGHT, votes.denominator.astype(np.float64))
    seen = denominator > 0
    phi = np.where(seen, numerator / np.where(seen, denominator, 1.0), 0.0)
    n_eff = np.where(seen, denominator**2 / np.where(seen, squares, 1.0), 0.0)
    directions = (votes.denominator > 0).sum(axis=0, dtype=np.uint8)
    return Field(phi.astype(np.float32), numerator, denominator, n_eff.astype(np.float32), votes.images, directions)

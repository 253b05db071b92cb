"""How sure a field is: an interval for the value that many more images of the same kind would give.

The interval is Wilson's for a share of n_eff independent images, n_eff being Kish's effective number of images that saw
the voxel. Leaving out one azimuth bin after the other (jackknife) needs no such assumption, but twelve bins are too few
for it (docs/distribution.md has both coverages).
"""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

LEVEL = 0.9


def interval(phi: np.ndarray, n_eff: np.ndarray, level: float = LEVEL) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper end of the interval that holds the large-sample value with probability `level`.

    Args:
        phi: (...) probabilities.
        n_eff: (...) effective number of images that saw the voxel.

    Returns:
        Two arrays (...) float32; 0 and 1 where nobody looked (n_eff 0).
    """
    z2 = float(norm.ppf((1.0 + level) / 2.0)) ** 2
    n, p = np.asarray(n_eff, float), np.asarray(phi, float)
    middle = (n * p + z2 / 2.0) / (n + z2)
    half = np.sqrt(z2 * (n * p * (1.0 - p) + z2 / 4.0)) / (n + z2)
    low, high = np.clip(middle - half, 0.0, p), np.clip(middle + half, p, 1.0)
    known = n > 0
    return np.where(known, low, 0.0).astype(np.float32), np.where(known, high, 1.0).astype(np.float32)

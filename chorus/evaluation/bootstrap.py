"""How far a mean PAP would move with other test images: percentile bootstrap over the images of a category.

The images drawn depend on the category and the number of images alone, so two fields scored on the same test set are
resampled alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chorus.evaluation.pap import VARIANTS, ImageScore
from chorus.naming import seed_of

LEVEL = 0.95
DRAWS = 2000
_DIGITS = 6


def resampled_means(values: np.ndarray, category: str) -> np.ndarray:
    """Means (DRAWS,) of as many values, drawn with replacement, as there are; zeros without any."""
    if not len(values):
        return np.zeros(DRAWS)
    rng = np.random.default_rng(seed_of("bootstrap", category, len(values)))
    return np.asarray(values, float)[rng.integers(0, len(values), (DRAWS, len(values)))].mean(axis=1)


def interval_of(means: np.ndarray) -> tuple[float, float]:
    """Lower and upper end of the interval of resampled means (DRAWS,)."""
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return round(float(low), _DIGITS), round(float(high), _DIGITS)


def intervals(scores: Sequence[ImageScore], category: str) -> dict[str, Any]:
    """The intervals of all PAP means of a category, `interval` of its report."""
    return {"level": LEVEL, "draws": DRAWS} | {
        kind: {
            name: list(interval_of(resampled_means(_values(scores, name, kind == "pap_with_tail"), category)))
            for name in VARIANTS
        }
        for kind in ("pap", "pap_with_tail")
    }


def interval_of_mean(reports: Sequence[Mapping[str, Any]], variant: str) -> tuple[float, float]:
    """The interval of mPAP from the reports of its categories, whose test images are drawn independently."""
    area = "target_area_hoa" if variant.endswith("hoa") else "target_area"
    means = []
    for report in reports:
        used = [image[variant] for image in report["images"] if image["target_area"] and image[area]]
        means.append(resampled_means(np.array(used), report["category"]))
    return interval_of(np.mean(means, axis=0)) if means else (0.0, 0.0)


def _values(scores: Sequence[ImageScore], name: str, tail: bool) -> np.ndarray:
    """Values of the images that count in a mean (see `mean_values`)."""
    counted = [s for s in scores if (s.hoa if name.endswith("hoa") else s.plain).target_area and s.plain.target_area]
    return np.array([s.values(tail)[name] for s in counted])

"""What every test set brings, wherever its images come from: pose, camera and object mask of each image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chorus.camera import Camera
from chorus.masks import encode_all


@dataclass(frozen=True)
class TestImage:
    """One image to score on.

    Attributes:
        id: name of the image.
        size: height, width, pixels.
        pose: (24, 3) axis-angle, radians; the root turns the body into camera axes.
        betas: (10,).
        camera: unbatched, body frame to pixels.
        mask: (H, W) bool, the object.
    """

    __test__ = False  # not a pytest class

    id: str
    size: tuple[int, int]
    pose: np.ndarray
    betas: np.ndarray
    camera: Camera
    mask: np.ndarray


@dataclass(frozen=True)
class TestSet:
    """The test images of a category.

    Attributes:
        source: where the images and the people come from, for the reports.
        images: in a fixed order.
        fates: what became of every candidate -> number; see `selection.Fate`.
    """

    __test__ = False

    source: str
    images: list[TestImage]
    fates: dict[str, int]


def arrays_of(images: list[TestImage]) -> dict[str, Any]:
    """Datasets of a `testset` file."""
    spans = encode_all([image.mask for image in images])
    n = len(images)
    return {
        "id": np.array([image.id for image in images], str),
        "size": np.array([image.size for image in images], np.int32).reshape(n, 2),
        "pose": np.array([image.pose for image in images], float).reshape(n, 24, 3),
        "betas": np.array([image.betas for image in images], float).reshape(n, 10),
        "K": np.array([image.camera.K for image in images], float).reshape(n, 3, 3),
        "R": np.array([image.camera.R for image in images], float).reshape(n, 3, 3),
        "t": np.array([image.camera.t for image in images], float).reshape(n, 3),
        "span": spans.values,
        "span_offset": spans.offset,
    }

"""Objects with named anchor points, and the colours they are painted in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from chorus.scenes.solids import Colour, SceneObject, moved

BLACK, DARK, STEEL, CHROME = (0.02, 0.02, 0.022), (0.06, 0.06, 0.07), (0.25, 0.26, 0.28), (0.5, 0.5, 0.52)
WOOD, RUBBER, WHITE = (0.28, 0.14, 0.06), (0.025, 0.025, 0.025), (0.75, 0.75, 0.72)
PAINTS = ((0.55, 0.03, 0.03), (0.03, 0.10, 0.45), (0.75, 0.45, 0.03), (0.04, 0.25, 0.09), (0.65, 0.65, 0.66), BLACK)


@dataclass(frozen=True)
class AnchoredObject:
    """An object with named points by which interactions hold it.

    Attributes:
        shape: the geometry.
        anchors: name -> (3,) point of the same frame, metres.
    """

    shape: SceneObject
    anchors: dict[str, np.ndarray]

    def transformed(self, transform: np.ndarray) -> AnchoredObject:
        """Geometry and anchors moved by an affine (4, 4)."""
        anchors = {name: moved(transform, point[None])[0] for name, point in self.anchors.items()}
        return AnchoredObject(self.shape.transformed(transform), anchors)


def paint(rng: np.random.Generator) -> Colour:
    """A random body colour."""
    return PAINTS[rng.integers(len(PAINTS))]


def about_x(degrees: float) -> Rotation:
    """A turn about the x axis: positive tips the front down."""
    return Rotation.from_euler("x", degrees, degrees=True)

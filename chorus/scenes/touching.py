"""Which regions of a body touch an object or another body: true distances, from true pose and geometry."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from chorus.body.regions import REGIONS, Surface
from chorus.scenes.solids import SceneObject, TriangleMesh

TOUCH = 0.05  # metres; a hand that holds a bar 3 cm inside its palm has vertices this close to the bar
FARTHEST = 0.3  # metres; larger distances are not looked at
SPACING = 0.02  # metres between the points that stand for a surface


def surface_points(mesh: TriangleMesh) -> np.ndarray:
    """(P, 3) points of a surface, nowhere on it farther than about SPACING from the next, always the same ones."""
    corners = mesh.vertices[mesh.faces]
    edges = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1)
    pieces = np.maximum(1, np.ceil(edges / SPACING)).astype(int)
    points = [mesh.vertices]
    for n in np.unique(pieces):
        a, b = np.mgrid[0 : n + 1, 0 : n + 1].reshape(2, -1)
        weights = np.stack([a, b, n - a - b], axis=1)[a + b <= n] / n
        points.append(np.einsum("pk,fka->fpa", weights, corners[pieces == n]).reshape(-1, 3))
    return np.concatenate(points)


def region_distances(vertices: np.ndarray, surface: Surface, thing: SceneObject) -> np.ndarray:
    """(70,) metres from every fine region of a posed body (V, 3) to an object; 0 inside, infinite beyond FARTHEST."""
    low, high = thing.bounds()
    near = np.flatnonzero(((vertices > low - FARTHEST) & (vertices < high + FARTHEST)).all(axis=1))
    distance = np.full(len(vertices), np.inf)
    distance[near], _ = cKDTree(surface_points(thing.mesh())).query(vertices[near], distance_upper_bound=FARTHEST)
    distance[near[thing.contains(vertices[near])]] = 0.0
    nearest = np.full(len(REGIONS), np.inf)
    np.minimum.at(nearest, surface.region, distance)
    return nearest

"""Thins out a mirror-symmetric triangle mesh and keeps the symmetry exactly (used once, to bake the open body).

Only the half with x >= 0 is thinned, by collapsing its shortest edges into one of their ends; the other half is its
mirror image. Shortest edges first evens out the density, which is what skinning by nearest vertices and splatting
vertices as points ask for. No vertex moves, so a kept vertex keeps its own weights and shape directions.
"""

from __future__ import annotations

import heapq

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

FLATNESS = 0.2  # a collapse may turn no triangle further than the angle of this cosine (78 degrees)
PLANE = 1e-9  # metres; the caller puts vertices of the mirror plane at x = 0


def largest_component(n_vertices: int, faces: np.ndarray) -> np.ndarray:
    """Faces (F', 3) of the connected piece with the most faces: the skin without eyeballs and tongue."""
    links = coo_array((np.ones(faces.size), (faces.ravel(), np.roll(faces, 1, axis=1).ravel())), (n_vertices,) * 2)
    _, labels = connected_components(links, directed=False)
    of_face = labels[faces[:, 0]]
    return faces[of_face == np.bincount(of_face).argmax()]


def boundary_loops(faces: np.ndarray) -> list[list[int]]:
    """Vertex loops around the holes of a mesh, in the direction of the faces that border them."""
    directed = {(int(a), int(b)) for face in faces for a, b in zip(face, np.roll(face, -1), strict=True)}
    following = {a: b for a, b in directed if (b, a) not in directed}
    loops = []
    while following:
        start = min(following)
        loop, at = [start], following.pop(start)
        while at != start:
            loop.append(at)
            at = following.pop(at)
        loops.append(loop)
    return loops


class HalfMesh:
    """The half x >= 0 of a closed mesh while its edges are being collapsed."""

    def __init__(self, vertices: np.ndarray, faces: np.ndarray, keep: set[int]):
        """Args: vertices (V, 3) metres; faces (F, 3) of this half only; keep: vertices that must survive."""
        self.vertices = vertices
        self.keep = keep
        self.faces: dict[int, tuple[int, int, int]] = {i: tuple(map(int, f)) for i, f in enumerate(faces)}  # type: ignore[misc]
        self.around: dict[int, set[int]] = {}
        for i, face in self.faces.items():
            for vertex in face:
                self.around.setdefault(vertex, set()).add(i)
        self.on_plane = {v for v in self.around if abs(vertices[v, 0]) < PLANE}

    def neighbours(self, vertex: int) -> set[int]:
        return {v for i in self.around[vertex] for v in self.faces[i]} - {vertex}

    def size_when_mirrored(self) -> int:
        return 2 * len(self.around) - len(self.on_plane)

    def shortest_edges(self, vertex: int) -> list[tuple[float, int, int]]:
        """(length, vertex to remove, vertex to collapse into) for both directions of every edge at `vertex`."""
        edges = []
        for other in sorted(self.neighbours(vertex)):
            length = float(np.linalg.norm(self.vertices[vertex] - self.vertices[other]))
            edges += [(length, vertex, other), (length, other, vertex)]
        return edges

    def collapse(self, removed: int, into: int) -> bool:
        """Collapse one edge if the mesh stays a clean surface; False if it may not be."""
        if not self._allowed(removed, into):
            return False
        for i in sorted(self.around.pop(removed)):
            face = self.faces[i]
            if into in face:
                del self.faces[i]
                for vertex in face:
                    if vertex != removed:
                        self.around[vertex].discard(i)
            else:
                self.faces[i] = tuple(into if v == removed else v for v in face)  # type: ignore[assignment]
                self.around[into].add(i)
        self.on_plane.discard(removed)
        return True

    def _allowed(self, removed: int, into: int) -> bool:
        if removed in self.keep or (removed in self.on_plane) != (into in self.on_plane):
            return False  # the outline of the half stays in the mirror plane, and nothing else is pulled into it
        shared_faces = self.around[removed] & self.around[into]
        if len(shared_faces) != (1 if removed in self.on_plane else 2):
            return False
        tips = {v for i in shared_faces for v in self.faces[i]} - {removed, into}
        if self.neighbours(removed) & self.neighbours(into) != tips:
            return False  # the link condition: anything else would fold the surface onto itself
        if any(len(self.around[tip]) <= (2 if tip in self.on_plane else 3) for tip in tips):
            return False
        return all(self._stays_flat(i, removed, into) for i in self.around[removed] - shared_faces)

    def _stays_flat(self, i: int, removed: int, into: int) -> bool:
        corners = self.faces[i]
        before = _normal(self.vertices[list(corners)])
        after = _normal(self.vertices[[into if v == removed else v for v in corners]])
        scale = np.linalg.norm(before) * np.linalg.norm(after)
        return bool(before @ after > FLATNESS * scale > 0.0)


def _normal(corners: np.ndarray) -> np.ndarray:
    (ax, ay, az), (bx, by, bz) = corners[1] - corners[0], corners[2] - corners[0]
    return np.array([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx])


def decimate_half(
    vertices: np.ndarray, faces: np.ndarray, target: int, keep: set[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Collapse the half x >= 0 until the whole mesh has `target` vertices.

    Args:
        vertices: (V, 3) metres, mirror-symmetric; vertices of the mirror plane have x = 0 exactly.
        faces: (F, 3) closed, no face crosses the plane.
        target: wanted number of vertices of both halves together; reached, or exceeded by one.
        keep: ids of vertices that must survive (landmarks).

    Returns:
        kept: (H,) ids of the surviving vertices with x >= 0, ascending.
        half_faces: (F', 3) ids into `vertices`.
    """
    right_side = vertices[faces][:, :, 0].min(axis=1) < -PLANE
    half = HalfMesh(vertices, faces[~right_side], keep)
    queue = [edge for vertex in sorted(half.around) for edge in half.shortest_edges(vertex) if edge[1] == vertex]
    heapq.heapify(queue)
    while queue and half.size_when_mirrored() > target:
        _, removed, into = heapq.heappop(queue)
        known = removed in half.around and into in half.around
        if known and into in half.neighbours(removed) and half.collapse(removed, into):
            for edge in half.shortest_edges(into):
                heapq.heappush(queue, edge)
    kept = np.array(sorted(half.around))
    return kept, np.array([half.faces[i] for i in sorted(half.faces)])


def mirror_half(half_vertices: np.ndarray, half_faces: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Complete a half mesh by its mirror image.

    Args:
        half_vertices: (H, 3) with x >= 0; those in the plane have x = 0 exactly.
        half_faces: (F, 3) ids into half_vertices.

    Returns:
        source: (V,) for every vertex of the whole mesh the half vertex it copies; the half comes first.
        twin: (V,) id of every vertex's mirror image.
        faces: (2 F, 3), the mirrored ones with reversed direction.
    """
    n = len(half_vertices)
    off_plane = np.flatnonzero(np.abs(half_vertices[:, 0]) >= PLANE)
    twin_of_half = np.arange(n)
    twin_of_half[off_plane] = n + np.arange(len(off_plane))
    source = np.concatenate([np.arange(n), off_plane])
    twin = np.concatenate([twin_of_half, off_plane])
    return source, twin, np.concatenate([half_faces, twin_of_half[half_faces][:, ::-1]])

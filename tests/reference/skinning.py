"""Skinning weights of every voxel of the grid: 30 nearest vertices, deweighting, 30 Laplace passes (Eq. 9-10)."""

from __future__ import annotations

import torch
import torch.nn.functional as functional

SIDE = 3.0  # metres, cube centred on the body's origin
NEIGHBOURS = 30
REACH = 0.8  # tau in metres: farther voxels move with the pelvis
SHARPNESS = 0.5  # 1 - exp(-0.5 artanh(d / tau)) equals the paper's Eq. 10 with s = 0.25
PASSES = 30
SMOOTHING = 0.3
POINTS_AT_ONCE = 4096  # 340 MB of displacements; 48^3 peaks at 3.9 GB


def grid_centres(resolution: int) -> torch.Tensor:
    """Voxel centres (N^3, 3) of the cube, metres, C order of [ix, iy, iz]."""
    voxel = SIDE / resolution
    axis = -SIDE / 2 + voxel * (torch.arange(resolution, dtype=torch.float32) + 0.5)
    return torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), dim=-1).reshape(-1, 3)


def distances_between(vertices: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    """(V, P) distances of every vertex (V, 3) from every point (P, 3), metres.

    The root of summed squares: `torch.norm` is quicker, but its last bits are not the original's. The original also
    holds all displacements at once (9 GB at 48^3); here they come in chunks.
    """
    distances = torch.empty(len(vertices), len(points))
    for start in range(0, len(points), POINTS_AT_ONCE):
        displacement = vertices[:, None, :] - points[None, start : start + POINTS_AT_ONCE, :]
        distances[:, start : start + POINTS_AT_ONCE] = torch.sqrt(torch.sum(displacement**2, dim=2))
    return distances


def nearest_vertices(points: torch.Tensor, vertices: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Distances (P, 30), ascending, and vertex indices (P, 30), from the full matrix of distances (3 GB at 48^3)."""
    nearest = torch.topk(distances_between(vertices, points), NEIGHBOURS, dim=0, largest=False)
    return nearest.values.T, nearest.indices.T


def neighbour_mean(distances: torch.Tensor, indices: torch.Tensor, vertex_weights: torch.Tensor) -> torch.Tensor:
    """Inverse-distance mean (P, 24) of the neighbours' weights; a point on a vertex takes that vertex's weights."""
    share = 1.0 / distances
    share = share / share.sum(dim=1, keepdim=True)
    mean = (share[:, :, None] * vertex_weights[indices]).sum(dim=1)
    on_vertex = distances[:, 0] == 0
    mean[on_vertex] = vertex_weights[indices[on_vertex, 0]]
    return mean


def deweight(mean: torch.Tensor, nearest_distance: torch.Tensor) -> torch.Tensor:
    """Blend the weights (P, 24) toward the pelvis with the distance (P,) to the nearest vertex, metres (Eq. 9-10)."""
    ratio = torch.clamp(nearest_distance / REACH, 0.0, 1.0)
    pelvis_share = 1 - torch.exp(-SHARPNESS * torch.atanh(ratio))
    pelvis_share = torch.where(nearest_distance > REACH, torch.ones_like(pelvis_share), pelvis_share)[:, None]
    weights = pelvis_share * pelvis(len(mean)) + (1 - pelvis_share) * mean
    return weights / weights.sum(dim=1, keepdim=True)


def smooth(field: torch.Tensor, nearest_distance: torch.Tensor) -> torch.Tensor:
    """30 passes over (N, N, N, 24): interior voxels move 0.3 of the way to the mean of their six face neighbours.

    The outer layer never moves; after each pass voxels beyond the reach are pure pelvis again and rows sum to one.
    """
    beyond = (nearest_distance > REACH).reshape(field.shape[:3])
    for _ in range(PASSES):
        six = (
            (field[:-2, 1:-1, 1:-1] + field[2:, 1:-1, 1:-1])
            + (field[1:-1, :-2, 1:-1] + field[1:-1, 2:, 1:-1])
            + (field[1:-1, 1:-1, :-2] + field[1:-1, 1:-1, 2:])
        )
        smoothed = field.clone()
        smoothed[1:-1, 1:-1, 1:-1] = (1 - SMOOTHING) * field[1:-1, 1:-1, 1:-1] + SMOOTHING * (six / 6)
        smoothed[beyond] = pelvis(1)
        field = functional.normalize(smoothed, p=1, dim=3)
    return field


def pelvis(rows: int) -> torch.Tensor:
    """Weights (rows, 24) of points that move with the pelvis alone."""
    weights = torch.zeros(rows, 24)
    weights[:, 0] = 1.0
    return weights


def skinning_field(vertices: torch.Tensor, vertex_weights: torch.Tensor, resolution: int = 48) -> torch.Tensor:
    """Weights (N, N, N, 24) of the grid around `vertices` (V, 3) with weights (V, 24): canonical or posed alike."""
    distances, indices = nearest_vertices(grid_centres(resolution), vertices)
    weights = deweight(neighbour_mean(distances, indices, vertex_weights), distances[:, 0])
    return smooth(weights.reshape(resolution, resolution, resolution, 24), distances[:, 0])

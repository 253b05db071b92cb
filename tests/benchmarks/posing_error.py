"""How far a field is off once it is carried to a pose: the true canonical field against the true posed occupancy.

    python -m tests.benchmarks.posing_error [--draws 300] [--poses 24] [CATEGORY ...]

Scenes are drawn without rendering. Inverse warps compared: A.7's (skinning weights of the posed body) as inverse of the
blended matrix, with the nearest voxel (the PAP protocol) and linear, and as Eq. 11's blend of inverses, linear; and the
inverse of the forward warp that voted (weights of the canonical body).

`own`: IoU of a draw's canonical occupancy, carried to its pose, with its posed occupancy. `r`: the mean field of the
interaction with the draw's posed occupancy; a field that never moved is what posing has to beat.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from chorus.bench.votes import Space
from chorus.body.loading import load_body
from chorus.body.model import BodyModel
from chorus.evaluation.truth_scores import pearson_r
from chorus.naming import seed_of
from chorus.occupancy.grid import Grid
from chorus.occupancy.posing import canonical_points, forward_sources, interpolated, posed_skinning
from chorus.occupancy.skinning import warp
from chorus.occupancy.skinning_stage import canonical_weights
from chorus.scenes.interactions import INTERACTIONS, Placement, draw

ROOT = Path(__file__).parents[2]
METHODS = ("nearest", "linear", "Eq. 11", "forward")
UNMOVED = "unmoved"
COLUMNS = ["category", "interaction", *(f"own, {m}" for m in METHODS), *(f"r, {m}" for m in (*METHODS, UNMOVED))]


def blend_of_inverses(grid: Grid, body: BodyModel, pose: np.ndarray) -> np.ndarray:
    """Canonical points (N^3, 3) by Eq. 11: sum_j w_j(y) B_j^-1 y, weights of the posed body."""
    planes, rows = posed_skinning(grid, body, pose)
    bones = np.tile(np.eye(4), (len(rows), 1, 1))
    bones[:, :3] = rows.reshape(-1, 3, 4)
    matrices = planes.reshape(len(planes), -1).T @ np.linalg.inv(bones)[:, :3].reshape(-1, 12)
    return np.einsum("vab,vb->va", matrices.reshape(-1, 3, 4)[:, :, :3], grid.centres()) + matrices[:, 3::4]


def carried(space: Space, pose: np.ndarray, fields: np.ndarray) -> dict[str, np.ndarray]:
    """Canonical fields (k, N, N, N) at a pose, (k, N^3), by each method; 0 where they come from nowhere."""
    grid, body = space.grid, space.body
    points, eq11 = canonical_points(grid, body, pose), blend_of_inverses(grid, body, pose)
    index, everywhere = grid.flat_index(points), np.ones(grid.shape, bool)
    flat = fields.reshape(len(fields), -1)
    forward = forward_sources(grid, space.weights, body.canonical_bones(pose[None])[0])
    return {
        "nearest": np.where(index >= 0, flat[:, index], 0.0),
        "linear": np.nan_to_num([interpolated(field, points, everywhere) for field in fields]),
        "Eq. 11": np.nan_to_num([interpolated(field, eq11, everywhere) for field in fields]),
        "forward": np.nan_to_num([forward.values(field, everywhere) for field in fields]),
    }


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    """IoU of two occupancies, a share of half or more being occupied; 1 if both are empty."""
    a, b = first >= 0.5, second >= 0.5
    return float((a & b).sum() / max((a | b).sum(), 1)) if (a | b).any() else 1.0


def errors(space: Space, placements: list[Placement], poses: int) -> list[float]:
    """Mean scores of an interaction over `poses` draws, in the order of COLUMNS."""
    grid, body, centres = space.grid, space.body, space.grid.centres()
    bones = body.canonical_bones(np.stack([placement.pose for placement in placements]))
    canonical = [p.object.contains(warp(space.weights, b, centres)) for p, b in zip(placements, bones, strict=True)]
    posed = [placement.object.contains(centres).astype(float) for placement in placements]
    phi, rigid = np.mean(canonical, axis=0), np.mean(posed, axis=0)
    rows = []
    for number in range(poses):
        fields = np.stack([canonical[number].astype(float), phi]).reshape(2, *grid.shape)
        at_pose = carried(space, placements[number].pose, fields)
        own = [overlap(at_pose[method][0], posed[number]) for method in METHODS]
        mean = [pearson_r(field, posed[number]) for field in (*(at_pose[method][1] for method in METHODS), rigid)]
        rows.append(own + mean)
    return np.mean(rows, axis=0).tolist()


def main() -> None:
    """Print the table as Markdown, one row as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("categories", nargs="*", default=list(INTERACTIONS))
    parser.add_argument("--draws", type=int, default=300)
    parser.add_argument("--poses", type=int, default=24)
    parser.add_argument("--resolution", type=int, default=48)
    options = parser.parse_args()
    body, grid = load_body(ROOT / "resources/body/open_body.npz"), Grid(options.resolution)
    space = Space(body, canonical_weights(grid, body))
    print("| " + " | ".join(COLUMNS) + " |\n" + "|---" * len(COLUMNS) + "|")
    rows = []
    for category in options.categories:
        for name in INTERACTIONS[category]:
            seeds = [seed_of("posing error", category, name, number) for number in range(options.draws)]
            placements = [draw(category, name, np.random.default_rng(seed), body) for seed in seeds]
            rows.append(errors(space, placements, options.poses))
            print(f"| {category} | {name} | " + " | ".join(f"{value:.2f}" for value in rows[-1]) + " |", flush=True)
    print("| **mean** | | " + " | ".join(f"{value:.2f}" for value in np.mean(rows, axis=0)) + " |")


if __name__ == "__main__":
    main()

"""Interaction types against their own truth: is a cluster closer to it than the field of all images is?

    python -m tests.benchmarks.interactions RESULTS [--draws 300] [CATEGORY ...]

RESULTS is the results folder of a finished run of scenes. The truth of a cluster at a body part is the share
of those draws of the interaction whose object touches the part, by the same distance as the gate of Eq. 12.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

import chorus
from chorus import store
from chorus.body.model import STAR_POSE, BodyModel
from chorus.body.parts import part_vertices
from chorus.evaluation.truth_scores import pearson_r
from chorus.naming import seed_of
from chorus.occupancy.gates import PART_DISTANCE
from chorus.occupancy.grid import Grid
from chorus.occupancy.skinning import warp
from chorus.occupancy.skinning_stage import canonical_weights
from chorus.scenes.interactions import draw

RING = (0.4, 0.9)  # metres from the vertical axis through the body's origin
HEIGHT = -0.3  # metres; below the hips
SECTORS = 12
LEAST_TOUCHES = 5  # draws that touch the part, for its truth to mean anything


def evenness(phi: np.ndarray) -> float:
    """Least over greatest mean of a field in the 12 azimuth sectors of a ring around the body; 1 = even all round."""
    x, y, z = Grid(len(phi)).centres().T
    radius, values = np.hypot(x, z), np.nan_to_num(phi).reshape(-1)
    ring = (radius > RING[0]) & (radius < RING[1]) & (y < HEIGHT)
    sector = (np.arctan2(z, x) % (2 * np.pi) // (2 * np.pi / SECTORS)).astype(int)
    means = [values[ring & (sector == number)].mean() for number in range(SECTORS)]
    return float(min(means) / max(means))


def occupancies(category: str, interaction: str, draws: int, body: BodyModel, grid: Grid) -> np.ndarray:
    """(draws, N^3) bool, canonical occupancy of unrendered draws."""
    weights, centres = canonical_weights(grid, body), grid.centres()
    seeds = [seed_of("interactions", category, interaction, number) for number in range(draws)]
    placements = [draw(category, interaction, np.random.default_rng(seed), body) for seed in seeds]
    bones = body.canonical_bones(np.stack([placement.pose for placement in placements]))
    return np.array([p.object.contains(warp(weights, b, centres)) for p, b in zip(placements, bones, strict=True)])


def touching(inside: np.ndarray, body: BodyModel, grid: Grid) -> dict[str, np.ndarray]:
    """Part -> (draws,) bool, the object touches it (Eq. 12, 13 on the true occupancy)."""
    star = body.vertices(STAR_POSE[None])[0]
    touched = {}
    for part, vertices in part_vertices(body).items():
        near, _ = cKDTree(star[vertices]).query(grid.centres(), distance_upper_bound=2 * PART_DISTANCE)
        touched[part] = inside[:, near < PART_DISTANCE].any(axis=1)
    return touched


def rows_of(results: Path, category: str, draws: int) -> list[list]:
    """Interaction, part, images, r of the cluster with its truth, r of the total with it, evenness of both."""
    field = chorus.load(results / "voxels" / f"{category}.h5")
    clusters = store.read_json(results / "clusters" / f"{category}.json")["clusters"]
    total = np.nan_to_num(field.canonical().phi)
    grid, rows = Grid(len(total)), []
    for interaction in field.interactions:
        inside = occupancies(category, interaction, draws, field.body, grid)
        touched = {"": np.ones(draws, bool), **touching(inside, field.body, grid)}
        for cluster in clusters:
            part = cluster["part"]
            wanted = cluster["interaction"] == interaction and cluster["plausible"]
            if not wanted or touched[part].sum() < LEAST_TOUCHES:
                continue
            truth = inside[touched[part]].mean(axis=0)
            phi = np.nan_to_num(field.canonical(interaction, part).phi)
            scores = [
                pearson_r(phi, truth),
                pearson_r(total, truth),
                evenness(phi),
                evenness(truth.reshape(grid.shape)),
            ]
            rows.append([interaction, part or "(any)", cluster["images"], *scores])
    return rows


def main() -> None:
    """Print the table as Markdown and the share of clusters that are closer to their truth than the total is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("categories", nargs="*")
    parser.add_argument("--draws", type=int, default=300)
    options = parser.parse_args()
    names = options.categories or sorted(path.stem for path in (options.results / "voxels").glob("*.h5"))
    print(
        "| category | interaction | part | images | r, cluster | r, all images | evenness | true evenness |\n"
        + "|---" * 8
        + "|"
    )
    closer: dict[bool, list[bool]] = {True: [], False: []}
    for category in names:
        for interaction, part, images, own, total, even, true_even in rows_of(options.results, category, options.draws):
            figures = " | ".join(f"{value:.2f}" for value in (own, total, even, true_even))
            print(f"| {category} | {interaction} | {part} | {images} | {figures} |", flush=True)
            closer[part == "(any)"].append(own > total)
    for whole, values in closer.items():
        print(f"\n{'Interactions' if whole else 'Body parts'}: {sum(values)} of {len(values)} closer than all images.")


if __name__ == "__main__":
    main()

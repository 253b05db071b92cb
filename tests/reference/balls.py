"""Images of a ball at known places around a body that stands still: discs, counted by the real vote."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from chorus.camera import Camera, azimuth_bin, azimuth_degrees
from chorus.masks import encode_all
from chorus.occupancy.grid import Grid
from chorus.occupancy.votes import Ballots, VoteCounter

SIZE = (48, 48)
SPREAD = 0.12  # metres, standard deviation of the ball's place
RADIUS = 0.3
PLACES = np.array([[0.5, 0.1, 0.3], [-0.4, -0.5, 0.1]])


def cameras(rng: np.random.Generator, n: int) -> Camera:
    """Cameras around the body, more in front than behind, at several heights, distances and focal lengths."""
    azimuth = np.where(rng.random(n) < 0.5, rng.normal(np.pi / 2, 0.8, n), rng.uniform(0, 2 * np.pi, n))
    elevation, distance = rng.uniform(-0.1, 0.6, n), rng.uniform(2.5, 4.0, n)
    level = np.cos(elevation)
    towards = np.stack([level * np.cos(azimuth), np.sin(elevation), level * np.sin(azimuth)], axis=1)
    right = np.cross([0.0, -1.0, 0.0], -towards)
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    R = np.stack([right, np.cross(-towards, right), -towards], axis=1)
    K = np.zeros((n, 3, 3))
    K[:, 0, 0] = K[:, 1, 1] = rng.uniform(40, 70, n)
    K[:, :2, 2], K[:, 2, 2] = [SIZE[1] / 2, SIZE[0] / 2], 1.0
    return Camera(K, R, -np.einsum("nij,nj->ni", R, distance[:, None] * towards))


def images_of_a_ball(
    rng: np.random.Generator, n: int, places: np.ndarray = PLACES, shares: tuple[float, ...] = (0.6, 0.4), radius=RADIUS
) -> Ballots:
    """n images; in each the ball lies near one of the places (k, 3), chosen by their shares."""
    camera = cameras(rng, n)
    centre = places[rng.choice(len(places), n, p=shares)] + rng.normal(0, SPREAD, (n, 3))
    seen = np.einsum("nij,nj->ni", camera.R, centre) + camera.t
    focal = camera.K[:, 0, 0]
    u, v = (camera.K[:, axis, 2] + focal * seen[:, axis] / seen[:, 2] for axis in (0, 1))
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]] + 0.5
    inside = (columns - u[:, None, None]) ** 2 + (rows - v[:, None, None]) ** 2
    masks = inside < (radius * focal / seen[:, 2])[:, None, None] ** 2
    still = np.broadcast_to(np.eye(4), (n, 24, 4, 4))
    bins = azimuth_bin(azimuth_degrees(camera.centre))
    size = np.tile(SIZE, (n, 1))
    return Ballots(camera, still, size, encode_all(list(masks)), np.arange(n), np.full(n, 255), bins)


def some_of(ballots: Ballots, rows: np.ndarray) -> Ballots:
    """Chosen images."""
    names = ("bones", "size", "mask", "weight", "azimuth_bin")
    return replace(ballots, camera=ballots.camera[rows], **{name: getattr(ballots, name)[rows] for name in names})


def counted(grid: Grid, weights: np.ndarray, ballots: Ballots, regions=None) -> VoteCounter:
    """A counter that has counted the images."""
    counter = VoteCounter(grid, weights, regions)
    counter.add_all(ballots)
    return counter

"""Camera entropy: closed forms for one camera and for cameras everywhere; laws for everything between."""

import numpy as np
import pytest

from chorus.evaluation.entropy import CELLS, SIGMA, camera_entropy, sphere_grid


def directions(rng, n):
    vectors = rng.normal(size=(n, 3))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_one_camera_has_the_entropy_of_one_gaussian(rng):
    """h = log2(2 pi e sigma^2) of a plane Gaussian, counted in cells of area 4 pi / CELLS."""
    closed_form = np.log2(2 * np.pi * np.e * SIGMA**2) + np.log2(CELLS / (4 * np.pi))
    for centre in directions(rng, 5):
        assert camera_entropy(centre[None]) == pytest.approx(closed_form, abs=0.02)


def test_cameras_everywhere_reach_the_maximum(rng):
    assert camera_entropy(sphere_grid(20_000)) == pytest.approx(np.log2(CELLS), abs=0.05)


def test_two_far_cameras_add_one_bit_and_a_repeated_one_none(rng):
    one = camera_entropy(np.array([[0.0, 0.0, 3.0]]))
    assert camera_entropy(np.array([[0.0, 0.0, 3.0], [2.0, 0.0, 0.0]])) == pytest.approx(one + 1.0, abs=0.03)
    assert camera_entropy(np.array([[0.0, 0.0, 3.0]] * 7)) == pytest.approx(one, abs=1e-9)


def test_distance_and_order_do_not_matter_and_broken_cameras_do_not_count(rng):
    cameras = directions(rng, 50)
    entropy = camera_entropy(cameras)
    scaled = cameras[::-1] * rng.uniform(0.5, 9.0, (50, 1))
    assert camera_entropy(scaled) == pytest.approx(entropy, abs=1e-9)
    broken = np.concatenate([cameras, [[np.nan, 0, 1], [0, 0, 0]]])
    assert camera_entropy(broken) == pytest.approx(entropy, abs=1e-12)
    assert camera_entropy(np.zeros((0, 3))) == 0.0


def test_a_wider_spread_has_more_bits(rng):
    vectors = rng.normal(size=(200, 3))
    front = np.array([0.0, 0.0, 1.0])
    assert camera_entropy(0.1 * vectors + front) < camera_entropy(vectors + front)

"""The compiled parts of the camera fit, each against numpy, scipy or a difference quotient."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from chorus.calibration.resection import Sight, View, move, normal_equations, refine, solve_damped, spread_out, squares

FOCAL = 600.0


@pytest.fixture
def sight(rng) -> Sight:
    return Sight(rng.normal(0, 0.4, (24, 3)), rng.normal(0, 60.0, (24, 2)))


@pytest.fixture
def view(rng) -> View:
    return View(Rotation.random(random_state=1).as_matrix(), np.array([0.2, -0.1, 4.0]))


def moved(view: View, step: np.ndarray) -> View:
    result = View(np.empty((3, 3)), np.empty(3))
    move(view, step, result)
    return result


def residual(sight: Sight, view: View, focal: float) -> np.ndarray:
    x = sight.points @ view.R.T + view.t
    return (focal * x[:, :2] / x[:, 2:] - sight.pixels).ravel()


def test_the_squares_are_those_of_the_residual(sight, view):
    assert squares(sight, view, FOCAL) == pytest.approx((residual(sight, view, FOCAL) ** 2).sum(), rel=1e-12)


def test_a_joint_behind_the_camera_makes_the_squares_infinite(sight, view):
    assert squares(sight, View(view.R, np.array([0, 0, sight.points.min()])), FOCAL) == np.inf
    assert squares(sight, View(view.R * np.nan, view.t), FOCAL) == np.inf


def test_the_jacobian_is_the_difference_quotient(sight, view):
    h, H, g = 1e-6, np.empty((6, 6)), np.empty(6)
    along_focal = normal_equations(sight, view, FOCAL, H, g)
    steps = h * np.eye(6)
    J = np.stack(
        [(residual(sight, moved(view, s), FOCAL) - residual(sight, moved(view, -s), FOCAL)) / (2 * h) for s in steps], 1
    )
    r = residual(sight, view, FOCAL)
    assert np.allclose(np.tril(H), np.tril(J.T @ J), rtol=1e-6, atol=1e-3)
    assert np.allclose(g, J.T @ r, rtol=1e-6, atol=1e-2)
    slope = (residual(sight, view, FOCAL * np.exp(h)) - residual(sight, view, FOCAL * np.exp(-h))) / (2 * h)
    assert along_focal == pytest.approx(slope @ r, rel=1e-6)


@pytest.mark.parametrize("damping", [0.0, 1e-3, 10.0])
def test_the_solver_is_numpys(rng, damping):
    for n in (1, 2, 6):
        A = rng.normal(size=(n + 3, n))
        H, g, step = A.T @ A, rng.normal(size=n), np.empty(n)
        assert solve_damped(np.tril(H), g, damping, np.empty((n, n)), step)
        assert np.allclose(step, -np.linalg.solve(H + damping * np.diag(np.diag(H)), g))


@pytest.mark.parametrize("matrix", [np.zeros((6, 6)), -np.eye(6), np.full((6, 6), np.nan), np.ones((6, 6))])
def test_the_solver_refuses_what_is_not_positive_definite(matrix):
    assert not solve_damped(matrix, np.ones(6), 0.0, np.empty((6, 6)), np.empty(6))


@pytest.mark.parametrize("angle", [0.0, 1e-12, 1e-5, 0.3, 3.0, 10.0])
def test_a_move_is_scipys_rotation_from_the_left(view, angle):
    step = np.append(angle * np.array([0.6, 0.0, -0.8]), [1.0, 2.0, 3.0])
    after = moved(view, step)
    assert np.allclose(after.R, Rotation.from_rotvec(step[:3]).as_matrix() @ view.R, atol=1e-14)
    assert np.array_equal(after.t, view.t + step[3:])


def test_refining_never_worsens_and_ends_where_nothing_is_gained(sight, view):
    before = squares(sight, view, FOCAL)
    loss, slope, steps = refine(sight, view, FOCAL)
    assert 0 < steps < 100
    assert (24 * loss) ** 2 < before
    H, g = np.empty((6, 6)), np.empty(6)
    along_focal = normal_equations(sight, view, FOCAL, H, g)
    predicted_gain = g @ np.linalg.solve(np.tril(H) + np.tril(H, -1).T, g)
    assert predicted_gain < 1e-6 * (24 * loss) ** 2
    assert slope == pytest.approx(along_focal / (24**2 * loss))


def test_the_slope_is_that_of_the_best_loss(sight, view):
    """Refitted at focal lengths a little longer and shorter."""
    h = 1e-3
    for _ in range(4):
        slope = refine(sight, view, FOCAL)[1]
    near = [refine(sight, View(view.R.copy(), view.t.copy()), FOCAL * np.exp(s)) for s in (-h, h)]
    assert slope == pytest.approx((near[1][0] - near[0][0]) / (2 * h), rel=2e-2)


def test_points_are_spread_out_when_four_of_them_span_a_plane(rng):
    points = rng.normal(size=(24, 3))
    for good in (points, points[:4], points[np.arange(24) % 4], points[:, :2], points[:5] * 1e-2):
        assert spread_out(good)
    line = points[:, :1] * np.array([1.0, 2.0, 3.0]) + 5.0
    for bad in (points[:3], points[np.arange(24) % 3], points[:1], points * 0, line, line[:, :2], line * 1e3):
        assert not spread_out(bad)
    for value in (np.nan, np.inf, 1e300):
        for j in (0, 7):
            broken = points.copy()
            broken[j, 1] = value
            assert not spread_out(broken)

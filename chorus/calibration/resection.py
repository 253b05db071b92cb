"""Camera resection, compiled: Levenberg-Marquardt on rotation and translation, around it a walk over the focal length.

With the focal length f free the paper's problem (A.4) has no minimiser: its targets come from a weak camera, so f and
the distance grow together for ever, and Adam's early stop decides the answer. Here the stop is the definition: of all
focal lengths whose best R and t bring the loss below the threshold, the one with the least |log f / f0|.

float64, one person after the other: no batch, order or number of threads can change a bit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

MAX_STEPS = 100  # Levenberg-Marquardt steps at one focal length
STEADY = 1e-7  # of the sum of squares: a smaller gain ends the fit at one focal length
DAMPING, LEAST_DAMPING, MOST_DAMPING = 1e-4, 1e-12, 1e8  # of the diagonal (Marquardt's scaling)
MAX_STOPS = 60  # focal lengths tried
STRIDE = 0.7  # of log f: longest stride, a factor of 2
RESOLUTION = 1e-3  # of log f: a focal length is found to 0.1 % ...
CLOSE = 1e-3  # ... or once the loss is this close below the threshold
ROOM = 0.1  # metres before the camera that a start leaves free
APART, OFF_LINE = 1e-9, 1e-3  # joints nearer than this are one; nearer than this to a line are on it


class Sight(NamedTuple):
    """What is seen: points (J, 3) in the body frame, metres, at pixels (J, 2) relative to the principal point."""

    points: np.ndarray
    pixels: np.ndarray


class View(NamedTuple):
    """From where: R (3, 3) body to camera frame and t (3,) metres; fits change both in place."""

    R: np.ndarray
    t: np.ndarray


@njit(cache=True, error_model="numpy")
def squares(sight, view, focal):  # pragma: no cover - compiled
    """Sum of squared pixel distances; infinite with a joint behind the camera, so that such a step is never taken."""
    R, t = view
    total = 0.0
    for j in range(len(sight.points)):
        X, Y, Z = sight.points[j]
        depth = R[2, 0] * X + R[2, 1] * Y + R[2, 2] * Z + t[2]
        if not depth > 0.0:
            return np.inf
        du = focal * (R[0, 0] * X + R[0, 1] * Y + R[0, 2] * Z + t[0]) / depth - sight.pixels[j, 0]
        dv = focal * (R[1, 0] * X + R[1, 1] * Y + R[1, 2] * Z + t[1]) / depth - sight.pixels[j, 1]
        total += du * du + dv * dv
    return total


@njit(cache=True, error_model="numpy")
def normal_equations(sight, view, focal, H, g):  # pragma: no cover - compiled
    """Fill H = J^T J (6, 6; lower triangle) and g = J^T r (6,) for a turn w on the left, R <- exp(w) R, and t.

    Returns:
        r . dr/dlog f: half the slope of the squares over log f at standing R and t.
    """
    R, t = view
    row_u, row_v = np.zeros(6), np.zeros(6)
    H.fill(0.0)
    g.fill(0.0)
    along_focal = 0.0
    for j in range(len(sight.points)):
        X, Y, Z = sight.points[j]
        x = R[0, 0] * X + R[0, 1] * Y + R[0, 2] * Z  # turned, not yet moved: what w turns further
        y = R[1, 0] * X + R[1, 1] * Y + R[1, 2] * Z
        z = R[2, 0] * X + R[2, 1] * Y + R[2, 2] * Z
        nearness = 1.0 / (z + t[2])
        p, q = (x + t[0]) * nearness, (y + t[1]) * nearness
        du, dv = focal * p - sight.pixels[j, 0], focal * q - sight.pixels[j, 1]
        scale = focal * nearness  # pixels per metre at this depth
        # A joint's move d in camera axes moves its pixel by scale (dx - p dz, dy - q dz); w moves it by w x (x, y, z).
        row_u[0], row_u[1], row_u[2] = -scale * p * y, scale * (z + p * x), -scale * y
        row_v[0], row_v[1], row_v[2] = -scale * (z + q * y), scale * q * x, scale * x
        row_u[3], row_u[5] = scale, -scale * p
        row_v[4], row_v[5] = scale, -scale * q
        for a in range(6):
            g[a] += row_u[a] * du + row_v[a] * dv
            for b in range(a + 1):
                H[a, b] += row_u[a] * row_u[b] + row_v[a] * row_v[b]
        along_focal += focal * (p * du + q * dv)
    return along_focal


@njit(cache=True, error_model="numpy")
def solve_damped(H, g, damping, L, step):  # pragma: no cover - compiled
    """step = -(H + damping diag H)^-1 g by Cholesky, H's lower triangle given; False if that is not positive definite.

    L (n, n) is workspace.
    """
    n = len(g)
    for a in range(n):
        for b in range(a + 1):
            rest = H[a, b] * (1.0 + damping) if a == b else H[a, b]
            for c in range(b):
                rest -= L[a, c] * L[b, c]
            if a > b:
                L[a, b] = rest / L[b, b]
            elif rest > 0.0:
                L[a, a] = np.sqrt(rest)
            else:
                return False
    for a in range(n):  # L forward = -g
        step[a] = -g[a]
        for c in range(a):
            step[a] -= L[a, c] * step[c]
        step[a] /= L[a, a]
    for a in range(n - 1, -1, -1):  # L^T step = forward
        for c in range(a + 1, n):
            step[a] -= L[c, a] * step[c]
        step[a] /= L[a, a]
    return True


@njit(cache=True, error_model="numpy")
def move(view, step, moved):  # pragma: no cover - compiled
    """moved = the view after a step (w, v): exp(w) R and t + v.

    exp(w) x = x + a w x x + b w x (w x x) is Rodrigues' formula, so R stays a rotation with det +1.
    """
    w0, w1, w2 = step[0], step[1], step[2]
    angle = max(np.sqrt(w0 * w0 + w1 * w1 + w2 * w2), 1e-100)
    a = np.sin(angle) / angle
    b = 2.0 * (np.sin(0.5 * angle) / angle) ** 2  # (1 - cos) / angle^2 without its cancellation
    for c in range(3):
        x, y, z = view.R[0, c], view.R[1, c], view.R[2, c]
        u, v, s = w1 * z - w2 * y, w2 * x - w0 * z, w0 * y - w1 * x
        moved.R[0, c] = x + a * u + b * (w1 * s - w2 * v)
        moved.R[1, c] = y + a * v + b * (w2 * u - w0 * s)
        moved.R[2, c] = z + a * s + b * (w0 * v - w1 * u)
        moved.t[c] = view.t[c] + step[3 + c]


@njit(cache=True, error_model="numpy")
def copy(view, onto):  # pragma: no cover - compiled
    """Make the view `onto` equal to `view`."""
    for a in range(3):
        onto.t[a] = view.t[a]
        for b in range(3):
            onto.R[a, b] = view.R[a, b]


@njit(cache=True, error_model="numpy")
def refine(sight, view, focal):  # pragma: no cover - compiled
    """Levenberg-Marquardt at a fixed focal length; `view` becomes the best one found.

    Returns:
        loss, its slope over log f, steps. The slope needs no second fit: at the best R and t the loss changes with f
        as if they stood still. A start with a joint behind the camera has an infinite loss and is left as it is.
    """
    H, L, g, step = np.empty((6, 6)), np.empty((6, 6)), np.empty(6), np.empty(6)
    trial = View(np.empty((3, 3)), np.empty(3))
    best, damping, steps = squares(sight, view, focal), DAMPING, 0
    if not best < np.inf:
        return np.inf, 0.0, steps
    along_focal, gain = normal_equations(sight, view, focal, H, g), np.inf
    while steps < MAX_STEPS and abs(gain) > STEADY * best and damping < MOST_DAMPING:
        steps += 1
        found = np.inf
        if solve_damped(H, g, damping, L, step):
            move(view, step, trial)
            found = squares(sight, trial, focal)
        gain = best - found
        if gain > 0.0:
            copy(trial, view)
            best, damping = found, max(0.1 * damping, LEAST_DAMPING)
            along_focal = normal_equations(sight, view, focal, H, g)
        else:
            damping *= 10.0
    norm, J = np.sqrt(best), len(sight.points)
    return norm / J, along_focal / (max(norm, 1e-100) * J), steps


@njit(cache=True, error_model="numpy")
def profile(sight, view, focal, stop_loss, focal_cap):  # pragma: no cover - compiled
    """The focal length nearest to `focal` whose best view gets below `stop_loss`; `view` becomes that view.

    A walk over log f goes downhill from `focal`, by Newton's strides towards the threshold. A place is done when the
    loss is below the threshold or falls no more; the first such place lies between the last one that was not done
    (`before`) and the nearest one that was (`behind`). Where the threshold is out of reach, the best view up to
    `focal_cap` stays.

    Returns:
        loss, log f / f0, Levenberg-Marquardt steps.
    """
    loss, slope, steps = refine(sight, view, focal)
    kept, kept_loss, kept_walk = View(view.R.copy(), view.t.copy()), loss, 0.0
    downhill, end = -np.sign(slope), np.log(focal_cap)
    aim = (1.0 - 0.5 * CLOSE) * stop_loss
    walk, before, behind = 0.0, 0.0, np.inf
    for _ in range(MAX_STOPS):
        done = loss < stop_loss or not slope * downhill < 0.0
        if done:
            behind = walk
        else:
            before = walk
        close = kept_loss < stop_loss and (kept_walk == 0.0 or kept_loss >= (1.0 - CLOSE) * stop_loss)
        if close or behind - before <= RESOLUTION or before >= end:
            break
        ahead = np.inf if done else min(before + min((loss - aim) / abs(slope), STRIDE), end)
        if not ahead < behind:
            ahead = 0.5 * (before + behind)
        view.t[2] *= np.exp(downhill * (ahead - walk))  # farther by as much as f is longer: the same size
        walk = ahead
        loss, slope, more = refine(sight, view, focal * np.exp(downhill * walk))
        steps += more
        if loss < max(kept_loss, stop_loss):
            copy(view, kept)
            kept_loss, kept_walk = loss, walk
    copy(kept, view)
    return kept_loss, downhill * kept_walk, steps


@njit(cache=True, error_model="numpy")
def stand_back(points, view):  # pragma: no cover - compiled
    """Move a camera that starts inside the body back along its ray, until all joints are before it."""
    nearest = np.inf
    for j in range(len(points)):
        turned = view.R[2, 0] * points[j, 0] + view.R[2, 1] * points[j, 1] + view.R[2, 2] * points[j, 2]
        nearest = min(nearest, turned)
    farther = max(1.0, (ROOM - nearest) / view.t[2])
    for a in range(3):
        view.t[a] *= farther


@njit(cache=True, error_model="numpy")
def dot(a, b, origin):  # pragma: no cover - compiled
    """(a - origin) . (b - origin), without temporary arrays."""
    total = 0.0
    for c in range(len(origin)):
        total += (a[c] - origin[c]) * (b[c] - origin[c])
    return total


@njit(cache=True, error_model="numpy")
def spread_out(points):  # pragma: no cover - compiled
    """Whether points (J, 2 or 3) are finite, four of them distinct, and not all of them on a line."""
    origin, far, farthest, finite = points[0], points[0], 0.0, True
    for point in points:
        distance2 = dot(point, point, origin)
        finite &= distance2 < np.inf
        if distance2 > farthest:
            far, farthest = point, distance2
    beyond_line = 0.0
    for point in points:
        beyond_line = max(beyond_line, dot(point, point, origin) - dot(point, far, origin) ** 2 / farthest)
    distinct = 0
    for j in range(len(points)):
        new = distinct < 4
        for k in range(j):
            new = new and dot(points[k], points[k], points[j]) > APART**2
        distinct += new
    return finite and distinct == 4 and beyond_line > OFF_LINE**2


@njit(cache=True, error_model="numpy")
def resect(sights, views, focal, stop_loss, focal_cap):  # pragma: no cover - compiled
    """Fit n people, arrays with n in front; `views` become the fitted ones where a person can be fitted at all.

    Returns:
        loss (n,) NaN where the input is degenerate, log f / f0 (n,), steps (n,).
    """
    n = len(focal)
    loss, walk, steps = np.full(n, np.nan), np.zeros(n), np.zeros(n, np.int64)
    for i in range(n):
        sight, view = Sight(sights.points[i], sights.pixels[i]), View(views.R[i], views.t[i])
        started = np.isfinite(np.sum(view.R)) and np.isfinite(np.sum(view.t)) and view.t[2] > 0.0
        if started and spread_out(sight.points) and spread_out(sight.pixels):
            stand_back(sight.points, view)
            loss[i], walk[i], steps[i] = profile(sight, view, focal[i], stop_loss, focal_cap)
    return loss, walk, steps

"""The program's camera fit is no worse than the paper's Adam, on problems without noise (A.4)."""

import math

import numpy as np
import pytest
import torch

from chorus.bench.camera import made_problem
from chorus.calibration.fit import Problem, fit_cameras
from chorus.config import Calibration
from tests.benchmarks.reference_camera import reference_problem
from tests.reference import camera


def adam_losses(problem: Problem, max_iterations: int = camera.MAX_ITERATIONS) -> np.ndarray:
    """Best losses (n,) of the reference's Adam, all images at once: it works on each number alone."""
    parts = [reference_problem(problem, i) for i in range(len(problem.root))]
    joints3d, joints2d, crop = (
        torch.stack([getattr(p, name) for p in parts]) for name in ("joints3d", "joints2d", "weak_camera")
    )
    start = 1 / (2 * math.tan(camera.FIELD_OF_VIEW / 2))
    focal = torch.full((len(parts), 1, 1), start, requires_grad=True)
    t = torch.cat([crop[:, 1:], 2 * start / crop[:, :1]], dim=1).requires_grad_()
    root = torch.stack([p.root for p in parts]).requires_grad_()
    height, width = parts[0].size
    adam = torch.optim.Adam([root, t, focal], lr=camera.LEARNING_RATE)
    best = torch.full((len(parts),), math.inf)
    for _ in range(max_iterations):
        seen = joints3d @ camera.rotation_matrix(root).transpose(1, 2) + t[:, None]
        pixels = focal * width * seen[..., :2] / seen[..., 2:] + torch.tensor([width / 2, height / 2])
        losses = torch.linalg.vector_norm(pixels - joints2d, dim=(1, 2)) / joints3d.shape[1]
        running = best >= camera.STOP_LOSS
        best = torch.where(running, torch.minimum(best, losses.detach()), best)
        adam.zero_grad()
        losses.sum().backward()
        adam.step()
    return best.numpy().astype(float)


def test_the_batched_adam_is_the_references(open_body):
    problem = made_problem(open_body, 3, np.random.default_rng(1))
    expected = [camera.fit(reference_problem(problem, i), max_iterations=60).loss for i in range(3)]
    assert np.allclose(adam_losses(problem, 60), expected, rtol=1e-3)


@pytest.mark.slow
def test_no_worse_than_adam_without_noise(open_body):
    problem = made_problem(open_body, 500, np.random.default_rng(0))
    adam = adam_losses(problem)
    ours = fit_cameras(problem, Calibration())
    print(f"Adam {adam.mean():.3f}, below the threshold {(adam < camera.STOP_LOSS).mean():.1%}")
    print(f"ours {ours.loss.mean():.3f}, below the threshold {(ours.loss < camera.STOP_LOSS).mean():.1%}")
    assert (ours.loss <= np.maximum(adam, camera.STOP_LOSS)).mean() >= 0.99

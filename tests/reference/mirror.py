"""Left-right augmentation: the scene seen in a mirror, an extra image (off by default in the original)."""

from __future__ import annotations

import torch

from tests.reference.votes import Scene, View

TWINS = [0, 2, 1, 3, 5, 4, 6, 8, 7, 9, 11, 10, 12, 14, 13, 15, 17, 16, 19, 18, 21, 20, 23, 22]


def mirrored(scene: Scene) -> Scene:
    """The mirror image at x = 0. K stays, which is right only because the principal point is the image's centre."""
    flip = torch.diag(torch.tensor([-1.0, 1.0, 1.0]))
    view = View(flip @ scene.view.R @ flip, flip @ scene.view.t, scene.view.K)
    pose = scene.pose[TWINS] * torch.tensor([1.0, -1.0, -1.0])
    return Scene(pose, view, torch.flip(scene.mask, dims=[1]), scene.weight)

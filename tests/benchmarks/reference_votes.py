"""The reference's vote and the original's mask files, in the form that `chorus.bench.votes` asks for."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from chorus.bench.workload import Workload
from chorus.body.model import BodyModel
from tests.benchmarks.reference_field import reference_body, tensor
from tests.reference.votes import OURS, Scene, View, canonical, empty_sums, image_votes


def reference_votes(body: BodyModel, weights: np.ndarray, load: Workload) -> Callable[[int], None]:
    """Counts one image once into float32 running sums, on one thread."""
    torch.set_num_threads(1)
    side = round(len(weights) ** (1 / 3))
    space = canonical(reference_body(body), tensor(weights).reshape(side, side, side, 24))
    sums = empty_sums(len(weights))
    masks: dict[int, torch.Tensor] = {}

    def vote(image: int) -> None:
        camera = load.camera[image]
        if image not in masks:
            masks[image] = torch.from_numpy(load.mask(image))
        view = View(tensor(camera.R), tensor(camera.t), tensor(camera.K))
        in_mask, in_image = image_votes(space, Scene(tensor(load.pose[image]), view, masks[image], 1.0), OURS)
        sums.in_mask += in_mask
        sums.in_image += in_image

    return vote


def pickled_masks(folder: Path, load: Workload) -> Callable[[int], None]:
    """Boolean masks of person and object in a pickle an image, as the original keeps them (without its mesh)."""
    for image in range(16):
        mask = load.mask(image)
        (folder / f"{image}.pkl").write_bytes(pickle.dumps({"human": mask, "object": mask.copy()}))

    def read(image: int) -> None:
        pickle.loads((folder / f"{image}.pkl").read_bytes())

    return read

"""The reference's skinning field and PAP, each once, as `chorus.bench` asks for them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from chorus.bench.field import chance_pose
from chorus.bench.pap import PapCase
from chorus.body.model import BodyModel
from chorus.occupancy.grid import Grid
from tests.reference import pap
from tests.reference.body import Body, posed_vertices
from tests.reference.skinning import skinning_field
from tests.reference.votes import View, canonical


def reference_field(body: BodyModel, grid: Grid) -> Callable[[], torch.Tensor]:
    """The field (N, N, N, 24) around the body of `chorus.bench.field`."""
    torch.set_num_threads(1)
    model = reference_body(body)
    vertices = posed_vertices(model, tensor(chance_pose()))
    return lambda: skinning_field(vertices, model.vertex_weights, grid.resolution)


def reference_pap(case: PapCase) -> Callable[[], pap.Score]:
    """PAP of the case; the canonical skinning field plays no part in it."""
    torch.set_num_threads(1)
    side, camera = case.grid.resolution, case.camera
    space = canonical(reference_body(case.body), torch.zeros(side, side, side, 24))
    view = View(tensor(camera.R), tensor(camera.t), tensor(camera.K))
    return lambda: pap.evaluate(space, tensor(case.phi), tensor(case.pose), view, case.mask)


def reference_body(body: BodyModel) -> Body:
    """A body model for the reference; without pose blend shapes they are zeros and cost what they always cost."""
    directions = np.zeros((body.n_vertices, 3, 207)) if body.posedirs is None else body.posedirs
    return Body(
        vertices=tensor(body.v_template),
        vertex_weights=tensor(body.weights),
        pose_directions=tensor(directions).reshape(-1, 207).T.contiguous(),
        joints=tensor(body.joints_at_rest()),
        parents=[int(parent) for parent in body.parents],
    )


def tensor(values: np.ndarray) -> torch.Tensor:
    """A float32 tensor."""
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))

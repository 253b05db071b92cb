"""The paper's people: SPIN's regressor (Kolotouros et al. 2019), also with the EFT weights of FrankMocap (Sec. 3.2).

One network, two sets of weights, two meanings of its camera (chorus.perception.smpl_regressors).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from chorus.body.model import BodyModel
from chorus.camera import WeakCamera
from chorus.config_perception import ModelReference
from chorus.errors import ModelError
from chorus.perception.models import ModelFiles, Runtime, find_model, load_checkpoint
from chorus.perception.protocols import EstimatedPeople, SeenPerson
from chorus.perception.smpl_regressors import (
    Crop,
    Regressed,
    axis_angles,
    camera_of_eft,
    camera_of_spin,
    estimated,
    network_input,
    require_smpl,
    rotations_of_6d,
)
from chorus.perception.spin_network import SpinNetwork

RESOLUTION = 224  # pixels
_TRAINING_COUNTER = "num_batches_tracked"

# Backend -> how its weights mean (s, tx, ty).
CONVENTIONS: dict[str, Callable[[np.ndarray, Sequence[Crop]], WeakCamera]] = {
    "eft": camera_of_eft,
    "spin": camera_of_spin,
}


class Spin:
    """The regressor; `backend` says whose weights these are: `eft` (the paper's) or `spin`."""

    def __init__(self, backend: str, reference: ModelReference, body: BodyModel, runtime: Runtime):
        """Load the network.

        Raises:
            ModelError: the body is not SMPL, or the weight file is not there or does not fit.
        """
        require_smpl(body, backend)
        files = find_model(reference)
        self.name = f"{backend} {files.name}"
        self.batch = runtime.batch
        self._body, self._runtime, self._camera_of = body, runtime, CONVENTIONS[backend]
        self._network = load_regressor(files).to(runtime.device, runtime.dtype).eval()

    def estimate(self, people: Sequence[SeenPerson]) -> EstimatedPeople:
        """See PeopleEstimator."""
        import torch

        crops = {row: crop for row, seen in enumerate(people) if (crop := Crop.around(seen.person.box)) is not None}
        images = torch.as_tensor(network_input(people, crops, RESOLUTION))
        inputs = images.to(self._runtime.device, self._runtime.dtype)
        with torch.inference_mode():
            outputs = [value.double().cpu().numpy() for value in self._network(inputs)]
        pose = rotations_of_6d(outputs[0].reshape(-1, 24, 6))
        regressed = Regressed(axis_angles(pose), outputs[1], self._camera_of(outputs[2], list(crops.values())))
        return estimated(self._body, people, list(crops), regressed)


def load_regressor(files: ModelFiles) -> SpinNetwork:
    """The network with the weights of a checkpoint, whose `model` entry holds them in SPIN's names.

    Raises:
        ModelError: the file is no checkpoint of tensors, or of another network.
    """
    content = load_checkpoint(files)
    weights = content.get("model", content)
    network = SpinNetwork()
    expected = {name: value for name, value in network.state_dict().items() if not name.endswith(_TRAINING_COUNTER)}
    given = {str(name).removeprefix("module."): value for name, value in weights.items()}
    for name, tensor in expected.items():
        if getattr(given.get(name), "shape", None) != tensor.shape:
            raise ModelError(
                f"{files.path.name}: {name} is missing or of another shape; give SPIN's or FrankMocap's checkpoint."
            )
    network.load_state_dict({name: given[name] for name in expected}, strict=False)
    return network
